"""A virtual device, started for the run: a process, and an adb server that nobody else uses."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import adbutils

from holdfast.deadline import Deadline, wait_until
from holdfast.errors import (
    ConfigurationError,
    DeadlineExceeded,
    HoldfastError,
    HostToolMissing,
    LabError,
)
from holdfast.lab.adb_host import AdbHost, AdbServerSilent
from holdfast.lab.attached import wait_for_device
from holdfast.lab.inventory import VirtualSpec
from holdfast.lab.process import GuardedProcess, ProgramEnded
from holdfast.lab.provider import Endpoint, Say

__all__ = ["PrivateAdbServer", "VirtualProvider", "complaint_about", "made_firmware_update"]

VIRTUAL_DEVICE = (sys.executable, "-m", "virtualdevice")
_EXIT_HOST_CANNOT = 3
_EXIT_CONFIGURATION = 4
_ATTEMPTS = 5
_SHOW_S = 30.0
# Variables that a child needs to run at all. None of the user's adb settings are among them.
_PASSED_ON = ("PATH", "LANG", "LC_ALL", "TMPDIR", "TZ", "PYTHONPATH", "VIRTUAL_ENV")


def _environment() -> dict[str, str]:
    return {name: os.environ[name] for name in _PASSED_ON if name in os.environ}


class PrivateAdbServer:
    """An adb server on a port of its own, with keys of its own, that scans for nothing."""

    def __init__(self, *, device: str) -> None:
        self._device = device
        self._process = GuardedProcess(title="the private adb server", device=device)

    def start(self, deadline: Deadline) -> AdbHost:
        """Its address, once it answers. A port that somebody else takes first is tried anew."""
        for attempt in range(_ATTEMPTS):
            port = _free_port()
            self._process.start(
                [str(adbutils.adb_path()), "-P", str(port), "server", "nodaemon"],
                environment={
                    **_environment(),
                    "ADB_EMU": "0",  # the ports 5555 to 5585 are not taken for emulators
                    "ADB_MDNS": "0",
                    "ADB_USB": "0",
                    "ADB_LIBUSB": "0",
                    "ANDROID_ADB_SERVER_PORT": str(port),
                },
            )
            adb = AdbHost(host="127.0.0.1", port=port, device=self._device)
            try:
                self._wait_for_answer(adb, deadline)
            except ProgramEnded:
                self.stop(deadline)
                if attempt == _ATTEMPTS - 1:
                    raise
            except LabError:
                self.stop(deadline)
                raise
            else:
                return adb
        raise AssertionError("unreachable: the last attempt returns or raises")

    @property
    def home(self) -> Path:
        """Where its keys are, until it stops."""
        return self._process.scratch

    def stop(self, deadline: Deadline) -> None:
        self._process.stop(deadline)

    def _wait_for_answer(self, adb: AdbHost, deadline: Deadline) -> None:
        def answers() -> bool:
            if not self._process.running:
                self._process.require_running(deadline)
            try:
                return adb.version(deadline.within(5.0)) > 0
            except AdbServerSilent:
                return False

        what = "the private adb server's first answer"
        wait_until(answers, deadline, what=what, every_s=0.03, device=self._device)


def _personality(word: str, folder: Path) -> str:
    """A name that the program knows, or a file."""
    return str(folder / word) if word.endswith((".yaml", ".yml")) else word


@contextmanager
def made_firmware_update(spec: VirtualSpec, *, folder: Path, deadline: Deadline) -> Iterator[Path]:
    """The package from a device's own firmware to that of its `firmware_update`, as long as this
    lasts. ConfigurationError if there is no such firmware."""
    target = _personality(spec.firmware_update or "", folder)
    source = _personality(spec.personality, folder)
    with tempfile.TemporaryDirectory(prefix="holdfast-firmware-") as scratch:
        package = Path(scratch) / "update.zip"
        command = [*VIRTUAL_DEVICE, "ota", "build", "--from", source, "--to", target]
        try:
            done = subprocess.run(
                [*command, "-o", str(package)], env=_environment(), capture_output=True, text=True,
                timeout=deadline.remaining_s, check=False,
            )  # fmt: skip
        except subprocess.TimeoutExpired as error:
            raise DeadlineExceeded(
                "making the firmware update", allowed_s=deadline.allowed_s, device=spec.name
            ) from error
        said = done.stderr.strip().rpartition("\n")[2].removeprefix("virtualdevice: ")
        if done.returncode == _EXIT_CONFIGURATION:
            raise ConfigurationError(f"device {spec.name}: firmware_update: {said}")
        if done.returncode:
            raise LabError(f"its firmware update cannot be made: {said}", device=spec.name)
        yield package


def _known_address(value: object) -> str | None:
    """An address with a port that is not yet open says port 0."""
    return value if isinstance(value, str) and not value.endswith(":0") else None


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def _described(spec: VirtualSpec, folder: Path) -> list[str]:
    """The device as the program takes it."""
    described = [_personality(spec.personality, folder)]
    for defect in spec.defects:
        described += ["--defect", defect]
    for key, value in spec.settings.items():
        described += ["--set", f"{key}={value}"]
    return described


def complaint_about(spec: VirtualSpec, *, folder: Path) -> str:
    """Why there can be no such device: its personality, a defect, a setting or its update is not
    known. Empty if there can. Nothing is started for it."""
    wrong = _shown(_described(spec, folder))
    update = spec.firmware_update or ""
    if not wrong and update and not update.endswith(".zip"):
        wrong = _shown([_personality(update, folder)])
    return wrong


def _shown(described: Sequence[str]) -> str:
    try:
        done = subprocess.run(
            [*VIRTUAL_DEVICE, "show", *described],
            capture_output=True,
            stdin=subprocess.DEVNULL,
            timeout=_SHOW_S,
            check=False,
            env=_environment(),
        )
    except (OSError, subprocess.SubprocessError) as error:
        return f"the virtual device's program cannot be run: {error}"
    if done.returncode == 0:
        return ""
    last = done.stderr.decode("utf-8", "replace").strip().rpartition("\n")[2]
    return last.removeprefix("virtualdevice: ") or f"it ended with exit status {done.returncode}"


class VirtualProvider:
    """Starts and stops one virtual device. `folder` is where a relative personality file lies;
    `program` is the command that runs one."""

    def __init__(
        self, spec: VirtualSpec, *, folder: Path, program: Sequence[str] = VIRTUAL_DEVICE
    ) -> None:
        self._spec = spec
        self._folder = folder
        self._state = (folder / spec.state).resolve() if spec.state else None
        self._command_line = program
        self._program = GuardedProcess(title="the virtual device", device=spec.name)
        self._server = PrivateAdbServer(device=spec.name)

    @property
    def resource(self) -> str:
        """Each run starts its own; a disk that is kept is for one run at a time."""
        if self._state is not None:
            return f"virtual/{self._state}"
        return f"virtual/{os.getpid()}/{self._spec.name}"

    def start(self, deadline: Deadline, *, say: Say) -> Endpoint:
        try:
            self._program.start(self._command(), environment=_environment())
            adb = self._server.start(deadline)
            ready = self._ready(deadline)
            serial = str(ready["adb"])
            wait_for_device(
                adb, serial, deadline, authorise=deadline, say=say, accept_key=self.accept_key
            )
        except HoldfastError:
            self.stop(Deadline.after(10.0, clock=deadline.clock))
            raise
        return Endpoint(
            serial=serial,
            adb_host=adb.host,
            adb_port=adb.port,
            fastboot=_known_address(ready.get("fastboot")),
            restore=self.restore,
            accept_key=self.accept_key,
        )

    def save(self, name: str, deadline: Deadline) -> None:
        """Keep its user data under a name; it restarts. LabError."""
        self._ask(f"save {name}", deadline)

    def restore(self, name: str, deadline: Deadline) -> None:
        """Back to the user data of that name; it restarts. LabError if there is none."""
        self._ask(f"restore {name}", deadline)

    def accept_key(self, deadline: Deadline) -> None:
        """Tap OK in its dialog about the lab's adb key, as soon as that is there. LabError."""

        def tapped() -> bool:
            self._program.tell("accept adb_key")
            return self._answer(deadline).get("event") == "accepted"

        what = "the dialog about this lab's adb key"
        wait_until(tapped, deadline, what=what, every_s=0.1, device=self._spec.name)

    def _ask(self, command: str, deadline: Deadline) -> None:
        if "\n" in command:
            raise ValueError(f"no snapshot is called {command!r}")
        self._program.tell(command)
        answer = self._answer(deadline)
        if answer.get("event") == "refused":
            raise LabError(f"{command}: {answer.get('reason')}", device=self._spec.name)

    def _answer(self, deadline: Deadline) -> dict[str, object]:
        line = self._program.read_line(deadline)
        try:
            answer = json.loads(line)
        except ValueError:
            answer = None
        if not isinstance(answer, dict):
            raise LabError(
                f"the virtual device said {line[:200]!r}, which nobody understands",
                device=self._spec.name,
            )
        return answer

    @property
    def last_words(self) -> str:
        """What the device's process said before it ended by itself; empty while it runs."""
        if self._program.running:
            return ""
        said = self._program.complaint.rpartition("\n")[2]
        return said or "the virtual device ended by itself and said nothing"

    def stop(self, deadline: Deadline) -> None:
        self._server.stop(deadline)
        self._program.stop(deadline)

    def _command(self) -> list[str]:
        command = [*self._command_line, "run", *_described(self._spec, self._folder)]
        command += ["--json", "--until-stdin-closes"]
        if self._state is not None:
            command += ["--state", str(self._state)]
        return command

    def _ready(self, deadline: Deadline) -> dict[str, object]:
        try:
            ready = self._answer(deadline)
        except ProgramEnded as error:
            said = str(error).replace("virtualdevice: ", "")
            if error.exit_status == _EXIT_CONFIGURATION:
                raise ConfigurationError(f"device {said}") from error
            if error.exit_status == _EXIT_HOST_CANNOT:
                raise HostToolMissing(said) from error
            raise
        if "adb" not in ready:
            raise LabError(
                f"the virtual device said {ready} instead of that it is ready",
                device=self._spec.name,
            )
        return ready
