"""An APK as a ZIP archive, read the way Android reads it.

The End of Central Directory record is found from the end of the file, its comment reaching exactly
to the end; the central directory beats the local headers; ZIP64 is refused (libziparchive;
apksig's LocalFileRecord). Nothing is allocated because a header claims a size: reads are bounded by
the file, inflating by the caller's limit.
"""

from __future__ import annotations

import struct
import zlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Self

from holdfast.apk.format_error import ApkFormatError
from holdfast.apk.source import ByteSource, FileSource, MemorySource

__all__ = ["Apk", "ApkFormatError", "Entry", "Tail"]

STORED, DEFLATED = 0, 8
DATA_DESCRIPTOR_FLAG = 0x08
LOCAL_HEADER_MAGIC = b"PK\x03\x04"
_DIRECTORY_MAGIC = b"PK\x01\x02"
_END_MAGIC = b"PK\x05\x06"
_ZIP64_LOCATOR_MAGIC = b"PK\x06\x07"
_END_SIZE = 22
_MAX_COMMENT = 0xFFFF
_ZIP64_LOCATOR_SIZE = 20
_RECORD = struct.Struct("<4sHHHHHHLLLHHHHHLL")
_LOCAL = struct.Struct("<4sHHHHHLLLHH")
_END = struct.Struct("<4sHHHHLLH")
_PIECE = 256 * 1024
# 65535 records are the most that ZIP without ZIP64 counts; real ones have about 100 bytes each.
_MAX_DIRECTORY_BYTES = 16 * 1024 * 1024


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """One record of the central directory; sizes in bytes, offsets from the start of the file."""

    name: str
    name_bytes: bytes
    flags: int
    method: int
    time: int
    date: int
    crc32: int
    compressed_size: int
    size: int
    header_offset: int
    record_offset: int
    record_size: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Tail:
    """The End of Central Directory record: where it and the directory lie, in bytes."""

    offset: int
    directory_offset: int
    directory_size: int
    entry_count: int
    record: bytes

    @property
    def comment(self) -> bytes:
        return self.record[_END_SIZE:]

    def pointing_to(self, directory_offset: int) -> bytes:
        """The record as it would be with the directory at `directory_offset`."""
        return self.record[:16] + struct.pack("<L", directory_offset) + self.record[20:]


class Apk:
    """One APK file, open for reading. Use as a context manager, or call `close`."""

    def __init__(self, source: ByteSource, *, file: Path | None = None) -> None:
        self.source = source
        self.file = file
        self.size_bytes = source.size_bytes
        self.tail = _find_tail(source)
        # What content.py has computed, by algorithm: each level asks for the same digests again.
        self.known_digests: dict[str, bytes] = {}

    @classmethod
    def from_path(cls, path: Path) -> Self:
        """Open a file; OSError where it cannot be read, ApkFormatError where it is no archive."""
        source = FileSource(path)
        try:
            return cls(source, file=path)
        except (ApkFormatError, OSError):
            source.close()
            raise

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """An APK in memory; ApkFormatError where it is no archive."""
        return cls(MemorySource(data))

    def close(self) -> None:
        self.source.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    @cached_property
    def entries(self) -> tuple[Entry, ...]:
        """Every record of the central directory, in its order; ApkFormatError if malformed."""
        tail = self.tail
        if tail.directory_size > _MAX_DIRECTORY_BYTES:
            raise ApkFormatError(f"central directory of {tail.directory_size} bytes: too large")
        directory = self.source.read(tail.directory_offset, tail.directory_size)
        return tuple(_records(directory, tail))

    @property
    def names(self) -> tuple[str, ...]:
        """Names of all entries, in the order of the central directory."""
        return tuple(entry.name for entry in self.entries)

    @cached_property
    def duplicate_names(self) -> tuple[str, ...]:
        """Names that more than one file entry has. No Android opens such an archive."""
        counts = Counter(entry.name for entry in self.entries if not entry.name.endswith("/"))
        return tuple(name for name, count in counts.items() if count > 1)

    @cached_property
    def _by_name(self) -> dict[str, Entry]:
        found: dict[str, Entry] = {}
        for entry in self.entries:
            found.setdefault(entry.name, entry)
        return found

    def entry(self, name: str) -> Entry | None:
        """The first entry of that name, or None."""
        return self._by_name.get(name)

    def read(self, name: str, *, limit_bytes: int) -> bytes:
        """The uncompressed content of an entry.

        ApkFormatError where there is none, where it is malformed, or longer than `limit_bytes`.
        """
        entry = self.entry(name)
        if entry is None:
            raise ApkFormatError(f"no entry {name!r}")
        if entry.size > limit_bytes:
            raise ApkFormatError(f"{name!r}: {entry.size} bytes, the limit is {limit_bytes}")
        return b"".join(self.pieces(entry))

    def data_offset(self, entry: Entry) -> int:
        """Where the entry's data starts; ApkFormatError where local header and directory differ.

        The rules are those of apksig's LocalFileRecord, which mimics the platform.
        """
        name = entry.name_bytes
        end_of_name = entry.header_offset + _LOCAL.size + len(name)
        if end_of_name > self.tail.directory_offset:
            raise ApkFormatError(f"{entry.name!r}: local header reaches into the directory")
        header = self.source.read(entry.header_offset, _LOCAL.size + len(name))
        magic, _, flags, _, _, _, crc32, packed, size, name_size, extra = _LOCAL.unpack_from(header)
        if magic != LOCAL_HEADER_MAGIC:
            raise ApkFormatError(f"{entry.name!r}: no local header at {entry.header_offset}")
        if (flags ^ entry.flags) & DATA_DESCRIPTOR_FLAG:
            raise ApkFormatError(f"{entry.name!r}: data descriptor in one header only")
        claimed = (crc32, packed, size)
        if not flags & DATA_DESCRIPTOR_FLAG and claimed != (
            entry.crc32,
            entry.compressed_size,
            entry.size,
        ):
            raise ApkFormatError(f"{entry.name!r}: sizes or CRC-32 differ between the headers")
        if header[_LOCAL.size : _LOCAL.size + name_size] != name or name_size != len(name):
            raise ApkFormatError(f"{entry.name!r}: another name in the local header")
        start: int = end_of_name + extra
        stored = entry.size if entry.method == STORED else entry.compressed_size
        if start + stored > self.tail.directory_offset:
            raise ApkFormatError(f"{entry.name!r}: data reaches into the directory")
        return start

    def pieces(self, entry: Entry) -> Iterator[bytes]:
        """The uncompressed content, in pieces; ApkFormatError as soon as it goes wrong.

        Whatever is not stored is inflated (as the platform does), and has to come out at the size
        that the directory says. CRC-32 is not looked at: the platform does not, either.
        """
        start = self.data_offset(entry)
        if entry.method == STORED:
            for offset in range(0, entry.size, _PIECE):
                yield self.source.read(start + offset, min(_PIECE, entry.size - offset))
            return
        yield from self._inflate(entry, start)

    def _inflate(self, entry: Entry, start: int) -> Iterator[bytes]:
        inflater = zlib.decompressobj(-zlib.MAX_WBITS)
        produced = 0
        try:
            for offset in range(0, entry.compressed_size, _PIECE):
                length = min(_PIECE, entry.compressed_size - offset)
                pending = self.source.read(start + offset, length)
                while pending and not inflater.eof:
                    piece = inflater.decompress(pending, _PIECE)
                    produced += len(piece)
                    if produced > entry.size:
                        raise ApkFormatError(f"{entry.name!r}: inflates to more than it says")
                    yield piece
                    pending = inflater.unconsumed_tail
        except zlib.error as error:
            raise ApkFormatError(f"{entry.name!r}: {error}") from error
        tail = inflater.flush()
        if produced + len(tail) != entry.size:
            raise ApkFormatError(f"{entry.name!r}: inflates to another size than it says")
        yield tail


def _find_tail(source: ByteSource) -> Tail:
    """The record whose comment reaches exactly to the end of the file, searched from the end."""
    size = source.size_bytes
    if size < _END_SIZE:
        raise ApkFormatError("not a ZIP archive: too short")
    window_size = min(size, _END_SIZE + _MAX_COMMENT)
    window = source.read(size - window_size, window_size)
    position = window_size - _END_SIZE + len(_END_MAGIC)
    while True:
        position = window.rfind(_END_MAGIC, 0, position)
        if position < 0:
            raise ApkFormatError("not a ZIP archive: no End of Central Directory record")
        comment_size = int.from_bytes(window[position + 20 : position + 22], "little")
        if position + _END_SIZE + comment_size == window_size:
            break
        position += len(_END_MAGIC) - 1
    offset = size - window_size + position
    record = window[position:]
    _, _, _, _, count, directory_size, directory_offset, _ = _END.unpack_from(record)
    if offset >= _ZIP64_LOCATOR_SIZE:
        locator = source.read(offset - _ZIP64_LOCATOR_SIZE, len(_ZIP64_LOCATOR_MAGIC))
        if locator == _ZIP64_LOCATOR_MAGIC:
            raise ApkFormatError("ZIP64 archives are no APKs")
    if directory_offset + directory_size > offset:
        raise ApkFormatError("the central directory reaches beyond its end record")
    return Tail(
        offset=offset,
        directory_offset=directory_offset,
        directory_size=directory_size,
        entry_count=count,
        record=record,
    )


def _records(directory: bytes, tail: Tail) -> Iterator[Entry]:
    position = 0
    for number in range(tail.entry_count):
        if position + _RECORD.size > len(directory):
            raise ApkFormatError(f"central directory: record {number + 1} is missing")
        fields = _RECORD.unpack_from(directory, position)
        magic, _, _, flags, method, time, date, crc32, packed, size = fields[:10]
        name_size, extra_size, comment_size = fields[10:13]
        if magic != _DIRECTORY_MAGIC:
            raise ApkFormatError(f"central directory: record {number + 1} is none")
        start = position + _RECORD.size
        record_size = _RECORD.size + name_size + extra_size + comment_size
        if position + record_size > len(directory):
            raise ApkFormatError(f"central directory: record {number + 1} is cut short")
        name = directory[start : start + name_size]
        yield Entry(
            name=name.decode("utf-8", errors="replace"),
            name_bytes=name,
            flags=flags,
            method=method,
            time=time,
            date=date,
            crc32=crc32,
            compressed_size=packed,
            size=size,
            header_offset=fields[16],
            record_offset=tail.directory_offset + position,
            record_size=record_size,
        )
        position += record_size
