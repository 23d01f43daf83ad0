"""Tool calls: what tools/client.c sends over /dev/socket/system_server, and its answer."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import stat
import struct
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

from virtualdevice.machine.acceptor import Acceptor
from virtualdevice.machine.host import IdMap
from virtualdevice.machine.kernel import receive_with_descriptors
from virtualdevice.seams import Credentials, ToolCall

__all__ = ["ToolSocket", "parse_call"]

HEADER = struct.Struct("=IIII")
LIMIT_BYTES = 4 << 20
SO_PEERGROUPS = 59
DESCRIPTORS = 3
FAILED = 1

Words = tuple[tuple[bytes, ...], dict[bytes, bytes], bytes]


def parse_call(header: bytes, content: bytes) -> Words:
    """Arguments, environment and directory; ValueError if it is not the client's message."""
    _, argc, envc, directory_length = HEADER.unpack(header)
    directory, strings = content[:directory_length], content[directory_length:]
    parts = strings.split(b"\0")
    if argc < 1 or len(parts) != argc + envc + 1 or parts[-1]:
        raise ValueError("the tool call's strings do not add up")
    variables = (entry.partition(b"=") for entry in parts[argc:-1])
    environment = {name: value for name, _, value in variables}
    name = parts[0].rpartition(b"/")[2]
    return (name, *parts[1:argc]), environment, directory


class ToolSocket:
    """Accepts calls and gives each to `run`; a client that goes away cancels its call."""

    def __init__(
        self,
        listener: socket.socket,
        *,
        maps: tuple[IdMap, IdMap],
        run: Callable[[ToolCall], Awaitable[int]],
    ) -> None:
        self._acceptor = Acceptor(listener, self._converse)
        self._users, self._groups = maps
        self._run = run

    def open(self) -> None:
        self._acceptor.open()

    async def close(self) -> None:
        await self._acceptor.close()

    async def _converse(self, connection: socket.socket) -> None:
        try:
            call = await self._receive(connection)
        except (OSError, ValueError):
            return  # Not our client, or one that was killed at once.
        status = await self._run_until_gone(connection, call)
        if status is not None:
            answer = bytes([status & 0xFF])
            with contextlib.suppress(OSError):
                await asyncio.get_running_loop().sock_sendall(connection, answer)

    async def _run_until_gone(self, connection: socket.socket, call: ToolCall) -> int | None:
        """The tool's status; None if its process went away before."""
        work = asyncio.ensure_future(self._run(call))
        gone = asyncio.ensure_future(_until_gone(connection, call.interrupted))
        try:
            await asyncio.wait({work, gone}, return_when=asyncio.FIRST_COMPLETED)
            return work.result() if work.done() else None
        finally:
            for task in (work, gone):
                task.cancel()
            await asyncio.gather(work, gone, return_exceptions=True)

    async def _receive(self, connection: socket.socket) -> ToolCall:
        loop = asyncio.get_running_loop()
        connection.setblocking(False)
        header, descriptors = await _receive_first(connection)
        try:
            length = HEADER.unpack(header)[0]
            if length > LIMIT_BYTES or len(descriptors) != DESCRIPTORS:
                raise ValueError("not a tool call")
            content = bytearray()
            while len(content) < length:
                part = await loop.sock_recv(connection, length - len(content))
                if not part:
                    raise ConnectionResetError
                content += part
            argv, environment, directory = parse_call(header, bytes(content))
            caller, pid = self._peer(connection)
        except BaseException:
            for descriptor in descriptors:
                os.close(descriptor)
            raise
        return ToolCall(
            argv=argv, environment=environment, cwd=directory, caller=caller, pid=pid,
            stdin=descriptors[0], stdout=descriptors[1], stderr=descriptors[2],
            on_disk=frozenset(one for one in descriptors if stat.S_ISREG(os.fstat(one).st_mode)),
        )  # fmt: skip

    def _peer(self, connection: socket.socket) -> tuple[Credentials, int]:
        """Who calls, in the device's ids: the kernel says it, in the host's."""
        raw = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12)
        host_pid, uid, gid = struct.unpack("=iII", raw)
        raw = connection.getsockopt(socket.SOL_SOCKET, SO_PEERGROUPS, 4 * 128)
        groups: Sequence[int] = struct.unpack(f"={len(raw) // 4}I", raw)
        return (
            Credentials(
                uid=self._users.to_device(uid),
                gid=self._groups.to_device(gid),
                groups=tuple(self._groups.to_device(group) for group in groups),
            ),
            device_pid(host_pid),
        )


def device_pid(host_pid: int) -> int:
    """A process's pid in its own pid namespace; 0 if it is gone."""
    try:
        status = Path(f"/proc/{host_pid}/status").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return 0
    found = [line.split()[-1] for line in status.splitlines() if line.startswith("NSpid:")]
    return int(found[0]) if found else 0


async def _receive_first(connection: socket.socket) -> tuple[bytes, list[int]]:
    """The header and the descriptors that came with it."""
    while True:
        await _readable(connection)
        try:
            data, descriptors = receive_with_descriptors(connection, HEADER.size)
        except BlockingIOError:
            continue
        if len(data) != HEADER.size:
            for descriptor in descriptors:
                os.close(descriptor)
            raise ConnectionResetError
        return data, descriptors


async def _until_gone(connection: socket.socket, interrupted: asyncio.Event) -> None:
    """A client that stays sends no more than a byte for each signal that it got."""
    with contextlib.suppress(OSError):
        while await asyncio.get_running_loop().sock_recv(connection, 1):
            interrupted.set()


async def _readable(connection: socket.socket) -> None:
    loop = asyncio.get_running_loop()
    ready = loop.create_future()
    loop.add_reader(connection, _settle, ready)
    try:
        await ready
    finally:
        loop.remove_reader(connection)


def _settle(ready: asyncio.Future[None]) -> None:
    if not ready.done():
        ready.set_result(None)
