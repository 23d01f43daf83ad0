"""Putting a workbench together from what is known of a device. Nothing is connected by it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from holdfast.deadline import Clock, Deadline
from holdfast.device.adb import AdbLink
from holdfast.device.adb_files import AdbFiles
from holdfast.device.adb_shell import AdbShell
from holdfast.device.bootloader import Fastboot, find_fastboot
from holdfast.device.guard import GuardedShell
from holdfast.device.power import Power
from holdfast.device.ui_server import UiServer
from holdfast.firmware.controls import DeviceControls, FastbootPort, PowerSwitch
from holdfast.firmware.transfer import Transfer
from holdfast.firmware.workbench import Workbench
from holdfast.journal import Journal, Ledger

__all__ = ["Reach", "assemble"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Reach:
    """How one piece of hardware is reached, under each of its names.

    `serialno` is the hardware's, if it is declared. `fastboot` is a USB serial or `tcp:HOST:PORT`;
    None if the lab does not see its bootloader.
    """

    name: str
    serial: str
    adb_host: str
    adb_port: int
    serialno: str = ""
    fastboot: str | None = None
    fastboot_program: Path | None = None


def assemble(
    reach: Reach,
    *,
    journal: Journal,
    ledger: Ledger,
    clock: Clock,
    may_destroy: bool,
    switch: PowerSwitch | None = None,
    restore: Callable[[str, Deadline], None] | None = None,
    accept_key: Callable[[Deadline], None] | None = None,
    say: Callable[[str], None] = lambda _sentence: None,
    permit: Callable[[], None] = lambda: None,
) -> Workbench:
    """`permit` is asked before each use of the device. HostToolMissing if a bootloader is to be
    reached and this host has no `fastboot`."""
    link = AdbLink(
        device=reach.name,
        serial=reach.serial,
        server_port=reach.adb_port,
        server_host=reach.adb_host,
        permit=permit,
    )
    files = AdbFiles(link)
    # The old shell protocol works on every version, and what it lacks is not needed here.
    plain = AdbShell(link, files, shell_v2=False)
    shell = GuardedShell(plain, device=reach.name, ledger=ledger)
    fastboot = _fastboot(reach, ledger, permit)
    port = FastbootPort(fastboot, serial=reach.fastboot or "") if fastboot else None
    return Workbench(
        controls=DeviceControls(
            link=link, shell=plain, fastboot=port, switch=switch, say=say, accept_key=accept_key
        ),
        shell=shell,
        power=Power(link, shell, clock=clock),
        fastboot=fastboot,
        transfer=Transfer(link, shell, files, journal),
        ui=UiServer(link, shell, files, clock=clock),
        restore=restore,
        may_destroy=may_destroy,
        serialno=reach.serialno,
        journal=journal,
        ledger=ledger,
    )


def _fastboot(reach: Reach, ledger: Ledger, permit: Callable[[], None]) -> Fastboot | None:
    if reach.fastboot is None:
        return None
    program = reach.fastboot_program or find_fastboot()
    return Fastboot(
        device=reach.name, serial=reach.fastboot, program=program, ledger=ledger, permit=permit
    )
