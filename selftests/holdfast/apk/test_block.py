from __future__ import annotations

import struct

from holdfast.apk.archive import Apk
from holdfast.apk.block import BlockId, SigningBlock, find_signing_block
from selftests.holdfast.apk.test_archive import directory_record, end_record, zipped

MAGIC = b"APK Sig Block 42"


def pair(pair_id: int, value: bytes) -> bytes:
    return struct.pack("<QL", 4 + len(value), pair_id) + value


def block_of(content: bytes, *, head: int | None = None, foot: int | None = None) -> bytes:
    size = len(content) + 24
    first = struct.pack("<Q", size if head is None else head)
    return first + content + struct.pack("<Q", size if foot is None else foot) + MAGIC


def with_block(block: bytes, *, gap: bytes = b"", gap_behind: bytes = b"") -> Apk:
    """An archive with that block before its directory, and a gap behind the one or the other."""
    data = zipped({"AndroidManifest.xml": b"x" * 100})
    start, end = directory_record(data), end_record(data)
    tail = bytearray(data[end:])
    struct.pack_into("<L", tail, 16, start + len(block) + len(gap))
    return Apk.from_bytes(data[:start] + block + gap + data[start:end] + gap_behind + bytes(tail))


def found(block: bytes) -> SigningBlock | None:
    return find_signing_block(with_block(block))


def test_the_pairs_of_a_block_are_found() -> None:
    block = found(block_of(pair(BlockId.V2, b"two") + pair(7, b"")))
    assert block is not None
    assert block.pairs == ((BlockId.V2, b"two"), (7, b""))
    assert block.value(BlockId.V3) is None


def test_an_archive_without_a_block_has_none() -> None:
    assert find_signing_block(Apk.from_bytes(zipped({"a": b"x" * 200}))) is None
    assert find_signing_block(Apk.from_bytes(zipped({}))) is None


def test_the_first_of_two_pairs_with_one_id_counts() -> None:
    block = found(block_of(pair(7, b"first") + pair(7, b"second")))
    assert block is not None
    assert block.value(7) == b"first"


def test_a_gap_before_the_directory_hides_the_block() -> None:
    assert find_signing_block(with_block(block_of(pair(7, b"x")), gap=bytes(8))) is None


def test_a_gap_before_the_end_record_hides_the_block() -> None:
    assert find_signing_block(with_block(block_of(pair(7, b"x")), gap_behind=bytes(8))) is None


def test_sizes_that_do_not_agree_hide_the_block() -> None:
    content = pair(7, b"x")
    assert found(block_of(content, head=len(content) + 25)) is None
    assert found(block_of(content, foot=len(content) + 23)) is None


def test_a_size_beyond_the_file_hides_the_block() -> None:
    assert found(block_of(pair(7, b"x"), foot=(1 << 63) + 5)) is None
    assert found(block_of(pair(7, b"x"), foot=10)) is None


def test_another_magic_hides_the_block() -> None:
    assert found(block_of(pair(7, b"x"))[:-1] + b"3") is None


def test_a_pair_that_overruns_hides_itself_and_those_behind_it() -> None:
    overrun = struct.pack("<QL", 1000, 8) + b"xxxx"
    block = found(block_of(pair(7, b"before") + overrun + pair(9, b"behind")))
    assert block is not None
    assert block.pairs == ((7, b"before"),)


def test_a_pair_too_short_for_an_id_hides_those_behind_it() -> None:
    block = found(block_of(struct.pack("<QH", 2, 0) + pair(9, b"behind")))
    assert block is not None
    assert block.pairs == ()
