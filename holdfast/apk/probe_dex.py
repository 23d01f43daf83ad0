"""A classes.dex small enough to write by hand: a launcher activity, and a provider if asked for.

Format: source.android.com/docs/core/runtime/dex-format, version 035, which every Android runs.
Two kinds of method bodies are all that it takes: a constructor that calls its superclass's, and a
method that returns a small constant (or null).
"""

from __future__ import annotations

import hashlib
import struct
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

__all__ = ["ACTIVITY_CLASS", "PROVIDER_CLASS", "probe_dex"]

ACTIVITY_CLASS = "org.holdfast.probe.ProbeActivity"
PROVIDER_CLASS = "org.holdfast.probe.ProbeProvider"

_NO_INDEX = 0xFFFFFFFF
_PUBLIC, _CONSTRUCTOR = 0x1, 0x10000
_HEADER_BYTES = 0x70
_URI, _TEXT, _TEXTS = "Landroid/net/Uri;", "Ljava/lang/String;", "[Ljava/lang/String;"
_VALUES, _CURSOR = "Landroid/content/ContentValues;", "Landroid/database/Cursor;"


@dataclass(frozen=True, kw_only=True, slots=True)
class _Method:
    """`constant` None is a constructor. Types are descriptors."""

    owner: str
    name: str
    returns: str
    parameters: tuple[str, ...] = ()
    constant: int | None = None

    @property
    def prototype(self) -> tuple[str, tuple[str, ...]]:
        return self.returns, self.parameters


@dataclass(frozen=True, kw_only=True, slots=True)
class _Class:
    descriptor: str
    superclass: str
    methods: tuple[_Method, ...]


def _constructor(owner: str) -> _Method:
    return _Method(owner=owner, name="<init>", returns="V")


def _activity() -> _Class:
    name = _descriptor(ACTIVITY_CLASS)
    return _Class(
        descriptor=name, superclass="Landroid/app/Activity;", methods=(_constructor(name),)
    )


def _provider() -> _Class:
    """A ContentProvider that is there and holds nothing: every abstract method, answered."""
    name = _descriptor(PROVIDER_CLASS)
    answers = (
        ("onCreate", "Z", (), 1),
        ("query", _CURSOR, (_URI, _TEXTS, _TEXT, _TEXTS, _TEXT), 0),
        ("getType", _TEXT, (_URI,), 0),
        ("insert", _URI, (_URI, _VALUES), 0),
        ("delete", "I", (_URI, _TEXT, _TEXTS), 0),
        ("update", "I", (_URI, _VALUES, _TEXT, _TEXTS), 0),
    )
    methods = tuple(
        _Method(owner=name, name=method, returns=returns, parameters=takes, constant=constant)
        for method, returns, takes, constant in answers
    )
    return _Class(
        descriptor=name,
        superclass="Landroid/content/ContentProvider;",
        methods=(_constructor(name), *methods),
    )


def _descriptor(class_name: str) -> str:
    return f"L{class_name.replace('.', '/')};"


def _shorty(prototype: tuple[str, tuple[str, ...]]) -> str:
    returns, parameters = prototype
    return "".join("L" if t[0] in "L[" else t for t in (returns, *parameters))


def _uleb128(number: int) -> bytes:
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


@dataclass(kw_only=True, slots=True)
class _Tables:
    """The id tables, each sorted as the format wants it, and where a thing stands in them."""

    strings: list[str] = field(default_factory=list)
    types: list[str] = field(default_factory=list)
    prototypes: list[tuple[str, tuple[str, ...]]] = field(default_factory=list)
    methods: list[_Method] = field(default_factory=list)

    @classmethod
    def of(cls, classes: Sequence[_Class]) -> _Tables:
        methods = [m for c in classes for m in (*c.methods, _constructor(c.superclass))]
        unique = list(dict.fromkeys(methods))
        prototypes = {m.prototype for m in unique}
        types = {m.owner for m in unique} | {t for r, p in prototypes for t in (r, *p)}
        names = {m.name for m in unique} | {_shorty(p) for p in prototypes}
        tables = cls(strings=sorted(types | names))
        tables.types = sorted(types, key=tables.strings.index)
        tables.prototypes = sorted(
            prototypes,
            key=lambda p: (tables.types.index(p[0]), [tables.types.index(t) for t in p[1]]),
        )
        tables.methods = sorted(
            unique,
            key=lambda m: (
                tables.types.index(m.owner),
                tables.strings.index(m.name),
                tables.prototypes.index(m.prototype),
            ),
        )
        return tables


class _Data:
    """The data section; `items` remembers what the map list has to say."""

    def __init__(self, start: int) -> None:
        self.start = start
        self.bytes = bytearray()
        self.items: list[tuple[int, int, int]] = []

    def add(self, kind: int, contents: Iterable[bytes], *, align: int = 1) -> list[int]:
        """Append items of one kind; their offsets in the file."""
        offsets = []
        for content in contents:
            self.bytes += bytes(-len(self.bytes) % align)
            offsets.append(self.start + len(self.bytes))
            self.bytes += content
        if offsets:
            self.items.append((kind, len(offsets), offsets[0]))
        return offsets


def _code(method: _Method, tables: _Tables, superclass: str) -> bytes:
    """A code_item: registers, ins, outs, tries, debug info, size in units, units."""
    ins = 1 + len(method.parameters)
    if method.constant is None:
        call = tables.methods.index(_constructor(superclass))
        body = struct.pack("<BBHHH", 0x70, 0x10, call, 0, 0x0E)  # invoke-direct {v0}; return-void
        return struct.pack("<HHHHII", ins, ins, 1, 0, 0, len(body) // 2) + body
    load = struct.pack("<BB", 0x12, method.constant << 4)  # const/4 v0
    give = 0x11 if method.returns[0] in "L[" else 0x0F  # return-object v0 or return v0
    body = load + struct.pack("<BB", give, 0)
    return struct.pack("<HHHHII", ins + 1, ins, 0, 0, 0, len(body) // 2) + body


def _class_data(item: _Class, tables: _Tables, code_at: dict[_Method, int]) -> bytes:
    direct = [m for m in item.methods if m.constant is None]
    virtual = [m for m in item.methods if m.constant is not None]
    out = _uleb128(0) + _uleb128(0) + _uleb128(len(direct)) + _uleb128(len(virtual))
    for group, flags in ((direct, _PUBLIC | _CONSTRUCTOR), (virtual, _PUBLIC)):
        last = 0
        for method in sorted(group, key=tables.methods.index):
            index = tables.methods.index(method)
            out += _uleb128(index - last) + _uleb128(flags) + _uleb128(code_at[method])
            last = index
    return out


def _write(classes: Sequence[_Class]) -> bytes:
    tables = _Tables.of(classes)
    counts = (len(tables.strings), len(tables.types), len(tables.prototypes), 0)
    sizes = (4, 4, 12, 8, 8, 32)
    starts = [_HEADER_BYTES]
    for count, size in zip((*counts, len(tables.methods), len(classes)), sizes, strict=True):
        starts.append(starts[-1] + count * size)
    data = _Data(starts[-1])
    lists = sorted({p[1] for p in tables.prototypes if p[1]})
    list_offsets = data.add(
        0x1001,
        (struct.pack(f"<I{len(one)}H", len(one), *map(tables.types.index, one)) for one in lists),
        align=4,
    )
    list_at = dict(zip(lists, list_offsets, strict=True))
    bodies = [(m, _code(m, tables, c.superclass)) for c in classes for m in c.methods]
    code_offsets = data.add(0x2001, (body for _, body in bodies), align=4)
    code_at = {m: at for (m, _), at in zip(bodies, code_offsets, strict=True)}
    class_at = data.add(0x2000, (_class_data(c, tables, code_at) for c in classes))
    string_at = data.add(
        0x2002, (_uleb128(len(text)) + text.encode("ascii") + b"\0" for text in tables.strings)
    )
    ids = struct.pack(f"<{len(string_at)}I", *string_at)
    ids += b"".join(struct.pack("<I", tables.strings.index(t)) for t in tables.types)
    ids += b"".join(_prototype_id(p, tables, list_at) for p in tables.prototypes)
    ids += b"".join(_method_id(m, tables) for m in tables.methods)
    ids += b"".join(
        _class_definition(c, tables, at) for c, at in zip(classes, class_at, strict=True)
    )
    return _finish(ids, data, starts, (*counts, len(tables.methods), len(classes)))


def _prototype_id(
    prototype: tuple[str, tuple[str, ...]], tables: _Tables, list_at: dict[tuple[str, ...], int]
) -> bytes:
    returns, parameters = prototype
    shorty = tables.strings.index(_shorty(prototype))
    at = list_at[parameters] if parameters else 0
    return struct.pack("<III", shorty, tables.types.index(returns), at)


def _method_id(method: _Method, tables: _Tables) -> bytes:
    owner, name = tables.types.index(method.owner), tables.strings.index(method.name)
    return struct.pack("<HHI", owner, tables.prototypes.index(method.prototype), name)


def _class_definition(item: _Class, tables: _Tables, data_at: int) -> bytes:
    this, parent = tables.types.index(item.descriptor), tables.types.index(item.superclass)
    return struct.pack("<8I", this, _PUBLIC, parent, 0, _NO_INDEX, 0, data_at, 0)


def _finish(ids: bytes, data: _Data, starts: list[int], counts: tuple[int, ...]) -> bytes:
    """Map list, header, then the checksums: SHA-1 from byte 32 on, Adler-32 from byte 12 on."""
    tables = [
        (kind, count, at)
        for kind, (count, at) in enumerate(zip(counts, starts, strict=False), start=1)
        if count
    ]
    data.bytes += bytes(-len(data.bytes) % 4)
    map_at = data.start + len(data.bytes)
    entries = [(0, 1, 0), *tables, *data.items, (0x1000, 1, map_at)]
    data.bytes += struct.pack("<I", len(entries))
    data.bytes += b"".join(struct.pack("<HHII", kind, 0, n, at) for kind, n, at in entries)
    size = data.start + len(data.bytes)
    places = [
        n for count, at in zip(counts, starts, strict=False) for n in (count, at if count else 0)
    ]
    rest = struct.pack("<6I", size, _HEADER_BYTES, 0x12345678, 0, 0, map_at)
    rest += struct.pack(f"<{len(places)}I", *places)
    rest += struct.pack("<II", len(data.bytes), data.start) + ids + bytes(data.bytes)
    signed = hashlib.sha1(rest, usedforsecurity=False).digest() + rest
    return b"dex\n035\0" + struct.pack("<I", zlib.adler32(signed)) + signed


def probe_dex(*, with_provider: bool = False) -> bytes:
    """A whole classes.dex with `ACTIVITY_CLASS`, and `PROVIDER_CLASS` if asked for."""
    return _write([_activity(), _provider()] if with_provider else [_activity()])
