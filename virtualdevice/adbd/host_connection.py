"""One TCP connection from an adb server: the state machine of connection.py on a socket."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable
from typing import Protocol

from virtualdevice.adbd.connection import (
    Acknowledged,
    Arrived,
    Closed,
    Connection,
    Event,
    Greeted,
    KeyOffered,
    Opened,
    PeerOpened,
    SignatureOffered,
)
from virtualdevice.adbd.packets import ProtocolError
from virtualdevice.adbd.service_stream import ServiceStream, StreamClosed

__all__ = ["Gatekeeper", "HostConnection", "Serve"]

Serve = Callable[["HostConnection", ServiceStream, bytes], Awaitable[None]]
HIGH_WATER_BYTES = 4 << 20


class Gatekeeper(Protocol):
    """Decides over hosts: whether the device is up, and whom it lets in."""

    @property
    def is_up(self) -> bool: ...

    def features(self) -> list[str]: ...

    def banner(self) -> bytes: ...

    def needs_key(self) -> bool: ...

    async def knows_signature(self, token: bytes, signature: bytes) -> bool: ...

    async def ask_for_key(self, key: bytes, let_in: Callable[[], None]) -> None: ...

    def passes(self, size_bytes: int) -> bool:
        """Whether these bytes still go over the link (faults may have cut or frozen it)."""


class HostConnection(asyncio.Protocol):
    """Streams of one host. Nothing is read from it before the device is up."""

    def __init__(
        self,
        gatekeeper: Gatekeeper,
        serve: Serve,
        on_lost: Callable[[HostConnection], None],
    ) -> None:
        self._gatekeeper = gatekeeper
        self._serve = serve
        self._on_lost = on_lost
        self._protocol = Connection()
        self._transport: asyncio.Transport | None = None
        self._waiting = bytearray()
        self._streams: dict[int, ServiceStream] = {}
        self._opening: dict[int, asyncio.Future[ServiceStream]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._writable = asyncio.Event()
        self._writable.set()
        self._online = False

    @property
    def max_payload_bytes(self) -> int:
        return self._protocol.max_payload_bytes

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        transport.set_write_buffer_limits(high=HIGH_WATER_BYTES)
        raw = transport.get_extra_info("socket")
        if raw is not None and raw.family != socket.AF_UNIX:
            raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def connection_lost(self, _exc: Exception | None) -> None:
        self._transport = None
        self._drop_streams()
        for task in list(self._tasks):
            task.cancel()
        self._writable.set()
        self._on_lost(self)

    def pause_writing(self) -> None:
        self._writable.clear()

    def resume_writing(self) -> None:
        self._writable.set()

    def data_received(self, data: bytes) -> None:
        if not self._gatekeeper.passes(len(data)):
            return
        if not self._gatekeeper.is_up:
            self._waiting += data
            return
        if not self._online:
            self._protocol.features = self._gatekeeper.features()
        try:
            events = self._protocol.receive(data)
        except ProtocolError:
            self.abort()
            return
        self._write(self._protocol.take_replies())
        for event in events:
            self._handle(event)

    def device_is_up(self) -> None:
        """Answer what came while the device was not."""
        if self._waiting:
            data, self._waiting = bytes(self._waiting), bytearray()
            self.data_received(data)

    def abort(self) -> None:
        """Drop the connection at once."""
        if self._transport is not None:
            self._transport.abort()

    async def open_stream(self, service: bytes) -> ServiceStream:
        """A stream to the host; StreamClosed if it refuses, or is gone. Only for what it asked for
        before."""
        if self._transport is None:
            raise StreamClosed
        number, packet = self._protocol.open(service)
        answer: asyncio.Future[ServiceStream] = asyncio.get_running_loop().create_future()
        self._opening[number] = answer
        self._write(packet)
        return await answer

    def accept_stream(self, stream: int) -> None:
        self._write(self._protocol.accept(stream))

    def refuse_stream(self, stream: int) -> None:
        self._streams.pop(stream, None)
        if self._protocol.is_open(stream):
            self._write(self._protocol.refuse(stream))

    def close_stream(self, stream: int) -> None:
        self._streams.pop(stream, None)
        self._write(self._protocol.close(stream))

    def may_send(self, stream: int) -> bool:
        return self._protocol.may_send(stream)

    def send(self, stream: int, data: bytes) -> None:
        self._write(self._protocol.send(stream, data))

    def consumed(self, stream: int, size_bytes: int) -> None:
        self._write(self._protocol.consumed(stream, size_bytes))

    async def drain(self) -> None:
        if not self._writable.is_set():
            await self._writable.wait()

    def _write(self, data: bytes) -> None:
        if data and self._transport is not None and self._gatekeeper.passes(len(data)):
            self._transport.write(data)

    def _keep(self, work: Awaitable[None]) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _drop_streams(self) -> None:
        for stream in list(self._streams.values()):
            stream.on_closed()
        self._streams.clear()
        for answer in self._opening.values():
            answer.cancel()
        self._opening.clear()

    def _handle(self, event: Event) -> None:
        match event:
            case Greeted():
                self._greeted()
            case SignatureOffered(token, signature):
                self._keep(self._check_signature(token, signature))
            case KeyOffered(key):
                self._keep(self._gatekeeper.ask_for_key(key, self._let_in))
            case PeerOpened(number, service):
                self._keep(self._run_service(number, service))
            case Opened(number):
                self._opened(number)
            case Arrived(number, data):
                if (stream := self._streams.get(number)) is not None:
                    stream.on_data(data)
            case Acknowledged(number):
                if (stream := self._streams.get(number)) is not None:
                    stream.on_acknowledged()
            case Closed(number):
                self._closed(number)

    def _greeted(self) -> None:
        self._drop_streams()
        if self._gatekeeper.needs_key():
            self._write(self._protocol.challenge())
        else:
            self._let_in()

    def _let_in(self) -> None:
        self._online = True
        self._write(self._protocol.welcome(self._gatekeeper.banner()))

    async def _check_signature(self, token: bytes, signature: bytes) -> None:
        if await self._gatekeeper.knows_signature(token, signature):
            self._let_in()
        else:
            self._write(self._protocol.challenge())

    async def _run_service(self, number: int, service: bytes) -> None:
        stream = ServiceStream(number, self)
        self._streams[number] = stream
        try:
            await self._serve(self, stream, service)
        except StreamClosed:
            pass
        finally:
            stream.finish()

    def _opened(self, number: int) -> None:
        stream = ServiceStream(number, self)
        stream.accepted = True
        self._streams[number] = stream
        answer = self._opening.pop(number, None)
        if answer is not None and not answer.done():
            answer.set_result(stream)

    def _closed(self, number: int) -> None:
        answer = self._opening.pop(number, None)
        if answer is not None and not answer.done():
            answer.set_exception(StreamClosed())
        stream = self._streams.pop(number, None)
        if stream is not None:
            stream.on_closed()
