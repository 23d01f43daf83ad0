"""Firmware updates below an app, on rehearsal devices: each ending, and each made red."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from holdfast.apk.keys import SigningKey
from holdfast.deadline import Deadline
from holdfast.errors import ConfigurationError
from holdfast.lab.inventory import VirtualSpec
from holdfast.lab.providing import firmware_update_of
from holdfast.scenario.bench import bench_for
from holdfast.scenario.firmware import FirmwareOffer
from holdfast.scenario.limits import Limits
from holdfast.scenario.result import Route, ScenarioPlan, ScenarioResult, UpdateKind, VerdictKind
from holdfast.scenario.run import run_scenario
from holdfast.scenario.updates import AppUnderTest, UpdateMissing
from selftests.holdfast.userdata.rehearsal import started
from virtualdevice.ota.package import PackagePlan, build_package

APP = AppUnderTest()
BEFORE, AFTER = "nut-pro-2-before-4.2.5.1", "nut-pro-2-4.2.5.1"
TWO_SLOTS, NEXT = "aosp-34-userdebug", "aosp-35-panther"
BY_RECOVERY = ScenarioPlan(update=UpdateKind.FIRMWARE, route=Route.SIDELOAD)
BY_SLOT = ScenarioPlan(update=UpdateKind.FIRMWARE, route=Route.OTA)
DEFECTS = Path(__file__).with_name("firmware_defects.py")
SHORT = Limits(boot_s=30.0)
"""A phone that never starts is waited for so long."""


def updated(
    plan: ScenarioPlan, package: Path | None, *, on: str = BEFORE, defect: str = ""
) -> ScenarioResult:
    """One scenario on a device that is started for it."""
    defects = (f"{DEFECTS}:{defect}",) if defect else ()
    with started(on, defects=defects) as running:
        device, endpoint = running.device, replace(running.endpoint, fastboot=None)
        spec = VirtualSpec(name="rehearsal", kind="virtual", personality=on)
        bench = bench_for(
            spec,
            endpoint,
            journal=device.journal,
            ledger=device.ledger,
            deadline=Deadline.after(1),
            permit=lambda: None,
        )
        offer = FirmwareOffer(bench=bench, package=package) if package else None
        return run_scenario(device, plan, app=APP, offer=offer, limits=SHORT)


def package(folder: Path, plan: PackagePlan) -> Path:
    path = folder / "update.zip"
    path.write_bytes(build_package(plan))
    return path


def test_recovery_updates_the_phone_of_2018_and_the_data_stays(tmp_path: Path) -> None:
    result = updated(BY_RECOVERY, package(tmp_path, PackagePlan(target=AFTER)))
    assert result.verdict is VerdictKind.UPDATED_DATA_INTACT, result.reasons
    assert "4.2.5.1" in result.answer


def test_android_updates_its_other_slot_and_the_data_stays(tmp_path: Path) -> None:
    found = updated(BY_SLOT, package(tmp_path, PackagePlan(target=NEXT)), on=TWO_SLOTS)
    assert found.verdict is VerdictKind.UPDATED_DATA_INTACT, found.reasons


def test_an_update_that_takes_files_with_it_is_a_silent_loss(tmp_path: Path) -> None:
    offered = package(tmp_path, PackagePlan(target=AFTER))
    result = updated(BY_RECOVERY, offered, defect="LOSES_FILES")
    assert result.verdict is VerdictKind.SILENT_LOSS
    assert any("files/" in line for line in result.changes), result.changes


def test_a_phone_that_starts_no_more_keeps_its_data_from_everybody(tmp_path: Path) -> None:
    offered = package(tmp_path, PackagePlan(target=AFTER))
    result = updated(BY_RECOVERY, offered, defect="NEVER_STARTS")
    assert result.verdict is VerdictKind.SILENT_LOSS
    assert result.reasons[0] == "Android does not start: the phone is in mode boot_loop"


def test_a_phone_that_falls_back_to_its_old_slot_has_refused_a_good_update(tmp_path: Path) -> None:
    offered = package(tmp_path, PackagePlan(target=NEXT))
    result = updated(BY_SLOT, offered, on=TWO_SLOTS, defect="NEVER_STARTS")
    assert result.verdict is VerdictKind.FALSE_WARNING
    assert "as before" in result.reasons[0]
    assert not result.changes


def test_a_package_that_nobody_known_signed_stays_out(tmp_path: Path) -> None:
    offered = package(tmp_path, PackagePlan(target=AFTER, key=SigningKey.generate()))
    result = updated(BY_RECOVERY, offered)
    assert result.verdict is VerdictKind.FALSE_WARNING
    assert result.reasons[0].startswith("a good update was refused: ")
    assert not result.changes


@pytest.mark.parametrize(
    ("plan", "target", "on", "words"),
    [
        (BY_RECOVERY, "", BEFORE, "devices.yaml names no firmware_update"),
        (BY_SLOT, AFTER, BEFORE, "no payload for a second slot"),
        (BY_SLOT, NEXT, "aosp-34", "this is a user build"),
    ],
)
def test_what_a_phone_cannot_be_offered_is_not_covered(
    plan: ScenarioPlan, target: str, on: str, words: str, tmp_path: Path
) -> None:
    offered = package(tmp_path, PackagePlan(target=target)) if target else None
    with pytest.raises(UpdateMissing, match=words):
        updated(plan, offered, on=on)


def test_a_package_that_is_declared_to_wipe_is_no_test_of_survival(tmp_path: Path) -> None:
    offered = package(tmp_path, PackagePlan(target=AFTER, wipe=True))
    with pytest.raises(UpdateMissing, match="declared to wipe"):
        updated(BY_RECOVERY, offered)


def test_firmware_that_nobody_knows_is_an_error_in_devices_yaml(tmp_path: Path) -> None:
    spec = VirtualSpec(name="mine", kind="virtual", personality=BEFORE, firmware_update="no-such")
    soon = Deadline.after(30)
    with (
        pytest.raises(ConfigurationError, match=r"device mine: firmware_update: .*no-such"),
        firmware_update_of(spec, folder=tmp_path, deadline=soon),
    ):
        pass
