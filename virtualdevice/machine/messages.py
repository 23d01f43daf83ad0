"""The language between the device process and its process 1: JSON over SOCK_SEQPACKET, bytes as
Latin-1 text, descriptors beside it. JSON, because root on the device could speak for process 1."""

from __future__ import annotations

__all__ = ["MESSAGE_LIMIT_BYTES", "as_bytes", "as_text"]

MESSAGE_LIMIT_BYTES = 208 << 10


def as_text(data: bytes) -> str:
    """Any bytes as text that as_bytes undoes."""
    return data.decode("latin-1")


def as_bytes(text: str) -> bytes:
    return text.encode("latin-1")
