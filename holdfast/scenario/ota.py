"""A firmware update and its users' data: base build → OTA package → verdict.

Whatever comes between (a lost link, a lost power supply, a build that does not boot), in the end
the device runs a build that was declared, or it is in quarantine, and it is said what became of
the data.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from holdfast.deadline import Deadline
from holdfast.device.device import Device
from holdfast.errors import ConfigurationError, DeviceRefused, HoldfastError, LabError
from holdfast.firmware.preparation import Preparation, UserData, Work
from holdfast.firmware.prepare import Prepared, WrongBuild, prepare
from holdfast.firmware.reach import reach_mode
from holdfast.firmware.states import Mode
from holdfast.firmware.update_engine import ErrorCode
from holdfast.firmware.workbench import Workbench
from holdfast.scenario.result import VerdictKind
from holdfast.userdata.collect import collect
from holdfast.userdata.detectors import detect
from holdfast.userdata.diff import Diff, diff
from holdfast.userdata.plant import plant
from holdfast.userdata.values import Snapshot

__all__ = ["Looked", "OtaResult", "Rescue", "decide_ota", "run_ota"]

_STEP_S = 180.0
_BACK_S = 600.0
# The lab's doing, and no judgement of the package: there was no room for it.
_NO_ROOM = f"error {int(ErrorCode.NOT_ENOUGH_SPACE)} "


@dataclass(frozen=True, kw_only=True, slots=True)
class Rescue:
    """What the lab does for a device; both are given a reason. `bring_back` climbs the ladder:
    LabError, with the device in quarantine, if no rung helps. `quarantine` takes it out."""

    bring_back: Callable[[str], None]
    quarantine: Callable[[str], None]


@dataclass(frozen=True, kw_only=True, slots=True)
class OtaResult:
    """`build` is the fingerprint of what runs in the end; empty with `quarantined`'s reason if
    nobody could tell. `data` is `kept`, `lost` or `not seen`; `trouble` what came between."""

    verdict: VerdictKind
    reasons: tuple[str, ...]
    build: str
    data: str
    quarantined: str = ""
    trouble: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Looked:
    """What the last look found; `build` None if the device could not be looked at."""

    build: str | None
    lost: tuple[str, ...] = ()
    unseen: tuple[str, ...] = ()


def run_ota(
    device: Device,
    bench: Workbench,
    preparation: Preparation,
    *,
    app: bytes,
    package_name: str,
    fits: bool = True,
    rescue: Rescue,
    deadline: Deadline,
) -> OtaResult:
    """Install `app` on the base build, write user data into it, bring the update, look again.

    `fits`: the package is one that has to go in. The device is in Android, on its base build. An
    error before the update begins goes to the caller; after that every error is in the result.
    """
    if preparation.user_data is not UserData.KEEP:
        raise ConfigurationError("an update that wipes user data proves nothing about it")
    for work in (Work.PROVE_READY, Work.APPLY_SETTINGS):
        bench.do(work, preparation, deadline.within(_STEP_S))
    base = bench.build(deadline.within(_STEP_S)).fingerprint
    before = _seeded(device, app, package_name, deadline)
    trouble: HoldfastError | None = None
    done: Prepared | None = None
    try:
        done = prepare(bench, preparation, deadline)
    except (LabError, DeviceRefused, ConfigurationError) as error:
        trouble = error
        device.journal.fact("ota.trouble", str(error))
    target = done.after.fingerprint if done else _target_of(bench, preparation)
    out = _back_in_android(device, bench, rescue, trouble)
    looked = Looked(build=None) if out else _look(device, bench, before)
    if looked.build and looked.build not in (base, target):
        out = f"it runs {looked.build}, which nobody declared"
        rescue.quarantine(out)
    return decide_ota(
        base=base, target=target, looked=looked, fits=fits, trouble=trouble, quarantined=out
    )


def _seeded(device: Device, app: bytes, package_name: str, deadline: Deadline) -> Snapshot:
    with device.journal.step("install the app and write user data into it"):
        answer = device.packages.install(app, ("-t",), deadline=deadline.within(_STEP_S))
        if not answer.success:
            raise LabError(f"the app cannot be installed: {answer.shown}", device=device.name)
        plant(device, package_name, deadline=deadline.within(_STEP_S))
        return collect(device, package_name, deadline=deadline.within(_STEP_S))


def _target_of(bench: Workbench, preparation: Preparation) -> str:
    try:
        return bench.target_build(preparation, None)
    except ConfigurationError:
        return preparation.build


def _back_in_android(
    device: Device, bench: Workbench, rescue: Rescue, trouble: HoldfastError | None
) -> str:
    """Why it is in quarantine; empty if Android is there."""
    deadline = Deadline.after(_BACK_S, clock=device.clock)
    try:
        with device.journal.step("bring the device back"):
            reach_mode(bench.controls, Mode.SYSTEM, deadline, device.journal)
            bench.require_healthy(deadline)
    except (LabError, DeviceRefused) as lost:
        try:
            rescue.bring_back(str(trouble or lost))
        except LabError as error:
            return str(error)
    return ""


def _look(device: Device, bench: Workbench, before: Snapshot) -> Looked:
    deadline = Deadline.after(_BACK_S, clock=device.clock)
    device.build = bench.build(deadline.within(_STEP_S))
    return _compared(device, str(device.build.fingerprint), before, deadline)


def _compared(device: Device, build: str, before: Snapshot, deadline: Deadline) -> Looked:
    """After the update, and once more after a reboot: some harm shows only then."""
    first = _change(device, before, deadline)
    device.reboot(deadline=deadline)
    after = collect(device, before.package_name, deadline=deadline.within(_STEP_S))
    last = diff(before, after)
    missed = tuple(f"{d.title}: {d.evidence[0]}" for d in detect(before, after) if d.missed)
    seen = [one for one in (first, last) if not one.only_unseen]
    lost = tuple(dict.fromkeys(line for one in seen for line in one.lines()))
    unseen = tuple(line for one in (first, last) if one.only_unseen for line in one.lines())
    nothing = ("none of the app's data could be seen",) if first.nothing_seen else ()
    return Looked(build=build, lost=(*lost, *missed), unseen=(*unseen, *nothing))


def _change(device: Device, before: Snapshot, deadline: Deadline) -> Diff:
    return diff(before, collect(device, before.package_name, deadline=deadline.within(_STEP_S)))


def decide_ota(
    *,
    base: str,
    target: str,
    looked: Looked,
    fits: bool,
    trouble: HoldfastError | None,
    quarantined: str,
) -> OtaResult:
    """The verdict. Pure. Lost data comes first, whatever else happened; doubt never passes."""
    data = "lost" if looked.lost else "not seen" if looked.unseen or not looked.build else "kept"
    verdict, reasons = _decided(base, target, looked, fits=fits, trouble=trouble)
    return OtaResult(
        verdict=verdict,
        reasons=reasons,
        build=looked.build or "",
        data=data,
        quarantined=quarantined,
        trouble=str(trouble) if trouble else "",
    )


def _decided(
    base: str, target: str, looked: Looked, *, fits: bool, trouble: HoldfastError | None
) -> tuple[VerdictKind, tuple[str, ...]]:
    if looked.build is None:
        return VerdictKind.INCONCLUSIVE, ("it could not be looked at again: it is in quarantine",)
    if looked.lost:
        return VerdictKind.SILENT_LOSS, looked.lost[:3]
    if looked.unseen:
        return VerdictKind.INCONCLUSIVE, looked.unseen[:3]
    if looked.build == target:
        return _in(fits=fits)
    if looked.build != base:
        return VerdictKind.INCONCLUSIVE, (f"it runs {looked.build}, which nobody declared",)
    return _stayed_out(fits=fits, trouble=trouble)


def _in(*, fits: bool) -> tuple[VerdictKind, tuple[str, ...]]:
    if fits:
        said = "the update went in, and everything that was seen before is there"
        return VerdictKind.UPDATED_DATA_INTACT, (said,)
    return VerdictKind.EXPOSED, ("a package that must not go in went in, and has the data",)


def _stayed_out(
    *, fits: bool, trouble: HoldfastError | None
) -> tuple[VerdictKind, tuple[str, ...]]:
    """The base build runs, with all its data."""
    if isinstance(trouble, WrongBuild):
        said = "the update went in and did not hold: the base build runs again"
        return VerdictKind.FALSE_WARNING, (said,)
    refused = isinstance(trouble, DeviceRefused) and _NO_ROOM not in str(trouble)
    if refused and fits:
        return VerdictKind.FALSE_WARNING, (f"a good update was refused: {trouble}",)
    if refused or (isinstance(trouble, ConfigurationError) and not fits):
        return VerdictKind.REFUSED_DATA_INTACT, (f"it stayed out: {trouble}",)
    return VerdictKind.INCONCLUSIVE, (f"the lab, not the firmware: {trouble}",)
