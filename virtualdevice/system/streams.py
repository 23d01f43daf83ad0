"""Reading and writing a caller's own descriptors without blocking the device's event loop.

The descriptors are shared with the shell that called, so they are never made non-blocking: they
are asked whether they are ready, and given no more than what is then taken at once.
"""

from __future__ import annotations

import asyncio
import os
import select
import stat
from collections.abc import AsyncIterator

__all__ = ["peer_is_gone", "read_chunks", "read_exactly", "write_all"]

PIPE_CHUNK_BYTES = 4096  # what a pipe that polls writable takes at once (PIPE_BUF)
READ_CHUNK_BYTES = 1 << 16


async def write_all(descriptor: int, data: bytes) -> None:
    """All of `data`; BrokenPipeError if the reader has gone."""
    if _is_file(descriptor):
        view = memoryview(data)
        while view:
            view = view[os.write(descriptor, view) :]
        return
    for start in range(0, len(data), PIPE_CHUNK_BYTES):
        chunk = memoryview(data)[start : start + PIPE_CHUNK_BYTES]
        while chunk:
            if not _ready(descriptor, select.POLLOUT):
                await _wait(descriptor, writing=True)
            chunk = chunk[os.write(descriptor, chunk) :]


async def read_chunks(descriptor: int) -> AsyncIterator[bytes]:
    """What arrives, until its end."""
    regular = _is_file(descriptor)
    while True:
        if not regular and not _ready(descriptor, select.POLLIN):
            await _wait(descriptor, writing=False)
        chunk = os.read(descriptor, READ_CHUNK_BYTES)
        if not chunk:
            return
        yield chunk


async def read_exactly(descriptor: int, size_bytes: int) -> bytes:
    """`size_bytes` bytes, or fewer if the stream ends before."""
    received = bytearray()
    regular = _is_file(descriptor)
    while len(received) < size_bytes:
        if not regular and not _ready(descriptor, select.POLLIN):
            await _wait(descriptor, writing=False)
        chunk = os.read(descriptor, min(READ_CHUNK_BYTES, size_bytes - len(received)))
        if not chunk:
            break
        received += chunk
    return bytes(received)


def peer_is_gone(descriptor: int) -> bool:
    """Whether nobody holds the other end any more."""
    poll = select.poll()
    poll.register(descriptor, 0)
    return any(event & (select.POLLHUP | select.POLLERR) for _, event in poll.poll(0))


def _is_file(descriptor: int) -> bool:
    mode = os.fstat(descriptor).st_mode
    return stat.S_ISREG(mode) or (stat.S_ISCHR(mode) and not os.isatty(descriptor))


def _ready(descriptor: int, event: int) -> bool:
    poll = select.poll()
    poll.register(descriptor, event)
    return bool(poll.poll(0))


async def _wait(descriptor: int, *, writing: bool) -> None:
    loop = asyncio.get_running_loop()
    ready = loop.create_future()
    copy = os.dup(descriptor)  # a loop watches a number once; two calls may share one
    watch, forget = (
        (loop.add_writer, loop.remove_writer) if writing else (loop.add_reader, loop.remove_reader)
    )

    def wake() -> None:
        if not ready.done():
            ready.set_result(None)

    watch(copy, wake)
    try:
        await ready
    finally:
        forget(copy)
        os.close(copy)
