"""Android's binary XML (AXML), both ways: bytes of AndroidManifest.xml to elements, and back.

Reading goes by the bytes alone (frameworks/base libs/androidfw ResourceTypes.h): chunks of unknown
types are skipped, as ResXMLTree does, and nothing is believed that does not fit into its chunk.
Writing gives what `aapt2` gives: UTF-16 strings, attributes sorted by resource id, the ids' names
first in the pool, because the platform's obtainStyledAttributes relies on both.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

from holdfast.apk.format_error import ApkFormatError
from holdfast.apk.string_pool import ChunkType, StringPool, encode_string_pool

__all__ = ["ANDROID", "Attribute", "Element", "ValueType", "parse", "serialize"]

ANDROID = "http://schemas.android.com/apk/res/android"

_NOTHING = 0xFFFFFFFF
_MOST_ELEMENTS = 30_000
_MOST_ATTRIBUTES = 100_000
_DEEPEST = 128
_NODE = struct.Struct("<HHIII")
_START = struct.Struct("<IIHHHHHH")
_ATTRIBUTE = struct.Struct("<IIIHBBI")


class ValueType:
    """Res_value.dataType; a table, not an enum, because a file may hold any number."""

    NULL = 0x00
    REFERENCE = 0x01
    STRING = 0x03
    INT_DECIMAL = 0x10
    INT_HEX = 0x11
    BOOLEAN = 0x12
    INTEGERS = range(0x10, 0x20)


@dataclass(frozen=True, kw_only=True, slots=True)
class Attribute:
    """`resource_id` is 0 where the name has none (`package`).

    `text` is the string of a string value, `data` the raw 32-bit value of every other type.
    """

    name: str
    namespace: str = ""
    resource_id: int = 0
    type: int = ValueType.STRING
    data: int = 0
    text: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Element:
    name: str
    namespace: str = ""
    attributes: tuple[Attribute, ...] = ()
    children: tuple[Element, ...] = ()
    line: int = 0

    def by_id(self, resource_id: int) -> Attribute | None:
        """The attribute with this id, as the platform looks one up: the name does not matter."""
        return next((a for a in self.attributes if a.resource_id == resource_id), None)

    def by_name(self, name: str) -> Attribute | None:
        """An attribute without a namespace, like `package`."""
        return next((a for a in self.attributes if a.name == name and not a.namespace), None)

    def named(self, name: str) -> Iterator[Element]:
        return (child for child in self.children if child.name == name)


@dataclass(kw_only=True, slots=True)
class _Open:
    name: str
    namespace: str
    attributes: tuple[Attribute, ...]
    line: int
    children: list[Element] = field(default_factory=list)

    def close(self) -> Element:
        return Element(
            name=self.name,
            namespace=self.namespace,
            attributes=self.attributes,
            children=tuple(self.children),
            line=self.line,
        )


class _Reader:
    """One document: its strings, resource ids, and the elements that are open."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._strings: StringPool | None = None
        self._ids: tuple[int, ...] = ()
        self._open: list[_Open] = []
        self._root: Element | None = None
        self._elements = 0
        self._attributes = 0

    def document(self) -> Element:
        for kind, header_bytes, start, size in self._chunks():
            self._chunk(kind, header_bytes, start, size)
            if self._root is not None:
                return self._root
        while self._open:  # a document that ends early ends all its elements (ResXMLTree)
            self._close()
        if self._root is None:
            raise ApkFormatError("binary XML: no element")
        return self._root

    def _chunks(self) -> Iterator[tuple[int, int, int, int]]:
        data = self._data
        if len(data) < 8:
            raise ApkFormatError("binary XML: shorter than its header")
        kind, header_bytes, size = struct.unpack_from("<HHI", data)
        if kind != ChunkType.XML or header_bytes < 8 or not header_bytes <= size <= len(data):
            raise ApkFormatError("binary XML: not a binary XML document")
        at, end = header_bytes, size
        while at + 8 <= end:
            kind, header_bytes, size = struct.unpack_from("<HHI", data, at)
            if header_bytes < 8 or size < header_bytes or at + size > end:
                raise ApkFormatError(f"binary XML: chunk at {at} does not fit")
            yield kind, header_bytes, at, size
            at += size

    def _chunk(self, kind: int, header_bytes: int, start: int, size: int) -> None:
        if kind == ChunkType.STRING_POOL:
            if self._strings is None:
                self._strings = StringPool(self._data[start : start + size])
        elif kind == ChunkType.XML_RESOURCE_MAP:
            count = (size - header_bytes) // 4
            self._ids = struct.unpack_from(f"<{count}I", self._data, start + header_bytes)
        elif kind == ChunkType.XML_START_ELEMENT:
            self._start(header_bytes, start, size)
        elif kind == ChunkType.XML_END_ELEMENT and self._open:
            self._close()

    def _start(self, header_bytes: int, start: int, size: int) -> None:
        self._elements += 1
        if self._elements > _MOST_ELEMENTS or len(self._open) >= _DEEPEST:
            raise ApkFormatError("binary XML: too many or too deeply nested elements")
        body, end = start + header_bytes, start + size
        if header_bytes < _NODE.size or body + _START.size > end:
            raise ApkFormatError(f"binary XML: element at {start} does not fit")
        (line,) = struct.unpack_from("<I", self._data, start + 8)
        namespace, name, first, each, count = _START.unpack_from(self._data, body)[:5]
        self._attributes += count
        if self._attributes > _MOST_ATTRIBUTES:
            raise ApkFormatError("binary XML: too many attributes")
        if count and (each < _ATTRIBUTE.size or body + first + each * count > end):
            raise ApkFormatError(f"binary XML: attributes of the element at {start} do not fit")
        self._open.append(
            _Open(
                name=self._string(name) or "",
                namespace=self._string(namespace) or "",
                attributes=tuple(self._attribute(body + first + each * i) for i in range(count)),
                line=line,
            )
        )

    def _attribute(self, at: int) -> Attribute:
        namespace, name, raw, _, _, kind, value = _ATTRIBUTE.unpack_from(self._data, at)
        index = value if kind == ValueType.STRING else raw
        return Attribute(
            name=self._string(name) or "",
            namespace=self._string(namespace) or "",
            resource_id=self._ids[name] if name < len(self._ids) else 0,
            type=kind,
            data=0 if kind == ValueType.STRING else value,
            text=self._string(index) if kind == ValueType.STRING else None,
        )

    def _close(self) -> None:
        element = self._open.pop().close()
        if self._open:
            self._open[-1].children.append(element)
        else:
            self._root = element

    def _string(self, index: int) -> str | None:
        if index == _NOTHING:
            return None
        if self._strings is None:
            raise ApkFormatError("binary XML: an element before the string pool")
        return self._strings[index]


def parse(data: bytes) -> Element:
    """The document's root element. Raises ApkFormatError for anything that is not binary XML."""
    return _Reader(data).document()


class _Writer:
    """Collects strings: names that have resource ids first, in the order of the ids."""

    def __init__(self, root: Element) -> None:
        ids: dict[int, str] = {}
        self._others: dict[str, None] = {}
        for element in _walk(root):
            for text in (element.namespace, element.name):
                if text:
                    self._others.setdefault(text)
            for attribute in element.attributes:
                if attribute.resource_id:
                    ids[attribute.resource_id] = attribute.name
                for text in (
                    attribute.namespace,
                    "" if attribute.resource_id else attribute.name,
                    attribute.text or "",
                ):
                    self._others.setdefault(text)
        self.ids = sorted(ids)
        self._by_id = {resource_id: index for index, resource_id in enumerate(self.ids)}
        for text in ("android", ANDROID):
            self._others.setdefault(text)
        self._index = {text: len(self.ids) + i for i, text in enumerate(self._others)}
        self.strings = [ids[i] for i in self.ids] + list(self._others)

    def index(self, text: str) -> int:
        return self._index[text] if text else _NOTHING

    def element(self, element: Element) -> bytes:
        """Start, children, end."""
        attributes = sorted(element.attributes, key=lambda a: (not a.resource_id, a.resource_id))
        name, namespace = self.index(element.name), self.index(element.namespace)
        start = _START.pack(namespace, name, 20, 20, len(attributes), 0, 0, 0)
        start += b"".join(self._attribute(attribute) for attribute in attributes)
        end = struct.pack("<II", namespace, name)
        return b"".join(
            [
                _node(ChunkType.XML_START_ELEMENT, element.line, start),
                *(self.element(child) for child in element.children),
                _node(ChunkType.XML_END_ELEMENT, element.line, end),
            ]
        )

    def _attribute(self, attribute: Attribute) -> bytes:
        if attribute.resource_id:
            name = self._by_id[attribute.resource_id]
        else:
            name = self.index(attribute.name)
        is_text = attribute.type == ValueType.STRING
        text = self._index[attribute.text or ""] if is_text else _NOTHING
        value = text if is_text else attribute.data
        namespace = self.index(attribute.namespace)
        return _ATTRIBUTE.pack(namespace, name, text, 8, 0, attribute.type, value)


def _walk(root: Element) -> Iterator[Element]:
    yield root
    for child in root.children:
        yield from _walk(child)


def _node(kind: int, line: int, body: bytes) -> bytes:
    return _NODE.pack(kind, _NODE.size, _NODE.size + len(body), line, _NOTHING) + body


def serialize(root: Element) -> bytes:
    """A whole document, with the `android` namespace declared around `root`."""
    writer = _Writer(root)
    namespace = struct.pack("<II", writer.index("android"), writer.index(ANDROID))
    ids = struct.pack(f"<{len(writer.ids)}I", *writer.ids)
    body = b"".join(
        [
            encode_string_pool(writer.strings),
            struct.pack("<HHI", ChunkType.XML_RESOURCE_MAP, 8, 8 + len(ids)) + ids,
            _node(ChunkType.XML_START_NAMESPACE, 1, namespace),
            writer.element(root),
            _node(ChunkType.XML_END_NAMESPACE, 1, namespace),
        ]
    )
    return struct.pack("<HHI", ChunkType.XML, 8, 8 + len(body)) + body
