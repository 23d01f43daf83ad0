"""A stream as a service sees it: read, write, closed. And descriptors on the event loop."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections import deque
from typing import Protocol

__all__ = ["ServiceStream", "StreamClosed", "StreamHost", "read_descriptor", "write_descriptor"]


class StreamClosed(Exception):
    """The host closed the stream, or is gone."""


class StreamHost(Protocol):
    """The connection below a stream."""

    def accept_stream(self, stream: int) -> None: ...

    def refuse_stream(self, stream: int) -> None: ...

    def close_stream(self, stream: int) -> None: ...

    def may_send(self, stream: int) -> bool: ...

    def send(self, stream: int, data: bytes) -> None: ...

    def consumed(self, stream: int, size_bytes: int) -> None: ...

    async def drain(self) -> None: ...

    @property
    def max_payload_bytes(self) -> int: ...


class ServiceStream:
    """One open (or opening) service. What arrives is acknowledged when it is read: that is the
    backpressure towards the host."""

    def __init__(self, number: int, host: StreamHost) -> None:
        self.number = number
        self.accepted = False
        self._host = host
        self._arrived: deque[bytes] = deque()
        self._changed = asyncio.Event()
        self._may_send = asyncio.Event()
        self._gone = asyncio.Event()
        self._closed = False

    def accept(self) -> None:
        if not self.accepted and not self._closed:
            self.accepted = True
            self._host.accept_stream(self.number)

    async def read(self) -> bytes:
        """What arrived next, whole; b"" once the host has closed and all is read."""
        while not self._arrived:
            if self._closed:
                return b""
            self._changed.clear()
            await self._changed.wait()
        data = self._arrived.popleft()
        self._host.consumed(self.number, len(data))
        return data

    async def write(self, data: bytes) -> None:
        """Send all of it; StreamClosed if the host does not want it any more."""
        size = self._host.max_payload_bytes
        for start in range(0, len(data), size):
            part = data if len(data) <= size else data[start : start + size]
            while not self._closed and not self._host.may_send(self.number):
                self._may_send.clear()
                await self._may_send.wait()
            if self._closed:
                raise StreamClosed
            self._host.send(self.number, part)
            await self._host.drain()

    def finish(self) -> None:
        """The service is done: close, or refuse what was never accepted."""
        if self._closed:
            return
        self._closed = True
        if self.accepted:
            self._host.close_stream(self.number)
        else:
            self._host.refuse_stream(self.number)
        self._wake()

    async def wait_closed(self) -> None:
        """Returns when the host has closed (or we have)."""
        while not self._closed:
            self._gone.clear()
            await self._gone.wait()

    @property
    def closed(self) -> bool:
        return self._closed

    def on_data(self, data: bytes) -> None:
        self._arrived.append(data)
        self._changed.set()

    def on_acknowledged(self) -> None:
        self._may_send.set()

    def on_closed(self) -> None:
        self._closed = True
        self._wake()

    def _wake(self) -> None:
        self._changed.set()
        self._may_send.set()
        self._gone.set()


async def read_descriptor(descriptor: int, size_bytes: int) -> bytes:
    """Some bytes of a non-blocking pipe, terminal or socket; b"" at its end (for a terminal: when
    its last user is gone, EIO)."""
    loop = asyncio.get_running_loop()
    while True:
        with contextlib.suppress(BlockingIOError):
            try:
                return os.read(descriptor, size_bytes)
            except OSError as error:
                if isinstance(error, BlockingIOError):
                    raise
                return b""
        ready = loop.create_future()
        loop.add_reader(descriptor, _settle, ready)
        try:
            await ready
        finally:
            loop.remove_reader(descriptor)


async def write_descriptor(descriptor: int, data: bytes) -> None:
    """All of it; BrokenPipeError (or another OSError) if nobody reads."""
    loop = asyncio.get_running_loop()
    view = memoryview(data)
    while view:
        with contextlib.suppress(BlockingIOError):
            view = view[os.write(descriptor, view) :]
            continue
        ready = loop.create_future()
        loop.add_writer(descriptor, _settle, ready)
        try:
            await ready
        finally:
            loop.remove_writer(descriptor)


def _settle(ready: asyncio.Future[None]) -> None:
    if not ready.done():
        ready.set_result(None)
