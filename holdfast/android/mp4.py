"""How long a film is, from its own header. Source: ISO/IEC 14496-12, boxes, and 8.2.2 (mvhd)."""

from __future__ import annotations

import struct
from collections.abc import Iterator

__all__ = ["film_length_s"]

_MAX_BOXES = 10_000


def film_length_s(content: bytes) -> float | None:
    """Seconds; None if it is no MP4, or one that was cut off before its header was written."""
    for kind, body in _boxes(content):
        if kind == b"moov":
            return next((_movie_s(b) for k, b in _boxes(body) if k == b"mvhd"), None)
    return None


def _movie_s(header: bytes) -> float | None:
    """Times of creation and change come first, of the width that the version gives."""
    layout, start = (">QQIQ", 4) if header[:1] == b"\x01" else (">IIII", 4)
    if len(header) < start + struct.calcsize(layout):
        return None
    _, _, ticks_a_second, ticks = struct.unpack_from(layout, header, start)
    return float(ticks) / ticks_a_second if ticks_a_second else None


def _boxes(content: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = 0
    for _ in range(_MAX_BOXES):
        if at + 8 > len(content):
            return
        size, kind = struct.unpack_from(">I4s", content, at)
        head = 8
        if size == 1 and at + 16 <= len(content):
            (size,) = struct.unpack_from(">Q", content, at + 8)
            head = 16
        elif size == 0:
            size = len(content) - at
        if size < head or at + size > len(content):
            return
        yield kind, content[at + head : at + size]
        at += size
