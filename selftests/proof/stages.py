"""A firmware, from a good update over a reboot to an uninstall that keeps the data: which checks
turn red. Everything goes the way that it goes on a phone: real adb, real shell, no private channel.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache

from holdfast.deadline import Deadline
from holdfast.errors import HoldfastError, LabError
from holdfast.journal import Declaration, DestructionKind
from holdfast.scenario.firmware import FirmwareOffer
from holdfast.scenario.limits import Limits
from holdfast.scenario.result import Persona, Route, ScenarioPlan, UpdateKind, VerdictKind
from holdfast.scenario.routes import Store
from holdfast.scenario.run import run_scenario
from holdfast.scenario.updates import AppUnderTest
from holdfast.userdata.collect import collect
from holdfast.userdata.detectors import DETECTORS, detect
from holdfast.userdata.diff import diff
from holdfast.userdata.plant import plant
from holdfast.userdata.values import Snapshot
from selftests.holdfast.userdata.rehearsal import (
    PACKAGE,
    Rehearsal,
    give_work_profile,
    probe_apk,
    started,
)
from selftests.proof.firmware import newer_firmware, store_of

__all__ = [
    "CHECKS",
    "FIRMWARE",
    "Row",
    "prove",
    "prove_push",
    "row_of",
    "stages",
    "verdict",
    "why_it_died",
]

ANSWER, DATA = "answer", "data"
GOOD_PLAN = ScenarioPlan(update=UpdateKind.SAME_SIGNER, route=Route.ADB)
SCENARIOS = (
    GOOD_PLAN,
    ScenarioPlan(update=UpdateKind.OTHER_SIGNER, route=Route.ADB),
    ScenarioPlan(update=UpdateKind.DOWNGRADE, route=Route.ADB),
)
FIRMWARE = ScenarioPlan(update=UpdateKind.FIRMWARE, route=Route.SIDELOAD)
PUSHED = ScenarioPlan(
    update=UpdateKind.SAME_SIGNER, route=Route.STORE_PUSH, persona=Persona.CARELESS
)
CHOICES = (
    "settings put system screen_off_timeout 600000",
    "settings put system ringtone content://media/internal/audio/media/7",
    "settings put system time_12_24 24",
    "settings put secure android_id 9774d56d682e549c",
    "settings put secure location_mode 3",
    "settings put secure lock_screen_lock_after_timeout 5000",
    "settings put secure enabled_notification_listeners com.example.watch/.Listener",
    "settings put global airplane_mode_on 0",
    "content insert --uri content://sms --bind address:s:555 --bind body:s:hello",
    "content insert --uri content://com.android.contacts/raw_contacts --bind account_type:s:x",
    "content insert --uri content://call_log/calls --bind number:s:555",
    "content insert --uri content://com.android.calendar/events --bind title:s:dinner",
)
"""What a user has besides this app's data. A virtual device takes it from any shell."""
CHOICES_OF_ANOTHER = (
    "settings put --user USER system font_scale 1.15",
    "settings put --user USER secure enabled_accessibility_services com.example.watch/.Reader",
    "content insert --user USER --uri content://call_log/calls --bind number:s:555",
    f"cmd role add-role-holder --user USER android.app.role.BROWSER {PACKAGE}",
)
KINDS = tuple(
    kind for kind in VerdictKind if not kind.passes and kind is not VerdictKind.INCONCLUSIVE
)
CHECKS: tuple[str, ...] = (
    ANSWER,
    DATA,
    *(f"{detector.number} {detector.title}" for detector in DETECTORS),
    *(f"verdict of {plan}" for plan in (*SCENARIOS, FIRMWARE, PUSHED)),
    *(f"verdict {kind}" for kind in KINDS),
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """What one device showed: check → where it turned red and why. `error` is the lab's own."""

    name: str
    personality: str
    red: Mapping[str, tuple[str, ...]]
    error: str = ""


def prove(name: str, *, personality: str, defects: tuple[str, ...] = ()) -> tuple[Row]:
    """Run all stages, then the scenarios, on devices with these defects; once more if the lab, not
    the firmware, ended it: a defect's own way to end a device ends the second one too."""
    row = row_of(name, personality, _stages_and_scenarios(personality, defects))
    if row.error and not row.red:
        row = row_of(name, personality, _stages_and_scenarios(personality, defects))
    return (row,)


def prove_push(name: str, *, personality: str) -> tuple[Row]:
    """Let the store of a firmware that is known to be bad push an update at somebody careless."""
    return (row_of(name, personality, _pushed(personality)),)


def row_of(name: str, personality: str, found: Iterator[tuple[str, str]]) -> Row:
    """Run to the end, or to where the lab failed."""
    red: dict[str, list[str]] = {}
    error = ""
    try:
        for check, words in found:
            red.setdefault(check, []).append(words)
    except HoldfastError as failed:
        error = str(failed)
    return Row(name=name, personality=personality, red=_frozen(red), error=error)


def _stages_and_scenarios(personality: str, defects: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    """Where nothing else was found, new firmware is given time to do harm, too."""
    parts = (_on_one_device, _scenarios_of_apps, _new_firmware)
    green = True
    for part in parts:
        with started(personality, defects=defects) as running, why_it_died(running):
            for found in part(running, personality, patient=green):
                green = False
                yield found


def _on_one_device(
    running: Rehearsal, personality: str, *, patient: bool
) -> Iterator[tuple[str, str]]:
    yield from stages(running)


def _scenarios_of_apps(
    running: Rehearsal, personality: str, *, patient: bool
) -> Iterator[tuple[str, str]]:
    _choose(running, give_work_profile(running))
    for plan in SCENARIOS:
        yield from verdict(running, plan)
    if store := store_of(personality):
        yield from verdict(running, PUSHED, store=store)


def _new_firmware(
    running: Rehearsal, personality: str, *, patient: bool
) -> Iterator[tuple[str, str]]:
    device = running.device
    with newer_firmware(running, personality) as offer:
        _choose(running, give_work_profile(running))
        plant(device, PACKAGE, deadline=_soon())
        found = list(verdict(running, FIRMWARE, offer=offer))
        yield from found
        if patient and not found:
            before = collect(device, PACKAGE, deadline=_soon())
            device.clock.sleep(LATE_S)
            after = collect(device, PACKAGE, deadline=_soon())
            yield from _compared("long after new firmware", before, after)


def _pushed(personality: str) -> Iterator[tuple[str, str]]:
    with started(personality) as running, why_it_died(running):
        yield from verdict(running, PUSHED, store=store_of(personality))


@contextmanager
def why_it_died(running: Rehearsal) -> Iterator[None]:
    """A device whose process ended is lost for a reason that only the process can tell."""
    try:
        yield
    except LabError as error:
        words = running.provider.last_words
        if not words:
            raise
        raise LabError(f"{error}; {words}", device=error.device) from error


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


def _first_unlock(running: Rehearsal) -> str:
    """A reboot of a phone with a screen lock: what is kept is there once its user has unlocked it.
    The shell can do that from Android 8.1 on."""
    device = running.device
    if device.api < 27:
        return ""

    def say(command: str) -> str:
        return device.shell.run(f"locksettings {command}", deadline=_soon()).all_text

    said = say("set-pin 1234")
    device.reboot(deadline=_soon())
    said += say("verify --old 1234") + say("clear --old 1234")
    words = ("Pin set", "verified successfully", "cleared")
    return "" if all(word in said for word in words) else said


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
    _Stage(name="second reboot", act=_reboot),
    _Stage(name="first unlock", act=_first_unlock),
)


def _open(running: Rehearsal) -> str:
    said = running.device.shell.run(f"monkey -p {PACKAGE} 1", deadline=_soon()).all_text
    return "" if "Events injected: 1" in said else said


LATER_STAGES = (
    _Stage(name="opened", act=_open),
    _Stage(name="update of an opened app", act=_install(probe_apk(2), good=True)),
    _Stage(name="reboot of an opened app", act=_reboot),
)
"""From the first of them on, what moved or came may be the app's own doing."""
LATE_S = 40.0
LIMITS = Limits(boot_s=60.0)
"""A virtual device that is not up by then does not start."""


def _choose(running: Rehearsal, other_user: int) -> None:
    """`other_user` is 0 where there is none."""
    theirs = CHOICES_OF_ANOTHER if other_user else ()
    for command in (*CHOICES, *(c.replace("USER", str(other_user)) for c in theirs)):
        running.device.shell.run(command, deadline=_soon())


def stages(running: Rehearsal) -> Iterator[tuple[str, str]]:
    """Each stage is compared with what was before it, so that one harm is counted once. A device
    that has shown nothing goes on: its app is opened, and it is looked at once more when it has
    been up for a while."""
    device = running.device
    other_user = give_work_profile(running)
    plant(device, PACKAGE, deadline=_soon())
    _choose(running, other_user)
    before = collect(device, PACKAGE, deadline=_soon())
    before, found = _carried_out(running, STAGES, before)
    if not found:
        before, found = _carried_out(running, LATER_STAGES, before)
    if not found:
        device.clock.sleep(LATE_S)
        found = list(_compared("later", before, collect(device, PACKAGE, deadline=_soon())))
    yield from found


def _carried_out(
    running: Rehearsal, chosen: Sequence[_Stage], before: Snapshot
) -> tuple[Snapshot, list[tuple[str, str]]]:
    """The last snapshot, and what was found in all of them."""
    found: list[tuple[str, str]] = []
    for stage in chosen:
        trouble = stage.act(running)
        after = collect(running.device, PACKAGE, deadline=_soon())
        if trouble:
            found.append((ANSWER, f"{stage.name}: {trouble}"))
        found += _compared(stage.name, before, after)
        before = after
    return before, found


def _compared(stage: str, before: Snapshot, after: Snapshot) -> Iterator[tuple[str, str]]:
    found = diff(before, after)
    if not found.intact:
        yield DATA, f"{stage}: {found.lines()[0]}"
    for detection in detect(before, after):
        yield f"{detection.number} {detection.title}", f"{stage}: {detection.evidence[0]}"


@cache
def app_under_test() -> AppUnderTest:
    """Made once: keys and APKs take a second."""
    return AppUnderTest()


def verdict(
    running: Rehearsal,
    plan: ScenarioPlan,
    *,
    store: Store | None = None,
    offer: FirmwareOffer | None = None,
) -> Iterator[tuple[str, str]]:
    """Red if the scenario ends otherwise than on a firmware without fault."""
    device, app = running.device, app_under_test()
    fits = app.delivered(plan.update, api=device.api, build_type=device.build.build_type).fits
    result = run_scenario(device, plan, app=app, store=store, offer=offer, limits=LIMITS)
    expected = VerdictKind.UPDATED_DATA_INTACT if fits else VerdictKind.REFUSED_DATA_INTACT
    as_it_should = result.verdict.passes if plan.persona and fits else result.verdict is expected
    if not as_it_should:
        words = f"{result.verdict}: {'; '.join(result.reasons[:2])}"
        yield f"verdict of {plan}", words
        yield f"verdict {result.verdict}", str(plan)
