"""What devices have in common that a run starts itself by somebody else's program.

The program runs below a guardian with a private adb server beside it. A command that undoes what
the program leaves behind (a container, helper processes) runs when it is told to end, also after
this process was killed.
"""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from holdfast.deadline import Deadline
from holdfast.errors import (
    ConfigurationError,
    DeadlineExceeded,
    DeviceLost,
    HoldfastError,
    HostToolMissing,
    LabError,
)
from holdfast.lab.adb_host import AdbHost
from holdfast.lab.attached import wait_for_device
from holdfast.lab.process import GuardedProcess
from holdfast.lab.provider import Check, Endpoint, Say
from holdfast.lab.virtual import PrivateAdbServer

__all__ = [
    "Complaint",
    "Launch",
    "Launcher",
    "Started",
    "find_program",
    "free_port",
    "is_free",
    "require_kvm",
    "require_version",
    "run_tool",
]

KVM = Path("/dev/kvm")

_STOP_S = 20.0
_PASSED_ON = ("PATH", "LANG", "LC_ALL", "TMPDIR", "TZ", "XDG_RUNTIME_DIR", "DOCKER_HOST")

# $1: how to undo (a command line, or nothing); the rest: the program. `wait` is ended by TERM.
# A program in the background would get /dev/null for stdin, which some take for the end.
_WITH_UNDO = """
undo=$1; shift
ended() {
  trap '' TERM
  kill -TERM $program 2>/dev/null
  { sleep 5; kill -KILL $program; } 2>/dev/null & killer=$!
  wait $program
  kill $killer 2>/dev/null
  [ -z "$undo" ] || eval "$undo" >&2
}
trap 'ended; exit 143' TERM
exec 3<&0
"$@" <&3 3<&- & program=$!
wait $program; status=$?
[ -z "$undo" ] || eval "$undo" >/dev/null 2>&1
exit $status
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Complaint:
    """Words by which a program says what is wrong, whose fault that is, and what to do."""

    words: re.Pattern[str]
    error: type[ConfigurationError | LabError]
    advice: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Launch:
    """How a device's program is started. `undo` is a shell command line of our own words, with
    whatever comes from a file quoted. `serial` is the `host:port` at which adb will find it.
    `restore` puts it back to a snapshot of a name, given the HOME that the program has; None where
    it has no snapshots."""

    command: tuple[str, ...]
    serial: str
    environment: Mapping[str, str] = field(default_factory=dict)
    undo: str = ""
    fastboot: str | None = None
    restore: Callable[[str, Path, Deadline], None] | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class _WatchedAdb(AdbHost):
    """`still_runs` raises once there is no use in looking on."""

    still_runs: Callable[[], None]

    def state_of(self, serial: str, deadline: Deadline) -> str | None:
        self.still_runs()
        return AdbHost.state_of(self, serial, deadline)


class Launcher(Protocol):
    """How one device of a kind is started; `title` is what messages call its program."""

    @property
    def title(self) -> str: ...

    @property
    def device(self) -> str:
        """Its name in devices.yaml."""

    @property
    def resource(self) -> str:
        """As of a Provider."""

    @property
    def complaints(self) -> Sequence[Complaint]: ...

    def launch(self, deadline: Deadline) -> Launch:
        """Look for its tools, undo what an earlier run left, choose a port. ConfigurationError,
        HostToolMissing, LabError; nothing is left started."""

    def host_checks(self, deadline: Deadline) -> Iterator[Check]:
        """What `holdfast doctor` looks at. Nothing is started or changed."""


class Started:
    """The Provider of such a device: start it, stop it."""

    def __init__(self, launcher: Launcher) -> None:
        self.launcher = launcher
        self._title = launcher.title
        self._device = launcher.device
        self._process = GuardedProcess(title=launcher.title, device=launcher.device)
        self._server = PrivateAdbServer(device=launcher.device)

    @property
    def resource(self) -> str:
        return self.launcher.resource

    def start(self, deadline: Deadline, *, say: Say) -> Endpoint:
        """Start it and wait until adb lists it. Whatever was started before an error is stopped."""
        launch = self.launcher.launch(deadline)
        try:
            self._process.start(
                ["/bin/sh", "-c", _WITH_UNDO, "with-undo", launch.undo, *launch.command],
                environment={**passed_on(), **launch.environment},
            )
            adb = self._server.start(deadline)
            self._wait(adb, launch.serial, deadline, say)
        except HoldfastError:
            self.stop(Deadline.after(_STOP_S, clock=deadline.clock))
            raise
        return Endpoint(
            serial=launch.serial,
            adb_host=adb.host,
            adb_port=adb.port,
            fastboot=launch.fastboot,
            restore=self._restorer(launch),
        )

    def _restorer(self, launch: Launch) -> Callable[[str, Deadline], None] | None:
        restore = launch.restore
        if restore is None:
            return None
        home = self._process.scratch
        return lambda name, deadline: restore(name, home, deadline)

    def stop(self, deadline: Deadline) -> None:
        self._server.stop(deadline.within(5.0))
        self._process.stop(deadline)

    def _wait(self, adb: AdbHost, serial: str, deadline: Deadline, say: Say) -> None:
        """Look for the device, and at each look that its program still runs."""
        watched = _WatchedAdb(
            host=adb.host, port=adb.port, device=adb.device, still_runs=self._require_running
        )
        try:
            wait_for_device(watched, serial, deadline, authorise=deadline, say=say)
        except (DeviceLost, DeadlineExceeded) as error:
            if not self._process.running:
                raise self._fault() from error
            raise self._never_booted(error, deadline) from error

    def _require_running(self) -> None:
        if not self._process.running:
            raise self._fault()

    def _fault(self) -> HoldfastError:
        said = self._process.complaint
        for complaint in self.launcher.complaints:
            if found := complaint.words.search(said):
                line = _line_with(said, found.start())
                message = f"{self._title} says: {line}. {complaint.advice}"
                if issubclass(complaint.error, LabError):
                    return complaint.error(message, device=self._device)
                return complaint.error(f"device {self._device}: {message}")
        last = said.splitlines()[-1] if said else "nothing"
        return LabError(f"{self._title} ended at its start and said: {last}", device=self._device)

    def _never_booted(self, error: LabError, deadline: Deadline) -> LabError:
        last = self._process.complaint.rpartition("\n")[2]
        hint = f"; its last words: {last}" if last else ""
        return LabError(
            f"{self._title} runs, but did not boot within {deadline.allowed_s:g} s{hint} ({error})",
            device=self._device,
        )


def _line_with(text: str, offset: int) -> str:
    start = text.rfind("\n", 0, offset) + 1
    return text[start:].partition("\n")[0].strip()[:300]


def passed_on() -> dict[str, str]:
    """Of this process's environment, what such a program needs; none of adb's variables."""
    return {name: os.environ[name] for name in _PASSED_ON if name in os.environ}


def find_program(name: str, *folders: Path, advice: str, device: str) -> str:
    """In these folders, else on PATH. HostToolMissing with the advice."""
    for folder in folders:
        if os.access(folder / name, os.X_OK):
            return str(folder / name)
    found = shutil.which(name)
    if found is None:
        raise HostToolMissing(f"there is no program `{name}`: {advice}", device=device)
    return found


def require_version(
    command: Sequence[str],
    pattern: re.Pattern[str],
    at_least: tuple[int, int],
    *,
    advice: str,
    deadline: Deadline,
    device: str,
    environment: Mapping[str, str],
) -> str:
    """What a tool's version is; `pattern` finds its first two numbers in what `command` says.
    HostToolMissing with the advice if it is too old, or another tool."""
    _, said = run_tool(command, deadline=deadline, device=device, environment=environment)
    found = pattern.search(said)
    if found is None:
        raise HostToolMissing(
            f"`{' '.join(command)}` says {said.strip()[:100]!r}, and no version: {advice}",
            device=device,
        )
    if (int(found[1]), int(found[2])) < at_least:
        wanted = ".".join(map(str, at_least))
        raise HostToolMissing(
            f"{command[0]} is version {found[1]}.{found[2]}, and {wanted} is the oldest that "
            f"does: {advice}",
            device=device,
        )
    return f"{command[0]}, version {found[1]}.{found[2]}"


def require_kvm(device: str, advice: str) -> str:
    """HostToolMissing with the advice if this user has no hardware acceleration."""
    if not os.access(KVM, os.R_OK | os.W_OK):
        there = "may not be opened by this user" if KVM.exists() else "is not there"
        raise HostToolMissing(f"{KVM} {there}: {advice}", device=device)
    return f"{KVM} may be used"


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def run_tool(
    command: Sequence[str],
    *,
    deadline: Deadline,
    device: str,
    environment: Mapping[str, str],
    stdin: bytes = b"",
) -> tuple[int, str]:
    """Run a short tool of the host to its end; its exit status, and what it said anywhere."""
    deadline.require(command[0], device=device)
    try:
        done = subprocess.run(
            list(command),
            input=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=max(deadline.remaining_s, 0.01),
            check=False,
            env={**passed_on(), **environment},
        )
    except subprocess.TimeoutExpired as error:
        raise DeadlineExceeded(command[0], allowed_s=deadline.allowed_s, device=device) from error
    except OSError as error:
        raise HostToolMissing(f"{command[0]} cannot be run: {error}", device=device) from error
    return done.returncode, done.stdout.decode("utf-8", "replace")
