"""Every command that destroys data goes through the ledger before it is sent."""

from __future__ import annotations

from collections.abc import Iterator

from holdfast.android.destruction import destructions
from holdfast.deadline import Deadline
from holdfast.device.shell import Shell, ShellResult
from holdfast.journal import Ledger

__all__ = ["GuardedShell"]


class GuardedShell:
    """A shell whose destructive commands are entered in the ledger first.

    A command that no declaration covers raises HarnessFault, and is not sent.
    """

    def __init__(self, shell: Shell, *, device: str, ledger: Ledger) -> None:
        self._shell = shell
        self._device = device
        self._ledger = ledger

    def run(self, command: str, *, deadline: Deadline, stdin: bytes | None = None) -> ShellResult:
        self._record(command, stdin)
        return self._shell.run(command, deadline=deadline, stdin=stdin)

    def stream(self, command: str, *, deadline: Deadline) -> Iterator[bytes]:
        self._record(command, None)
        return self._shell.stream(command, deadline=deadline)

    def _record(self, command: str, stdin: bytes | None) -> None:
        script = (stdin or b"")[:65536].decode("utf-8", "replace")
        for found in destructions(command, stdin=script):
            self._ledger.record(
                device=self._device, kind=found.kind, target=found.target, command=command
            )
