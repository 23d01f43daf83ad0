"""File work on the device, asked for from the device process (virtualdevice.seams.Files)."""

from __future__ import annotations

import asyncio
import errno
import json
import os
import socket
from collections.abc import Sequence
from typing import Any

from virtualdevice.seams import FileKind, FileStat

__all__ = ["DeviceFiles"]


class DeviceFiles:
    """Talks to the file worker (file_worker.py) over a stream, one request at a time."""

    def __init__(self) -> None:
        self.ms_per_mib = 0
        """What the disk takes for what is written."""
        self._lock = asyncio.Lock()
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None

    async def connect(self, channel: socket.socket) -> None:
        """Use this socket from now on: a new boot has a new worker."""
        self.close()
        self._reader, self._writer = await asyncio.open_connection(sock=channel, limit=1 << 24)

    def close(self) -> None:
        if self._writer is not None:
            self._writer.transport.abort()
        self._reader = self._writer = None

    async def make_directory(
        self, path: str, *, mode: int, uid: int, gid: int, parents: bool = False
    ) -> None:
        await self._ask("make_directory", path=path, mode=mode, uid=uid, gid=gid, parents=parents)

    async def write(self, path: str, data: bytes, *, mode: int, uid: int, gid: int) -> None:
        await self._ask("write", data, path=path, mode=mode, uid=uid, gid=gid)
        if self.ms_per_mib:
            await asyncio.sleep(self.ms_per_mib * len(data) / (1000 << 20))

    async def read(self, path: str, *, limit_bytes: int = 64 << 20) -> bytes:
        _, data = await self._ask("read", path=path, limit_bytes=limit_bytes)
        return data

    async def copy(self, source: str, target: str, *, mode: int, uid: int, gid: int) -> None:
        await self._ask("copy", source=source, target=target, mode=mode, uid=uid, gid=gid)

    async def rename(self, source: str, target: str) -> None:
        await self._ask("rename", source=source, target=target)

    async def remove_tree(self, path: str) -> None:
        await self._ask("remove_tree", path=path)

    async def empty_directory(self, path: str) -> None:
        await self._ask("empty_directory", path=path)

    async def change_owner(self, path: str, *, uid: int, gid: int, recursive: bool) -> None:
        await self._ask("change_owner", path=path, uid=uid, gid=gid, recursive=recursive)

    async def stat(self, path: str) -> FileStat | None:
        answer, _ = await self._ask("stat", path=path)
        if answer.get("absent"):
            return None
        return FileStat(**{**answer, "kind": FileKind(answer["kind"])})

    async def list(self, path: str) -> Sequence[str]:
        answer, _ = await self._ask("list", path=path)
        names: list[str] = answer["names"]
        return names

    async def size_bytes(self, path: str) -> int:
        answer, _ = await self._ask("size_bytes", path=path)
        return int(answer["total"])

    async def _ask(
        self, operation: str, data: bytes = b"", /, **fields: object
    ) -> tuple[dict[str, Any], bytes]:
        """One request and its answer. Shielded: a caller that is cancelled half-way would leave
        the stream out of step for the next one."""
        return await asyncio.shield(self._exchange(operation, data, fields))

    async def _exchange(
        self, operation: str, data: bytes, fields: dict[str, object]
    ) -> tuple[dict[str, Any], bytes]:
        async with self._lock:
            if self._writer is None or self._reader is None:
                raise OSError(errno.EIO, "the device is off")
            header = json.dumps({"op": operation, "size": len(data), **fields})
            try:
                self._writer.write(header.encode() + b"\n" + data)
                await self._writer.drain()
                answer = json.loads(await self._reader.readline() or b'{"errno": 5, "size": 0}')
                content = await self._reader.readexactly(answer.pop("size"))
            except (ConnectionError, asyncio.IncompleteReadError, AttributeError) as error:
                raise OSError(errno.EIO, "the device went down") from error
        if "errno" in answer:
            code = answer["errno"]
            raise OSError(code, os.strerror(code), fields.get("path") or fields.get("source"))
        return answer, content
