"""Health before and after, and the ladder, with a virtual phone that the lab finds attached."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from holdfast.android.mp4 import film_length_s
from holdfast.deadline import Deadline, wait_until
from holdfast.device.connect import connect
from holdfast.device.device import Device
from holdfast.errors import LabError
from holdfast.journal import Attachment, Fact, Journal, Ledger
from holdfast.lab.adb_host import AdbHost
from holdfast.lab.inventory import AttachedSpec
from holdfast.lab.quarantine import QuarantineStore
from holdfast.pytest_plugin.care import Care
from holdfast.scenario.bench import endpoint_of
from selftests.holdfast.firmware.phone import Phone, phone


@pytest.fixture(scope="module")
def pixel() -> Iterator[Phone]:
    with phone("aosp-34") as made:
        made.bench().require_healthy(Deadline.after(60))
        yield made


def anybody() -> None:
    """Nobody else wants the phone."""


class Clinic:
    """A care for `pixel`, as if it were attached by its host and port."""

    def __init__(self, pixel: Phone, folder: Path, *, serialno: str = "") -> None:
        self.devices: list[Device] = []
        self.journal = Journal()
        self.ledger = Ledger(self.journal)
        self.quarantine = QuarantineStore(folder / "quarantine.sqlite3")
        self.spec = AttachedSpec(
            name="phone",
            kind="attached",
            serial=pixel.serial,
            adb_port=pixel.adb_port,
            fastboot=pixel.fastboot,
            serialno=serialno,
        )
        self.care = Care(self.spec, folder=folder, quarantine=self.quarantine, owner="run 7")

    def device(self) -> Device:
        self.devices.append(self._connected())
        return self.devices[-1]

    def _connected(self) -> Device:
        return connect(
            name="phone",
            serial=self.spec.serial,
            adb_server_port=self.spec.adb_port,
            journal=self.journal,
            ledger=self.ledger,
            deadline=Deadline.after(60),
        )

    def admit(self, device: Device) -> None:
        self.care.admit(device, endpoint_of(self.spec))

    @property
    def facts(self) -> dict[str, object]:
        return {e.key: e.value for e in self.journal.events if isinstance(e, Fact)}


@pytest.fixture
def clinic(pixel: Phone, tmp_path: Path) -> Iterator[Clinic]:
    made = Clinic(pixel, tmp_path)
    yield made
    for device in made.devices:
        made.care.dismiss(device)


def test_a_well_device_is_admitted_and_its_health_is_in_the_journal(clinic: Clinic) -> None:
    device = clinic.device()
    clinic.admit(device)
    clinic.care.discharge(device)
    before = clinic.facts["health.before"]
    assert isinstance(before, dict)
    assert before["battery_percent"] == 100
    assert before["free_data_bytes"] > 0
    assert abs(before["clock_error_s"]) < 60
    assert "health.worsened" not in clinic.facts


def test_other_hardware_than_the_declared_is_not_tested(pixel: Phone, tmp_path: Path) -> None:
    clinic = Clinic(pixel, tmp_path, serialno="X1")
    with pytest.raises(LabError, match=f"is {pixel.serialno}, and devices.yaml declares X1"):
        clinic.admit(clinic.device())


def test_a_flat_battery_is_a_reason_of_the_lab_not_to_test(clinic: Clinic) -> None:
    device = clinic.device()
    device.shell.run("dumpsys battery set level 3", deadline=Deadline.after(10))
    try:
        with pytest.raises(LabError, match="phone: not fit for a test: battery at 3 %"):
            clinic.admit(device)
        stay = clinic.quarantine.current("phone")
        assert stay is not None
        assert (stay.owner, stay.by_hand) == ("run 7", False)
        with pytest.raises(LabError, match=r"put there by run 7.*the health job now: not fit"):
            clinic.care.take_back(clinic.journal, clinic.ledger, permit=anybody)
    finally:
        device.shell.run("dumpsys battery reset", deadline=Deadline.after(10))
    clinic.care.take_back(clinic.journal, clinic.ledger, permit=anybody)
    assert clinic.quarantine.current("phone") is None
    (stay,) = clinic.quarantine.history("phone")
    assert stay.released_by == "run 7: health job passed"


def test_what_a_person_took_out_is_left_to_a_person(clinic: Clinic) -> None:
    clinic.quarantine.put("phone", reason="screen broken", owner="Li", at=1.0, by_hand=True)
    with pytest.raises(LabError, match="screen broken"):
        clinic.care.take_back(clinic.journal, clinic.ledger, permit=anybody)
    assert clinic.quarantine.current("phone") is not None


def test_drops_of_the_link_are_counted_and_reboots_that_were_asked_for_are_not(
    clinic: Clinic, pixel: Phone
) -> None:
    device = clinic.device()
    adb = AdbHost(host="127.0.0.1", port=pixel.adb_port)
    clinic.admit(device)
    device.reboot(deadline=Deadline.after(60))
    for _ in range(4):
        adb.disconnect(pixel.serial, Deadline.after(5))
        pixel.bench().require_healthy(Deadline.after(30))
    clinic.care.discharge(device)
    after = clinic.facts["health.after"]
    assert isinstance(after, dict)
    assert after["adb_drops"] == 4
    with pytest.raises(LabError, match="adb lost it 4 times"):
        clinic.admit(device)


def test_the_evidence_of_a_failure_is_kept(clinic: Clinic) -> None:
    device = clinic.device()
    clinic.admit(device)
    clinic.care.gather(device)
    kept = {e.name: e.data for e in clinic.journal.events if isinstance(e, Attachment)}
    assert {"logcat.txt", "properties.txt", "dropbox.txt", "screen-recording.txt"} <= kept.keys()
    assert kept["screen-recording.txt"].endswith(b": all of it\n")
    assert film_length_s(kept["screen-1.mp4"])


def test_crashes_hangs_and_tombstones_of_a_test_are_told(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    commands = tmp_path / "commands"
    with phone("aosp-34", more=["--commands", str(commands)]) as made:
        made.bench().require_healthy(Deadline.after(60))
        clinic = Clinic(made, tmp_path)
        device = clinic.device()
        clinic.admit(device)
        with commands.open("w") as fifo:
            fifo.write("fault apps_crash\n")
        shell, soon = device.shell, Deadline.after(60)
        wait_until(
            lambda: shell.run("dumpsys dropbox", deadline=soon).text.count("data_app_crash") > 5,
            soon,
            what="six crashes",
        )
        clinic.care.discharge(device)
    told = str(clinic.facts["health.worsened"])
    for kind in ("crash_loop: ", "tombstones: ", "not_responding: "):
        assert kind in told
