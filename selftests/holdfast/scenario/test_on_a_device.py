"""Whole scenarios on rehearsal devices: the bug of 2018, its fix, and each verdict turned red."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from holdfast.deadline import Deadline
from holdfast.device.connect import connect
from holdfast.device.device import Device
from holdfast.errors import HarnessFault, LabError
from holdfast.journal import Attachment, Journal, Ledger
from holdfast.lab.inventory import VirtualSpec
from holdfast.lab.virtual import VirtualProvider
from holdfast.scenario.result import (
    Persona,
    Route,
    ScenarioPlan,
    ScenarioResult,
    UpdateKind,
    VerdictKind,
)
from holdfast.scenario.run import run_scenario
from holdfast.scenario.updates import AppUnderTest

APP = AppUnderTest()
BEFORE_THE_FIX, FIXED = "nut-pro-2-before-4.2.5.1", "nut-pro-2-4.2.5.1"
OVER_ADB = ScenarioPlan(update=UpdateKind.SAME_SIGNER, route=Route.ADB)


@dataclass(frozen=True)
class Store:
    package: str = "com.smartisanos.appstore"
    upload_to: str = "/data/local/tmp/holdfast-update.apk"
    push: str = "am broadcast -a com.smartisanos.appstore.action.PUSH_UPDATE --es path {apk}"


@contextmanager
def running(personality: str, *defects: str) -> Iterator[Device]:
    spec = VirtualSpec(
        name="rehearsal", kind="virtual", personality=personality, defects=list(defects)
    )
    provider = VirtualProvider(spec, folder=Path())
    try:
        try:
            endpoint = provider.start(Deadline.after(60), say=lambda _: None)
        except LabError as error:
            if "namespace" in str(error) or "mksh" in str(error):
                pytest.skip(f"no rehearsal device can run here: {error}")
            raise
        journal = Journal()
        device = connect(
            name="rehearsal",
            serial=endpoint.serial,
            adb_server_port=endpoint.adb_port,
            journal=journal,
            ledger=Ledger(journal),
            deadline=Deadline.after(60),
        )
        yield device
        device.close()
    finally:
        provider.stop(Deadline.after(20))


def pushed(update: UpdateKind, persona: Persona) -> ScenarioPlan:
    return ScenarioPlan(update=update, route=Route.STORE_PUSH, persona=persona)


def run(device: Device, plan: ScenarioPlan) -> ScenarioResult:
    return run_scenario(device, plan, app=APP, store=Store(), deadline=Deadline.after(120))


def test_the_bug_of_2018_is_caught_with_its_evidence() -> None:
    with running(BEFORE_THE_FIX) as device:
        result = run(device, pushed(UpdateKind.SAME_SIGNER, Persona.CARELESS))
        attached = [e.name for e in device.journal.events if isinstance(e, Attachment)]
        packages = device.packages.names(deadline=Deadline.after(20), with_kept_data=True)
        undeclared = device.ledger.undeclared
    assert result.verdict is VerdictKind.LOSS_AFTER_INADEQUATE_WARNING
    assert {"says_data_will_be_lost", "second_confirmation"} <= set(result.missed_clauses)
    assert result.dialogs[0].message == "APP签名不一致，可能导致数据丢失"
    assert {"dialog-1.png", "dialog-1.xml", "diff after the update"} <= set(attached)
    assert any("gone" in line for line in result.changes)
    assert APP.package_name not in packages
    assert undeclared == ()


def test_whoever_is_typing_loses_everything_too_and_whoever_is_away_only_gets_a_fright() -> None:
    with running(BEFORE_THE_FIX) as device:
        typing = run(device, pushed(UpdateKind.SAME_SIGNER, Persona.TYPING))
        absent = run(device, pushed(UpdateKind.SAME_SIGNER, Persona.ABSENT))
    assert typing.verdict is VerdictKind.LOSS_AFTER_INADEQUATE_WARNING
    assert absent.verdict is VerdictKind.FALSE_WARNING


def test_the_fixed_build_passes() -> None:
    with running(FIXED) as device:
        good = run(device, pushed(UpdateKind.SAME_SIGNER, Persona.CARELESS))
        bad = run(device, pushed(UpdateKind.OTHER_SIGNER, Persona.CARELESS))
    assert good.verdict is VerdictKind.UPDATED_DATA_INTACT
    assert bad.verdict is VerdictKind.REFUSED_DATA_INTACT


def test_android_5_works_without_newer_tools_and_exit_statuses() -> None:
    with running("aosp-22") as device:
        good = run(device, OVER_ADB)
        plan = ScenarioPlan(
            update=UpdateKind.OTHER_SIGNER, route=Route.INSTALLER_UI, persona=Persona.CARELESS
        )
        refused = run(device, plan)
    assert good.verdict is VerdictKind.UPDATED_DATA_INTACT
    assert refused.verdict is VerdictKind.REFUSED_DATA_INTACT
    assert refused.dialogs[-1].message == "App not installed."


@pytest.mark.parametrize(
    ("defect", "update", "verdict"),
    [
        ("databases_wiped_on_reboot", UpdateKind.SAME_SIGNER, VerdictKind.SILENT_LOSS),
        ("good_update_refused", UpdateKind.SAME_SIGNER, VerdictKind.FALSE_WARNING),
        ("accept_other_signer", UpdateKind.OTHER_SIGNER, VerdictKind.EXPOSED),
    ],
)
def test_a_defect_turns_the_verdict(defect: str, update: UpdateKind, verdict: VerdictKind) -> None:
    with running("aosp-30", defect) as device:
        result = run(device, ScenarioPlan(update=update, route=Route.SESSION))
    assert result.verdict is verdict, result.reasons


def test_what_only_a_second_reboot_takes_is_a_silent_loss() -> None:
    outside = Path(__file__).resolve().parents[2] / "proof/outside_defects.py"
    with running("aosp-30", f"{outside}:SECOND_REBOOT_LOSES") as device:
        result = run(device, OVER_ADB)
    assert result.verdict is VerdictKind.SILENT_LOSS
    assert any("voice" in line for line in result.changes_after_reboot)


def test_the_control_shows_its_loss_and_stands_in_the_ledger_as_declared() -> None:
    plan = ScenarioPlan(update=UpdateKind.UNINSTALL_REINSTALL, route=Route.ADB)
    with running("aosp-34") as device:
        result = run(device, plan)
        reasons = [c.declared_by.reason for c in device.ledger.commands if c.declared_by]
    assert result.verdict is VerdictKind.SILENT_LOSS
    assert any("control" in reason for reason in reasons)


def test_a_harness_that_tried_to_destroy_something_undeclared_gives_no_result() -> None:
    with running("aosp-34") as device:
        with pytest.raises(HarnessFault, match="undeclared"):
            device.shell.run("pm clear com.example.store", deadline=Deadline.after(20))
        with pytest.raises(HarnessFault, match="counts for nothing"):
            run(device, OVER_ADB)
