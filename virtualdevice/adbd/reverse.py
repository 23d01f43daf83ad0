"""`adb reverse`: sockets that listen on the device and lead to the host.

The replies' odd forms are those of adb's adb.cpp (handle_forward_request on the device): status
words for making and removing, none for the list.
"""

from __future__ import annotations

import asyncio
import socket
from dataclasses import dataclass
from functools import partial

from virtualdevice.adbd import sockets
from virtualdevice.adbd.host_connection import HostConnection
from virtualdevice.adbd.service_stream import StreamClosed
from virtualdevice.machine.acceptor import Acceptor
from virtualdevice.machine.machine import DeviceMachine

__all__ = ["ReverseForwards"]


@dataclass(slots=True)
class _Forward:
    target: bytes
    connection: HostConnection
    acceptor: Acceptor


class ReverseForwards:
    """Those of one run of adbd, by what listens (`tcp:6100`)."""

    def __init__(self) -> None:
        self._forwards: dict[bytes, _Forward] = {}
        self._joins: set[asyncio.Future[None]] = set()

    async def close(self) -> None:
        for name in list(self._forwards):
            self._remove(name)
        for task in list(self._joins):
            task.cancel()

    async def answer(
        self, request: bytes, machine: DeviceMachine, connection: HostConnection
    ) -> bytes:
        """`request` is what follows `reverse:`."""
        if request == b"list-forward":
            lines = [
                b"host-%d %s %s\n" % (1, name, forward.target)
                for name, forward in self._forwards.items()
            ]
            return _counted(b"".join(lines))
        if request == b"killforward-all":
            await self.close()
            return b"OKAY"
        if request.startswith(b"killforward:"):
            name = request.partition(b":")[2]
            if name not in self._forwards:
                return _failed(b"listener '" + name + b"' not found")
            self._remove(name)
            return b"OKAY"
        if request.startswith(b"forward:"):
            return await self._add(request.partition(b":")[2], machine, connection)
        return _failed(b"unknown reverse request")

    async def _add(
        self, argument: bytes, machine: DeviceMachine, connection: HostConnection
    ) -> bytes:
        rebind = not argument.startswith(b"norebind:")
        name, semicolon, target = argument.removeprefix(b"norebind:").partition(b";")
        if not semicolon:
            return _failed(b"malformed forward spec")
        known = self._forwards.get(name)
        if known is not None:
            if not rebind:
                return _failed(b"cannot rebind existing socket")
            known.target, known.connection = target, connection
            return b"OKAY"
        try:
            listener, port = await sockets.listen(machine, name)
        except (OSError, ValueError) as error:
            return _failed(f"cannot bind listener: {error}".encode())
        chosen = name == b"tcp:0"
        if chosen:
            name = b"tcp:%d" % (port or 0)
        acceptor = Acceptor(listener, partial(self._join, name), self._joins)
        self._forwards[name] = _Forward(target, connection, acceptor)
        acceptor.open()
        return b"OKAY" + (_counted(str(port).encode()) if chosen else b"")

    def _remove(self, name: bytes) -> None:
        self._forwards.pop(name).acceptor.stop_listening()

    async def _join(self, name: bytes, peer: socket.socket) -> None:
        forward = self._forwards.get(name)
        if forward is None:
            return
        peer.setblocking(False)
        try:
            stream = await forward.connection.open_stream(forward.target)
        except StreamClosed:
            return
        try:
            await sockets.join(stream, peer)
        finally:
            stream.finish()


def _counted(text: bytes) -> bytes:
    return b"%04x" % len(text) + text


def _failed(reason: bytes) -> bytes:
    return b"FAIL" + _counted(reason)
