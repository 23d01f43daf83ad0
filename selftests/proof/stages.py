"""One device, from a good update over a reboot to an uninstall that keeps the data: which checks
turn red. Everything goes the way that it goes on a phone: real adb, real shell, no private channel.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from holdfast.deadline import Deadline
from holdfast.errors import HoldfastError
from holdfast.journal import Declaration, DestructionKind
from holdfast.scenario.result import Route, ScenarioPlan, UpdateKind, VerdictKind
from holdfast.scenario.run import run_scenario
from holdfast.scenario.updates import AppUnderTest
from holdfast.userdata.collect import collect
from holdfast.userdata.detectors import DETECTORS, detect
from holdfast.userdata.diff import diff
from holdfast.userdata.plant import plant
from holdfast.userdata.values import Snapshot
from selftests.holdfast.userdata.rehearsal import PACKAGE, Rehearsal, probe_apk, started

__all__ = ["CHECKS", "Row", "prove"]

ANSWER, DATA = "answer", "data"
SCENARIOS = {
    "same signer": (UpdateKind.SAME_SIGNER, VerdictKind.UPDATED_DATA_INTACT),
    "other signer": (UpdateKind.OTHER_SIGNER, VerdictKind.REFUSED_DATA_INTACT),
}
CHECKS: tuple[str, ...] = (
    ANSWER,
    DATA,
    *(f"{detector.number} {detector.title}" for detector in DETECTORS),
    *(f"verdict: {name}" for name in SCENARIOS),
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """What one device showed: check → where it turned red and why. `error` is the lab's own."""

    name: str
    personality: str
    red: Mapping[str, tuple[str, ...]]
    error: str = ""


def prove(name: str, *, personality: str, defects: tuple[str, ...] = ()) -> Row:
    """Run all stages on a device with these defects."""
    red: dict[str, list[str]] = {}
    try:
        with started(personality, defects=defects) as running:
            for check, words in _userdata(running):
                red.setdefault(check, []).append(words)
        with started(personality, defects=defects) as running:
            for check, words in _verdicts(running):
                red.setdefault(check, []).append(words)
    except HoldfastError as error:
        return Row(name=name, personality=personality, red=_frozen(red), error=str(error))
    return Row(name=name, personality=personality, red=_frozen(red))


def _frozen(red: Mapping[str, list[str]]) -> dict[str, tuple[str, ...]]:
    return {check: tuple(words) for check, words in red.items()}


def _soon() -> Deadline:
    return Deadline.after(90.0)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Stage:
    """`act` does something to the device, and says in words what was wrong with the answer."""

    name: str
    act: Callable[[Rehearsal], str]


def _install(apk: bytes, *, good: bool) -> Callable[[Rehearsal], str]:
    def act(running: Rehearsal) -> str:
        answer = running.device.packages.install(apk, flags=["-r"], deadline=_soon())
        return "" if answer.success is good else answer.shown

    return act


def _reboot(running: Rehearsal) -> str:
    running.device.reboot(deadline=_soon())
    return ""


def _put_away_and_back(running: Rehearsal) -> str:
    """`pm uninstall -k` and the same app again: Android keeps the data."""
    allowed = Declaration(
        device=running.device.name,
        kind=DestructionKind.UNINSTALL,
        target=PACKAGE,
        reason="the proof uninstalls and keeps the data",
    )
    with running.ledger.declared(allowed):
        running.device.packages.uninstall(PACKAGE, keep_data=True, deadline=_soon())
    return _install(probe_apk(2), good=True)(running)


STAGES = (
    _Stage(name="update", act=_install(probe_apk(2), good=True)),
    _Stage(name="reboot", act=_reboot),
    _Stage(name="other signer", act=_install(probe_apk(3, "second"), good=False)),
    _Stage(name="older version", act=_install(probe_apk(1), good=False)),
    _Stage(name="kept data", act=_put_away_and_back),
)


def _userdata(running: Rehearsal) -> Iterator[tuple[str, str]]:
    """Each stage is compared with what was before it, so that one harm is counted once."""
    device = running.device
    plant(device, PACKAGE, deadline=_soon())
    device.shell.run("settings put system screen_off_timeout 600000", deadline=_soon())
    before = collect(device, PACKAGE, deadline=_soon())
    for stage in STAGES:
        trouble = stage.act(running)
        after = collect(device, PACKAGE, deadline=_soon())
        if trouble:
            yield ANSWER, f"{stage.name}: {trouble}"
        yield from _compared(stage.name, before, after)
        before = after


def _compared(stage: str, before: Snapshot, after: Snapshot) -> Iterator[tuple[str, str]]:
    found = diff(before, after)
    if not found.intact:
        yield DATA, f"{stage}: {found.lines()[0]}"
    for detection in detect(before, after):
        yield f"{detection.number} {detection.title}", f"{stage}: {detection.evidence[0]}"


def _verdicts(running: Rehearsal) -> Iterator[tuple[str, str]]:
    app = AppUnderTest()
    for name, (update, expected) in SCENARIOS.items():
        plan = ScenarioPlan(update=update, route=Route.ADB)
        result = run_scenario(running.device, plan, app=app)
        if result.verdict is not expected:
            why = result.reasons[0] if result.reasons else ""
            yield f"verdict: {name}", f"{result.verdict}: {why}"
