"""The shell protocol, version 2 (adb's shell_protocol.h): frames of id, length, data. No I/O."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum

__all__ = [
    "FrameDecoder",
    "FrameKind",
    "ShellRequest",
    "frame",
    "parse_shell_service",
    "window_size",
]

HEADER = struct.Struct("<BI")


class FrameKind(IntEnum):
    STDIN = 0
    STDOUT = 1
    STDERR = 2
    EXIT = 3
    CLOSE_STDIN = 4
    WINDOW_SIZE = 5


def frame(kind: FrameKind, data: bytes) -> bytes:
    return HEADER.pack(kind, len(data)) + data


class FrameDecoder:
    """Frames out of a stream that cuts them anywhere. Unknown kinds are left out."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> Iterator[tuple[FrameKind, bytes]]:
        self._buffer += data
        while len(self._buffer) >= HEADER.size:
            kind, length = HEADER.unpack_from(self._buffer)
            end = HEADER.size + length
            if len(self._buffer) < end:
                return
            content = bytes(self._buffer[HEADER.size : end])
            del self._buffer[:end]
            if kind in FrameKind._value2member_map_:
                yield FrameKind(kind), content


@dataclass(frozen=True, kw_only=True, slots=True)
class ShellRequest:
    """What `shell,ARGUMENTS:COMMAND` asks for."""

    command: bytes
    framed: bool
    terminal: bool
    terminal_type: str


def parse_shell_service(arguments: bytes, command: bytes) -> ShellRequest:
    """`arguments` is what stands between `shell,` and `:`; unknown ones are passed over."""
    words = arguments.decode("utf-8", errors="replace").split(",")
    terminal = not command
    terminal_type = "dumb"
    for word in words:
        if word in {"raw", "pty"}:
            terminal = word == "pty"
        elif word.startswith("TERM="):
            terminal_type = word.removeprefix("TERM=")
    return ShellRequest(
        command=command, framed="v2" in words, terminal=terminal, terminal_type=terminal_type
    )


def window_size(data: bytes) -> tuple[int, int, int, int] | None:
    """Rows, columns, width and height in pixels out of `ROWSxCOLS,XPXxYPX`; None if it is not."""
    text = data.rstrip(b"\0").decode("ascii", errors="replace")
    numbers = text.replace(",", "x").split("x")
    if len(numbers) != 4 or not all(n.isdigit() and int(n) < 65536 for n in numbers):
        return None
    rows, columns, width, height = (int(n) for n in numbers)
    return rows, columns, width, height
