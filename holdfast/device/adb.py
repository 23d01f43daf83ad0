"""The way to a device through an adb server: host services, and streams to services on the device.

adbutils makes and greets the connections. Its own framing of shells and files is not used: it
waits 20 ms in every call, its reads have no deadline, and it starts an adb server by itself on
the developer's port when none answers.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import adbutils

from holdfast.deadline import Deadline
from holdfast.errors import (
    DeadlineExceeded,
    DeviceLost,
    DeviceRefused,
    DeviceUnauthorized,
    LabError,
)

__all__ = ["AdbLink", "AdbStream"]

_CHUNK_BYTES = 1 << 16
# An adb server says at once whether it has the device, and a device whether it has the service: one
# that says nothing for so long is taken for silent, however much time the job has.
_ANSWER_S = 30.0


def _anybody() -> None:
    """Where nobody holds leases."""


class _Connection(adbutils.AdbConnection):  # type: ignore[misc]
    """A connection to an adb server that runs already."""

    def __init__(self, address: tuple[str, int], *, timeout_s: float) -> None:
        self._address = address
        self._timeout_s = timeout_s
        super().__init__(*address)

    def _safe_connect(self) -> socket.socket:
        made = socket.create_connection(self._address, timeout=self._timeout_s)
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return made


class AdbStream:
    """A two-way stream of bytes; every read and write ends by a deadline."""

    def __init__(
        self, sock: socket.socket, *, device: str, permit: Callable[[], None] = _anybody
    ) -> None:
        self._socket = sock
        self._device = device
        self._permit = permit

    def send(self, data: bytes, *, deadline: Deadline, what: str) -> None:
        with self._io(deadline, what):
            self._socket.sendall(data)

    def receive(self, limit_bytes: int = _CHUNK_BYTES, *, deadline: Deadline, what: str) -> bytes:
        """Whatever comes next; empty at the end of the stream."""
        with self._io(deadline, what):
            return self._socket.recv(limit_bytes)

    def receive_exactly(self, size_bytes: int, *, deadline: Deadline, what: str) -> bytes:
        """Raises DeviceLost if the stream ends before."""
        parts, missing = [], size_bytes
        while missing:
            part = self.receive(min(missing, _CHUNK_BYTES), deadline=deadline, what=what)
            if not part:
                raise DeviceLost(f"the connection ended during: {what}", device=self._device)
            parts.append(part)
            missing -= len(part)
        return b"".join(parts)

    def close(self) -> None:
        self._socket.close()

    @contextmanager
    def _io(self, deadline: Deadline, what: str) -> Iterator[None]:
        self._permit()
        deadline.require(what, device=self._device)
        self._socket.settimeout(deadline.remaining_s or 0.001)
        try:
            yield
        except TimeoutError:
            deadline.within(0).require(what, device=self._device)
            raise
        except OSError as error:
            raise DeviceLost(
                f"the connection broke during: {what} ({error})", device=self._device
            ) from error


class AdbLink:
    """One device at one adb server. Nothing is opened before it is asked for.

    `serial` is what `adb -s` addresses; `device` is its name in devices.yaml, for messages.
    `permit` is asked before everything that is said or heard: it raises LeaseLost once the device
    is somebody else's.
    """

    def __init__(
        self,
        *,
        device: str,
        serial: str,
        server_port: int,
        server_host: str = "127.0.0.1",
        permit: Callable[[], None] = _anybody,
    ) -> None:
        self.device = device
        self.serial = serial
        self._permit = permit
        self._server = (server_host, server_port)

    @contextmanager
    def stream(self, service: str, *, deadline: Deadline) -> Iterator[AdbStream]:
        """Open a service on the device for the length of a block.

        DeviceRefused if the device closes it at once.
        """
        opened = self.open(service, deadline=deadline)
        try:
            yield opened
        finally:
            opened.close()

    def open(self, service: str, *, deadline: Deadline) -> AdbStream:
        """As `stream`; the caller closes it."""
        connection = self._connect(deadline)
        try:
            self._ask(connection, f"host:transport:{self.serial}", deadline)
            self._ask(connection, service, deadline)
        except BaseException:
            connection.conn.close()
            raise
        return AdbStream(connection.conn, device=self.device, permit=self._permit)

    def host(self, question: str, *, deadline: Deadline) -> str:
        """Ask the server about this device: `get-state`, `features`."""
        return self.server(f"host-serial:{self.serial}:{question}", deadline=deadline)

    def server(self, question: str, *, deadline: Deadline) -> str:
        """Ask the server itself: `host:connect:HOST:PORT`."""
        connection = self._connect(deadline)
        try:
            self._ask(connection, question, deadline)
            answer: str = connection.read_string_block()
            return answer
        except (adbutils.AdbError, OSError, ValueError) as error:
            raise DeviceLost(f"{question}: {error}", device=self.device) from error
        finally:
            connection.conn.close()

    def state(self, *, deadline: Deadline) -> str:
        """`device`, `offline`, `unauthorized`, `recovery`, …; `absent` if adb does not see it."""
        try:
            return self.host("get-state", deadline=deadline)
        except DeviceUnauthorized:
            return "unauthorized"
        except DeviceLost as error:
            return "offline" if "offline" in str(error) else "absent"

    def _connect(self, deadline: Deadline) -> _Connection:
        self._permit()
        deadline.require("connecting to the adb server", device=self.device)
        try:
            step = deadline.within(_ANSWER_S)
            return _Connection(self._server, timeout_s=step.remaining_s or 0.001)
        except (adbutils.AdbError, OSError) as error:
            raise LabError(
                f"no adb server answers at {self._server[0]}:{self._server[1]} ({error})",
                device=self.device,
            ) from error

    def _ask(self, connection: _Connection, request: str, deadline: Deadline) -> None:
        raw = request.encode("utf-8", "surrogateescape")
        try:
            connection.conn.sendall(b"%04x" % len(raw) + raw)
            connection.check_okay()
        except adbutils.AdbTimeout as error:
            allowed_s = min(deadline.allowed_s, _ANSWER_S)
            what = f"adb's answer to `{' '.join(request.split())[:60]}`"
            raise DeadlineExceeded(what, allowed_s=allowed_s, device=self.device) from error
        except (adbutils.AdbError, OSError) as error:
            raise self._fault(request, str(error)) from error

    def _fault(self, request: str, text: str) -> LabError | DeviceRefused:
        low = text.lower()
        if "unauthorized" in low:
            return DeviceUnauthorized(
                f"serial {self.serial} has not accepted this lab's adb key: unlock it, and confirm "
                "the question about USB debugging",
                device=self.device,
            )
        if "closed" in low and not request.startswith("host"):
            return DeviceRefused(request[:80], answer=text, device=self.device)
        return DeviceLost(
            f"adb does not reach serial {self.serial}: {text or 'it said nothing'}",
            device=self.device,
        )
