"""Deliver a firmware update below an app that stays as it is.

Whatever comes between (a lost link, a lost power supply, a build that does not boot), in the end
the phone runs the build from before or the one that the package leads to, and the app's data is
looked at as behind any other update. LabError if it does not: whoever holds the device brings it
back, or puts it into quarantine.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from holdfast.android.answers import InstallAnswer
from holdfast.deadline import Deadline, wait_until
from holdfast.device.device import Device
from holdfast.errors import ConfigurationError, DeviceLost, DeviceRefused, LabError
from holdfast.firmware.ota_package import OtaPackage, read_ota_package
from holdfast.firmware.preparation import Goal, Preparation, UserData, Work
from holdfast.firmware.prepare import Bench, carry_out, declared
from holdfast.firmware.reach import reach_mode
from holdfast.firmware.states import Action, Mode
from holdfast.firmware.update_engine import ErrorCode
from holdfast.scenario.evidence import FirmwareFate
from holdfast.scenario.result import Route, ScenarioPlan, UpdateKind
from holdfast.scenario.routes import Arrival
from holdfast.scenario.watched import Happened, Run

__all__ = ["DoesNotStart", "FirmwareOffer", "not_offered", "update_firmware"]

_GOALS = {Route.SIDELOAD: Goal.SIDELOAD, Route.OTA: Goal.OTA}
_DELIVERING = frozenset({Work.SEND_PACKAGE, Work.APPLY_UPDATE})
# Where adb or fastboot see a phone whose Android does not start. One that nobody sees may be the
# lab's loss.
_DOWN = frozenset({Mode.BOOT_LOOP, Mode.RECOVERY, Mode.BOOTLOADER})
_LOOKS_S = 60.0
# An address that refused for long: what fastboot does not see at once is no mode that tells why.
_GLANCE_S = 5.0
# The lab's doing, and no judgement of the package: there was no room for it.
_NO_ROOM = f"error {int(ErrorCode.NOT_ENOUGH_SPACE)} "


@dataclass(frozen=True, kw_only=True, slots=True)
class FirmwareOffer:
    """The firmware update that devices.yaml names for a device, and the bench that delivers it.

    `fits`: the package has to go in. `streamed`: by ota, the phone reads it from this host.
    """

    bench: Bench
    package: Path
    fits: bool = True
    streamed: bool = False


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


def update_firmware(run: Run, offer: FirmwareOffer) -> Happened:
    """Deliver the package, and wait for Android. DoesNotStart if that is down by then; LabError if
    the lab lost the device, or if it runs what nobody declared."""
    device, base = run.device, run.device.build.fingerprint
    plan = Preparation(
        goal=_GOALS[run.plan.route],
        user_data=UserData.KEEP,
        package=offer.package,
        streamed=offer.streamed,
    )
    with device.journal.step(f"deliver the firmware update by {run.plan.route}"):
        device.about_to_restart()
        device.close()
        target = read_ota_package(offer.package).post_build
        delivered = _deliver(device, offer, plan, run.deadline)
        _start(run, offer.bench, well=delivered.well)
        runs = device.build.fingerprint
        device.journal.fact("build.after", runs)
    if runs not in (base, target):
        raise LabError(f"it runs {runs}, which nobody declared", device=device.name)
    return Happened(
        arrival=Arrival(
            sent=f"{run.plan.route} {offer.package.name}",
            answer=_answer(delivered, runs=runs, target=target),
        ),
        dialogs=(),
        gaps=(),
        blinks=(),
        answers=(),
        destroyed=(None, None),
        after=device.packages.record(run.package_name, deadline=run.step()),
        firmware=FirmwareFate(target=target, runs=runs, fits=offer.fits, trouble=delivered.trouble),
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class _Delivered:
    """`refusal`: in the words of whoever will not have it. `trouble`: what came between."""

    refusal: str = ""
    trouble: str = ""

    @property
    def well(self) -> bool:
        return not (self.refusal or self.trouble)


def _deliver(
    device: Device, offer: FirmwareOffer, plan: Preparation, deadline: Deadline
) -> _Delivered:
    """Into the device with it. Settings are not touched: what an update does to them is to be
    seen."""
    bench = offer.bench
    try:
        bench.target_build(plan, device.build)
        with declared(bench, plan):
            for stage in plan.stages(bootloader=bench.bootloader):
                if stage.work in _DELIVERING:
                    carry_out(bench, stage, plan, deadline)
    except ConfigurationError as error:
        if offer.fits:
            raise
        return _Delivered(refusal=str(error))
    except DeviceRefused as error:
        no_room = _NO_ROOM in error.answer
        return _Delivered(**{"trouble" if no_room else "refusal": str(error.answer)})
    except LabError as error:
        device.journal.fact("firmware.trouble", str(error))
        return _Delivered(trouble=str(error))
    return _Delivered()


def _start(run: Run, bench: Bench, *, well: bool) -> None:
    """Into Android, from wherever the package was delivered. `well`: nothing came between."""
    device = run.device
    deadline = run.deadline.within(run.limits.boot_s)
    try:
        if not well:
            reach_mode(bench.controls, Mode.SYSTEM, deadline, device.journal)
            device.came_back(deadline=deadline)
        elif run.plan.route is Route.OTA:
            device.reboot(deadline=deadline)
        else:
            _leave_recovery(bench, deadline.within(_LOOKS_S))
            device.came_back(deadline=deadline)
    except LabError as error:
        looks_s = _GLANCE_S if isinstance(error, DeviceLost) else _LOOKS_S
        mode = _mode_at_last(bench, Deadline.after(looks_s, clock=device.clock))
        if well and mode in _DOWN:
            raise DoesNotStart(f"Android does not start: the phone is in mode {mode}") from error
        again = Deadline.after(run.limits.boot_s, clock=device.clock)
        reach_mode(bench.controls, Mode.SYSTEM, again, device.journal)
        device.came_back(deadline=again)


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


def _answer(delivered: _Delivered, *, runs: str, target: str) -> InstallAnswer:
    """In the terms of the app's updates: whether it went in, and in whose words not."""
    if runs == target:
        return InstallAnswer(raw=f"it runs {runs}", success=True)
    story = delivered.refusal or delivered.trouble
    return InstallAnswer(
        raw=story or f"the package was taken, and the phone runs {runs} as before", success=False
    )
