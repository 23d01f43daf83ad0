"""One scenario from end to end: the path of the design, one step a function."""

from __future__ import annotations

import json
from dataclasses import dataclass

from holdfast.android.answers import InstallAnswer
from holdfast.android.package_record import PackageRecord
from holdfast.deadline import Deadline
from holdfast.device.device import Device
from holdfast.dialogs.judge import judge_capture
from holdfast.dialogs.judgement import DialogVerdict, Judgement, Operation
from holdfast.dialogs.policy import Policy
from holdfast.dialogs.view import JudgedDialog, render
from holdfast.errors import DeviceRefused, HarnessFault, LabError
from holdfast.scenario.covered import not_covered
from holdfast.scenario.evidence import AppFate, Evidence, fate_of
from holdfast.scenario.firmware import DoesNotStart, FirmwareOffer, update_firmware
from holdfast.scenario.limits import Limits
from holdfast.scenario.prepare import Home, make_clean
from holdfast.scenario.result import Route, ScenarioPlan, ScenarioResult, UpdateKind, VerdictKind
from holdfast.scenario.routes import Store, needs_somebody
from holdfast.scenario.updates import AppUnderTest, UpdateMissing
from holdfast.scenario.verdict import decide_verdict
from holdfast.scenario.watched import Happened, Run, watch_after_reboot, watch_update
from holdfast.userdata.collect import collect
from holdfast.userdata.detectors import detect
from holdfast.userdata.diff import Diff, diff
from holdfast.userdata.plant import plant
from holdfast.userdata.seed import SeedPlan
from holdfast.userdata.values import Snapshot

__all__ = ["RESTORE_FAILED", "run_scenario"]

RESTORE_FAILED = "restore.failed"
_REBOOTED_TWICE = (Route.ADB, Route.SIDELOAD, Route.OTA)
"""What a second reboot alone takes does not depend on who pressed what: these routes are enough."""


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
    offer: FirmwareOffer | None = None,
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
    missing = not_covered(plan, app=app, store=store, offer=offer, device=device)
    if missing:
        raise UpdateMissing(missing)
    run = Run(
        device=device,
        plan=plan,
        app=app,
        delivered=app.delivered(plan.update, api=device.api, build_type=device.build.build_type),
        store=store,
        policy=policy,
        seed=seed,
        limits=used,
        deadline=deadline or Deadline.after(_allowed_s(plan, used), clock=device.clock),
    )
    try:
        result = _through(run, offer)
    except DeviceRefused as error:
        raise LabError(
            f"a step of the scenario was refused: {error}", device=device.name
        ) from error
    finally:
        _require_clean_ledger(device)
    return result


def _allowed_s(plan: ScenarioPlan, limits: Limits) -> float:
    return limits.firmware_s if plan.update is UpdateKind.FIRMWARE else limits.scenario_s


def _through(run: Run, offer: FirmwareOffer | None) -> ScenarioResult:
    home = _prepare(run)
    _install_base(run)
    before = _seed_and_record(run)
    record = _installed_record(run)
    try:
        if offer and run.plan.update is UpdateKind.FIRMWARE:
            happened = update_firmware(run, offer)
        else:
            happened = watch_update(run, home, record)
    except DoesNotStart as words:
        return _bricked(run, words)
    _, after_update = _look_again(run, before, "after the update")
    _reboot(run)
    if happened.after == record:
        happened = watch_after_reboot(run, happened)
    last, after_reboot = _look_again(run, before, "after the reboot")
    if run.plan.route in _REBOOTED_TWICE and after_reboot.intact:
        _reboot(run)
        last, after_reboot = _look_again(run, before, "after the second reboot")
    looks = _Looks(before=before, last=last, after_update=after_update, after_reboot=after_reboot)
    result = _judge(run, _evidence(run, record, happened, looks))
    _restore(run)
    return result


def _prepare(run: Run) -> Home:
    with run.device.journal.step("bring the device to a clean state"):
        run.device.journal.fact("build", run.device.build.fingerprint)
        return make_clean(run.device, run.package_name, store=run.store, deadline=run.step())


def _install_base(run: Run) -> None:
    version = run.delivered.base_manifest.version_code
    with run.device.journal.step("install the base app", version_code=version):
        answer = run.device.packages.install(run.delivered.base, ("-t",), deadline=run.step())
        if not answer.success:
            raise LabError(
                f"the base app cannot be installed: {answer.shown}", device=run.device.name
            )


def _installed_record(run: Run) -> PackageRecord:
    """What later records are held against. Seeding grants permissions, which stand in it too."""
    record = run.device.packages.record(run.package_name, deadline=run.step())
    if record is None:
        raise LabError("the base app was installed and is not there", device=run.device.name)
    return record


def _seed_and_record(run: Run) -> Snapshot:
    with run.device.journal.step("write user data into the app"):
        planted = plant(run.device, run.package_name, seed=run.seed, deadline=run.step())
        run.device.journal.attach("seeded", repr(planted))
    with run.device.journal.step("record the user data"):
        return collect(run.device, run.package_name, deadline=run.step())


def _look_again(run: Run, before: Snapshot, when: str) -> tuple[Snapshot, Diff]:
    with run.device.journal.step(f"record the user data {when}"):
        after = collect(run.device, run.package_name, deadline=run.step())
        found = diff(before, after)
        run.device.journal.attach(f"diff {when}", found.to_json(), media_type="application/json")
        return after, found


def _reboot(run: Run) -> None:
    with run.device.journal.step("reboot"):
        run.device.reboot(deadline=run.deadline.within(run.limits.boot_s))


def _bricked(run: Run, words: DoesNotStart) -> ScenarioResult:
    """Nobody gets at data on a phone that does not start, and no warning was there to be seen."""
    run.device.journal.fact("verdict", VerdictKind.SILENT_LOSS.value)
    return ScenarioResult(
        plan=run.plan,
        verdict=VerdictKind.SILENT_LOSS,
        reasons=(str(words), f"the data of {run.package_name} cannot be reached"),
        facts={"app": run.package_name},
    )


def _fates(run: Run, record: PackageRecord, happened: Happened) -> tuple[AppFate, AppFate]:
    """What became of that which was updated, after the update and after the reboot."""
    firmware = happened.firmware
    if firmware:
        return firmware.fate, firmware.fate_on(run.device.build.fingerprint)
    version = run.delivered.update_manifest.version_code
    late = run.device.packages.record(run.package_name, deadline=run.step())
    return (
        fate_of(record, happened.after, update_version_code=version),
        fate_of(record, late, update_version_code=version),
    )


def _evidence(run: Run, record: PackageRecord, happened: Happened, looks: _Looks) -> Evidence:
    fate, fate_after_reboot = _fates(run, record, happened)
    stayed_out = fate is fate_after_reboot is AppFate.UNTOUCHED
    firmware = happened.firmware
    return Evidence(
        plan=run.plan,
        fits=firmware.fits if firmware else run.delivered.fits,
        why_fits=run.delivered.why,
        answer=happened.arrival.answer,
        fate=fate,
        fate_after_reboot=fate_after_reboot,
        dialogs=happened.dialogs,
        judgements=_judgements(run, happened, lost=looks.lost),
        answers=happened.answers,
        gaps=happened.gaps,
        blinks=happened.blinks,
        after_update=looks.after_update,
        after_reboot=looks.after_reboot,
        detections=detect(looks.before, looks.last),
        loss_by_design=run.plan.update is UpdateKind.UNINSTALL_REINSTALL,
        control=_control(run) if stayed_out and needs_somebody(run.plan.route) else None,
        trouble=firmware.trouble if firmware else "",
    )


def _control(run: Run) -> InstallAnswer:
    with run.device.journal.step("install the installed version once more, as a control"):
        flags = ("-r", "-t")
        answer = run.device.packages.install(run.delivered.base, flags, deadline=run.step())
        run.device.journal.attach("control", answer.raw)
        return answer


def _judgements(run: Run, happened: Happened, *, lost: bool) -> tuple[Judgement, ...]:
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


def _judge(run: Run, evidence: Evidence) -> ScenarioResult:
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


def _attach_page(run: Run, evidence: Evidence) -> None:
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


def _restore(run: Run) -> None:
    """Back to a clean state. That it failed does not undo a verdict; whoever holds the device hears
    of it by the fact RESTORE_FAILED."""
    try:
        with run.device.journal.step("bring the device back to a clean state"):
            make_clean(run.device, run.package_name, store=run.store, deadline=run.step())
    except (LabError, DeviceRefused) as error:
        run.device.journal.fact(RESTORE_FAILED, str(error))


def _require_clean_ledger(device: Device) -> None:
    undeclared = device.ledger.undeclared
    if undeclared:
        raise HarnessFault(
            f"{device.name}: the harness was about to run a destructive command that the scenario "
            f"did not declare, so its result counts for nothing: {undeclared[0].command}"
        )
