"""Where an APK's bytes come from: a file that is read by position, or bytes in memory.

A file is not mapped: pages of a mapping count as the process's memory, and a file that shrinks
under a mapping kills the process. Positioned reads need no lock, so that threads can share one.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Protocol

from holdfast.apk.format_error import ApkFormatError

__all__ = ["ByteSource", "FileSource", "MemorySource"]


class ByteSource(Protocol):
    """Bytes with a known size that can be read in any order, by several threads at once."""

    @property
    def size_bytes(self) -> int: ...

    def read(self, offset: int, length: int) -> bytes:
        """Exactly `length` bytes; ApkFormatError where the source is shorter."""
        ...

    def window(self, offset: int, length: int, buffer: bytearray) -> memoryview:
        """Like `read`, but may fill and lend out `buffer` (at least `length` long)."""
        ...

    def close(self) -> None: ...


class FileSource:
    """A regular file, open for reading until `close`."""

    def __init__(self, path: Path) -> None:
        # Without O_NONBLOCK, opening a pipe would wait for somebody to write to it.
        self._fd: int | None = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        told = os.fstat(self._fd)
        if not stat.S_ISREG(told.st_mode):
            self.close()
            raise ApkFormatError("not a regular file")
        self.size_bytes = told.st_size

    def read(self, offset: int, length: int) -> bytes:
        self._check(offset, length)
        return bytes(self.window(offset, length, bytearray(length)))

    def window(self, offset: int, length: int, buffer: bytearray) -> memoryview:
        self._check(offset, length)
        if self._fd is None:
            raise ApkFormatError("the file is closed")
        view = memoryview(buffer)[:length]
        done = 0
        while done < length:
            count = os.preadv(self._fd, [view[done:]], offset + done)
            if count == 0:
                raise ApkFormatError(f"the file ends at {offset + done}, wanted {offset + length}")
            done += count
        return view

    def _check(self, offset: int, length: int) -> None:
        if offset < 0 or length < 0 or offset + length > self.size_bytes:
            raise ApkFormatError(f"{length} bytes at {offset} of {self.size_bytes}")

    def close(self) -> None:
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None


class MemorySource:
    """Bytes in memory, lent out without a copy."""

    def __init__(self, data: bytes) -> None:
        self._view = memoryview(data)
        self.size_bytes = len(data)

    def read(self, offset: int, length: int) -> bytes:
        return bytes(self._slice(offset, length))

    def window(self, offset: int, length: int, buffer: bytearray) -> memoryview:  # noqa: ARG002
        return self._slice(offset, length)

    def _slice(self, offset: int, length: int) -> memoryview:
        if offset < 0 or length < 0 or offset + length > self.size_bytes:
            raise ApkFormatError(f"{length} bytes at {offset} of {self.size_bytes}")
        return self._view[offset : offset + length]

    def close(self) -> None:
        """Nothing is held."""
