"""An APK's entries on their way to a signed copy: which are kept, and where they come to lie.

As apksig's ApkSigner does it: entries keep the order of their local headers and every byte that is
theirs; old v1 files and directory entries go; stored data stays aligned by means of the extra
field; bytes between entries are copied.
"""

from __future__ import annotations

import dataclasses
import struct
import zlib
from dataclasses import dataclass, field

from holdfast.apk.archive import Apk, Entry
from holdfast.apk.block import find_signing_block
from holdfast.apk.format_error import ApkFormatError

__all__ = ["Output", "copy_entries", "in_jar_manifest"]

_LOCAL_BYTES = 30
_ALIGNMENT_FIELD = 0xD935
_DESCRIPTOR_FLAG = 0x08
_JAN_2009 = (0x3A21, 0)
_LOCAL = struct.Struct("<IHHHHHIIIHH")
_CENTRAL = struct.Struct("<IHHHHHHIIIHHHHHII")


@dataclass(frozen=True, kw_only=True, slots=True)
class _Record:
    """A local record: sizes and places in bytes; `at` is in the input."""

    at: int
    extra_at: int
    data_at: int
    size: int


@dataclass(kw_only=True, slots=True)
class Output:
    """The signed copy as it grows. `copied` maps names of kept entries to (header, data, end)."""

    body: bytearray = field(default_factory=bytearray)
    directory: list[bytes] = field(default_factory=list)
    modified: tuple[int, int] = _JAN_2009
    """Date and time in MS-DOS form, for the entries that are added: the latest of the copied."""
    copied: dict[str, tuple[int, int, int]] = field(default_factory=dict)

    def add(self, name: str, data: bytes) -> None:
        """Append a compressed entry."""
        compressor = zlib.compressobj(9, zlib.DEFLATED, -15)
        packed = compressor.compress(data) + compressor.flush()
        date, time = self.modified
        raw = name.encode()
        fields = (0x800, 8, time, date, zlib.crc32(data), len(packed), len(data), len(raw))
        record = _CENTRAL.pack(0x02014B50, 20, 20, *fields, 0, 0, 0, 0, 0, len(self.body))
        self.directory.append(record + raw)
        self.body += _LOCAL.pack(0x04034B50, 20, *fields, 0) + raw + packed


def in_jar_manifest(name: str) -> bool:
    """Whether MANIFEST.MF lists an entry: no directories, and not the signature's own files."""
    if name.endswith("/"):
        return False
    if not name.startswith("META-INF/") or "/" in name[len("META-INF/") :]:
        return True
    own = name[len("META-INF/") :].lower()
    return not (
        own == "manifest.mf"
        or own.endswith((".sf", ".rsa", ".dsa", ".ec"))
        or own.startswith("sig-")
    )


def copy_entries(apk: Apk, *, dropped: frozenset[str], library_alignment_bytes: int) -> Output:
    """Everything but `dropped` and what v1 leaves out.

    Raises ApkFormatError for an archive whose entries overlap, repeat or do not fit.
    """
    block = find_signing_block(apk)
    end = block.offset if block else apk.tail.directory_offset
    output, records, moved = Output(), _central_records(apk), {}
    at = 0
    latest: list[tuple[int, int]] = []
    for entry in sorted(apk.entries, key=lambda entry: entry.header_offset):
        record = _local_record(apk, entry, end)
        if record.at < at:
            raise ApkFormatError(f"{entry.name[:80]!r}: entries overlap")
        output.body += apk.source.read(at, record.at - at)
        at = record.at + record.size
        if entry.name in dropped or not in_jar_manifest(entry.name):
            continue
        latest.append((entry.date, entry.time))
        header_at = len(output.body)
        extra = _copy_record(apk, entry, record, output, library_alignment_bytes)
        data_at = header_at + record.extra_at - record.at + extra
        output.copied[entry.name] = (header_at, data_at, len(output.body))
        moved[entry.name] = records[entry.name][:42] + struct.pack("<I", header_at)
        moved[entry.name] += records[entry.name][46:]
    output.body += apk.source.read(at, end - at)
    output.directory = [moved[entry.name] for entry in apk.entries if entry.name in moved]
    return dataclasses.replace(output, modified=max(latest, default=_JAN_2009))


def _central_records(apk: Apk) -> dict[str, bytes]:
    records = {
        entry.name: apk.source.read(entry.record_offset, entry.record_size) for entry in apk.entries
    }
    if len(records) != len(apk.entries):
        raise ApkFormatError("several entries have the same name")
    return records


def _local_record(apk: Apk, entry: Entry, end: int) -> _Record:
    at = entry.header_offset
    if at + _LOCAL_BYTES > end:
        raise ApkFormatError(f"{entry.name[:80]!r}: no local header")
    header = apk.source.read(at, _LOCAL_BYTES)
    name_bytes, extra_bytes = struct.unpack_from("<HH", header, 26)
    if header[:4] != b"PK\x03\x04":
        raise ApkFormatError(f"{entry.name[:80]!r}: no local header")
    data_at = at + _LOCAL_BYTES + name_bytes + extra_bytes
    size = data_at - at + entry.compressed_size
    if entry.flags & _DESCRIPTOR_FLAG:
        with_magic = apk.source.read(at + size, min(4, end - at - size)) == b"PK\x07\x08"
        size += 16 if with_magic else 12
    if at + size > end:
        raise ApkFormatError(f"{entry.name[:80]!r}: overruns the archive")
    return _Record(at=at, extra_at=data_at - extra_bytes, data_at=data_at, size=size)


def _copy_record(apk: Apk, entry: Entry, record: _Record, output: Output, pages: int) -> int:
    """Copy header and data, re-aligned if need be; how many bytes the extra field now has."""
    raw = apk.source.read(record.at, record.size)
    extra_from, data_from = record.extra_at - record.at, record.data_at - record.at
    extra, at = raw[extra_from:data_from], len(output.body)
    multiple = _alignment(entry, extra, pages)
    aligned_anyway = at == record.at or multiple <= 1 or record.at % multiple == at % multiple
    if not aligned_anyway and record.data_at % multiple == 0:
        extra = _aligning(extra, at + extra_from, multiple)
        raw = (
            raw[:28] + struct.pack("<H", len(extra)) + raw[30:extra_from] + extra + raw[data_from:]
        )
    output.body += raw
    return len(extra)


def _alignment(entry: Entry, extra: bytes, pages: int) -> int:
    """What the data's offset has to be a multiple of; 1 for compressed data."""
    if entry.method != 0:
        return 1
    at = 0
    while at + 4 <= len(extra):
        kind, size = struct.unpack_from("<HH", extra, at)
        if size > len(extra) - at - 4:
            break
        if kind == _ALIGNMENT_FIELD:
            if size < 2:
                break
            return int.from_bytes(extra[at + 4 : at + 6], "little")
        at += 4 + size
    return pages if entry.name.endswith(".so") else 4


def _aligning(extra: bytes, extra_at: int, multiple: int) -> bytes:
    """The extra field without old padding, and with the alignment field 0xd935 at its end."""
    kept, at = b"", 0
    while at + 4 <= len(extra):
        kind, size = struct.unpack_from("<HH", extra, at)
        if size > len(extra) - at - 4:
            break
        if kind != _ALIGNMENT_FIELD and (kind or size):
            kept += extra[at : at + 4 + size]
        at += 4 + size
    padding = -(extra_at + len(kept) + 6) % multiple
    field_ = struct.pack("<HHH", _ALIGNMENT_FIELD, 2 + padding, multiple)
    return kept + field_ + bytes(padding)
