"""One stream's flow control: who may send how much, and what is owed to the peer. No I/O."""

from __future__ import annotations

import struct
from dataclasses import dataclass

__all__ = ["RECEIVE_WINDOW_BYTES", "FlowControl"]

RECEIVE_WINDOW_BYTES = 32 << 20
ACKNOWLEDGED = struct.Struct("<i")


@dataclass(kw_only=True, slots=True)
class FlowControl:
    """Without delayed acknowledgement one WRTE may be under way in each direction; with it, as many
    bytes as the peer's window has (it may go below zero once)."""

    delayed: bool
    window_bytes: int = 0
    """What the peer still takes; without `delayed` 1 when nothing is under way, else 0."""

    @classmethod
    def opened_by_peer(cls, *, delayed: bool, window_bytes: int) -> FlowControl:
        return cls(delayed=delayed, window_bytes=window_bytes if delayed else 1)

    @classmethod
    def opened_by_us(cls, *, delayed: bool) -> FlowControl:
        """Nothing may be sent before the peer's first OKAY."""
        return cls(delayed=delayed, window_bytes=0)

    @property
    def may_send(self) -> bool:
        return self.window_bytes > 0

    def sent(self, size_bytes: int) -> None:
        self.window_bytes = self.window_bytes - size_bytes if self.delayed else 0

    def acknowledged(self, payload: bytes) -> None:
        """The peer's OKAY."""
        if not self.delayed:
            self.window_bytes = 1
        elif len(payload) == ACKNOWLEDGED.size:
            self.window_bytes += ACKNOWLEDGED.unpack(payload)[0]

    def acknowledgement(self, size_bytes: int) -> bytes:
        """Our OKAY's payload when the service has taken `size_bytes`."""
        return ACKNOWLEDGED.pack(size_bytes) if self.delayed else b""

    def first_acknowledgement(self) -> bytes:
        """Our OKAY's payload when the service has opened."""
        return ACKNOWLEDGED.pack(RECEIVE_WINDOW_BYTES) if self.delayed else b""
