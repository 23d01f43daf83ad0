"""A small BER reader (X.690), for PKCS #7 and certificates that strict DER parsers refuse.

Android has taken certificates whose lengths are not minimal since its first release, and they stay
the identity of their apps; so the original bytes of every value are kept. Nesting and lengths are
bounded, indefinite lengths are understood.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from holdfast.apk.format_error import ApkFormatError

__all__ = ["Asn1Value", "Tag", "der"]

_MAX_DEPTH = 32


class Tag:
    """First identifier bytes that are met here; of strings only those that names use."""

    BOOLEAN = 0x01
    INTEGER = 0x02
    BIT_STRING = 0x03
    OCTET_STRING = 0x04
    NULL = 0x05
    OID = 0x06
    UTF8_STRING = 0x0C
    PRINTABLE_STRING = 0x13
    T61_STRING = 0x14
    IA5_STRING = 0x16
    UNIVERSAL_STRING = 0x1C
    BMP_STRING = 0x1E
    SEQUENCE = 0x30
    SET = 0x31
    CONTEXT_0 = 0xA0
    CONTEXT_1 = 0xA1
    CONTEXT_3 = 0xA3


@dataclass(frozen=True, slots=True)
class Asn1Value:
    """One value: its identifier byte, its content, and all of its original bytes."""

    tag: int
    content: bytes
    encoded: bytes

    @classmethod
    def parse(cls, data: bytes) -> Self:
        """The first value in `data` (bytes behind it are ignored); ApkFormatError if malformed."""
        value, _ = cls._read(data, 0, 0)
        return value

    @classmethod
    def _read(cls, data: bytes, start: int, depth: int) -> tuple[Self, int]:
        """The value at `start`, and where the next one starts."""
        if depth > _MAX_DEPTH:
            raise ApkFormatError("ASN.1: nested too deeply")
        position = start + 2
        if position > len(data):
            raise ApkFormatError("ASN.1: cut short")
        tag, first = data[start], data[start + 1]
        if tag & 0x1F == 0x1F:
            raise ApkFormatError("ASN.1: a tag number of several bytes")
        if first == 0x80:
            end, after = cls._indefinite(data, position, tag, depth)
        else:
            length = first
            if first > 0x80:
                count = first & 0x7F
                if count > 4 or position + count > len(data):
                    raise ApkFormatError("ASN.1: a length of too many bytes")
                length = int.from_bytes(data[position : position + count], "big")
                position += count
            end = after = position + length
        if end > len(data):
            raise ApkFormatError("ASN.1: a value reaches beyond its container")
        return cls(tag, data[position:end], data[start:after]), after

    @classmethod
    def _indefinite(cls, data: bytes, position: int, tag: int, depth: int) -> tuple[int, int]:
        """End of the content of an indefinite-length value, and end of its two closing zeros."""
        if not tag & 0x20:
            raise ApkFormatError("ASN.1: a primitive value of indefinite length")
        while data[position : position + 2] != b"\0\0":
            _, position = cls._read(data, position, depth + 1)
        return position, position + 2

    def children(self) -> tuple[Self, ...]:
        """The values in a constructed value's content."""
        found = []
        position = 0
        while position < len(self.content):
            value, position = self._read(self.content, position, 0)
            found.append(value)
        return tuple(found)

    def expect(self, tag: int) -> Self:
        """This value, if it has that tag; ApkFormatError otherwise."""
        if self.tag != tag:
            raise ApkFormatError(f"ASN.1: tag 0x{self.tag:02x} where 0x{tag:02x} should be")
        return self

    def sequence(self) -> tuple[Self, ...]:
        return self.expect(Tag.SEQUENCE).children()

    def integer(self) -> int:
        self.expect(Tag.INTEGER)
        return int.from_bytes(self.content, "big", signed=True)

    def unsigned(self) -> int:
        """An integer that cannot be negative, whatever its first bit says."""
        return int.from_bytes(self.expect(Tag.INTEGER).content, "big")

    def octets(self) -> bytes:
        return self.expect(Tag.OCTET_STRING).content

    def bits(self) -> bytes:
        """A bit string's bytes, without the count of unused bits before them."""
        if not self.expect(Tag.BIT_STRING).content:
            raise ApkFormatError("ASN.1: an empty bit string")
        return self.content[1:]

    def oid(self) -> str:
        """Dotted decimal, such as `1.2.840.113549.1.7.2`."""
        content = self.expect(Tag.OID).content
        if not content or content[-1] & 0x80 or len(content) > 64:
            raise ApkFormatError("ASN.1: a malformed object identifier")
        arcs: list[int] = []
        arc = 0
        for byte in content:
            arc = arc << 7 | byte & 0x7F
            if not byte & 0x80:
                arcs.append(arc)
                arc = 0
        first = min(arcs[0] // 40, 2)
        return ".".join(map(str, (first, arcs[0] - 40 * first, *arcs[1:])))


def der(tag: int, content: bytes) -> bytes:
    """A value with its length in the fewest bytes."""
    size = len(content)
    if size < 0x80:
        return bytes([tag, size]) + content
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(length)]) + length + content
