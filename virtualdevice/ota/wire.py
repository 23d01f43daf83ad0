"""The few Protocol Buffers that update_engine's metadata needs: varints and byte strings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

__all__ = ["Fields", "WireError", "encode_fields", "read_fields"]

VARINT, BYTES = 0, 2
VARINT_LIMIT_BYTES = 10
FIXED_BYTES = {1: 8, 5: 4}

Fields = Mapping[int, Sequence[int | bytes]]
"""By number, in the order in which they come; a message within is bytes."""


class WireError(Exception):
    """No such message."""


def encode_fields(*fields: tuple[int, int | bytes]) -> bytes:
    made = bytearray()
    for number, value in fields:
        if isinstance(value, int):
            made += _varint(number << 3 | VARINT) + _varint(value)
        else:
            made += _varint(number << 3 | BYTES) + _varint(len(value)) + value
    return bytes(made)


def _varint(value: int) -> bytes:
    made = bytearray()
    while value > 0x7F:
        made.append(value & 0x7F | 0x80)
        value >>= 7
    made.append(value)
    return bytes(made)


def read_fields(message: bytes) -> Fields:
    """WireError."""
    found: dict[int, list[int | bytes]] = {}
    for number, value in _fields(message):
        found.setdefault(number, []).append(value)
    return found


def _fields(message: bytes) -> Iterator[tuple[int, int | bytes]]:
    place = 0
    while place < len(message):
        key, place = _read_varint(message, place)
        kind = key & 7
        if kind == VARINT:
            value, place = _read_varint(message, place)
            yield key >> 3, value
            continue
        size = FIXED_BYTES.get(kind)
        if kind == BYTES:
            size, place = _read_varint(message, place)
        if size is None or place + size > len(message):
            raise WireError("a field goes beyond the message, or has an unknown kind")
        yield key >> 3, message[place : place + size]
        place += size


def _read_varint(message: bytes, place: int) -> tuple[int, int]:
    value = 0
    for number, byte in enumerate(message[place : place + VARINT_LIMIT_BYTES]):
        value |= (byte & 0x7F) << 7 * number
        if not byte & 0x80:
            return value, place + number + 1
    raise WireError("a number does not end")
