"""A virtual phone that keeps its disk and ports over power cuts, by the real adb and fastboot."""

from __future__ import annotations

import json
import os
import shutil
import socket
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from holdfast.deadline import Deadline, SystemClock
from holdfast.firmware.assembly import Reach, assemble
from holdfast.firmware.reach import reach_mode
from holdfast.firmware.states import Action, Mode
from holdfast.firmware.workbench import Workbench
from holdfast.journal import Journal, Ledger
from holdfast.lab.adb_host import AdbHost
from holdfast.lab.process import GuardedProcess
from holdfast.lab.virtual import PrivateAdbServer

__all__ = ["Phone", "phone"]

START_S = 60.0
_PASSED_ON = ("PATH", "LANG", "PYTHONPATH", "VIRTUAL_ENV", "TMPDIR")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


class Phone:
    """`cycle` is its power switch. `firmware` is the personality that the next start boots: what a
    flash would change on a phone."""

    def __init__(self, firmware: str, adb: AdbHost, state: Path, more: Sequence[str] = ()) -> None:
        self._more = more
        self.firmware = firmware
        self.state = state
        self.cycles = 0
        self.journal = Journal()
        self.ledger = Ledger(self.journal)
        self._adb = adb
        self._ports = (_free_port(), _free_port())
        self._process = GuardedProcess(title="the virtual phone", device="phone")

    @property
    def serial(self) -> str:
        return f"127.0.0.1:{self._ports[0]}"

    @property
    def adb_port(self) -> int:
        return self._adb.port

    @property
    def fastboot(self) -> str:
        return f"tcp:127.0.0.1:{self._ports[1]}"

    def on(self) -> None:
        command = [sys.executable, "-m", "virtualdevice", "run", self.firmware, "--json"]
        command += ["--state", str(self.state), "--port", str(self._ports[0])]
        command += ["--fastboot-port", str(self._ports[1]), "--until-stdin-closes"]
        command += self._more
        environment = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
        self._process.start(command, environment=environment)
        told = json.loads(self._process.read_line(Deadline.after(START_S)))
        assert told["event"] == "ready"

    def off(self) -> None:
        self._process.stop(Deadline.after(20.0))

    def cycle(self, deadline: Deadline, *, to_bootloader: bool) -> None:
        self.cycles += 1
        self.off()
        self.on()
        if to_bootloader:
            controls = self.bench(power=False).controls
            reach_mode(controls, Mode.SYSTEM, deadline, self.journal)
            controls.carry_out(Action.ADB_REBOOT_BOOTLOADER, deadline)

    def bench(self, *, power: bool = True) -> Workbench:
        reach = Reach(
            name="phone",
            serial=self.serial,
            adb_host=self._adb.host,
            adb_port=self._adb.port,
            fastboot=self.fastboot,
        )
        return assemble(
            reach,
            journal=self.journal,
            ledger=self.ledger,
            clock=SystemClock(),
            may_destroy=True,
            switch=self if power else None,
        )


@contextmanager
def phone(firmware: str, *, more: Sequence[str] = ()) -> Iterator[Phone]:
    """A phone that is on; `more` are options of the virtual device. Skips, in words, where none can
    run."""
    if shutil.which("fastboot") is None:
        pytest.skip("fastboot is not installed: 'apt-get install fastboot'")
    server = PrivateAdbServer(device="phone")
    state = Path(tempfile.mkdtemp(prefix="holdfast-phone-"))
    state.chmod(0o755)  # the device's own ids must reach its disk
    try:
        made = Phone(firmware, server.start(Deadline.after(START_S)), state, more)
        try:
            made.on()
            yield made
        finally:
            made.off()
    finally:
        server.stop(Deadline.after(10.0))
        shutil.rmtree(state, ignore_errors=True)
