"""How often adb loses a device while it is used: told by the adb server itself, and counted.

AOSP, packages/modules/adb/SERVICES.TXT, `host:track-devices`: the list of devices, again whenever
it changes, each with its length in four hexadecimal digits.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import suppress

__all__ = ["AdbWatch"]

_CONNECT_S = 5.0
_REQUEST = b"host:track-devices"


class AdbWatch:
    """Counts each time that `serial` was `device` and is not any more. It watches until `stop`.

    That the adb server ends is no drop of the device, and ends the watch.
    """

    def __init__(self, *, host: str, port: int, serial: str) -> None:
        self._address = (host, port)
        self._serial = serial
        self._socket: socket.socket | None = None
        self._thread: threading.Thread | None = None
        self._drops = 0

    def start(self) -> None:
        """Nothing is counted where no adb server answers: whoever uses the device finds out."""
        with suppress(OSError):
            self._socket = socket.create_connection(self._address, timeout=_CONNECT_S)
            self._socket.sendall(b"%04x" % len(_REQUEST) + _REQUEST)
            self._socket.settimeout(None)
            self._thread = threading.Thread(
                target=self._watch, args=[self._socket], name="adb watch", daemon=True
            )
            self._thread.start()

    def stop(self) -> int:
        """How many drops there were."""
        if self._socket is not None:
            with suppress(OSError):
                self._socket.shutdown(socket.SHUT_RDWR)
            if self._thread is not None:
                self._thread.join()
            self._socket.close()
            self._socket = self._thread = None
        return self._drops

    def _watch(self, connection: socket.socket) -> None:
        was_there = False
        with suppress(OSError, ValueError):
            if _read(connection, 4) != b"OKAY":
                return
            for listed in _lists(connection):
                is_there = f"{self._serial}\tdevice" in listed.splitlines()
                self._drops += was_there and not is_there
                was_there = is_there


def _lists(connection: socket.socket) -> Iterator[str]:
    while head := _read(connection, 4):
        yield _read(connection, int(head, 16)).decode("utf-8", "replace")


def _read(connection: socket.socket, size: int) -> bytes:
    """Empty at the end of the stream."""
    read = b""
    while len(read) < size:
        part = connection.recv(size - len(read))
        if not part:
            return b""
        read += part
    return read
