"""The rungs by which a device of the lab can be brought back, from what its entry allows."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from holdfast.deadline import Deadline
from holdfast.firmware.prepare import prepare
from holdfast.firmware.reach import reach_mode
from holdfast.firmware.states import Action, Mode
from holdfast.firmware.workbench import Workbench
from holdfast.lab.attached import require_adb_server
from holdfast.lab.inventory import AttachedSpec
from holdfast.lab.recovery import Rung
from holdfast.scenario.bench import preparation_of

__all__ = ["RungTimes", "rungs_for"]


@dataclass(frozen=True, kw_only=True, slots=True)
class RungTimes:
    """How long each rung may take, the proof that the device is well again included."""

    reconnect_s: float = 45.0
    restart_adbd_s: float = 60.0
    reboot_s: float = 400.0
    usb_power_s: float = 400.0
    bootloader_s: float = 600.0
    reflash_s: float = 3600.0


def rungs_for(
    bench: Workbench, spec: AttachedSpec, *, folder: Path, times: RungTimes
) -> tuple[Rung, ...]:
    """From the gentlest; those that this lab's hardware does not allow are left out."""
    controls = bench.controls

    def act(action: Action, deadline: Deadline) -> None:
        controls.carry_out(action, deadline)

    def over_the_bootloader(deadline: Deadline) -> None:
        reach_mode(controls, Mode.BOOTLOADER, deadline, bench.journal)
        reach_mode(controls, Mode.SYSTEM, deadline, bench.journal)

    def reconnect(deadline: Deadline) -> None:
        require_adb_server(spec, deadline)
        act(Action.ADB_RECONNECT, deadline)

    rungs = [
        Rung(name="reconnect", bound_s=times.reconnect_s, act=reconnect),
        Rung(name="restart_adbd", bound_s=times.restart_adbd_s, act=bench.restart_adbd),
        Rung(name="reboot", bound_s=times.reboot_s, act=lambda d: act(Action.ADB_REBOOT, d)),
    ]
    if controls.power:
        rungs.append(
            Rung(
                name="usb_power",
                bound_s=times.usb_power_s,
                act=lambda d: act(Action.POWER_CYCLE, d),
            )
        )
    if bench.bootloader:
        bound_s = times.bootloader_s
        rungs.append(Rung(name="bootloader", bound_s=bound_s, act=over_the_bootloader))
    if spec.prepare is not None:
        wanted = preparation_of(spec.prepare, folder=folder)

        def reflash(deadline: Deadline) -> None:
            prepare(bench, wanted, deadline)

        rungs.append(Rung(name="reflash", bound_s=times.reflash_s, act=reflash, destroys=True))
    return tuple(rungs)
