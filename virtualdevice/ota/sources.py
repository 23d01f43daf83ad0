"""Where update_engine reads a payload from: a file on the device, or HTTP from its own network."""

from __future__ import annotations

import asyncio
import os
import re
import socket
from collections.abc import Awaitable, Callable
from typing import Protocol
from urllib.parse import urlsplit

from virtualdevice.ota.apply import SourceLost

__all__ = ["DeviceNetwork", "open_source"]

HEAD_LIMIT_BYTES = 64 << 10
STATUS = re.compile(rb"HTTP/1\.[01] (\d{3})")
ATTEMPTS = 3
LOCAL = frozenset({"127.0.0.1", "localhost"})


class DeviceNetwork(Protocol):
    """What of the machine is needed."""

    async def make_socket(self, family: int, kind: int) -> socket.socket: ...


class FileSource:
    """`descriptor` is its own."""

    def __init__(self, descriptor: int, offset: int) -> None:
        self._descriptor = descriptor
        self._offset = offset

    async def read(self, offset: int, size_bytes: int) -> bytes:
        found = os.pread(self._descriptor, size_bytes, self._offset + offset)
        if len(found) != size_bytes:
            raise SourceLost("the file ends too soon")
        return found

    def close(self) -> None:
        os.close(self._descriptor)


class HttpSource:
    """One range a request, each on a connection of its own; a broken one is tried again."""

    def __init__(self, network: DeviceNetwork, url: str, offset: int) -> None:
        self._network = network
        self._url = urlsplit(url)
        self._offset = offset

    async def read(self, offset: int, size_bytes: int) -> bytes:
        first = self._offset + offset
        for _ in range(ATTEMPTS):
            try:
                return await self._range(first, size_bytes)
            except (OSError, EOFError, ValueError):
                continue
        raise SourceLost(f"{self._url.geturl()} does not answer")

    async def _range(self, first: int, size_bytes: int) -> bytes:
        if self._url.hostname not in LOCAL:
            raise SourceLost(f"the device has no network to {self._url.hostname}")
        made = await self._network.make_socket(socket.AF_INET, socket.SOCK_STREAM)
        try:
            loop = asyncio.get_running_loop()
            await loop.sock_connect(made, ("127.0.0.1", self._url.port or 80))
            reader, writer = await asyncio.open_connection(sock=made, limit=HEAD_LIMIT_BYTES)
        except OSError:
            made.close()
            raise
        try:
            lines = (
                f"GET {self._url.path} HTTP/1.1",
                f"Host: {self._url.netloc}",
                f"Range: bytes={first}-{first + size_bytes - 1}",
                "Connection: close",
            )
            writer.write("\r\n".join([*lines, "", ""]).encode())
            head = await reader.readuntil(b"\r\n\r\n")
            status = STATUS.match(head)
            if status is None or status[1] != b"206":
                raise SourceLost(f"{self._url.geturl()}: {head.splitlines()[0]!r}")
            return await reader.readexactly(size_bytes)
        finally:
            writer.close()

    def close(self) -> None:
        """Nothing stays open between ranges."""


async def open_source(
    network: DeviceNetwork,
    url: str,
    offset: int,
    *,
    open_file: Callable[[str], Awaitable[int]],
) -> FileSource | HttpSource:
    """SourceLost for what cannot be opened."""
    if url.startswith("file://"):
        try:
            return FileSource(await open_file(url.removeprefix("file://")), offset)
        except OSError as error:
            raise SourceLost(f"{url}: {error.strerror}") from error
    if url.startswith("http://"):
        return HttpSource(network, url, offset)
    raise SourceLost(f"{url} is neither file:// nor http://")
