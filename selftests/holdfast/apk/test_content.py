"""Content digests against a second, plain computation, over sizes around every border."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from holdfast.apk.archive import Apk
from holdfast.apk.block import SigningBlock
from holdfast.apk.content import chunked_digest, file_tree_root, signed_size, verity_root
from selftests.holdfast.apk.test_archive import zipped

MIB = 1 << 20


def apk_with_block_at(size: int, *, block_size: int = 4096) -> tuple[Apk, SigningBlock]:
    """An archive whose bytes before its (empty) block are `size` many."""
    data = zipped({})
    before = bytes(index % 251 for index in range(size))
    end = data[:16] + (size + block_size).to_bytes(4, "little") + data[20:]
    apk = Apk.from_bytes(before + bytes(block_size) + end)
    return apk, SigningBlock(offset=size, size=block_size, pairs=())


def plainly_chunked(before: bytes, end: bytes, algorithm: str) -> bytes:
    parts = [
        section[start : start + MIB]
        for section in (before, b"", end)
        for start in range(0, len(section), MIB)
    ]
    digests = (
        hashlib.new(algorithm, b"\xa5" + len(part).to_bytes(4, "little") + part).digest()
        for part in parts
    )
    head = b"\x5a" + len(parts).to_bytes(4, "little")
    return hashlib.new(algorithm, head + b"".join(digests)).digest()


def plain_root(data: bytes, salt: bytes) -> bytes:
    """The root is over the topmost level of digests, also where this is the only one."""

    def level_above(data: bytes) -> bytes:
        pages = (data[start : start + 4096] for start in range(0, len(data), 4096))
        return b"".join(hashlib.sha256(salt + page.ljust(4096, b"\0")).digest() for page in pages)

    level = level_above(data)
    while len(level) > 32:
        level = level_above(level)
        if len(level) == 32:
            return level
    return level_above(level)


@pytest.mark.parametrize("algorithm", ["sha256", "sha512"])
@pytest.mark.parametrize("size", [0, 1, MIB - 1, MIB, MIB + 1, 9 * MIB + 5])
def test_chunked_digests_are_right_at_every_border(size: int, algorithm: str) -> None:
    apk, block = apk_with_block_at(size)
    before, end = apk.source.read(0, size), apk.tail.pointing_to(size)
    expected = plainly_chunked(before, end, algorithm)
    assert chunked_digest(apk, block, algorithm=algorithm) == expected


@pytest.mark.parametrize("pages", [0, 1, 127, 128, 129, 1024, 2049])
def test_verity_roots_are_right_at_every_border(pages: int) -> None:
    apk, block = apk_with_block_at(pages * 4096)
    signed = apk.source.read(0, block.offset) + apk.tail.pointing_to(block.offset)
    assert verity_root(apk, block) == plain_root(signed, bytes(8))
    assert signed_size(apk, block) == len(signed)


def test_the_tree_over_a_whole_file_takes_any_salt() -> None:
    apk, _ = apk_with_block_at(5000)
    data = apk.source.read(0, apk.size_bytes)
    assert file_tree_root(apk, salt=b"salt") == plain_root(data, b"salt")
    assert file_tree_root(apk, salt=b"") != plain_root(data, b"salt")


def test_a_file_has_the_digests_of_its_bytes(tmp_path: Path) -> None:
    apk, block = apk_with_block_at(9 * MIB)
    path = tmp_path / "a.apk"
    path.write_bytes(apk.source.read(0, apk.size_bytes))
    with Apk.from_path(path) as file:
        digest = chunked_digest(file, block, algorithm="sha256")
    assert digest == chunked_digest(apk, block, algorithm="sha256")
