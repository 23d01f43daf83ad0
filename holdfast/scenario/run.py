"""One scenario from end to end: the path of the design, one step a function."""

from __future__ import annotations

import json
from dataclasses import dataclass

from holdfast.android.package_record import PackageRecord
from holdfast.deadline import Deadline, wait_until
from holdfast.device.device import Device
from holdfast.device.shell import quote
from holdfast.dialogs.asked import shown_packages
from holdfast.dialogs.capture import Capture
from holdfast.dialogs.captured import CapturedDialog, Destroyed, DialogText, Gap
from holdfast.dialogs.judge import judge, judge_capture
from holdfast.dialogs.judgement import DialogVerdict, Judgement, Operation
from holdfast.dialogs.policy import Policy
from holdfast.dialogs.view import JudgedDialog, render
from holdfast.errors import DeviceRefused, HarnessFault, LabError
from holdfast.scenario.covered import not_covered
from holdfast.scenario.evidence import Evidence, fate_of
from holdfast.scenario.limits import Limits
from holdfast.scenario.personas import Answer, Person, somebody
from holdfast.scenario.prepare import Home, make_clean
from holdfast.scenario.result import Persona, ScenarioPlan, ScenarioResult, UpdateKind
from holdfast.scenario.routes import Arrival, Store, deliver, needs_somebody
from holdfast.scenario.settle import Settling
from holdfast.scenario.updates import AppUnderTest, Delivered, UpdateMissing
from holdfast.scenario.verdict import decide_verdict
from holdfast.userdata.collect import collect
from holdfast.userdata.detectors import detect
from holdfast.userdata.diff import Diff, diff
from holdfast.userdata.plant import plant
from holdfast.userdata.seed import SeedPlan
from holdfast.userdata.values import Snapshot

__all__ = ["run_scenario"]

_APP_OPENS_S = 5.0


@dataclass(frozen=True, kw_only=True, slots=True)
class _Run:
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
class _Happened:
    """What delivering the update came to, as far as the screen and the answer tell.

    `destroyed`: when the app was, if nothing is lost in the end, and if something is.
    """

    arrival: Arrival
    dialogs: tuple[CapturedDialog, ...]
    gaps: tuple[Gap, ...]
    blinks: tuple[Gap, ...]
    answers: tuple[Answer, ...]
    destroyed: tuple[Destroyed | None, Destroyed | None]
    after: PackageRecord | None


@dataclass(frozen=True, kw_only=True, slots=True)
class _Looks:
    """The snapshots, and what changed since the first of them."""

    before: Snapshot
    last: Snapshot
    after_update: Diff
    after_reboot: Diff

    @property
    def lost(self) -> bool:
        return not (self.after_update.intact and self.after_reboot.intact)


def run_scenario(
    device: Device,
    plan: ScenarioPlan,
    *,
    app: AppUnderTest,
    store: Store | None = None,
    policy: Policy | None = None,
    seed: SeedPlan | None = None,
    limits: Limits | None = None,
    deadline: Deadline | None = None,
) -> ScenarioResult:
    """Run one scenario on a device that this run holds, and judge it.

    UpdateMissing if the app or the device cannot offer it (ask `not_covered` first). LabError if
    the lab ended it: then nothing is known. HarnessFault if the harness destroyed something that
    the scenario did not declare.
    """
    _require_clean_ledger(device)
    used = limits or Limits()
    missing = not_covered(plan, app=app, store=store, device=device)
    if missing:
        raise UpdateMissing(missing)
    run = _Run(
        device=device,
        plan=plan,
        app=app,
        delivered=app.delivered(plan.update, api=device.api, build_type=device.build.build_type),
        store=store,
        policy=policy,
        seed=seed,
        limits=used,
        deadline=deadline or Deadline.after(used.scenario_s, clock=device.clock),
    )
    try:
        result = _through(run)
    except DeviceRefused as error:
        raise LabError(
            f"a step of the scenario was refused: {error}", device=device.name
        ) from error
    finally:
        _require_clean_ledger(device)
    return result


def _through(run: _Run) -> ScenarioResult:
    home = _prepare(run)
    record = _install_base(run)
    before = _seed_and_record(run)
    happened = _update(run, home, record)
    _, after_update = _look_again(run, before, "after the update")
    _reboot(run)
    last, after_reboot = _look_again(run, before, "after the reboot")
    looks = _Looks(before=before, last=last, after_update=after_update, after_reboot=after_reboot)
    result = _judge(run, _evidence(run, record, happened, looks))
    _restore(run)
    return result


def _prepare(run: _Run) -> Home:
    with run.device.journal.step("bring the device to a clean state"):
        run.device.journal.fact("build", run.device.build.fingerprint)
        return make_clean(run.device, run.package_name, store=run.store, deadline=run.step())


def _install_base(run: _Run) -> PackageRecord:
    version = run.delivered.base_manifest.version_code
    with run.device.journal.step("install the base app", version_code=version):
        answer = run.device.packages.install(run.delivered.base, ("-t",), deadline=run.step())
        if not answer.success:
            raise LabError(
                f"the base app cannot be installed: {answer.shown}", device=run.device.name
            )
        record = run.device.packages.record(run.package_name, deadline=run.step())
        if record is None:
            raise LabError("the base app was installed and is not there", device=run.device.name)
        return record


def _seed_and_record(run: _Run) -> Snapshot:
    with run.device.journal.step("write user data into the app"):
        planted = plant(run.device, run.package_name, seed=run.seed, deadline=run.step())
        run.device.journal.attach("seeded", repr(planted))
    with run.device.journal.step("record the user data"):
        return collect(run.device, run.package_name, deadline=run.step())


def _update(run: _Run, home: Home, before: PackageRecord) -> _Happened:
    device, plan = run.device, run.plan
    deadline = run.deadline.within(run.limits.settle_s)
    own = home.packages | {run.package_name} | _keyboard(run)
    person = _person(run)
    _load_words(run)
    with (
        device.journal.step(f"deliver the update by {plan.route}", persona=plan.persona or "none"),
        _capture(run, own) as seen,
    ):
        if plan.persona is Persona.TYPING:
            _open_app(run, seen)
        settling = Settling(device, seen, person, limits=run.limits)
        arrival = deliver(
            device,
            run.delivered,
            kind=plan.update,
            route=plan.route,
            store=run.store,
            deadline=run.step(),
        )
        if needs_somebody(plan.route):
            after = settling.by_screen(before, package_name=run.package_name, deadline=deadline)
        else:
            settling.quiet(deadline=deadline)
            after = device.packages.record(run.package_name, deadline=run.step())
    device.journal.fact("capture.longest_interval_ms", round(seen.longest_interval_s * 1000))
    _attach(run, arrival, seen.dialogs)
    return _Happened(
        arrival=arrival,
        dialogs=seen.dialogs,
        gaps=seen.gaps,
        blinks=seen.blinks,
        destroyed=(seen.destroyed(lost=False), seen.destroyed(lost=True)),
        answers=tuple(person.answers) if person else (),
        after=after,
    )


def _capture(run: _Run, own: frozenset[str]) -> Capture:
    device = run.device
    return Capture(
        device.new_ui(),
        clock=device.clock,
        own=own,
        language=device.build.locale,
        shell=device.shell,
        package_name=run.package_name,
    )


def _load_words(run: _Run) -> None:
    """The first reading of a dialog loads the rules of languages: better now than while a prompt
    waits to be seen."""
    judge(DialogText(message=run.app_name, buttons=("OK",), language=run.device.build.locale))


def _person(run: _Run) -> Person | None:
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


def _keyboard(run: _Run) -> frozenset[str]:
    """The package of the keyboard, which draws its own window."""
    command = "settings get secure default_input_method"
    text = run.device.shell.run(command, deadline=run.step()).text.strip()
    return frozenset({text.partition("/")[0]}) if "/" in text else frozenset()


def _open_app(run: _Run, seen: Capture) -> None:
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


def _attach(run: _Run, arrival: Arrival, dialogs: tuple[CapturedDialog, ...]) -> None:
    journal = run.device.journal
    journal.attach("delivery", arrival.sent)
    if arrival.answer:
        journal.attach("answer", arrival.answer.raw)
    for dialog in dialogs:
        name = f"dialog-{dialog.number}"
        if dialog.hierarchy:
            journal.attach(f"{name}.xml", dialog.hierarchy, media_type="application/xml")
        if dialog.screenshot:
            journal.attach(f"{name}.png", dialog.screenshot, media_type="image/png")


def _look_again(run: _Run, before: Snapshot, when: str) -> tuple[Snapshot, Diff]:
    with run.device.journal.step(f"record the user data {when}"):
        after = collect(run.device, run.package_name, deadline=run.step())
        found = diff(before, after)
        run.device.journal.attach(f"diff {when}", found.to_json(), media_type="application/json")
        return after, found


def _reboot(run: _Run) -> None:
    with run.device.journal.step("reboot"):
        run.device.reboot(deadline=run.deadline.within(run.limits.boot_s))


def _evidence(run: _Run, record: PackageRecord, happened: _Happened, looks: _Looks) -> Evidence:
    version = run.delivered.update_manifest.version_code
    late = run.device.packages.record(run.package_name, deadline=run.step())
    return Evidence(
        plan=run.plan,
        fits=run.delivered.fits,
        why_fits=run.delivered.why,
        answer=happened.arrival.answer,
        fate=fate_of(record, happened.after, update_version_code=version),
        fate_after_reboot=fate_of(record, late, update_version_code=version),
        dialogs=happened.dialogs,
        judgements=_judgements(run, happened, lost=looks.lost),
        answers=happened.answers,
        gaps=happened.gaps,
        blinks=happened.blinks,
        after_update=looks.after_update,
        after_reboot=looks.after_reboot,
        detections=detect(looks.before, looks.last),
        loss_by_design=run.plan.update is UpdateKind.UNINSTALL_REINSTALL,
    )


def _judgements(run: _Run, happened: _Happened, *, lost: bool) -> tuple[Judgement, ...]:
    keeps = run.delivered.fits and not lost
    operation = Operation.DESTROYS_DATA if lost else Operation.UNKNOWN
    return judge_capture(
        happened.dialogs,
        app_name=run.app_name,
        policy=run.policy,
        gaps=happened.gaps,
        destroyed=happened.destroyed[lost],
        operation=Operation.KEEPS_DATA if keeps else operation,
    )


def _judge(run: _Run, evidence: Evidence) -> ScenarioResult:
    with run.device.journal.step("judge"):
        for number, judgement in enumerate(evidence.judgements, start=1):
            run.device.journal.attach(
                f"judgement-{number}.json",
                json.dumps(judgement.to_json(), ensure_ascii=False, indent=1),
                media_type="application/json",
            )
        _attach_page(run, evidence)
        facts = {
            "app": run.package_name,
            "fate": evidence.fate.value,
            "fate after reboot": evidence.fate_after_reboot.value,
            "update": evidence.why_fits,
            "detected": "; ".join(d.title for d in evidence.detections),
        }
        result = decide_verdict(evidence, facts={k: v for k, v in facts.items() if v})
        run.device.journal.fact("verdict", result.verdict.value)
        return result


def _attach_page(run: _Run, evidence: Evidence) -> None:
    """The page that one would show to the vendor, of every dialog that speaks of losing data."""
    spoken = [
        JudgedDialog(
            judgement=judgement, text=dialog.wording(app_name=run.app_name), captured=dialog
        )
        for dialog, judgement in zip(evidence.dialogs, evidence.judgements, strict=True)
        if judgement.verdict is not DialogVerdict.NOT_A_DATA_WARNING
    ]
    if spoken:
        page = render(
            spoken,
            title=f"{run.plan}: what {run.app_name}'s user was told",
            device=f"{run.device.build.model}, {run.device.build.fingerprint}",
            policy=run.policy,
        )
        run.device.journal.attach("warnings.html", page, media_type="text/html")


def _restore(run: _Run) -> None:
    """Back to a clean state. That it failed does not undo a verdict: the next scenario, which
    begins by the same step, then fails by it and says so."""
    try:
        with run.device.journal.step("bring the device back to a clean state"):
            make_clean(run.device, run.package_name, store=run.store, deadline=run.step())
    except LabError as error:
        run.device.journal.fact("restore.failed", str(error))


def _require_clean_ledger(device: Device) -> None:
    undeclared = device.ledger.undeclared
    if undeclared:
        raise HarnessFault(
            f"{device.name}: the harness was about to run a destructive command that the scenario "
            f"did not declare, so its result counts for nothing: {undeclared[0].command}"
        )
