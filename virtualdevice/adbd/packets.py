"""adb's packets (packages/modules/adb/protocol.txt): bytes to values and back. No I/O."""

from __future__ import annotations

import struct
from collections import deque
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
        self._pieces: deque[bytes] = deque()
        self._start = 0
        """What is taken already of the first piece."""
        self._size_bytes = 0
        self._header: tuple[Command, int, int, int] | None = None
        self.limit_bytes = MAX_PAYLOAD_BEFORE_CONNECTING_BYTES

    def feed(self, data: bytes) -> None:
        if data:
            self._pieces.append(data)
            self._size_bytes += len(data)

    def packets(self) -> Iterator[Packet]:
        """ProtocolError on a word that is no command, or a payload beyond `limit_bytes`."""
        while True:
            if self._header is None:
                if self._size_bytes < HEADER.size:
                    return
                self._header = self._checked(self._take(HEADER.size))
            command, arg0, arg1, length = self._header
            if self._size_bytes < length:
                return
            self._header = None
            yield Packet(command=command, arg0=arg0, arg1=arg1, payload=self._take(length))

    def _checked(self, header: bytes) -> tuple[Command, int, int, int]:
        command, arg0, arg1, length, _, magic = HEADER.unpack(header)
        if magic != command ^ MASK or command not in Command._value2member_map_:
            raise ProtocolError(f"{command:#x} is no adb command")
        if length > self.limit_bytes:
            raise ProtocolError(f"a payload of {length} bytes is too long")
        return Command(command), arg0, arg1, length

    def _take(self, size_bytes: int) -> bytes:
        """Off the front. Each byte is copied once, in however many pieces or packets it came."""
        taken: list[bytes] = []
        missing = size_bytes
        while missing:
            first = self._pieces[0]
            part = first[self._start : self._start + missing]
            taken.append(part)
            missing -= len(part)
            self._start += len(part)
            if self._start == len(first):
                self._pieces.popleft()
                self._start = 0
        self._size_bytes -= size_bytes
        return b"".join(taken)
