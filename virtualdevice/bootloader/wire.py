"""fastboot over TCP (system/core/fastboot/README.md, "TCP Protocol v1"). No I/O.

Both ends send `FB01`; then every message is a 64-bit big-endian length and as many bytes.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

__all__ = ["HANDSHAKE", "MessageDecoder", "WireError", "encode_message"]

HANDSHAKE = b"FB01"
LENGTH = struct.Struct(">Q")
MESSAGE_LIMIT_BYTES = 1 << 30


class WireError(Exception):
    """The peer does not speak fastboot over TCP."""


def encode_message(data: bytes) -> bytes:
    return LENGTH.pack(len(data)) + data


class MessageDecoder:
    """Feed it what arrives; take out whole messages. The handshake is checked and left out."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._greeted = False

    def feed(self, data: bytes) -> Iterator[bytes]:
        """WireError if the first four bytes are no greeting, or a message is too long."""
        self._buffer += data
        if not self._greeted:
            if len(self._buffer) < len(HANDSHAKE):
                return
            if self._buffer[:2] != HANDSHAKE[:2]:
                raise WireError("no fastboot greeting")
            del self._buffer[: len(HANDSHAKE)]
            self._greeted = True
        while len(self._buffer) >= LENGTH.size:
            (length,) = LENGTH.unpack_from(self._buffer)
            if length > MESSAGE_LIMIT_BYTES:
                raise WireError(f"a message of {length} bytes is too long")
            end = LENGTH.size + length
            if len(self._buffer) < end:
                return
            message = bytes(memoryview(self._buffer)[LENGTH.size : end])
            del self._buffer[:end]
            yield message
