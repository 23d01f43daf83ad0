"""Deliver a firmware update below an app that stays as it is.

Afterwards the phone runs what the package leads to, or it does not; and what it does to the app's
data is looked at as behind any other update.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from holdfast.android.answers import InstallAnswer
from holdfast.deadline import Deadline, wait_until
from holdfast.device.device import Device
from holdfast.errors import DeviceRefused, LabError
from holdfast.firmware.ota_package import OtaPackage, read_ota_package
from holdfast.firmware.preparation import Goal, Preparation, UserData, Work
from holdfast.firmware.prepare import Bench, carry_out, declared
from holdfast.firmware.states import Action, Mode
from holdfast.scenario.evidence import AppFate
from holdfast.scenario.result import Route, ScenarioPlan, UpdateKind
from holdfast.scenario.routes import Arrival
from holdfast.scenario.watched import Happened, Run

__all__ = ["DoesNotStart", "FirmwareOffer", "fate_of_firmware", "not_offered", "update_firmware"]

_GOALS = {Route.SIDELOAD: Goal.SIDELOAD, Route.OTA: Goal.OTA}
_DELIVERING = frozenset({Work.SEND_PACKAGE, Work.APPLY_UPDATE})
# Where adb or fastboot see a phone whose Android does not start. One that nobody sees may be the
# lab's loss.
_DOWN = frozenset({Mode.BOOT_LOOP, Mode.RECOVERY, Mode.BOOTLOADER})
_LOOKS_S = 60.0


@dataclass(frozen=True, kw_only=True, slots=True)
class FirmwareOffer:
    """The firmware update that devices.yaml names for a device, and the bench that delivers it."""

    bench: Bench
    package: Path


class DoesNotStart(Exception):
    """Android does not start on the new firmware: nobody gets at their data. The text says how."""


def not_offered(plan: ScenarioPlan, *, offer: FirmwareOffer | None, device: Device) -> str:
    """Why this device gets no firmware update by this route; empty if it does, or none is asked."""
    if plan.update is not UpdateKind.FIRMWARE:
        return "only a firmware update takes this route" if plan.route.of_firmware else ""
    if plan.route not in _GOALS:
        return "a firmware update comes by sideload or by ota"
    if offer is None:
        return "devices.yaml names no firmware_update for this device"
    package = read_ota_package(offer.package)
    if package.wipes_user_data:
        return "the firmware update is declared to wipe user data"
    return _no_ab(package, device) if plan.route is Route.OTA else ""


def _no_ab(package: OtaPackage, device: Device) -> str:
    if package.payload is None:
        return "the firmware update is for recovery: it has no payload for a second slot"
    if device.build.build_type == "user":
        return "only root may drive update_engine, and this is a user build"
    return ""


def fate_of_firmware(runs: str, wanted: str) -> AppFate:
    """From build fingerprints: what runs, and what the package leads to."""
    return AppFate.UPDATED if runs == wanted else AppFate.UNTOUCHED


def update_firmware(run: Run, offer: FirmwareOffer) -> Happened:
    """Deliver the package, and wait for Android. DoesNotStart if that is down by then; LabError if
    the lab lost the device."""
    device, bench = run.device, offer.bench
    plan = Preparation(goal=_GOALS[run.plan.route], user_data=UserData.KEEP, package=offer.package)
    with device.journal.step(f"deliver the firmware update by {run.plan.route}"):
        device.close()
        wanted = bench.target_build(plan, device.build)
        device.journal.fact("firmware.wanted", wanted)
        refusal = _deliver(bench, plan, run.deadline)
        _start(run, bench)
        device.journal.fact("build.after", device.build.fingerprint)
    return Happened(
        arrival=Arrival(
            sent=f"{run.plan.route} {offer.package.name}",
            answer=_answer(refusal, runs=device.build.fingerprint, wanted=wanted),
        ),
        dialogs=(),
        gaps=(),
        blinks=(),
        answers=(),
        destroyed=(None, None),
        after=device.packages.record(run.package_name, deadline=run.step()),
        firmware=wanted,
    )


def _deliver(bench: Bench, plan: Preparation, deadline: Deadline) -> str:
    """Into the device with it; the device's own words if it will not have it. Settings are not
    touched: what an update does to them is to be seen."""
    with declared(bench, plan):
        for stage in plan.stages(bootloader=bench.bootloader):
            if stage.work in _DELIVERING:
                try:
                    carry_out(bench, stage, plan, deadline)
                except DeviceRefused as error:
                    return error.answer
    return ""


def _start(run: Run, bench: Bench) -> None:
    """Into Android, out of wherever the package was delivered."""
    deadline = run.deadline.within(run.limits.boot_s)
    try:
        if run.plan.route is Route.OTA:
            run.device.reboot(deadline=deadline)
        else:
            _leave_recovery(bench, deadline.within(_LOOKS_S))
            run.device.came_back(deadline=deadline)
    except LabError as error:
        mode = _mode_at_last(bench, Deadline.after(_LOOKS_S, clock=run.device.clock))
        if mode in _DOWN:
            raise DoesNotStart(f"Android does not start: the phone is in mode {mode}") from error
        raise


def _leave_recovery(bench: Bench, deadline: Deadline) -> None:
    """Out of the menu that it goes back to behind a package, unless it restarts by itself."""

    def told() -> bool:
        mode = bench.controls.mode(deadline)
        if mode in (Mode.RECOVERY, Mode.SIDELOAD):
            with suppress(LabError, DeviceRefused):  # it is just leaving that mode by itself
                bench.controls.carry_out(Action.ADB_REBOOT, deadline)
                return True
        return mode in (Mode.BOOTING, Mode.SYSTEM, Mode.BOOT_LOOP)

    wait_until(told, deadline, what="recovery's menu", every_s=0.2, device=bench.controls.name)


def _mode_at_last(bench: Bench, deadline: Deadline) -> Mode:
    """A loop is known by its second round, so one look does not tell."""
    seen = bench.controls.mode(deadline)

    def down() -> bool:
        nonlocal seen
        seen = bench.controls.mode(deadline)
        return seen in _DOWN

    with suppress(LabError):
        wait_until(down, deadline, what="a mode that tells why", every_s=0.2)
    return seen


def _answer(refusal: str, *, runs: str, wanted: str) -> InstallAnswer:
    """In the terms of the app's updates: whether it went in, and in whose words not."""
    if refusal:
        return InstallAnswer(raw=refusal, success=False)
    if runs != wanted:
        return InstallAnswer(
            raw=f"the package was taken, and the phone runs {runs} as before", success=False
        )
    return InstallAnswer(raw=f"it runs {runs}", success=True)
