"""An adb server, asked by the host protocol (AOSP: packages/modules/adb/SERVICES.TXT).

Unlike the libraries for it, this never starts a server by itself: it talks to the one it is given.
"""

from __future__ import annotations

import socket
from dataclasses import dataclass

from holdfast.deadline import Deadline
from holdfast.errors import LabError

__all__ = ["AdbHost", "AdbServerSilent", "Listed"]

_ANSWER_LIMIT_BYTES = 1 << 16


class AdbServerSilent(LabError):
    """No adb server answers at that address."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Listed:
    """A line of `adb devices`: `state` is device, unauthorized, offline, recovery and so on."""

    serial: str
    state: str


@dataclass(frozen=True, kw_only=True, slots=True)
class AdbHost:
    """An adb server's address. `device` is the name that errors carry."""

    host: str
    port: int
    device: str | None = None

    def version(self, deadline: Deadline) -> int:
        """The server's protocol version (41 since platform-tools 28)."""
        return int(self._ask("host:version", deadline) or "0", 16)

    def listed(self, deadline: Deadline) -> tuple[Listed, ...]:
        """All devices that the server knows, in any state."""
        lines = (line.split("\t") for line in self._ask("host:devices", deadline).splitlines())
        return tuple(Listed(serial=line[0], state=line[1]) for line in lines if len(line) == 2)

    def state_of(self, serial: str, deadline: Deadline) -> str | None:
        """Its state, None if the server does not list it."""
        return next((d.state for d in self.listed(deadline) if d.serial == serial), None)

    def connect(self, serial: str, deadline: Deadline) -> str:
        """Ask the server to connect to `host:port`; its answer in words, which proves nothing.

        adb answers "failed to authenticate" as if that were success: judge by `state_of`.
        """
        return self._ask(f"host:connect:{serial}", deadline)

    def disconnect(self, serial: str, deadline: Deadline) -> None:
        """Forget a device over TCP. That the server does not know it is no error."""
        try:
            self._ask(f"host:disconnect:{serial}", deadline)
        except AdbServerSilent:
            raise
        except LabError:
            return

    def kill(self, deadline: Deadline) -> None:
        """End the server."""
        try:
            self._ask("host:kill", deadline)
        except LabError:
            return

    def _ask(self, request: str, deadline: Deadline) -> str:
        raw = request.encode()
        try:
            with socket.create_connection(
                (self.host, self.port), timeout=max(deadline.remaining_s, 0.01)
            ) as connection:
                connection.sendall(b"%04x" % len(raw) + raw)
                status = self._read(connection, 4, deadline)
                answer = self._read_block(connection, deadline)
        except OSError as error:
            raise AdbServerSilent(
                f"no adb server answers at {self.host}:{self.port}: {error}", device=self.device
            ) from error
        if status != b"OKAY":
            raise LabError(f"adb was asked {request} and answered: {answer}", device=self.device)
        return answer

    def _read_block(self, connection: socket.socket, deadline: Deadline) -> str:
        length = self._read(connection, 4, deadline)
        try:
            size = min(int(length, 16), _ANSWER_LIMIT_BYTES)
        except ValueError:
            return ""
        return self._read(connection, size, deadline).decode("utf-8", "replace")

    def _read(self, connection: socket.socket, size: int, deadline: Deadline) -> bytes:
        read = b""
        while len(read) < size:
            connection.settimeout(max(deadline.remaining_s, 0.01))
            chunk = connection.recv(size - len(read))
            if not chunk:
                break
            read += chunk
        return read
