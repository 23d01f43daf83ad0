"""The bootloader and fastbootd, through the platform tools' own `fastboot` program.

The clients in Python are unmaintained, and one rejects a valid answer; Google's program also knows
sparse images, logical partitions and the requirements of an update ZIP.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from holdfast.deadline import Deadline
from holdfast.errors import DeadlineExceeded, DeviceRefused, HostToolMissing
from holdfast.journal import DestructionKind, Ledger

__all__ = ["Fastboot", "find_fastboot"]

_VERSION = re.compile(r"fastboot version (\S+)")
_VARIABLE = re.compile(r"[a-z0-9:_.-]{1,64}", re.IGNORECASE)
_PARTITION = re.compile(r"[a-z0-9_-]{1,36}", re.IGNORECASE)
# What a run had begun must not go on behind its back: the next one may have the device by then.
# stdin is a pipe from us, which closes when this process ends, even by SIGKILL. A process that is
# stopped loses its leases after a minute: what destroys ends before, after six looks at it.
# $1: the seconds between two looks, if any; the rest: the program.
_TIED_TO_US = """
every=$1; shift
exec 3<&0 </dev/null
"$@" 3<&- & program=$!
exec >/dev/null 2>&1
{ read -r _ <&3; kill -KILL $program; } & watchers=$!
exec 3<&-
[ -z "$every" ] || {
  trap 'kill $nap; exit' TERM
  stopped=0
  while [ $stopped -lt 6 ]; do
    sleep "$every" & nap=$!
    wait $nap
    case $(sed 's/.*) //' /proc/$PPID/stat) in
      [Tt]*) stopped=$((stopped + 1)) ;;
      *) stopped=0 ;;
    esac
  done
  kill -KILL $program
} & watchers="$watchers $!"
wait $program; status=$?
kill $watchers
exit $status
"""
_LOOK_EVERY_S = 5.0
_PERMIT_EVERY_S = 1.0
_LOCAL_TROUBLE = ("cannot load", "cannot open", "cannot generate", "failed to read", "couldn't")


def find_fastboot(environment: Mapping[str, str] = os.environ) -> Path:
    """The program on PATH or in ANDROID_HOME. Raises HostToolMissing."""
    on_path = shutil.which("fastboot", path=environment.get("PATH"))
    if on_path:
        return Path(on_path)
    for name in ("ANDROID_HOME", "ANDROID_SDK_ROOT"):
        candidate = Path(environment.get(name) or "/nonexistent") / "platform-tools" / "fastboot"
        if candidate.is_file():
            return candidate
    raise HostToolMissing(
        "there is no `fastboot` on PATH or in ANDROID_HOME: install Google's platform-tools "
        "(Debian: apt-get install fastboot, which knows no dynamic partitions)"
    )


class Fastboot:
    """One device's bootloader or fastbootd.

    `serial` is what `fastboot -s` takes: a USB serial or `tcp:HOST:PORT`. Every command ends by its
    deadline, and with this process; what destroys something goes through the ledger first. `permit`
    is asked before each and while it runs: it raises LeaseLost once the device is somebody else's.
    """

    def __init__(
        self,
        *,
        device: str,
        serial: str,
        program: Path,
        ledger: Ledger,
        permit: Callable[[], None] = lambda: None,
    ) -> None:
        self._permit = permit
        self._device = device
        self._serial = serial
        self._program = program
        self._ledger = ledger

    def version(self, *, deadline: Deadline) -> str:
        """The program's version, such as `35.0.2-12147458`. HostToolMissing if it says none."""
        text = self._execute(["--version"], deadline=deadline, what="fastboot --version")[1]
        found = _VERSION.search(text)
        if not found:
            raise HostToolMissing(f"{self._program} is no fastboot: it says {text[:80]!r}")
        return found[1]

    def answers(self, *, deadline: Deadline) -> bool:
        """Whether a bootloader or fastbootd answers now. The deadline is all that it waits."""
        try:
            self.variable("product", deadline=deadline)
        except DeadlineExceeded:
            return False
        return True

    def variable(self, name: str, *, deadline: Deadline) -> str:
        """`fastboot getvar`. DeviceRefused if there is no such variable."""
        if not _VARIABLE.fullmatch(name):
            raise ValueError(f"no fastboot variable is called {name!r}")
        text = self.run(["getvar", name], deadline=deadline)
        for line in text.splitlines():
            key, separator, value = line.partition(": ")
            if separator and key.strip() == name:
                return value.strip()
        return ""

    @property
    def _s(self) -> list[str]:
        return ["-s", self._serial]

    def in_fastbootd(self, *, deadline: Deadline) -> bool:
        """Whether it is the userspace fastbootd that answers, not the bootloader."""
        try:
            return self.variable("is-userspace", deadline=deadline) == "yes"
        except DeviceRefused:
            return False

    def flash(self, partition: str, image: Path, *, deadline: Deadline) -> None:
        self._destructive(
            ["flash", _partition(partition), str(image)], DestructionKind.FLASH, partition, deadline
        )

    def erase(self, partition: str, *, deadline: Deadline) -> None:
        kind = DestructionKind.FLASH
        if partition in ("userdata", "metadata", "cache"):
            kind = DestructionKind.WIPE_USERDATA
        self._destructive(["erase", _partition(partition)], kind, partition, deadline)

    def wipe_user_data(self, *, deadline: Deadline) -> None:
        """`fastboot -w`: userdata, and cache and metadata where there are any."""
        self._destructive(["-w"], DestructionKind.WIPE_USERDATA, "userdata", deadline)

    def update(self, package: Path, *, wipe: bool, deadline: Deadline) -> None:
        """Flash an update ZIP (with `android-info.txt` and images), without rebooting.

        DeviceRefused carries fastboot's own words where the ZIP's requirements are not met.
        """
        if wipe:
            self._record(DestructionKind.WIPE_USERDATA, "userdata", "fastboot -w")
        options = ["-w"] if wipe else []
        self._destructive(
            [*options, "--skip-reboot", "update", str(package)],
            DestructionKind.FLASH,
            package.name,
            deadline,
        )

    def set_active(self, slot: str, *, deadline: Deadline) -> None:
        self.run(["set_active", slot], deadline=deadline)

    def reboot(self, target: str = "", *, deadline: Deadline) -> None:
        """Reboot into Android, or into `bootloader`, `fastboot` or `recovery`."""
        self.run(["reboot", *([target] if target else [])], deadline=deadline)

    def run(
        self, arguments: Sequence[str], *, deadline: Deadline, look_every_s: float | None = None
    ) -> str:
        """What fastboot printed. DeviceRefused if it failed, DeadlineExceeded if it did not end."""
        what = "fastboot " + " ".join(arguments)
        status, text = self._execute(
            [*self._s, *arguments], deadline=deadline, what=what, look_every_s=look_every_s
        )
        if status == 0:
            return text
        if any(words in text.lower() for words in _LOCAL_TROUBLE):
            raise HostToolMissing(f"{what}: {text.strip()[-300:]}", device=self._device)
        raise DeviceRefused(what, answer=text.strip()[-500:], device=self._device)

    def _destructive(
        self, arguments: Sequence[str], kind: DestructionKind, target: str, deadline: Deadline
    ) -> None:
        self._record(kind, target, "fastboot " + " ".join(arguments))
        self.run(arguments, deadline=deadline, look_every_s=_LOOK_EVERY_S)

    def _record(self, kind: DestructionKind, target: str, command: str) -> None:
        self._ledger.record(device=self._device, kind=kind, target=target, command=command)

    def _execute(
        self,
        arguments: Sequence[str],
        *,
        deadline: Deadline,
        what: str,
        look_every_s: float | None = None,
    ) -> tuple[int, str]:
        self._permit()
        deadline.require(what, device=self._device)
        if not os.access(self._program, os.X_OK):
            raise HostToolMissing(f"{self._program} cannot be run: it is no program")
        every = "" if look_every_s is None else str(look_every_s)
        tied = ["/bin/sh", "-c", _TIED_TO_US, "fastboot", every]
        command = [*tied, str(self._program), *arguments]
        theirs, ours = os.pipe()
        with (
            os.fdopen(ours, "wb") as held,
            subprocess.Popen(
                command, stdin=theirs, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
            ) as process,
        ):
            os.close(theirs)
            try:
                said = self._watched(process, deadline, what)
            finally:
                held.close()
        return process.returncode, said.decode("utf-8", "replace")

    def _watched(self, process: subprocess.Popen[bytes], deadline: Deadline, what: str) -> bytes:
        while True:
            try:
                return process.communicate(timeout=min(_PERMIT_EVERY_S, deadline.remaining_s))[0]
            except subprocess.TimeoutExpired as error:
                if deadline.passed:
                    seen = (error.output or b"").decode("utf-8", "replace").strip()[-200:]
                    raise DeadlineExceeded(
                        what,
                        allowed_s=deadline.allowed_s,
                        last_seen=seen or None,
                        device=self._device,
                    ) from error
                self._permit()


def _partition(name: str) -> str:
    if not _PARTITION.fullmatch(name):
        raise ValueError(f"no partition is called {name!r}")
    return name
