"""The string pool that binary XML and resources.arsc share (ResStringPool of ResourceTypes.h)."""

from __future__ import annotations

import struct
from collections.abc import Sequence

from holdfast.apk.format_error import ApkFormatError

__all__ = ["ChunkType", "StringPool", "encode_string_pool"]

_HEADER = struct.Struct("<HHIIIIII")
_UTF8 = 0x100
_MOST_DECODED_CHARACTERS = 4 << 20
"""Over all strings of a pool: offsets may overlap, so the pool's own size is no limit."""


class ChunkType:
    """ResChunk_header.type."""

    STRING_POOL = 0x0001
    TABLE = 0x0002
    XML = 0x0003
    XML_START_NAMESPACE = 0x0100
    XML_END_NAMESPACE = 0x0101
    XML_START_ELEMENT = 0x0102
    XML_END_ELEMENT = 0x0103
    XML_RESOURCE_MAP = 0x0180
    TABLE_PACKAGE = 0x0200
    TABLE_TYPE = 0x0201
    TABLE_TYPE_SPEC = 0x0202


class StringPool:
    """Strings are decoded when asked for. `chunk` is the whole chunk with its header."""

    def __init__(self, chunk: bytes) -> None:
        if len(chunk) < _HEADER.size:
            raise ApkFormatError("string pool: shorter than its header")
        _, header_bytes, size, count, _, flags, strings_start, _ = _HEADER.unpack_from(chunk)
        if header_bytes < _HEADER.size or size > len(chunk):
            raise ApkFormatError("string pool: does not fit")
        if count and header_bytes + 4 * count > size:
            raise ApkFormatError("string pool: more strings than bytes")
        self._chunk = chunk[:size]
        self._offsets_at = header_bytes
        self._count: int = count
        self._start = strings_start
        self._utf8 = bool(flags & _UTF8)
        self._seen: dict[int, str] = {}
        self._left = _MOST_DECODED_CHARACTERS

    def __len__(self) -> int:
        return self._count

    def __getitem__(self, index: int) -> str:
        """Raises ApkFormatError for an index or a string that is not there."""
        known = self._seen.get(index)
        if known is not None:
            return known
        if not 0 <= index < self._count:
            raise ApkFormatError(f"string pool: no string {index}")
        (offset,) = struct.unpack_from("<I", self._chunk, self._offsets_at + 4 * index)
        at = self._start + offset
        text = self._utf8_at(at) if self._utf8 else self._utf16_at(at)
        self._left -= len(text)
        if self._left < 0:
            raise ApkFormatError("string pool: too much text")
        self._seen[index] = text
        return text

    def _utf16_at(self, at: int) -> str:
        length, at = self._utf16_length(at)
        raw = self._chunk[at : at + 2 * length]
        if len(raw) < 2 * length:
            raise ApkFormatError(f"string pool: string at {at} overruns")
        return raw.decode("utf-16-le", errors="replace")

    def _utf16_length(self, at: int) -> tuple[int, int]:
        length = self._unit(at, "<H")
        if length & 0x8000:
            return (length & 0x7FFF) << 16 | self._unit(at + 2, "<H"), at + 4
        return length, at + 2

    def _utf8_at(self, at: int) -> str:
        _, at = self._utf8_length(at)  # in UTF-16 units; the bytes' own length follows
        length, at = self._utf8_length(at)
        raw = self._chunk[at : at + length]
        if len(raw) < length:
            raise ApkFormatError(f"string pool: string at {at} overruns")
        return raw.decode("utf-8", errors="replace")

    def _utf8_length(self, at: int) -> tuple[int, int]:
        length = self._unit(at, "<B")
        if length & 0x80:
            return (length & 0x7F) << 8 | self._unit(at + 1, "<B"), at + 2
        return length, at + 1

    def _unit(self, at: int, form: str) -> int:
        try:
            (value,) = struct.unpack_from(form, self._chunk, at)
        except struct.error as error:
            raise ApkFormatError(f"string pool: nothing at {at}") from error
        return int(value)


def encode_string_pool(strings: Sequence[str]) -> bytes:
    """A chunk in UTF-16, which every Android reads. Strings hold fewer than 32,768 units."""
    offsets, body = [], bytearray()
    for text in strings:
        raw = text.encode("utf-16-le")
        offsets.append(len(body))
        body += struct.pack("<H", len(raw) // 2) + raw + b"\0\0"
    body += bytes(-len(body) % 4)
    start = _HEADER.size + 4 * len(strings)
    size = start + len(body)
    header = _HEADER.pack(ChunkType.STRING_POOL, _HEADER.size, size, len(strings), 0, 0, start, 0)
    return header + struct.pack(f"<{len(strings)}I", *offsets) + bytes(body)
