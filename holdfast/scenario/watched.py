"""Deliver an update, and see and answer all that it brings to the screen, also after a reboot."""

from __future__ import annotations

from dataclasses import dataclass, replace

from holdfast.android.package_record import PackageRecord
from holdfast.deadline import Deadline, wait_until
from holdfast.device.device import Device
from holdfast.device.shell import quote
from holdfast.dialogs.asked import shown_packages
from holdfast.dialogs.capture import Capture
from holdfast.dialogs.captured import CapturedDialog, Destroyed, DialogText, Gap
from holdfast.dialogs.judge import judge
from holdfast.dialogs.policy import Policy
from holdfast.errors import LabError
from holdfast.scenario.circumstances import circumstance, unlock
from holdfast.scenario.evidence import FirmwareFate
from holdfast.scenario.limits import Limits
from holdfast.scenario.personas import Answer, Person, somebody
from holdfast.scenario.prepare import Home
from holdfast.scenario.result import Circumstance, Persona, Route, ScenarioPlan
from holdfast.scenario.routes import Arrival, Store, deliver, needs_somebody
from holdfast.scenario.settle import Settling
from holdfast.scenario.updates import AppUnderTest, Delivered
from holdfast.userdata.seed import SeedPlan

__all__ = ["Happened", "Run", "watch_after_reboot", "watch_update"]

_APP_OPENS_S = 5.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Run:
    """What the steps share."""

    device: Device
    plan: ScenarioPlan
    app: AppUnderTest
    delivered: Delivered
    store: Store | None
    policy: Policy | None
    seed: SeedPlan | None
    limits: Limits
    deadline: Deadline

    def step(self) -> Deadline:
        return self.deadline.within(self.limits.step_s)

    @property
    def package_name(self) -> str:
        return self.app.package_name

    @property
    def app_name(self) -> str:
        return self.app.label(self.device.build.locale)


@dataclass(frozen=True, kw_only=True, slots=True)
class Happened:
    """What delivering the update came to, as far as the screen and the answer tell.

    `destroyed`: when the app was, if nothing is lost in the end, and if something is. `firmware`:
    of a firmware update alone.
    """

    arrival: Arrival
    dialogs: tuple[CapturedDialog, ...]
    gaps: tuple[Gap, ...]
    blinks: tuple[Gap, ...]
    answers: tuple[Answer, ...]
    destroyed: tuple[Destroyed | None, Destroyed | None]
    after: PackageRecord | None
    own: frozenset[str] = frozenset()
    firmware: FirmwareFate | None = None


def watch_update(run: Run, home: Home, before: PackageRecord) -> Happened:
    """Deliver the update and wait until what it set off is over."""
    device, plan = run.device, run.plan
    with circumstance(device, plan.when, deadline=run.deadline) as drawn:
        own = home.packages | drawn | {run.package_name} | _keyboard(run)
        return _deliver_and_watch(run, own, before)


def _deliver_and_watch(run: Run, own: frozenset[str], before: PackageRecord) -> Happened:
    device, plan = run.device, run.plan
    deadline = run.deadline.within(run.limits.settle_s)
    person = _person(run)
    _load_words(run)
    with (
        device.journal.step(f"deliver the update by {plan.route}", persona=plan.persona or "none"),
        _capture(run, own) as seen,
    ):
        if plan.persona is Persona.TYPING:
            _open_app(run, seen)
        if person:
            person.get_ready(deadline=run.step())
        settling = Settling(device, seen, person, limits=run.limits)
        arrival = deliver(
            device,
            run.delivered,
            kind=plan.update,
            route=plan.route,
            store=run.store,
            deadline=run.step(),
        )
        if plan.when is Circumstance.LOCKED:
            settling.quiet(deadline=deadline, at_least_s=run.limits.watch_s)
            unlock(device, deadline=deadline)
            settling = Settling(device, seen, _owner(run), limits=run.limits)
        if needs_somebody(plan.route):
            after = settling.by_screen(before, package_name=run.package_name, deadline=deadline)
        else:
            settling.quiet(deadline=deadline)
            after = device.packages.record(run.package_name, deadline=run.step())
    device.journal.fact("capture.longest_interval_ms", round(seen.longest_interval_s * 1000))
    _attach(run, arrival, seen.dialogs)
    return Happened(
        arrival=arrival,
        dialogs=seen.dialogs,
        gaps=seen.gaps,
        blinks=seen.blinks,
        destroyed=(seen.destroyed(lost=False), seen.destroyed(lost=True)),
        answers=tuple(person.answers) if person else (),
        after=after,
        own=own,
    )


def watch_after_reboot(run: Run, happened: Happened) -> Happened:
    """What a store does behind a boot about an update that did not go in: the same person is there.

    Everything that is seen comes behind what `happened` before, with numbers and times that go on.
    """
    if run.plan.route is not Route.STORE_PUSH or run.plan.persona is None:
        return happened
    deadline = run.deadline.within(run.limits.settle_s)
    person = _person(run)
    with (
        run.device.journal.step("watch the screen after the reboot"),
        _capture(run, happened.own) as seen,
    ):
        settling = Settling(run.device, seen, person, limits=run.limits)
        settling.quiet(deadline=deadline, at_least_s=run.limits.after_boot_s)
    if not seen.dialogs:
        return happened
    numbers, later_ms = len(happened.dialogs), _end_ms(happened)
    dialogs = tuple(_later(dialog, numbers, later_ms) for dialog in seen.dialogs)
    _attach_dialogs(run, dialogs)
    answers = person.answers if person else []
    lost_then = happened.destroyed[1] or _shifted(seen.destroyed(lost=True), later_ms)
    return replace(
        happened,
        dialogs=(*happened.dialogs, *dialogs),
        gaps=(*happened.gaps, *seen.gaps),
        blinks=(*happened.blinks, *seen.blinks),
        answers=(*happened.answers, *(replace(a, number=a.number + numbers) for a in answers)),
        destroyed=(_shifted(seen.destroyed(lost=False), later_ms), lost_then),
    )


def _end_ms(happened: Happened) -> int:
    """Behind everything that was seen before the reboot."""
    return 1 + max((d.last_seen_ms for d in happened.dialogs), default=0)


def _later(dialog: CapturedDialog, numbers: int, later_ms: int) -> CapturedDialog:
    return replace(
        dialog,
        number=dialog.number + numbers,
        first_seen_ms=dialog.first_seen_ms + later_ms,
        last_seen_ms=dialog.last_seen_ms + later_ms,
    )


def _shifted(destroyed: Destroyed | None, later_ms: int) -> Destroyed | None:
    if destroyed is None:
        return None
    by_ms = None if destroyed.by_ms is None else destroyed.by_ms + later_ms
    return Destroyed(after_ms=destroyed.after_ms + later_ms, by_ms=by_ms)


def _capture(run: Run, own: frozenset[str]) -> Capture:
    device = run.device
    return Capture(
        device.new_ui(),
        clock=device.clock,
        own=own,
        language=device.build.locale,
        shell=device.shell,
        package_name=run.package_name,
    )


def _load_words(run: Run) -> None:
    """The first reading of a dialog loads the rules of languages: better now than while a prompt
    waits to be seen."""
    judge(DialogText(message=run.app_name, buttons=("OK",), language=run.device.build.locale))


def _person(run: Run) -> Person | None:
    if run.plan.persona is None:
        return None
    return somebody(
        run.plan.persona,
        ui=run.device.ui,
        clock=run.device.clock,
        app_name=run.app_name,
        language=run.device.build.locale,
        watch_s=run.limits.watch_s,
    )


def _owner(run: Run) -> Person:
    """Comes back to a phone that somebody else had in hand, and answers nothing."""
    return somebody(
        Persona.ABSENT,
        ui=run.device.ui,
        clock=run.device.clock,
        app_name=run.app_name,
        language=run.device.build.locale,
        watch_s=run.limits.quiet_s,
    )


def _keyboard(run: Run) -> frozenset[str]:
    """The package of the keyboard, which draws its own window."""
    command = "settings get secure default_input_method"
    text = run.device.shell.run(command, deadline=run.step()).text.strip()
    return frozenset({text.partition("/")[0]}) if "/" in text else frozenset()


def _open_app(run: Run, seen: Capture) -> None:
    """Whoever types does so in the app. One without a screen is typed at from the home screen."""
    activity = run.delivered.base_manifest.launcher_activity
    if not activity:
        return
    component = quote(f"{run.package_name}/{activity}")
    run.device.shell.run(f"am start -n {component}", deadline=run.step())

    def is_shown() -> bool:
        screen = seen.hierarchy
        return screen is not None and run.package_name in shown_packages(screen)

    try:
        wait_until(is_shown, run.deadline.within(_APP_OPENS_S), what="the app's screen")
    except LabError:
        run.device.journal.fact("app.opened", "it did not come to the screen")


def _attach(run: Run, arrival: Arrival, dialogs: tuple[CapturedDialog, ...]) -> None:
    journal = run.device.journal
    journal.attach("delivery", arrival.sent)
    if arrival.answer:
        journal.attach("answer", arrival.answer.raw)
    _attach_dialogs(run, dialogs)


def _attach_dialogs(run: Run, dialogs: tuple[CapturedDialog, ...]) -> None:
    journal = run.device.journal
    for dialog in dialogs:
        name = f"dialog-{dialog.number}"
        if dialog.hierarchy:
            journal.attach(f"{name}.xml", dialog.hierarchy, media_type="application/xml")
        if dialog.screenshot:
            journal.attach(f"{name}.png", dialog.screenshot, media_type="image/png")
