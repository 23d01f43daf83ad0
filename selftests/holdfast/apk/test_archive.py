from __future__ import annotations

import io
import os
import struct
import zipfile
import zlib
from pathlib import Path

import pytest

from holdfast.apk.archive import Apk
from holdfast.apk.format_error import ApkFormatError

MANY = 1 << 20


def zipped(entries: dict[str, bytes], *, comment: bytes = b"", stored: bool = False) -> bytes:
    buffer = io.BytesIO()
    method = zipfile.ZIP_STORED if stored else zipfile.ZIP_DEFLATED
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
        archive.comment = comment
    return buffer.getvalue()


def patched(data: bytes, offset: int, replacement: bytes) -> bytes:
    return data[:offset] + replacement + data[offset + len(replacement) :]


def directory_record(data: bytes) -> int:
    return data.index(b"PK\x01\x02")


def end_record(data: bytes) -> int:
    return data.rindex(b"PK\x05\x06")


@pytest.mark.parametrize("stored", [True, False])
def test_what_was_written_is_read(stored: bool) -> None:
    apk = Apk.from_bytes(zipped({"a": b"x" * 9000, "b/c": b""}, stored=stored))
    assert apk.names == ("a", "b/c")
    assert apk.read("a", limit_bytes=MANY) == b"x" * 9000
    assert apk.read("b/c", limit_bytes=0) == b""


def test_a_file_is_read_by_position_and_closed(tmp_path: Path) -> None:
    path = tmp_path / "a.apk"
    path.write_bytes(zipped({"a": b"content"}))
    with Apk.from_path(path) as apk:
        assert apk.read("a", limit_bytes=MANY) == b"content"
        assert apk.size_bytes == path.stat().st_size
    with pytest.raises(ApkFormatError, match="closed"):
        apk.read("a", limit_bytes=MANY)


def test_a_file_that_shrinks_while_it_is_read_is_a_format_error(tmp_path: Path) -> None:
    path = tmp_path / "a.apk"
    path.write_bytes(zipped({"a": b"c" * 4000}, stored=True))
    with Apk.from_path(path) as apk:
        assert apk.names
        path.write_bytes(b"")
        with pytest.raises(ApkFormatError, match="the file ends"):
            apk.read("a", limit_bytes=MANY)


def test_folders_and_pipes_are_no_archives_and_nothing_waits_for_them(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path, tmp_path / "pipe", Path("/dev/null")):
        with pytest.raises(ApkFormatError, match="not a regular file"):
            Apk.from_path(path)


@pytest.mark.parametrize("data", [b"", b"PK", b"no archive at all, but long enough to be one"])
def test_what_is_no_archive_is_a_format_error(data: bytes) -> None:
    with pytest.raises(ApkFormatError, match="not a ZIP archive"):
        Apk.from_bytes(data)


def test_the_end_record_is_found_behind_a_comment_that_looks_like_one() -> None:
    data = zipped({"a": b""}, comment=b"PK\x05\x06 is no record")
    assert Apk.from_bytes(data).tail.comment == b"PK\x05\x06 is no record"


def test_the_last_of_two_possible_end_records_counts() -> None:
    fake = struct.pack("<4sHHHHLLH", b"PK\x05\x06", 0, 0, 0, 0, 0, 0, 0)
    assert Apk.from_bytes(zipped({"a": b""}, comment=fake)).names == ()


def test_bytes_behind_the_end_record_make_it_no_archive() -> None:
    with pytest.raises(ApkFormatError):
        Apk.from_bytes(zipped({"a": b""}) + b"tail")


def test_zip64_is_refused() -> None:
    data = zipped({"a": b""})
    at = end_record(data)
    locator = struct.pack("<4sLQL", b"PK\x06\x07", 0, 0, 1)
    with pytest.raises(ApkFormatError, match="ZIP64"):
        Apk.from_bytes(data[:at] + locator + data[at:])


def test_a_directory_that_reaches_beyond_its_end_is_refused() -> None:
    data = zipped({"a": b""})
    with pytest.raises(ApkFormatError, match="beyond its end"):
        Apk.from_bytes(patched(data, end_record(data) + 16, struct.pack("<L", 0xFFFFFFF0)))


def test_more_records_claimed_than_there_are_is_an_error_when_they_are_read() -> None:
    data = zipped({"a": b""})
    apk = Apk.from_bytes(patched(data, end_record(data) + 10, struct.pack("<H", 65535)))
    with pytest.raises(ApkFormatError, match="record 2 is missing"):
        _ = apk.names


def test_records_behind_the_claimed_count_are_not_looked_at() -> None:
    data = zipped({"a": b"", "b": b""})
    apk = Apk.from_bytes(patched(data, end_record(data) + 10, struct.pack("<H", 1)))
    assert apk.names == ("a",)


def test_a_claimed_size_over_the_limit_is_refused_before_anything_is_read() -> None:
    apk = Apk.from_bytes(zipped({"a": b"x" * 100}))
    with pytest.raises(ApkFormatError, match="the limit is 99"):
        apk.read("a", limit_bytes=99)


def test_an_entry_that_inflates_to_more_than_it_says_stops_there() -> None:
    """The bomb: 64 MiB behind a claim of 10 bytes."""
    data = zipped({"a": bytes(64 << 20)})
    size = struct.pack("<L", 10)
    data = patched(patched(data, 22, size), directory_record(data) + 24, size)
    with pytest.raises(ApkFormatError, match="inflates to more"):
        Apk.from_bytes(data).read("a", limit_bytes=MANY)


def test_an_entry_that_inflates_to_less_than_it_says_is_malformed() -> None:
    data = zipped({"a": b"x" * 100})
    size = struct.pack("<L", 200)
    data = patched(patched(data, 22, size), directory_record(data) + 24, size)
    with pytest.raises(ApkFormatError, match="another size"):
        Apk.from_bytes(data).read("a", limit_bytes=MANY)


def test_broken_compressed_data_is_malformed() -> None:
    data = zipped({"a": bytes(range(256)) * 20})
    with pytest.raises(ApkFormatError):
        Apk.from_bytes(patched(data, 35, b"\xff\xff\xff\xff")).read("a", limit_bytes=MANY)


@pytest.mark.parametrize(
    ("offset", "replacement", "complaint"),
    [
        (0, b"XX", "no local header"),
        (6, b"\x08\x00", "data descriptor"),
        (14, b"\x01\x02\x03\x04", "CRC-32 differ"),
        (30, b"b", "another name"),
    ],
)
def test_a_local_header_that_differs_from_the_directory_is_malformed(
    offset: int, replacement: bytes, complaint: str
) -> None:
    data = patched(zipped({"a": b"content"}), offset, replacement)
    with pytest.raises(ApkFormatError, match=complaint):
        Apk.from_bytes(data).read("a", limit_bytes=MANY)


def test_the_method_of_the_directory_beats_that_of_the_local_header() -> None:
    data = zipped({"a": b"content"}, stored=True)
    apk = Apk.from_bytes(patched(data, 8, struct.pack("<H", 8)))
    assert apk.read("a", limit_bytes=MANY) == b"content"


def test_any_method_that_is_not_stored_is_inflated() -> None:
    data = zipped({"a": b"content"})
    apk = Apk.from_bytes(patched(data, directory_record(data) + 10, struct.pack("<H", 12)))
    assert apk.read("a", limit_bytes=MANY) == b"content"


def test_an_entry_whose_data_reaches_into_the_directory_is_malformed() -> None:
    data = zipped({"a": b"content"}, stored=True)
    sizes = struct.pack("<LL", 500, 500)
    data = patched(patched(data, 18, sizes), directory_record(data) + 20, sizes)
    with pytest.raises(ApkFormatError, match="reaches into the directory"):
        Apk.from_bytes(data).read("a", limit_bytes=MANY)


def test_a_missing_entry_is_a_format_error() -> None:
    with pytest.raises(ApkFormatError, match="no entry 'b'"):
        Apk.from_bytes(zipped({"a": b""})).read("b", limit_bytes=MANY)


def test_duplicate_names_are_told_but_not_those_of_folders() -> None:
    data = zipped({"one": b"1", "two": b"2"}).replace(b"two", b"one")
    assert Apk.from_bytes(data).duplicate_names == ("one",)
    folders = zipped({"x/": b"", "y/": b""}).replace(b"y/", b"x/")
    assert Apk.from_bytes(folders).duplicate_names == ()


def test_crc_32_is_not_looked_at_as_the_platform_does_not() -> None:
    data = zipped({"a": b"content"})
    crc = struct.pack("<L", zlib.crc32(b"other"))
    data = patched(patched(data, 14, crc), directory_record(data) + 16, crc)
    assert Apk.from_bytes(data).read("a", limit_bytes=MANY) == b"content"
