"""Cut the script's output into records, as a stream."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

__all__ = ["Piece", "frames"]

_HOLD_BYTES = 1 << 16


@dataclass(frozen=True, slots=True)
class Piece:
    """A record, or part of a long one. `kind` is its letter; `last` closes it."""

    kind: bytes
    data: bytes
    last: bool


def frames(chunks: Iterable[bytes], nonce: str) -> Iterator[Piece]:
    """The records of a stream, long ones in pieces.

    A record's line end before the next marker is not part of it. What stands before the first
    marker (a shell's own message) is of kind `?`. The last piece of the stream has `last` False.
    """
    marker = b"\n@" + nonce.encode() + b" "
    kind: bytes | None = b"?"
    held = b"\n"
    for chunk in chunks:
        *whole, held = (held + chunk).split(marker)
        for part in whole:
            yield _piece(kind, part, last=True)
            kind = None
        if len(held) > _HOLD_BYTES:
            piece = _piece(kind, held[: -len(marker)], last=False)
            kind, held = piece.kind, held[-len(marker) :]
            yield piece
    yield _piece(kind, held, last=False)


def _piece(kind: bytes | None, part: bytes, *, last: bool) -> Piece:
    if kind is None:
        return Piece(part[:1], part[2:], last)
    return Piece(kind, part, last)
