from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.errors import LabError
from holdfast.userdata.framing import frames
from holdfast.userdata.parse import Recorded, SnapshotCut, is_cache, read_recording
from holdfast.userdata.values import Area, AreaState, EntryKind

NONCE = "0123456789abcdef"
SHA = "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb"
STAT = "8180 1 8 10123 10123 77 u:object_r:app_data_file:s0 2026-11-24 23:49:22.667086803 +0000"
AGAIN = "1 77 2026-11-24 23:49:22.667086803 +0000"


def recording(*records: str) -> bytes:
    return ("\n" + "".join(f"@{NONCE} {record}\n" for record in records)).encode()


def whole(*records: str) -> bytes:
    return recording("A CREDENTIAL seen", *records, "Z CREDENTIAL", ". done")


def read(data: bytes, folder: Path) -> Recorded:
    return read_recording([data], NONCE, scratch=folder)


def test_an_entry_holds_what_stat_says(tmp_path: Path) -> None:
    data = whole(f"E {STAT} ./files/a", f"H sha256sum\n{SHA}  ./files/a", f"G {AGAIN} ./files/a")
    (entry,) = read(data, tmp_path).areas[Area.CREDENTIAL].entries
    assert (entry.path, entry.kind, entry.size_bytes) == ("files/a", EntryKind.FILE, 1)
    assert (entry.uid, entry.inode) == (10123, 77)
    assert entry.label == "u:object_r:app_data_file:s0"
    assert entry.digest == f"sha256:{SHA}"
    assert not entry.unstable


@pytest.mark.parametrize(
    "again",
    [
        "G 2 77 2026-11-24 23:49:22.667086803 +0000 ./files/a",
        "G 1 78 2026-11-24 23:49:22.667086803 +0000 ./files/a",
        "G 1 77 2026-11-24 23:49:22.667086804 +0000 ./files/a",
        "W nothing",
    ],
)
def test_a_file_that_changed_or_went_while_it_was_read_is_unstable(
    tmp_path: Path, again: str
) -> None:
    data = whole(f"E {STAT} ./files/a", f"H sha256sum\n{SHA}  ./files/a", again)
    (entry,) = read(data, tmp_path).areas[Area.CREDENTIAL].entries
    assert entry.unstable


def test_a_copy_that_is_not_what_was_hashed_is_unstable(tmp_path: Path) -> None:
    data = whole(
        f"E {STAT} ./m.db",
        f"H sha256sum\n{SHA}  ./m.db",
        "C ./m.db",
        "D \nb",
        f"G {AGAIN} ./m.db",
    )
    recorded = read(data, tmp_path)
    assert recorded.areas[Area.CREDENTIAL].entries[0].unstable
    assert recorded.contents[Area.CREDENTIAL, "m.db"].read_bytes() == b"b"


def test_a_file_without_a_checksum_must_be_explained(tmp_path: Path) -> None:
    data = whole(f"E {STAT} ./files/a", "H sha256sum", f"G {AGAIN} ./files/a")
    with pytest.raises(SnapshotCut, match="no checksum"):
        read(data, tmp_path)


def test_a_file_that_the_checksum_program_complained_of_is_unreadable(tmp_path: Path) -> None:
    complaint = "W sha256sum: ./files/a: Permission denied"
    data = whole(f"E {STAT} ./files/a", "H sha256sum", complaint, f"G {AGAIN} ./files/a")
    (entry,) = read(data, tmp_path).areas[Area.CREDENTIAL].entries
    assert (entry.digest, entry.unstable) == ("", False)


def test_an_odd_file_without_a_checksum_is_unreadable_too(tmp_path: Path) -> None:
    name = "./line\nbreak"
    data = whole(f"E {STAT} {name}", "H sha256sum", f"O  {name}", f"G {AGAIN} {name}")
    (entry,) = read(data, tmp_path).areas[Area.CREDENTIAL].entries
    assert (entry.digest, entry.unstable) == ("", False)


def test_a_denied_area_is_not_seen_and_an_absent_one_is_absent(tmp_path: Path) -> None:
    areas = read(recording("A DEVICE denied", "A OBB absent", ". done"), tmp_path).areas
    assert areas[Area.DEVICE].state is AreaState.NOT_SEEN
    assert areas[Area.OBB].state is AreaState.ABSENT


def test_a_shells_own_complaint_is_quoted_in_the_error(tmp_path: Path) -> None:
    with pytest.raises(SnapshotCut, match="run-as: unknown package"):
        read(b"run-as: unknown package: x\n", tmp_path)


@pytest.mark.parametrize(
    "record",
    ["E 8180 x", "Z OBB", "A NOWHERE seen", "Q -rw", "X what", "E zz" + STAT[4:] + " ./a"],
)
def test_a_record_that_is_none_of_ours_is_an_error(tmp_path: Path, record: str) -> None:
    with pytest.raises(LabError):
        read(whole(record), tmp_path)


def test_every_shorter_stream_is_an_error(tmp_path: Path) -> None:
    data = whole(
        f"E {STAT} ./files/a",
        f"H sha256sum\n{SHA}  ./files/a",
        "C ./files/a",
        "D \na",
        f"G {AGAIN} ./files/a",
    )
    read(data, tmp_path)
    for length in range(len(data) - 1):
        with pytest.raises(SnapshotCut):
            read(data[:length], tmp_path)


def test_a_name_cannot_forge_a_record(tmp_path: Path) -> None:
    """It would have to know this snapshot's nonce."""
    name = "./x\n@fedcba9876543210 Z CREDENTIAL\n@fedcba9876543210 . done"
    data = whole(f"E {STAT} {name}", "H sha256sum", f"O {SHA} {name}", f"G {AGAIN} {name}")
    (entry,) = read(data, tmp_path).areas[Area.CREDENTIAL].entries
    assert entry.path == name[2:]
    assert entry.digest == f"sha256:{SHA}"


def chopped(data: bytes, sizes: list[int]) -> Iterator[bytes]:
    at = 0
    for size in sizes:
        yield data[at : at + size]
        at += size
    yield data[at:]


@given(
    records=st.lists(st.tuples(st.sampled_from("EDHW"), st.binary(max_size=300)), max_size=8),
    sizes=st.lists(st.integers(1, 200), max_size=30),
)
def test_however_a_stream_is_chopped_its_records_come_out_whole(
    records: list[tuple[str, bytes]], sizes: list[int]
) -> None:
    marker = f"\n@{NONCE} ".encode()
    kept = [(kind.encode(), data) for kind, data in records if marker not in data]
    stream = b"".join(marker + kind + b" " + data for kind, data in kept) + marker + b". done"
    found: list[tuple[bytes, bytes]] = []
    begins = True
    for piece in frames(chopped(stream[1:], sizes), NONCE):
        if begins:
            found.append((piece.kind, b""))
        found[-1] = (piece.kind, found[-1][1] + piece.data)
        begins = piece.last
    assert found[1:] == [*kept, (b".", b"done")]


def test_a_long_record_comes_in_pieces() -> None:
    content = bytes(range(256)) * 2000
    stream = f"@{NONCE} D ".encode() + content + f"\n@{NONCE} . done".encode()
    pieces = [p for p in frames(chopped(stream, [70_000] * 9), NONCE) if p.kind == b"D"]
    assert len(pieces) > 1
    assert b"".join(p.data for p in pieces) == content
    assert [p.last for p in pieces[-2:]] == [False, True]


@pytest.mark.parametrize(
    ("area", "path", "answer"),
    [
        (Area.CREDENTIAL, "cache/a", True),
        (Area.EXTERNAL, "cache/a", True),
        (Area.CREDENTIAL, "files/cache/a", False),
        (Area.SHARED, "cache/a", False),
    ],
)
def test_only_caches_of_the_app_are_caches(area: Area, path: str, answer: bool) -> None:
    assert is_cache(area, path) is answer
