"""A small adb server with one device, in a thread: what the driver meets on a wire, scripted."""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

Service = Callable[[socket.socket, str], None]


@dataclass
class AdbServer:
    """Answers host questions, and hands services to `services` by their prefix.

    `state` is the device's; anything but `device` refuses every service. `opened` lists services
    in the order in which they were opened; `asked` the questions to the server itself, which
    `connecting` answers.
    """

    services: dict[str, Service] = field(default_factory=dict)
    features: str = "shell_v2,cmd"
    state: str = "device"
    opened: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    connecting: str = "already connected"
    port: int = 0

    def serve(self, sock: socket.socket) -> None:
        with sock:
            try:
                while self._one(sock):
                    pass
            except OSError:
                return

    def _one(self, sock: socket.socket) -> bool:
        """One request; whether another may follow on the connection."""
        head = exactly(sock, 4)
        if len(head) < 4:
            return False
        request = exactly(sock, int(head, 16)).decode("utf-8", "surrogateescape")
        if request.startswith("host:transport:"):
            return self._transport(sock)
        if request.startswith(("host:connect:", "host:disconnect:")):
            self.asked.append(request)
            sock.sendall(b"OKAY" + block(self.connecting))
            return False
        if request.startswith("host"):
            return self._host(sock, request.rpartition(":")[2])
        self.opened.append(request)
        for prefix, service in self.services.items():
            if request.startswith(prefix):
                sock.sendall(b"OKAY")
                service(sock, request.removeprefix(prefix))
                return False
        sock.sendall(b"FAIL" + block("closed"))
        return False

    def _transport(self, sock: socket.socket) -> bool:
        if self.state == "device":
            sock.sendall(b"OKAY")
            return True
        words = {
            "unauthorized": "device unauthorized.\nThis adb server's …",
            "offline": "device offline",
        }
        sock.sendall(b"FAIL" + block(words.get(self.state, "device 'x' not found")))
        return False

    def _host(self, sock: socket.socket, question: str) -> bool:
        if self.state == "unauthorized":
            sock.sendall(b"FAIL" + block("device unauthorized."))
        elif self.state != "device":
            sock.sendall(b"FAIL" + block("device 'x' not found"))
        else:
            answers = {"get-state": "device", "features": self.features}
            sock.sendall(b"OKAY" + block(answers.get(question, "")))
        return False


@contextmanager
def running(server: AdbServer) -> Iterator[AdbServer]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server.port = listener.getsockname()[1]
        ended = threading.Event()

        def accept() -> None:
            while not ended.is_set():
                try:
                    sock, _ = listener.accept()
                except OSError:
                    return
                threading.Thread(target=server.serve, args=(sock,), daemon=True).start()

        thread = threading.Thread(target=accept, daemon=True)
        thread.start()
        try:
            yield server
        finally:
            ended.set()
            listener.shutdown(socket.SHUT_RDWR)
            thread.join(5)


def exactly(sock: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size:
        part = sock.recv(size - len(data))
        if not part:
            return data
        data += part
    return data


def block(text: str) -> bytes:
    raw = text.encode()
    return b"%04x" % len(raw) + raw


def packet(kind: int, data: bytes) -> bytes:
    """A packet of the shell protocol."""
    return struct.pack("<BI", kind, len(data)) + data
