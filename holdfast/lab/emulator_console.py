"""The emulator's console: a line in, lines out, until one that is OK or begins with KO.

Source: https://developer.android.com/studio/run/emulator-console. Never run against an emulator
where this was written.
"""

from __future__ import annotations

import socket
from pathlib import Path

from holdfast.deadline import Deadline
from holdfast.errors import LabError

__all__ = ["load_snapshot"]

_TOKEN_FILE = ".emulator_console_auth_token"
_LIMIT_BYTES = 1 << 16


def load_snapshot(name: str, *, port: int, home: Path, deadline: Deadline, device: str) -> None:
    """Put it back to a snapshot of that name, at once. `home` is the emulator's own HOME, which
    holds the console's token. LabError with the console's words if it does not."""
    if not name.isprintable():
        raise ValueError(f"no snapshot is called {name!r}")
    token = _token(home)
    try:
        with socket.create_connection(
            ("127.0.0.1", port), timeout=deadline.remaining_s or 0.001
        ) as console:
            _answer(console, deadline, "greeting")
            if token:
                _ask(console, f"auth {token}", deadline, "auth")
            said = _ask(console, f"avd snapshot load {name}", deadline, "avd snapshot load")
    except OSError as error:
        raise LabError(
            f"the emulator's console at port {port} does not answer: {error}", device=device
        ) from error
    if said.startswith("KO"):
        raise LabError(f"the emulator did not load the snapshot {name!r}: {said}", device=device)


def _token(home: Path) -> str:
    """Empty if the console asks for none."""
    try:
        return (home / _TOKEN_FILE).read_text(encoding="ascii").strip()
    except OSError:
        return ""


def _ask(console: socket.socket, line: str, deadline: Deadline, what: str) -> str:
    console.sendall(f"{line}\n".encode())
    return _answer(console, deadline, what)


def _answer(console: socket.socket, deadline: Deadline, what: str) -> str:
    """The last line: `OK`, or `KO: why`."""
    received = b""
    while len(received) < _LIMIT_BYTES:
        last = received.decode("utf-8", "replace").rstrip("\r\n").rpartition("\n")[2].strip()
        if received.endswith(b"\n") and (last == "OK" or last.startswith("KO")):
            return last
        deadline.require(f"the emulator console's answer to {what}", last_seen=last or None)
        console.settimeout(deadline.remaining_s or 0.001)
        chunk = console.recv(4096)
        if not chunk:
            raise ConnectionError(f"it closed during: {what}")
        received += chunk
    raise ConnectionError(f"it says too much: {what}")
