from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import cast

import pytest

from holdfast.android.build import Build, read_build
from holdfast.deadline import Deadline
from holdfast.device.device import Device
from holdfast.errors import DeviceLost, LabError, LeaseLost
from holdfast.journal import Declaration, DestructionKind, Journal, Ledger
from holdfast.lab.inventory import AttachedSpec, StoreAdapter
from holdfast.lab.leases import Holder, LeaseTable
from holdfast.lab.provider import Endpoint, Say
from holdfast.lab.quarantine import QuarantineStore
from holdfast.pytest_plugin.lab_rig import LabRig
from holdfast.pytest_plugin.rig import DeviceFacts, NotCovered
from holdfast.scenario.firmware import FirmwareOffer
from holdfast.scenario.result import (
    Route,
    ScenarioPlan,
    ScenarioResult,
    UpdateKind,
    VerdictKind,
)
from holdfast.scenario.updates import UpdateMissing

PLAN = ScenarioPlan(update=UpdateKind.SAME_SIGNER, route=Route.ADB)
FIRMWARE = ScenarioPlan(update=UpdateKind.FIRMWARE, route=Route.SIDELOAD)
STORE = StoreAdapter(package="com.example.store", upload_to="/data/local/tmp/a.apk", push="x {apk}")
BUILD = {
    "ro.build.fingerprint": "maker/phone:7.1.1",
    "ro.build.version.sdk": "25",
    "ro.product.model": "Phone",
}


class FakeProvider:
    """Counts its starts and stops; `fails` is raised by the next start."""

    resource = "the phone"

    def __init__(self) -> None:
        self.log: list[str] = []
        self.fails: LabError | None = None
        self.stop_fails = False

    def start(self, deadline: Deadline, *, say: Say) -> Endpoint:
        self.log.append("start")
        say("waiting for somebody to accept this computer's adb key on phone")
        if self.fails:
            raise self.fails
        return Endpoint(serial="phone", adb_host="127.0.0.1", adb_port=1)

    def stop(self, deadline: Deadline) -> None:
        self.log.append("stop")
        if self.stop_fails:
            raise DeviceLost("it is gone", device="phone")


class FakeDevice:
    """What the rig itself uses of a Device."""

    build: Build = read_build(BUILD)

    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger
        self.closed = False

    def close(self) -> None:
        self.closed = True


class FakeCare:
    """Logs what is asked of it; `well` is what a health job and the ladder find."""

    def __init__(self, quarantine: QuarantineStore) -> None:
        self.log: list[str] = []
        self.well = True
        self._quarantine = quarantine

    def prepare(
        self, endpoint: Endpoint, journal: Journal, ledger: Ledger, *, permit: Callable[[], None]
    ) -> None:
        self.log.append("prepare")

    def firmware(
        self, endpoint: Endpoint, device: Device, *, permit: Callable[[], None]
    ) -> AbstractContextManager[FirmwareOffer | None]:
        return nullcontext()

    def bring_back(
        self, journal: Journal, ledger: Ledger, *, why: str, permit: Callable[[], None]
    ) -> None:
        self.log.append(f"bring back: {why}")
        if not self.well:
            self.give_up(why)
            raise LabError("no rung helps", device="phone")

    def give_up(self, why: str) -> None:
        self.log.append("give up")
        self._quarantine.put("phone", reason=why, owner="care", at=1.0)

    def take_back(self, journal: Journal, ledger: Ledger, *, permit: Callable[[], None]) -> None:
        self.log.append("take back")
        if not self.well:
            raise LabError("it is in quarantine, and still not well", device="phone")
        self._quarantine.release("phone", by="health job", at=2.0)

    def admit(self, device: Device, endpoint: Endpoint) -> None:
        self.log.append("admit")

    def dismiss(self, device: Device) -> None: ...

    def discharge(self, device: Device) -> None: ...

    def gather(self, device: Device) -> None: ...


class Lab:
    """A rig with fakes at each of its seams."""

    def __init__(self, state: Path, *, run_name: str = "mine", cared_for: bool = False) -> None:
        self.provider = FakeProvider()
        self.leases = LeaseTable(state)
        self.quarantine = QuarantineStore(state / "quarantine.sqlite3")
        self.care = FakeCare(self.quarantine)
        self.devices: list[FakeDevice] = []
        self.stores: list[StoreAdapter | None] = []
        self.rig = LabRig(
            AttachedSpec(name="phone", kind="attached", serial="phone"),
            provider=self.provider,
            leases=self.leases,
            run_name=run_name,
            store=STORE,
            quarantine=self.quarantine,
            connect=self._connect,
            run_scenario=self._run,
            care=self.care if cared_for else None,
        )

    def _connect(
        self,
        *,
        name: str,
        serial: str,
        adb_server_port: int,
        adb_server_host: str,
        journal: Journal,
        ledger: Ledger,
        deadline: Deadline,
        permit: Callable[[], None],
    ) -> Device:
        permit()
        self.devices.append(FakeDevice(ledger))
        return cast("Device", self.devices[-1])

    def _run(
        self,
        device: Device,
        plan: ScenarioPlan,
        *,
        store: StoreAdapter | None,
        offer: FirmwareOffer | None,
    ) -> ScenarioResult:
        if plan.update is UpdateKind.ROTATED:
            raise UpdateMissing("rotating takes the maker's key")
        self.stores.append(store)
        return ScenarioResult(plan=plan, verdict=VerdictKind.UPDATED_DATA_INTACT, reasons=())

    def ready(self, journal: Journal | None = None) -> DeviceFacts:
        used = journal or Journal()
        return self.rig.ready(used, Ledger(used))


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    return Lab(tmp_path)


def test_nothing_is_touched_before_a_test_asks(lab: Lab) -> None:
    lab.rig.release()
    assert lab.provider.log == ["stop"]
    assert lab.devices == []
    assert lab.leases.entry("the phone") == (0, None)


def test_a_device_is_started_once_for_many_tests_and_stopped_at_the_end(lab: Lab) -> None:
    for _ in range(3):
        facts = lab.ready()
        lab.rig.run(PLAN)
    lab.rig.release()
    assert lab.provider.log == ["start", "stop"]
    assert [device.closed for device in lab.devices] == [True] * 3
    assert lab.leases.entry("the phone") == (1, None)
    assert lab.stores == [STORE] * 3
    assert (facts.model, facts.build, facts.api) == ("Phone", "maker/phone:7.1.1", 25)
    assert facts.offers == {"store"}


def test_after_a_firmware_update_a_device_is_started_anew(lab: Lab) -> None:
    lab.ready()
    lab.rig.run(FIRMWARE)
    lab.ready()
    assert lab.provider.log == ["start", "stop", "start"]


def test_an_update_that_cannot_be_had_is_not_covered(lab: Lab) -> None:
    lab.ready()
    with pytest.raises(NotCovered, match="takes the maker's key"):
        lab.rig.run(ScenarioPlan(update=UpdateKind.ROTATED, route=Route.ADB))


def test_a_suspect_device_is_stopped_and_started_anew(lab: Lab) -> None:
    lab.ready()
    lab.rig.suspect("the cable fell out")
    lab.ready()
    assert lab.provider.log == ["start", "stop", "start"]


def test_a_device_that_fails_twice_in_a_row_is_given_up_at_once(lab: Lab) -> None:
    lab.provider.fails = DeviceLost("it does not boot", device="phone")
    for _ in range(2):
        with pytest.raises(DeviceLost) as caught:
            lab.ready()
        lab.rig.suspect(str(caught.value))
    with pytest.raises(LabError, match="phone: given up after 2 failures in a row; the last: it"):
        lab.ready()
    assert lab.provider.log.count("start") == 2


def test_a_scenario_that_went_through_forgives_an_earlier_failure(lab: Lab) -> None:
    for _ in range(5):
        lab.ready()
        lab.rig.suspect("the cable fell out")
        lab.ready()
        lab.rig.run(PLAN)


def test_a_device_that_another_run_holds_is_not_started(lab: Lab, tmp_path: Path) -> None:
    other = Lab(tmp_path, run_name="other")
    other.ready()
    with pytest.raises(LabError, match="phone: it is leased by run other"):
        lab.ready()
    lab.rig.release()
    assert "start" not in lab.provider.log
    assert lab.leases.entry("the phone")[1] is not None


def test_a_device_in_quarantine_is_not_touched(lab: Lab) -> None:
    lab.quarantine.put("phone", reason="boot loop", owner="nightly", at=1.0)
    with pytest.raises(LabError, match="phone: it is in quarantine: boot loop"):
        lab.ready()
    assert lab.provider.log == []


def test_when_the_lease_is_lost_no_further_step_and_no_destructive_command_is_done(
    lab: Lab,
) -> None:
    journal = Journal()
    lab.ready(journal)
    ledger = lab.devices[0].ledger
    allowed = Declaration(
        device="phone", kind=DestructionKind.UNINSTALL, target="*", reason="restore"
    )
    ledger.declare(allowed)
    lab.leases.give_back("the phone", token=1)
    lab.leases.acquire(
        "the phone",
        device="phone",
        holder=Holder(run="other", pid=1, process_began="x"),
        at=1.0,
    )
    with pytest.raises(LeaseLost, match="run other"):
        ledger.record(
            device="phone", kind=DestructionKind.UNINSTALL, target="a", command="pm uninstall a"
        )
    with pytest.raises(LeaseLost), journal.step("deliver"):
        pytest.fail("the step must not begin")


def test_what_a_person_has_to_do_is_told_as_a_step(lab: Lab) -> None:
    journal = Journal()
    lab.ready(journal)
    titles = [event.title for event in journal.events if hasattr(event, "title")]
    assert any(title.startswith("waiting for somebody") for title in titles)


def test_an_error_of_stopping_hides_nothing_and_gives_the_lease_back(lab: Lab) -> None:
    lab.ready()
    lab.provider.stop_fails = True
    lab.rig.release()
    assert lab.leases.entry("the phone") == (1, None)


def test_a_device_that_failed_last_is_brought_back_before_it_is_given_back(tmp_path: Path) -> None:
    lab = Lab(tmp_path, cared_for=True)
    lab.ready()
    lab.rig.suspect("phone: the cable fell out")
    lab.rig.release()
    assert lab.care.log == ["prepare", "admit", "bring back: the cable fell out"]
    assert lab.leases.entry("the phone") == (1, None)


def test_a_device_that_cannot_be_brought_back_at_the_end_is_in_quarantine(tmp_path: Path) -> None:
    lab = Lab(tmp_path, cared_for=True)
    lab.ready()
    lab.care.well = False
    lab.rig.suspect("phone: the cable fell out")
    lab.rig.release()
    stay = lab.quarantine.current("phone")
    assert stay is not None
    assert stay.reason == "the cable fell out"
    assert lab.leases.entry("the phone") == (1, None)


def test_a_device_that_is_given_up_goes_into_quarantine(tmp_path: Path) -> None:
    lab = Lab(tmp_path, cared_for=True)
    for _ in range(2):
        lab.ready()
        lab.rig.suspect("phone: something stays before the home screen")
    stay = lab.quarantine.current("phone")
    assert stay is not None
    assert stay.reason == ("2 failures in a row; the last: something stays before the home screen")


def test_a_restore_that_fails_leaves_the_verdict_and_has_the_device_brought_back(
    tmp_path: Path,
) -> None:
    lab = Lab(tmp_path, cared_for=True)
    journal = Journal()
    lab.ready(journal)
    assert lab.rig.run(PLAN).verdict.passes
    journal.fact("restore.failed", "phone: app stays")
    lab.ready()
    assert lab.care.log[2:] == [
        "bring back: it could not be brought back to a clean state: phone: app stays",
        "admit",
    ]


def test_a_device_in_quarantine_is_used_again_once_it_passes_the_health_job(
    tmp_path: Path,
) -> None:
    lab = Lab(tmp_path, cared_for=True)
    lab.quarantine.put("phone", reason="battery at 3 %", owner="nightly", at=1.0)
    lab.ready()
    assert lab.care.log[0] == "take back"
    assert lab.quarantine.current("phone") is None


def test_a_device_that_fails_the_health_job_is_asked_once_a_run(tmp_path: Path) -> None:
    lab = Lab(tmp_path, cared_for=True)
    lab.quarantine.put("phone", reason="battery at 3 %", owner="nightly", at=1.0)
    lab.care.well = False
    with pytest.raises(LabError, match="still not well"):
        lab.ready()
    with pytest.raises(LabError, match=r"in quarantine: battery at 3 %"):
        lab.ready()
    assert lab.care.log == ["take back"]
    assert lab.provider.log == []
