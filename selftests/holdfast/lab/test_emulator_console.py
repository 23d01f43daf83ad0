"""The emulator's console, against a stand-in that behaves as documented."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from holdfast.deadline import Deadline
from holdfast.errors import LabError
from holdfast.lab.emulator_console import load_snapshot

GREETING = (
    b"Android Console: Authentication required\r\n"
    b"Android Console: type 'auth <auth_token>' to authenticate\r\nOK\r\n"
)
HELP = b"Android Console: type 'help' for a list of commands\r\nOK\r\n"


@contextmanager
def console(answers: Sequence[bytes]) -> Iterator[tuple[int, list[str]]]:
    """Its port, and the lines that it is asked; it hangs up when it has no answer left."""
    asked: list[str] = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            peer, _ = server.accept()
            with peer, peer.makefile("rb") as lines:
                peer.sendall(GREETING)
                for answer in answers:
                    asked.append(lines.readline().decode().strip())
                    peer.sendall(answer)
                lines.readline()

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield server.getsockname()[1], asked
        thread.join(10)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / ".emulator_console_auth_token").write_text("s3cret\n", encoding="ascii")
    return tmp_path


def load(port: int, home: Path, *, allowed_s: float = 10.0) -> None:
    deadline = Deadline.after(allowed_s)
    load_snapshot("clean", port=port, home=home, deadline=deadline, device="emu")


def test_a_snapshot_is_loaded_after_the_token_was_shown(home: Path) -> None:
    with console([HELP, b"OK\r\n"]) as (port, asked):
        load(port, home)
    assert asked == ["auth s3cret", "avd snapshot load clean"]


def test_a_console_that_asks_for_no_token_is_given_none(tmp_path: Path) -> None:
    with console([b"OK\r\n"]) as (port, asked):
        load(port, tmp_path)
    assert asked == ["avd snapshot load clean"]


def test_a_snapshot_that_is_not_there_is_told_in_the_consoles_words(home: Path) -> None:
    with (
        console([HELP, b"KO: Snapshot load failed\r\n"]) as (port, _),
        pytest.raises(LabError, match=r"emu: .* snapshot 'clean': KO: Snapshot load failed"),
    ):
        load(port, home)


def test_a_console_that_is_not_there_hangs_up_or_hangs_is_named(home: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    with pytest.raises(LabError, match=f"console at port {port} does not answer"):
        load(port, home)
    with (
        console([HELP, b""]) as (port, _),
        pytest.raises(LabError, match="does not answer"),
    ):
        load(port, home, allowed_s=0.5)
    with (
        console([b"still thinking\r\n"]) as (port, _),
        pytest.raises(LabError, match="does not answer"),
    ):
        load(port, home, allowed_s=0.5)
