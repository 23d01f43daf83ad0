"""adb's packets (packages/modules/adb/protocol.txt): bytes to values and back. No I/O."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum

__all__ = [
    "MAX_PAYLOAD_BYTES",
    "Command",
    "Packet",
    "PacketDecoder",
    "ProtocolError",
    "encode",
]

HEADER = struct.Struct("<6I")
MAX_PAYLOAD_BYTES = 1 << 20
MAX_PAYLOAD_BEFORE_CONNECTING_BYTES = 4096
MASK = 0xFFFFFFFF


class Command(IntEnum):
    """The first word of a packet: four letters, little-endian."""

    CNXN = 0x4E584E43
    AUTH = 0x48545541
    STLS = 0x534C5453
    OPEN = 0x4E45504F
    OKAY = 0x59414B4F
    WRTE = 0x45545257
    CLSE = 0x45534C43


class ProtocolError(Exception):
    """The peer does not speak adb; the connection is of no more use."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Packet:
    command: Command
    arg0: int
    arg1: int
    payload: bytes = b""


def encode(
    command: Command, arg0: int, arg1: int, payload: bytes = b"", *, checksum: bool = False
) -> bytes:
    """`checksum` for peers of version 0x01000000 only: the plain sum of the payload's bytes."""
    check = sum(payload) & MASK if checksum else 0
    return HEADER.pack(command, arg0, arg1, len(payload), check, command ^ MASK) + payload


class PacketDecoder:
    """Feed it what arrives; take out the packets that are whole."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self.limit_bytes = MAX_PAYLOAD_BEFORE_CONNECTING_BYTES

    def feed(self, data: bytes) -> None:
        self._buffer += data

    def packets(self) -> Iterator[Packet]:
        """ProtocolError on a word that is no command, or a payload beyond `limit_bytes`."""
        start = 0
        try:
            while (packet := self._packet_at(start)) is not None:
                start += HEADER.size + len(packet.payload)
                yield packet
        finally:
            del self._buffer[:start]

    def _packet_at(self, start: int) -> Packet | None:
        if len(self._buffer) - start < HEADER.size:
            return None
        command, arg0, arg1, length, _, magic = HEADER.unpack_from(self._buffer, start)
        if magic != command ^ MASK or command not in Command._value2member_map_:
            raise ProtocolError(f"{command:#x} is no adb command")
        if length > self.limit_bytes:
            raise ProtocolError(f"a payload of {length} bytes is too long")
        begin = start + HEADER.size
        if len(self._buffer) < begin + length:
            return None
        with memoryview(self._buffer) as view:
            payload = bytes(view[begin : begin + length])
        return Packet(command=Command(command), arg0=arg0, arg1=arg1, payload=payload)
