"""Health before and after, and the ladder, with a virtual phone that the lab finds attached."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from holdfast.deadline import Deadline
from holdfast.device.connect import connect
from holdfast.device.device import Device
from holdfast.errors import LabError
from holdfast.journal import Attachment, Fact, Journal, Ledger
from holdfast.lab.inventory import AttachedSpec
from holdfast.lab.quarantine import QuarantineStore
from holdfast.pytest_plugin.care import Care
from selftests.holdfast.firmware.phone import Phone, phone


@pytest.fixture(scope="module")
def pixel() -> Iterator[Phone]:
    with phone("aosp-34") as made:
        made.bench().require_healthy(Deadline.after(60))
        yield made


class Clinic:
    """A care for `pixel`, as if it were attached by its host and port."""

    def __init__(self, pixel: Phone, folder: Path) -> None:
        self.journal = Journal()
        self.ledger = Ledger(self.journal)
        self.quarantine = QuarantineStore(folder / "quarantine.sqlite3")
        self.spec = AttachedSpec(
            name="phone",
            kind="attached",
            serial=pixel.serial,
            adb_port=pixel.adb_port,
            fastboot=pixel.fastboot,
        )
        self.care = Care(self.spec, folder=folder, quarantine=self.quarantine, owner="run 7")

    def device(self) -> Device:
        return connect(
            name="phone",
            serial=self.spec.serial,
            adb_server_port=self.spec.adb_port,
            journal=self.journal,
            ledger=self.ledger,
            deadline=Deadline.after(60),
        )

    @property
    def facts(self) -> dict[str, object]:
        return {e.key: e.value for e in self.journal.events if isinstance(e, Fact)}


@pytest.fixture
def clinic(pixel: Phone, tmp_path: Path) -> Clinic:
    return Clinic(pixel, tmp_path)


def test_a_well_device_is_admitted_and_its_health_is_in_the_journal(clinic: Clinic) -> None:
    device = clinic.device()
    clinic.care.admit(device)
    clinic.care.discharge(device)
    before = clinic.facts["health.before"]
    assert isinstance(before, dict)
    assert before["battery_percent"] == 100
    assert before["free_data_bytes"] > 0
    assert abs(before["clock_error_s"]) < 60
    assert "health.worsened" not in clinic.facts


def test_a_flat_battery_is_a_reason_of_the_lab_not_to_test(clinic: Clinic) -> None:
    device = clinic.device()
    device.shell.run("dumpsys battery set level 3", deadline=Deadline.after(10))
    try:
        with pytest.raises(LabError, match="phone: not fit for a test: battery at 3 %"):
            clinic.care.admit(device)
    finally:
        device.shell.run("dumpsys battery reset", deadline=Deadline.after(10))


def test_the_evidence_of_a_failure_is_kept(clinic: Clinic) -> None:
    device = clinic.device()
    clinic.care.admit(device)
    clinic.care.gather(device)
    kept = {e.name for e in clinic.journal.events if isinstance(e, Attachment)}
    assert {"logcat.txt", "properties.txt"} <= kept


def test_a_device_that_only_lost_its_link_is_back_by_the_first_rung(
    pixel: Phone, clinic: Clinic
) -> None:
    clinic.care.bring_back(clinic.journal, clinic.ledger, why="adb lost it")
    assert clinic.facts["recovery.by"] == "reconnect"
    assert clinic.quarantine.current("phone") is None


def test_a_device_in_its_bootloader_is_back_by_a_later_rung(pixel: Phone, clinic: Clinic) -> None:
    pixel.cycle(Deadline.after(60), to_bootloader=True)
    clinic.care.bring_back(clinic.journal, clinic.ledger, why="it did not come up")
    assert clinic.facts["recovery.by"] == "bootloader"
