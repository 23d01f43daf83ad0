"""A host program that must not outlive the run, however the run ends.

Each runs below guardian.sh, in a session of its own, whose stdin is a pipe from us: when this
process ends, even by SIGKILL, the pipe closes, and the guardian ends the program and removes its
folder.
"""

from __future__ import annotations

import os
import selectors
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO

from holdfast.deadline import Deadline
from holdfast.errors import DeadlineExceeded, HostToolMissing, LabError

__all__ = ["GuardedProcess", "ProgramEnded"]

_GUARDIAN = Path(__file__).with_name("guardian.sh")
_LIMIT_STDERR_BYTES = 1 << 16
_LINE_LIMIT_BYTES = 1 << 16


class ProgramEnded(LabError):
    """A host program ended though it was needed. `exit_status` is negative for a signal."""

    def __init__(self, message: str, *, exit_status: int, device: str | None) -> None:
        super().__init__(message, device=device)
        self.exit_status = exit_status


class GuardedProcess:
    """One guarded program. `scratch` is its own folder, for its HOME and its files."""

    def __init__(self, *, title: str, device: str | None) -> None:
        self.title = title
        self.device = device
        self.scratch = Path()
        self._process: subprocess.Popen[bytes] | None = None
        self._stderr: IO[bytes] | None = None
        self._unread = b""
        self._words: int | None = None

    def start(self, command: Sequence[str], *, environment: Mapping[str, str]) -> None:
        """Start it with exactly this environment, and `HOME` in its scratch folder.

        HostToolMissing if the host has no such program.
        """
        if shutil.which(command[0]) is None:
            raise HostToolMissing(
                f"{self.title}: the program {command[0]} is not there", device=self.device
            )
        self._unread = b""  # not what an earlier one had said last
        self.scratch = Path(tempfile.mkdtemp(prefix="holdfast-"))
        os.mkfifo(self.scratch / "words")
        # Also for reading: a pipe that nobody reads yet could not be opened otherwise.
        self._words = os.open(self.scratch / "words", os.O_RDWR)
        self._stderr = tempfile.TemporaryFile()  # noqa: SIM115 - it is read until `stop`
        self._process = subprocess.Popen(
            ["/bin/sh", str(_GUARDIAN), str(self.scratch), *command],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._stderr,
            env={**environment, "HOME": str(self.scratch)},
            start_new_session=True,
        )

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    @property
    def complaint(self) -> str:
        """What it wrote to stderr so far, up to 64 KiB."""
        if self._stderr is None:
            return ""
        said = os.pread(self._stderr.fileno(), _LIMIT_STDERR_BYTES, 0)
        return said.decode("utf-8", "replace").strip()

    def tell(self, line: str) -> None:
        """A line on its stdin. LabError if it was not started."""
        self._started()
        assert self._words is not None
        os.write(self._words, f"{line}\n".encode())

    def read_line(self, deadline: Deadline) -> str:
        """Its next line on stdout.

        ProgramEnded with its last words if it ends first; DeadlineExceeded if nothing comes.
        """
        process = self._started()
        assert process.stdout is not None
        with selectors.DefaultSelector() as selector:
            selector.register(process.stdout, selectors.EVENT_READ)
            while b"\n" not in self._unread:
                if not selector.select(deadline.remaining_s):
                    raise DeadlineExceeded(
                        f"a word of {self.title}",
                        allowed_s=deadline.allowed_s,
                        last_seen=self.complaint or None,
                        device=self.device,
                    )
                chunk = os.read(process.stdout.fileno(), 4096)
                if not chunk or len(self._unread) > _LINE_LIMIT_BYTES:
                    self.require_running(deadline)
                self._unread += chunk
        line, _, self._unread = self._unread.partition(b"\n")
        return line.decode("utf-8", "replace")

    def require_running(self, deadline: Deadline) -> None:
        """Raise ProgramEnded if it has closed its stdout, or ended."""
        process = self._started()
        try:
            status = process.wait(deadline.within(2.0).remaining_s)
        except subprocess.TimeoutExpired:
            status = 0
        last_words = self.complaint.rpartition("\n")[2]
        raise ProgramEnded(
            last_words or f"{self.title} ended with exit status {status} and said nothing",
            exit_status=status,
            device=self.device,
        )

    def stop(self, deadline: Deadline) -> None:
        """End it and everything of its process group; its scratch folder goes with it."""
        process = self._process
        if process is None:
            return
        self._process = None
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.close()
        self._close_words()
        with suppress(subprocess.TimeoutExpired):
            process.wait(deadline.remaining_s)
        # What the program left in its session, and the guardian itself if it hangs.
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        process.stdout.close()
        shutil.rmtree(self.scratch, ignore_errors=True)
        if self._stderr is not None:
            self._stderr.close()
            self._stderr = None

    def _close_words(self) -> None:
        if self._words is not None:
            os.close(self._words)
            self._words = None

    def _started(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            raise LabError(f"{self.title} was not started", device=self.device)
        return self._process
