from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from holdfast.errors import ConfigurationError
from holdfast.userdata.storing import dump_snapshot, read_snapshot_file, write_snapshot_file
from selftests.holdfast.userdata.made import file, snapshot

OLD, NEW = snapshot(file("files/old")), snapshot(file("files/new"))
# No file of this process may grow above 1000 bytes: writing ends in the middle, as on a full disk.
ON_A_FULL_DISK = """
import resource, signal, sys
from pathlib import Path
from holdfast.userdata.storing import read_snapshot_file, write_snapshot_file

taken = read_snapshot_file(Path(sys.argv[1]))
signal.signal(signal.SIGXFSZ, getattr(signal, sys.argv[3]))
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
write_snapshot_file(Path(sys.argv[2]), taken)
"""


def test_what_was_written_is_read_back_and_nothing_lies_beside_it(tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    for taken in (OLD, NEW):
        write_snapshot_file(kept, taken)
        assert read_snapshot_file(kept) == taken
    assert list(tmp_path.iterdir()) == [kept]


@pytest.mark.parametrize("end", ["SIG_IGN", "SIG_DFL"])
def test_a_write_that_ends_in_the_middle_leaves_the_old_file_whole(
    tmp_path: Path, end: str
) -> None:
    """By an error, or by a signal that kills the process."""
    kept, other = tmp_path / "kept", tmp_path / "other"
    kept.write_text(dump_snapshot(OLD))
    other.write_text(dump_snapshot(NEW))
    assert other.stat().st_size > 1000
    arguments = [sys.executable, "-c", ON_A_FULL_DISK, str(other), str(kept), end]
    ended = subprocess.run(arguments, capture_output=True, text=True, check=False, timeout=60)
    assert ended.returncode != 0
    assert read_snapshot_file(kept) == OLD
    if end == "SIG_IGN":
        assert str(kept) in ended.stderr
        assert sorted(tmp_path.iterdir()) == [kept, other]


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="nowhere"):
        write_snapshot_file(tmp_path / "nowhere" / "kept", OLD)


def test_what_is_no_file_is_written_to_and_stays_what_it_is() -> None:
    write_snapshot_file(Path("/dev/null"), OLD)
    assert Path("/dev/null").is_char_device()
