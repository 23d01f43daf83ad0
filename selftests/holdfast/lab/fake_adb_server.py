"""An adb server of our own that speaks the host protocol, and does with devices what it is told.

The framing is that of AOSP's packages/modules/adb/OVERVIEW.TXT: four hex digits and the request;
OKAY or FAIL, four hex digits and the answer.
"""

from __future__ import annotations

import socketserver
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

Answer = Callable[[str], str]


class FakeAdbServer:
    """`states` maps serials to what `adb devices` shows.

    Connecting to a serial gives it the next state of `on_connect`, in order; every request is kept.
    """

    def __init__(self) -> None:
        self.port = 0
        self.states: dict[str, str] = {}
        self.on_connect: list[str] = []
        self.requests: list[str] = []
        self.looks: list[Callable[[], None]] = []

    def answer(self, request: str) -> tuple[bool, str]:
        self.requests.append(request)
        match request.split(":", 2):
            case ["host", "version"]:
                return True, "0029"
            case ["host", "devices"]:
                if self.looks:
                    self.looks.pop(0)()
                return True, "".join(f"{s}\t{state}\n" for s, state in self.states.items())
            case ["host", "connect", serial]:
                return True, self._connect(serial)
            case ["host", "disconnect", serial]:
                known = self.states.pop(serial, None)
                return known is not None, f"disconnected {serial}" if known else "no such device"
            case _:
                return False, f"unknown host service '{request}'"

    def _connect(self, serial: str) -> str:
        if not self.on_connect:
            return f"failed to connect to '{serial}': Connection refused"
        self.states[serial] = self.on_connect.pop(0)
        return f"connected to {serial}"


@contextmanager
def fake_adb_server() -> Iterator[FakeAdbServer]:
    """A running one on a free port of 127.0.0.1."""
    fake = FakeAdbServer()

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            length = int(self.rfile.read(4) or b"0", 16)
            well, text = fake.answer(self.rfile.read(length).decode())
            raw = text.encode()
            self.wfile.write((b"OKAY" if well else b"FAIL") + b"%04x" % len(raw) + raw)

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        fake.port = server.server_address[1]
        thread = threading.Thread(target=lambda: server.serve_forever(poll_interval=0.02))
        thread.start()
        try:
            yield fake
        finally:
            server.shutdown()
            thread.join()
