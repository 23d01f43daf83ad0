"""The fastboot port: reserved for the device's whole life, open only while its mode is fastboot.

A closed port is what `fastboot` waits for ("< waiting for … >"); an open one that does not speak
would hang it.
"""

from __future__ import annotations

import asyncio
import errno
import socket
from collections.abc import Callable

from virtualdevice.bootloader.flash import Flash
from virtualdevice.bootloader.session import Session
from virtualdevice.bootloader.variables import BoardFacts, Variables
from virtualdevice.bootloader.wire import HANDSHAKE, MessageDecoder, WireError, encode_message
from virtualdevice.seams import BootMode

__all__ = ["FastbootServer"]

CHUNK_BYTES = 1 << 20
_ATTEMPTS, _PAUSE_S = 100, 0.02


class FastbootServer:
    """`leave` is called when the host sends the device elsewhere."""

    def __init__(
        self,
        flash: Flash,
        board: BoardFacts,
        *,
        leave: Callable[[BootMode], None],
        battery_is_ok: Callable[[], bool],
    ) -> None:
        self._flash = flash
        self._board = board
        self._leave = leave
        self._battery_is_ok = battery_is_ok
        self._reserved: socket.socket | None = None
        self._port = 0
        self._server: asyncio.Server | None = None
        self._is_open = False
        self._connections: set[asyncio.Task[None]] = set()
        self._changing = asyncio.Lock()

    def reserve(self, port: int) -> int:
        """Bind without listening: nobody else gets the port, and it answers nobody."""
        self._reserved = _bound(port)
        self._port = self._reserved.getsockname()[1]
        return self._port

    async def open(self, mode: BootMode) -> None:
        """Listen, as the bootloader or as fastbootd."""
        assert self._reserved is not None
        listening, self._reserved = self._reserved, None
        userspace = mode is BootMode.FASTBOOTD

        async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            if not self._is_open:  # Accepted, and closed before this began.
                writer.close()
                return
            task = asyncio.current_task()
            assert task is not None
            self._connections.add(task)
            try:
                await self._converse(reader, writer, userspace=userspace)
            except (ConnectionError, WireError):
                pass  # A client that goes away, or that is none.
            finally:
                self._connections.discard(task)
                writer.close()

        self._is_open = True
        self._server = await asyncio.start_server(accept, sock=listening, limit=CHUNK_BYTES)

    async def close(self) -> None:
        """Stop listening; the port stays reserved."""
        async with self._changing:
            if self._server is None:
                return
            self._is_open = False
            self._server.close()
            self._server = None
            own = asyncio.current_task()
            for task in list(self._connections):
                if task is not own:
                    task.cancel()
            self._reserved = await _bound_again(self._port)

    def release(self) -> None:
        if self._reserved is not None:
            self._reserved.close()
            self._reserved = None

    async def _converse(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, userspace: bool
    ) -> None:
        raw = writer.get_extra_info("socket")
        raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        writer.write(HANDSHAKE)
        variables = Variables(
            self._flash, self._board, userspace=userspace, battery_is_ok=self._battery_is_ok()
        )
        session = Session(self._flash, variables)
        decoder = MessageDecoder()
        while data := await reader.read(CHUNK_BYTES):
            for message in decoder.feed(data):
                reply = session.handle(message)
                if reply.leave_to is not None:
                    await self.close()  # Before the answer: the next client must not find it here.
                for answer in reply.messages:
                    writer.write(encode_message(answer))
                await writer.drain()
                if reply.leave_to is not None:
                    writer.close()
                    self._leave(reply.leave_to)
                    return


async def _bound_again(port: int) -> socket.socket:
    """A program that is just being started (forked, and not yet itself) still has the socket that
    was closed here, and with it the port."""
    for _ in range(_ATTEMPTS):
        try:
            return _bound(port)
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise
            await asyncio.sleep(_PAUSE_S)
    return _bound(port)


def _bound(port: int) -> socket.socket:
    made = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    made.setblocking(False)
    try:
        made.bind(("127.0.0.1", port))
    except OSError:
        made.close()
        raise
    return made
