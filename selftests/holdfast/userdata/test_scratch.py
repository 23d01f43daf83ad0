from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pytest

from holdfast.userdata.scratch import scratch_folder

NOBODY = 2**22 + 1  # above any pid


def test_a_folder_is_there_for_the_length_of_a_block_and_what_the_dead_left_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    names = (f"holdfast-seed-{NOBODY}-a", f"holdfast-snapshot-{os.getppid()}-b", "holdfast-seed-c")
    for name in names:
        (tmp_path / name).mkdir()
    with scratch_folder("snapshot") as folder:
        assert folder.is_dir()
        assert {path.name for path in tmp_path.iterdir()} == {*names[1:], folder.name}
    assert not folder.exists()
