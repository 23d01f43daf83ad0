"""The seam to a device: run a command there, move a file. Fakes plug in here."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from holdfast.deadline import Deadline

__all__ = ["Files", "Shell", "ShellResult", "command_bytes", "quote"]


@dataclass(frozen=True, kw_only=True, slots=True)
class ShellResult:
    """What a command left.

    `stdout` is as the command wrote it: no terminal changed its line ends. `stderr` is empty where
    the device's adbd has no separate stream for it (API 21 to 23); it is then part of `stdout`.
    """

    stdout: bytes
    stderr: bytes = b""
    exit_status: int = 0

    @property
    def text(self) -> str:
        """`stdout` as text, line ends as `\\n`."""
        return _text(self.stdout)

    @property
    def error_text(self) -> str:
        return _text(self.stderr)

    @property
    def all_text(self) -> str:
        """Both streams: programs of Android write errors to either, by version."""
        return self.text + self.error_text


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "replace").replace("\r\n", "\n")


class Shell(Protocol):
    """Commands on a device, as adb's shell user. Every call ends by its deadline.

    A command is text; names that are no UTF-8 stand in it with surrogate escapes, as `quote`
    writes them. LabError if the device, adb or the deadline ends it: then nothing is known of it.
    """

    def run(
        self, command: str, *, deadline: Deadline, stdin: bytes | None = None
    ) -> ShellResult: ...

    def stream(self, command: str, *, deadline: Deadline) -> Iterator[bytes]:
        """What the command writes to stdout, in chunks. Its exit status is not known."""


class Files(Protocol):
    """Files on a device, with the rights of adb's shell user."""

    def push(
        self, content: bytes | Path, remote: str, *, deadline: Deadline, mode: int = 0o644
    ) -> None:
        """Write a whole file. DeviceRefused with the device's text if it cannot be written."""

    def pull(self, remote: str, *, deadline: Deadline, limit_bytes: int = 64 << 20) -> bytes:
        """Read a whole file. DeviceRefused with the device's text if it cannot be read, or if it
        is larger than `limit_bytes`."""


def quote(text: str | bytes) -> str:
    """One word for the device's shell (mksh, and the ash of some recoveries).

    Raises ValueError for NUL, which no argument can hold.
    """
    word = text.decode("utf-8", "surrogateescape") if isinstance(text, bytes) else text
    if "\0" in word:
        raise ValueError("an argument of a command cannot hold NUL")
    if word and all(c.isascii() and (c.isalnum() or c in "_-./:,=+@%") for c in word):
        return word
    return "'" + word.replace("'", "'\\''") + "'"


def command_bytes(command: str) -> bytes:
    """A command as it is sent: the inverse of what `quote` did to bytes."""
    return command.encode("utf-8", "surrogateescape")
