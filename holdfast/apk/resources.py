"""The part of resources.arsc that labels need: string values by id and locale, read and written.

Reading follows ResourceTypes.h: packages, types, entries of every layout up to Android 16 (dense,
sparse, 16-bit offsets, compact). Nothing is read ahead: a look-up walks the types of its package.
Writing gives a table of strings in one package, which is what a probe's label needs.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from holdfast.apk.binary_xml import ValueType
from holdfast.apk.format_error import ApkFormatError
from holdfast.apk.string_pool import ChunkType, StringPool, encode_string_pool

__all__ = ["ResourceTable", "ResourceValue", "encode_string_table"]

_NO_ENTRY = 0xFFFFFFFF
_MOST_CHUNKS = 20_000
_MOST_STEPS = 50_000
"""Entries looked at over all look-ups: references may lead to many values, each to many more."""
_LONGEST_CHAIN = 20
_SPARSE, _OFFSET16 = 0x01, 0x02
_COMPLEX, _COMPACT = 0x0001, 0x0008
_CONFIG_BYTES = 48
_LOCALE_VARIES = 0x0004


@dataclass(frozen=True, kw_only=True, slots=True)
class ResourceValue:
    """One value of a resource: `locale` is a BCP 47 tag, empty for the default."""

    locale: str
    type: int
    data: int
    plain: bool
    """Whether nothing but the locale distinguishes it (no density, no screen size, …)."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Type:
    """A RES_TABLE_TYPE chunk: `at` and `end` are offsets in the table."""

    package: int
    type_id: int
    at: int
    end: int


class ResourceTable:
    """Raises ApkFormatError from every method if the bytes are no resource table."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._strings: StringPool | None = None
        self._types: dict[tuple[int, int], list[_Type]] = {}
        self._steps = 0
        self._chunks_seen = 0
        if len(data) < 12:
            raise ApkFormatError("resources.arsc: shorter than its header")
        kind, header_bytes, size = struct.unpack_from("<HHI", data)
        if kind != ChunkType.TABLE or header_bytes < 12 or not header_bytes <= size <= len(data):
            raise ApkFormatError("resources.arsc: not a resource table")
        for kind, _, at, length in self._chunks(header_bytes, size):
            if kind == ChunkType.STRING_POOL and self._strings is None:
                self._strings = StringPool(data[at : at + length])
            elif kind == ChunkType.TABLE_PACKAGE:
                self._package(at, length)

    def _chunks(self, at: int, end: int) -> Iterator[tuple[int, int, int, int]]:
        while at + 8 <= end:
            self._chunks_seen += 1
            kind, header_bytes, size = struct.unpack_from("<HHI", self._data, at)
            too_many = self._chunks_seen > _MOST_CHUNKS
            if header_bytes < 8 or size < header_bytes or at + size > end or too_many:
                raise ApkFormatError(f"resources.arsc: chunk at {at} does not fit")
            yield kind, header_bytes, at, size
            at += size

    def _package(self, at: int, size: int) -> None:
        header_bytes = self._number("<H", at + 2)
        package = self._number("<I", at + 8)
        for kind, _, inner, inner_size in self._chunks(at + header_bytes, at + size):
            if kind == ChunkType.TABLE_TYPE:
                type_id = self._number("<B", inner + 8)
                end = inner + inner_size
                chunk = _Type(package=package, type_id=type_id, at=inner, end=end)
                self._types.setdefault((package, type_id), []).append(chunk)

    def values(self, resource_id: int) -> tuple[ResourceValue, ...]:
        """Every value of a resource, in the order of the file; empty if there is none."""
        key = resource_id >> 24, resource_id >> 16 & 0xFF
        found = []
        for chunk in self._types.get(key, ()):
            self._step(1)
            entry = self._entry(chunk, resource_id & 0xFFFF)
            if entry is not None:
                found.append(self._value(chunk, entry))
        return tuple(value for value in found if value is not None)

    def _step(self, count: int) -> None:
        self._steps += count
        if self._steps > _MOST_STEPS:
            raise ApkFormatError("resources.arsc: too many values to look at")

    def _entry(self, chunk: _Type, index: int) -> int | None:
        """Where the entry begins; None if this type has no such entry."""
        flags = self._number("<B", chunk.at + 9)
        header_bytes = self._number("<H", chunk.at + 2)
        count = self._number("<I", chunk.at + 12)
        offsets = chunk.at + header_bytes
        offset = self._offset(offsets, count, index, flags, chunk.end)
        if offset is None:
            return None
        at = chunk.at + self._number("<I", chunk.at + 16) + offset
        if at + 8 > chunk.end:
            raise ApkFormatError(f"resources.arsc: entry at {at} overruns its type")
        return at

    def _offset(self, at: int, count: int, index: int, flags: int, end: int) -> int | None:
        width = 2 if flags & _OFFSET16 and not flags & _SPARSE else 4
        if at + width * count > end:
            raise ApkFormatError(f"resources.arsc: entries at {at} overrun their type")
        if flags & _SPARSE:
            self._step(1 + count // 64)
            pairs = struct.iter_unpack("<HH", memoryview(self._data)[at : at + 4 * count])
            return next((4 * offset for key, offset in pairs if key == index), None)
        if index >= count:
            return None
        if width == 2:
            short = self._number("<H", at + 2 * index)
            return None if short == 0xFFFF else 4 * short
        offset = self._number("<I", at + 4 * index)
        return None if offset == _NO_ENTRY else offset

    def _value(self, chunk: _Type, at: int) -> ResourceValue | None:
        size, flags = struct.unpack_from("<HH", self._data, at)
        if flags & _COMPACT:
            kind, data = flags >> 8, self._number("<I", at + 4)
        elif flags & _COMPLEX:
            return None
        else:
            kind, data = self._number("<B", at + size + 3), self._number("<I", at + size + 4)
        config = self._config(chunk)
        return ResourceValue(
            locale=_locale(config), type=kind, data=data, plain=not _more_than_locale(config)
        )

    def _config(self, chunk: _Type) -> bytes:
        size = self._number("<I", chunk.at + 20)
        if size < 4 or chunk.at + 20 + size > chunk.end:
            raise ApkFormatError(f"resources.arsc: configuration at {chunk.at + 20} overruns")
        return self._data[chunk.at + 20 : chunk.at + 20 + min(size, 64)].ljust(64, b"\0")

    def _number(self, form: str, at: int) -> int:
        try:
            (value,) = struct.unpack_from(form, self._data, at)
        except struct.error as error:
            raise ApkFormatError(f"resources.arsc: nothing at {at}") from error
        return int(value)

    def resolve(self, resource_id: int) -> ResourceValue | None:
        """The default value, references followed; None if it leads nowhere."""
        for _ in range(_LONGEST_CHAIN):
            values = self.values(resource_id)
            default = next(
                (v for v in sorted(values, key=lambda v: (bool(v.locale), not v.plain))), None
            )
            if default is None or default.type != ValueType.REFERENCE:
                return default
            resource_id = default.data
        return None

    def text(self, value: ResourceValue) -> str | None:
        """The string of a string value; None for every other type."""
        if value.type != ValueType.STRING or self._strings is None:
            return None
        return self._strings[value.data]

    def texts(self, resource_id: int) -> dict[str, str]:
        """Locale to text; the default under the empty locale. The first of equals wins."""
        found: dict[str, str] = {}
        for value in self.values(resource_id):
            text = self._followed(value)
            if text is not None:
                found.setdefault(value.locale, text)
        return found

    def _followed(self, value: ResourceValue) -> str | None:
        if value.type != ValueType.REFERENCE:
            return self.text(value)
        target = self.resolve(value.data)
        return self.text(target) if target is not None else None


def _locale(config: bytes) -> str:
    """A BCP 47 tag from ResTable_config: language, script, region, variant."""
    language = _letters(config[8:10], ord("a"))
    region = _letters(config[10:12], ord("0"))
    script, variant = (part.split(b"\0")[0] for part in (config[36:40], config[40:48]))
    parts = [language, script.decode("latin-1"), region, variant.decode("latin-1")]
    return "-".join(part for part in parts if part)


def _letters(two: bytes, base: int) -> str:
    """Two letters as they are, or three packed into 15 bits with the top bit set."""
    first, second = two
    if not first & 0x80:
        return two.split(b"\0")[0].decode("latin-1")
    packed = (second & 0x1F, (second >> 5) | (first & 0x03) << 3, (first & 0x7C) >> 2)
    return "".join(chr(base + number) for number in packed)


def _more_than_locale(config: bytes) -> bool:
    """Whether anything besides the locale is asked for."""
    return any(config[4:8]) or any(config[12:36]) or any(config[48:52])


def encode_string_table(package_name: str, name: str, texts: Mapping[str, str]) -> bytes:
    """resources.arsc with one string resource, `@0x7f010000`, for each locale of `texts`.

    Locales are `""` (default), `xx` or `xx-RR`; ValueError for others.
    """
    locales = sorted(texts)
    pool = list(dict.fromkeys(texts[locale] for locale in locales))
    varies = _LOCALE_VARIES if len(locales) > 1 else 0
    spec = struct.pack("<HHIBBHII", ChunkType.TABLE_TYPE_SPEC, 16, 20, 1, 0, 0, 1, varies)
    types = b"".join(_one_entry(locale, pool.index(texts[locale])) for locale in locales)
    type_names, key_names = encode_string_pool(["string"]), encode_string_pool([name])
    body = type_names + key_names + spec + types
    utf16_name = package_name.encode("utf-16-le")[:254].ljust(256, b"\0")
    package = struct.pack("<HHI", ChunkType.TABLE_PACKAGE, 288, 288 + len(body))
    package += struct.pack("<I", 0x7F) + utf16_name
    package += struct.pack("<IIIII", 288, 1, 288 + len(type_names), 1, 0) + body
    content = encode_string_pool(pool) + package
    return struct.pack("<HHII", ChunkType.TABLE, 12, 12 + len(content), 1) + content


def _one_entry(locale: str, string: int) -> bytes:
    language, _, region = locale.partition("-")
    if len(language) not in {0, 2} or len(region) not in {0, 2} or not locale.isascii():
        raise ValueError(f"locale {locale!r}: expected xx or xx-RR")
    config = struct.pack("<II", _CONFIG_BYTES, 0)
    config += (language.encode() or b"\0\0") + (region.encode() or b"\0\0")
    config = config.ljust(_CONFIG_BYTES, b"\0")
    header_bytes = 20 + _CONFIG_BYTES
    entry = struct.pack("<HHI", 8, 0, 0) + struct.pack("<HBBI", 8, 0, ValueType.STRING, string)
    size, entries_at = header_bytes + 4 + len(entry), header_bytes + 4
    header = struct.pack(
        "<HHIBBHII", ChunkType.TABLE_TYPE, header_bytes, size, 1, 0, 0, 1, entries_at
    )
    return header + config + struct.pack("<I", 0) + entry
