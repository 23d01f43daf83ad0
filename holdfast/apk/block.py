"""The APK Signing Block: id-value pairs between the last entry and the central directory.

Source: android.util.apk.ApkSigningBlockUtils. The block is found only where it ends right before
the central directory, which ends right before its end record; both of its sizes agree; a pair that
overruns hides itself and those behind it; of two pairs with one id the first wins.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from enum import IntEnum
from functools import cached_property

from holdfast.apk.archive import Apk
from holdfast.apk.format_error import ApkFormatError

__all__ = ["BlockId", "SigningBlock", "find_signing_block"]

_MAGIC = b"APK Sig Block 42"
_FOOTER = struct.Struct("<Q16s")
_U64 = struct.Struct("<Q")
_PAIR_HEAD = struct.Struct("<QL")
_MIN_SIZE = 32
# Android takes up to 2 GiB and reads it into memory. A v3 block with lineage has some kilobytes.
_MAX_SIZE = 16 * 1024 * 1024
_MOST_PAIRS = 10_000


class BlockId(IntEnum):
    """Ids of pairs that are known (AOSP: the *_BLOCK_ID constants)."""

    V2 = 0x7109871A
    V3 = 0xF05368C0
    V31 = 0x1B93AD61
    SOURCE_STAMP_V1 = 0x2B09189E
    SOURCE_STAMP_V2 = 0x6DFF800D
    PADDING = 0x42726577
    DEPENDENCY_INFO = 0x504B4453


@dataclass(frozen=True, kw_only=True)
class SigningBlock:
    """A block that was found; `offset` and `size` (all of it) in bytes in the file."""

    offset: int
    size: int
    pairs: tuple[tuple[int, bytes], ...]

    @cached_property
    def _first(self) -> dict[int, bytes]:
        found: dict[int, bytes] = {}
        for pair_id, value in self.pairs:
            found.setdefault(pair_id, value)
        return found

    def value(self, pair_id: int) -> bytes | None:
        """The value of the first pair with that id, or None."""
        return self._first.get(pair_id)


def find_signing_block(apk: Apk) -> SigningBlock | None:
    """The block, or None where Android finds none (which may be a broken one).

    ApkFormatError for a block beyond the limits of this reader, which no APK comes near.
    """
    tail = apk.tail
    end = tail.directory_offset
    if end + tail.directory_size != tail.offset or end < _MIN_SIZE:
        return None
    size_in_footer, magic = _FOOTER.unpack(apk.source.read(end - _FOOTER.size, _FOOTER.size))
    size = size_in_footer + _U64.size
    if magic != _MAGIC or size_in_footer < _FOOTER.size or size > end:
        return None
    if size > _MAX_SIZE:
        raise ApkFormatError(f"a signing block of {size} bytes: too large")
    offset = end - size
    content = apk.source.read(offset, size)
    if _U64.unpack_from(content)[0] != size_in_footer:
        return None
    return SigningBlock(offset=offset, size=size, pairs=_pairs(content))


def _pairs(block: bytes) -> tuple[tuple[int, bytes], ...]:
    """The pairs up to the first malformed one, which hides those behind it.

    Those before it count: Android looks no further than the id that it seeks.
    """
    content = memoryview(block)[_U64.size : -_FOOTER.size]
    found: list[tuple[int, bytes]] = []
    position = 0
    while position < len(content):
        if len(content) - position < _PAIR_HEAD.size:
            break
        length, pair_id = _PAIR_HEAD.unpack_from(content, position)
        start = position + _U64.size
        if length < 4 or length > len(content) - start:
            break
        if len(found) == _MOST_PAIRS:
            raise ApkFormatError(f"a signing block of more than {_MOST_PAIRS} pairs")
        found.append((pair_id, bytes(content[start + 4 : start + length])))
        position = start + length
    return tuple(found)
