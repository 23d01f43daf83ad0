"""One file of this host, read by the device over HTTP ranges through `adb reverse`.

That is how a streamed update comes without network: update_engine asks for ranges, and asks again
from where it was when a connection broke. Nothing but the one file is served, to 127.0.0.1 only.
"""

from __future__ import annotations

import re
import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar

from holdfast.deadline import Deadline
from holdfast.device.adb import AdbLink
from holdfast.errors import DeviceRefused, LabError

__all__ = ["ReversePort", "serve_file"]

_RANGE = re.compile(r"bytes=(\d{1,15})-(\d{0,15})")
_CHUNK_BYTES = 1 << 16
_TEAR_DOWN_S = 5.0


class _Handler(BaseHTTPRequestHandler):
    """Answers GET and HEAD for the one path, whole or a range of it."""

    file: ClassVar[Path]
    where: ClassVar[str]
    protocol_version = "HTTP/1.1"
    timeout = 60.0

    def do_HEAD(self) -> None:
        self._answer(with_body=False)

    def do_GET(self) -> None:
        self._answer(with_body=True)

    def _answer(self, *, with_body: bool) -> None:
        if self.path != self.where:
            self.send_error(HTTPStatus.NOT_FOUND)
            return
        size = self.file.stat().st_size
        asked = _RANGE.fullmatch(self.headers.get("Range", ""))
        first = int(asked[1]) if asked else 0
        last = min(int(asked[2]) if asked and asked[2] else size - 1, size - 1)
        if first > last:
            self.send_error(HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE)
            return
        self.send_response(HTTPStatus.PARTIAL_CONTENT if asked else HTTPStatus.OK)
        if asked:
            self.send_header("Content-Range", f"bytes {first}-{last}/{size}")
        self.send_header("Accept-Ranges", "bytes")
        self.send_header("Content-Length", str(last - first + 1))
        self.end_headers()
        if with_body:
            self._send(first, last - first + 1)

    def _send(self, offset: int, size: int) -> None:
        with self.file.open("rb") as content, suppress(ConnectionError):
            content.seek(offset)
            while size > 0 and (chunk := content.read(min(size, _CHUNK_BYTES))):
                self.wfile.write(chunk)
                size -= len(chunk)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Say nothing: the journal has what matters."""


@contextmanager
def serve_file(file: Path) -> Iterator[tuple[int, str]]:
    """A port of 127.0.0.1 and the path under which `file` is there for the length of a block."""
    where = f"/{secrets.token_hex(8)}/update.zip"
    handler = type("_OneFile", (_Handler,), {"file": file, "where": where})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        server.daemon_threads = True
        thread = threading.Thread(
            target=lambda: server.serve_forever(poll_interval=0.05), daemon=True
        )
        thread.start()
        try:
            yield server.server_address[1], where
        finally:
            server.shutdown()
            thread.join(_TEAR_DOWN_S)


class ReversePort:
    """Has the device's 127.0.0.1:`port` lead to ours. adb forgets it with the connection."""

    def __init__(self, link: AdbLink, port: int) -> None:
        self._link = link
        self._port = port

    def open(self, deadline: Deadline) -> None:
        """Also again, after a reconnect. DeviceRefused with adbd's own words."""
        what = f"reverse:forward:tcp:{self._port};tcp:{self._port}"
        with self._link.stream(what, deadline=deadline) as stream:
            said = stream.receive(deadline=deadline, what=what)
        if not said.startswith(b"OKAY"):
            answer = said[8:].decode("utf-8", "replace")
            raise DeviceRefused("adb reverse", answer=answer, device=self._link.device)

    def close(self, deadline: Deadline) -> None:
        """A device that is gone has forgotten it by itself."""
        what = f"reverse:killforward:tcp:{self._port}"
        with (
            suppress(LabError, DeviceRefused),
            self._link.stream(what, deadline=deadline) as stream,
        ):
            stream.receive(deadline=deadline, what=what)
