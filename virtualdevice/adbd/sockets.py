"""`tcp:`, `localabstract:` and their kin: a socket inside the device, joined to a stream."""

from __future__ import annotations

import asyncio
import os
import socket

from virtualdevice.adbd.service_stream import ServiceStream, StreamClosed
from virtualdevice.machine.machine import DeviceMachine
from virtualdevice.seams import Credentials

__all__ = ["connect", "join", "listen"]

CHUNK_BYTES = 1 << 20
CONNECT_LIMIT_S = 10.0
RESERVED_DIRECTORY = b"/dev/socket/"


async def connect(
    machine: DeviceMachine, credentials: Credentials, kind: str, argument: bytes
) -> socket.socket:
    """OSError if the device refuses; ValueError if the argument is not one of that kind."""
    if kind == "tcp":
        host, _, port = argument.rpartition(b":")
        address = (host.decode("ascii") or "127.0.0.1", _port(port))
        if address[0] not in {"127.0.0.1", "localhost"}:
            raise ValueError("there is nothing else in the device's network")
        made = await machine.make_socket(socket.AF_INET, socket.SOCK_STREAM)
        return await _connected(made, ("127.0.0.1", address[1]))
    if kind == "localabstract":
        made = await machine.make_socket(socket.AF_UNIX, socket.SOCK_STREAM)
        return await _connected(made, b"\0" + argument)
    if kind == "dev":
        descriptor = await machine.open_path("open", argument, credentials)
        return _joined_to_descriptor(descriptor)
    path = RESERVED_DIRECTORY + argument if kind == "localreserved" else argument
    descriptor = await machine.open_path("connect", path, credentials)
    made = socket.socket(fileno=descriptor)
    made.setblocking(False)
    return made


async def listen(machine: DeviceMachine, spec: bytes) -> tuple[socket.socket, int | None]:
    """A listening socket for `tcp:PORT` (0: any) or `localabstract:NAME`, and the TCP port."""
    kind, _, argument = spec.partition(b":")
    if kind == b"tcp":
        listener = await machine.listen_tcp(_port(argument, lowest=0))
        listener.setblocking(False)
        port: int = listener.getsockname()[1]
        return listener, port
    if kind != b"localabstract":
        raise ValueError(f"unknown local portname '{spec.decode('latin-1')}'")
    listener = await machine.make_socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        listener.bind(b"\0" + argument)
        listener.listen(64)
    except OSError:
        listener.close()
        raise
    return listener, None


def _port(text: bytes, *, lowest: int = 1) -> int:
    port = int(text)
    if not lowest <= port < 65536:
        raise ValueError(f"{port} is no port")
    return port


async def _connected(made: socket.socket, address: tuple[str, int] | bytes) -> socket.socket:
    try:
        await asyncio.wait_for(
            asyncio.get_running_loop().sock_connect(made, address), CONNECT_LIMIT_S
        )
    except BaseException:
        made.close()
        raise
    return made


def _joined_to_descriptor(descriptor: int) -> socket.socket:
    """A device node as if it were a socket: by a thread of its own for each direction would be too
    much for what nobody uses; its content up to some size is all."""
    ours, theirs = socket.socketpair()
    with theirs:
        os.set_blocking(descriptor, False)
        try:
            theirs.sendall(os.read(descriptor, 64 << 10))
        except OSError:
            pass
        finally:
            os.close(descriptor)
    ours.setblocking(False)
    return ours


async def join(stream: ServiceStream, peer: socket.socket) -> None:
    """Both directions until one side has closed; what was read is still delivered."""
    outward = asyncio.ensure_future(_outward(stream, peer))
    inward = asyncio.ensure_future(_inward(stream, peer))
    try:
        await asyncio.wait({outward, inward}, return_when=asyncio.FIRST_COMPLETED)
        if not outward.done():
            _shut_down_writing(peer)
            if not stream.closed:
                await outward
    finally:
        for task in (outward, inward):
            task.cancel()
        await asyncio.gather(outward, inward, return_exceptions=True)


async def _outward(stream: ServiceStream, peer: socket.socket) -> None:
    loop = asyncio.get_running_loop()
    try:
        while data := await loop.sock_recv(peer, CHUNK_BYTES):
            await stream.write(data)
    except (OSError, StreamClosed):
        return


async def _inward(stream: ServiceStream, peer: socket.socket) -> None:
    loop = asyncio.get_running_loop()
    try:
        while data := await stream.read():
            await loop.sock_sendall(peer, data)
    except OSError:
        return


def _shut_down_writing(peer: socket.socket) -> None:
    try:
        peer.shutdown(socket.SHUT_WR)
    except OSError:
        return
