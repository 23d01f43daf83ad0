"""A virtual phone that keeps its disk and ports over power cuts, by the real adb and fastboot."""

from __future__ import annotations

import json
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from holdfast.deadline import Deadline, SystemClock, wait_until
from holdfast.device.adb import AdbLink
from holdfast.device.adb_files import AdbFiles
from holdfast.device.adb_shell import AdbShell
from holdfast.device.bootloader import Fastboot, find_fastboot
from holdfast.firmware.assembly import Reach, assemble
from holdfast.firmware.workbench import Workbench
from holdfast.journal import Journal, Ledger
from holdfast.lab.adb_host import AdbHost
from holdfast.lab.process import GuardedProcess
from holdfast.lab.virtual import PrivateAdbServer
from selftests.ports import free_port

__all__ = ["Phone", "phone"]

START_S = 60.0
_PASSED_ON = ("PATH", "LANG", "PYTHONPATH", "VIRTUAL_ENV", "TMPDIR")


class Phone:
    """`cycle` is its power switch. `firmware` is the personality that it came with, `faults` are
    those of the next start alone. Its disk outlives its power; `new_disk` is another phone."""

    def __init__(self, firmware: str, adb: AdbHost, state: Path, more: Sequence[str] = ()) -> None:
        self._more = more
        self.firmware = firmware
        self.state = state
        self.faults: Sequence[str] = ()
        self.cycles = 0
        self.journal = Journal()
        self.ledger = Ledger(self.journal)
        self._adb = adb
        self._ports = (free_port(), free_port())
        self._process = GuardedProcess(title="the virtual phone", device="phone")

    @property
    def serial(self) -> str:
        return f"127.0.0.1:{self._ports[0]}"

    @property
    def link(self) -> AdbLink:
        return AdbLink(device="phone", serial=self.serial, server_port=self._adb.port)

    @property
    def shell(self) -> AdbShell:
        """Past the ledger: what a test does to a phone."""
        return AdbShell(self.link, AdbFiles(self.link), shell_v2=False)

    @property
    def bootloader(self) -> Fastboot:
        return Fastboot(
            device="phone", serial=self.fastboot, program=find_fastboot(), ledger=self.ledger
        )

    @property
    def adb_port(self) -> int:
        return self._adb.port

    @property
    def fastboot(self) -> str:
        return f"tcp:127.0.0.1:{self._ports[1]}"

    def on(self, *, to_bootloader: bool = False) -> None:
        """`to_bootloader`: with the volume key held down."""
        command = [sys.executable, "-m", "virtualdevice", "run", self.firmware, "--json"]
        command += ["--state", str(self.state), "--port", str(self._ports[0])]
        command += ["--fastboot-port", str(self._ports[1]), "--until-stdin-closes"]
        command += self._more
        command += ["--to-bootloader"] if to_bootloader else []
        for fault in self.faults:
            command += ["--fault", fault]
        self.faults = ()
        environment = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
        self._process.start(command, environment=environment)
        told = json.loads(self._process.read_line(Deadline.after(START_S)))
        assert told["event"] == "ready"

    def off(self) -> None:
        self._process.stop(Deadline.after(20.0))

    def new_disk(self) -> None:
        """It must be off."""
        shutil.rmtree(self.state)
        self.state.mkdir(mode=0o755)

    def save(self, name: str, deadline: Deadline) -> None:
        assert self._ask(f"save {name}", deadline) == "saved"

    def restore(self, name: str, deadline: Deadline) -> None:
        assert self._ask(f"restore {name}", deadline) == "restored"

    def accept_key(self, deadline: Deadline) -> None:
        def tapped() -> bool:
            return self._ask("accept adb_key", deadline) == "accepted"

        wait_until(tapped, deadline, what="the dialog about the key")

    def _ask(self, command: str, deadline: Deadline) -> str:
        self._process.tell(command)
        event: str = json.loads(self._process.read_line(deadline))["event"]
        return event

    def cycle(self, deadline: Deadline, *, to_bootloader: bool) -> None:
        self.cycles += 1
        self.off()
        self.on(to_bootloader=to_bootloader)

    @property
    def serialno(self) -> str:
        return (self.state / "serialno").read_text(encoding="ascii").strip()

    def bench(self, *, power: bool = True, hand: bool = True, serialno: str = "") -> Workbench:
        """`power`: the lab can switch it; `hand`: somebody accepts adb's key on its screen."""
        reach = Reach(
            name="phone",
            serial=self.serial,
            adb_host=self._adb.host,
            adb_port=self._adb.port,
            fastboot=self.fastboot,
            serialno=serialno,
        )
        return assemble(
            reach,
            journal=self.journal,
            ledger=self.ledger,
            clock=SystemClock(),
            may_destroy=True,
            switch=self if power else None,
            restore=self.restore,
            accept_key=self.accept_key if hand else None,
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
