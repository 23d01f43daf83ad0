"""Little-endian, length-prefixed fields: the form of everything inside the APK Signing Block."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Self

from holdfast.apk.format_error import ApkFormatError

__all__ = ["FieldReader", "prefixed", "u32"]

_U32 = struct.Struct("<L")
_I32 = struct.Struct("<l")
_MOST_FIELDS = 1000


class FieldReader:
    """Reads fields one after the other; ApkFormatError where one reaches beyond the end."""

    __slots__ = ("_data", "_position")

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._position = 0

    @property
    def remaining(self) -> int:
        return len(self._data) - self._position

    def take(self, length: int) -> bytes:
        if length > self.remaining:
            raise ApkFormatError(f"a field of {length} bytes with {self.remaining} left")
        start = self._position
        self._position += length
        return self._data[start : self._position]

    def rest(self) -> bytes:
        return self.take(self.remaining)

    def u32(self) -> int:
        return int(_U32.unpack(self.take(4))[0])

    def i32(self) -> int:
        """SDK levels are Java ints: signed."""
        return int(_I32.unpack(self.take(4))[0])

    def prefixed(self) -> bytes:
        """A uint32 length, and that many bytes."""
        return self.take(self.u32())

    def nested(self) -> Self:
        return type(self)(self.prefixed())

    def each_prefixed(self, *, most: int = _MOST_FIELDS) -> Iterator[bytes]:
        """All that is left, as a sequence of length-prefixed fields.

        ApkFormatError for more than `most`: Android has no such limit, hostile files have.
        """
        count = 0
        while self.remaining:
            count += 1
            if count > most:
                raise ApkFormatError(f"a list of more than {most} fields")
            yield self.prefixed()


def u32(value: int) -> bytes:
    return _U32.pack(value)


def prefixed(*parts: bytes) -> bytes:
    """The parts behind one another, behind their length."""
    body = b"".join(parts)
    return _U32.pack(len(body)) + body
