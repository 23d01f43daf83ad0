"""The rig of a real lab: lease, start, connect, run; and begin anew after the lab has failed."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack, nullcontext
from functools import partial
from typing import Protocol

from holdfast.android.build import Build
from holdfast.deadline import Deadline
from holdfast.device.device import Device
from holdfast.errors import HoldfastError, LabError
from holdfast.journal import DestructiveCommand, Event, Fact, Journal, Ledger, StepStarted
from holdfast.lab.inventory import DeviceSpec, StoreAdapter
from holdfast.lab.leases import Lease, LeaseTable, this_process
from holdfast.lab.provider import Endpoint, Provider
from holdfast.lab.quarantine import QuarantineStore
from holdfast.pytest_plugin.rig import DeviceFacts, Need, NotCovered
from holdfast.scenario.firmware import FirmwareOffer
from holdfast.scenario.result import ScenarioPlan, ScenarioResult, UpdateKind
from holdfast.scenario.run import RESTORE_FAILED
from holdfast.scenario.updates import UpdateMissing

__all__ = ["Connect", "LabRig", "LooksAfter", "RunScenario"]

START_S = 180.0
STOP_S = 8.0
_GIVES_UP_AFTER = 2


class Connect(Protocol):
    """How a rig gets a driver for an endpoint: `holdfast.device.connect`."""

    def __call__(
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
    ) -> Device: ...


class RunScenario(Protocol):
    """The path from plan to verdict: `holdfast.scenario`, with the run's APKs bound to it."""

    def __call__(
        self,
        device: Device,
        plan: ScenarioPlan,
        *,
        store: StoreAdapter | None,
        offer: FirmwareOffer | None,
    ) -> ScenarioResult: ...


class LooksAfter(Protocol):
    """What is done for a device around tests: `holdfast.pytest_plugin.care`. `permit` is asked
    before each use of the device."""

    def prepare(
        self, endpoint: Endpoint, journal: Journal, ledger: Ledger, *, permit: Callable[[], None]
    ) -> None:
        """After each start."""

    def firmware(
        self, endpoint: Endpoint, device: Device, *, permit: Callable[[], None]
    ) -> AbstractContextManager[FirmwareOffer | None]:
        """For a scenario that updates the firmware. UpdateMissing if the device must not be."""

    def bring_back(
        self, journal: Journal, ledger: Ledger, *, why: str, permit: Callable[[], None]
    ) -> None:
        """Before a start, after the lab failed with the device, and at the end of its use."""

    def give_up(self, why: str) -> None:
        """The lab failed with it again and again."""

    def take_back(self, journal: Journal, ledger: Ledger, *, permit: Callable[[], None]) -> None:
        """It is in quarantine: release it if it is well. LabError if not."""

    def admit(self, device: Device, endpoint: Endpoint) -> None:
        """Before each test. LabError if it is not fit for one."""

    def dismiss(self, device: Device) -> None:
        """The use that `admit` began is over. It raises nothing of the device's."""

    def discharge(self, device: Device) -> None:
        """After each scenario."""

    def gather(self, device: Device) -> None:
        """After a scenario that failed. It raises nothing of the device's."""


class LabRig:
    """One device of the inventory. `run_name` says to other runs who holds it."""

    def __init__(
        self,
        spec: DeviceSpec,
        *,
        provider: Provider,
        leases: LeaseTable,
        run_name: str,
        store: StoreAdapter | None,
        quarantine: QuarantineStore,
        connect: Connect,
        run_scenario: RunScenario,
        care: LooksAfter | None = None,
        start_s: float = START_S,
    ) -> None:
        self._spec = spec
        self._provider = provider
        self._leases = leases
        self._run_name = run_name
        self._store = store
        self._quarantine = quarantine
        self._connect = connect
        self._run_scenario = run_scenario
        self._care = care
        self._start_s = start_s
        self._sick = ""
        self._lease: Lease | None = None
        self._endpoint: Endpoint | None = None
        self._device: Device | None = None
        self._failures = 0
        self._last_failure = ""
        self._tried_to_take_back = False
        self._keeping = ExitStack()

    def ready(self, journal: Journal, ledger: Ledger) -> DeviceFacts:
        if self._failures >= _GIVES_UP_AFTER:
            raise LabError(
                f"given up after {self._failures} failures in a row; the last: "
                f"{self._last_failure}",
                device=self._spec.name,
            )
        deadline = Deadline.after(self._start_s)
        with journal.step(f"make {self._spec.name} ready"):
            if self._care is None or self._tried_to_take_back:
                self._require_not_out()
            lease = self._leased()
            permit = lease.require
            journal.subscribe(_fence(lease))
            journal.subscribe(self._notice_failed_restore)
            if self._quarantine.current(self._spec.name) is not None and self._care:
                self._tried_to_take_back = True
                self._care.take_back(journal, ledger, permit=permit)
                deadline = Deadline.after(self._start_s)
            if self._sick and self._care:
                self._care.bring_back(journal, ledger, why=self._sick, permit=permit)
                deadline = Deadline.after(self._start_s)
            self._sick = ""
            new = self._endpoint is None
            endpoint = self._started(journal, deadline)
            if new and self._care:
                self._care.prepare(endpoint, journal, ledger, permit=permit)
                deadline = Deadline.after(self._start_s)
            self._close()
            self._device = self._connect(
                name=self._spec.name,
                serial=endpoint.serial,
                adb_server_port=endpoint.adb_port,
                adb_server_host=endpoint.adb_host,
                journal=journal,
                ledger=ledger,
                deadline=deadline,
                permit=permit,
            )
            if self._care:
                self._care.admit(self._device, endpoint)
        return self._facts(self._device.build, endpoint)

    def run(self, plan: ScenarioPlan) -> ScenarioResult:
        device, endpoint = self._device, self._endpoint
        if device is None or endpoint is None:
            raise LabError("it was not made ready", device=self._spec.name)
        updates_firmware = plan.update is UpdateKind.FIRMWARE
        try:
            with self._firmware(endpoint, device) if updates_firmware else nullcontext() as offer:
                result = self._run_scenario(device, plan, store=self._store, offer=offer)
        except UpdateMissing as reason:
            raise NotCovered(str(reason)) from reason
        except LabError:
            if self._care:
                self._care.gather(device)
            raise
        if self._care:
            if not result.verdict.passes:
                self._care.gather(device)
            if not updates_firmware:
                self._care.discharge(device)
        self._failures = 0
        if updates_firmware:
            self._leave_build(result)
        return result

    def _leave_build(self, result: ScenarioResult) -> None:
        """The next `ready` begins on the build that devices.yaml names. What ended badly may not
        even start."""
        self._stop()
        if not result.verdict.passes:
            self._sick = f"a firmware update ended in {result.verdict}"

    def _firmware(
        self, endpoint: Endpoint, device: Device
    ) -> AbstractContextManager[FirmwareOffer | None]:
        if self._care is None:
            return nullcontext()
        return self._care.firmware(endpoint, device, permit=self._leased().require)

    def suspect(self, why: str) -> None:
        """Stop it; the next `ready` starts it anew. One that fails again and again is given up."""
        self._failures += 1
        self._last_failure = why.removeprefix(f"{self._spec.name}: ")
        self._sick = self._last_failure
        if self._failures >= _GIVES_UP_AFTER and self._lease and self._care:
            self._care.give_up(f"{self._failures} failures in a row; the last: {self._sick}")
        self._stop()

    def release(self) -> None:
        """A device that was left sick is brought back first, or goes into quarantine."""
        self._stop()
        if self._lease is not None:
            if self._sick and self._care:
                _quietly(partial(self._bring_back_at_the_end, self._lease, self._care))
            self._keeping.close()
            _quietly(self._lease.release)
            self._lease = None

    def _bring_back_at_the_end(self, lease: Lease, care: LooksAfter) -> None:
        if self._quarantine.current(self._spec.name) is None:
            lease.require()
            journal = Journal()
            care.bring_back(journal, Ledger(journal), why=self._sick, permit=lease.require)

    def _leased(self) -> Lease:
        if self._lease is None:
            self._lease = self._leases.acquire(
                self._provider.resource,
                device=self._spec.name,
                holder=this_process(self._run_name),
                at=time.time(),
            )
            self._keeping.enter_context(self._lease.kept())
        return self._lease

    def _require_not_out(self) -> None:
        stay = self._quarantine.current(self._spec.name)
        if stay is not None:
            raise LabError(
                f"it is in quarantine: {stay.reason} (put there by {stay.owner}; "
                f"'holdfast release {self._spec.name}' takes it back)",
                device=self._spec.name,
            )

    def _notice_failed_restore(self, event: Event) -> None:
        """The verdict stands; the device must be brought back before it is used again."""
        if isinstance(event, Fact) and event.key == RESTORE_FAILED:
            self._sick = f"it could not be brought back to a clean state: {event.value}"

    def _started(self, journal: Journal, deadline: Deadline) -> Endpoint:
        if self._endpoint is None:
            with journal.step(f"start {self._spec.name}"):
                self._endpoint = self._provider.start(deadline, say=_into(journal))
        return self._endpoint

    def _stop(self) -> None:
        self._close()
        self._endpoint = None
        _quietly(lambda: self._provider.stop(Deadline.after(STOP_S)))

    def _close(self) -> None:
        if self._device is not None:
            if self._care:
                self._care.dismiss(self._device)
            _quietly(self._device.close)
            self._device = None

    def _facts(self, build: Build, endpoint: Endpoint) -> DeviceFacts:
        offers = {
            Need.STORE: self._store is not None,
            Need.FASTBOOT: endpoint.fastboot is not None,
            Need.DEBUGGABLE_BUILD: build.build_type in ("userdebug", "eng"),
        }
        return DeviceFacts(
            name=self._spec.name,
            model=build.model,
            build=build.fingerprint,
            api=build.api,
            offers=frozenset(word for word, offered in offers.items() if offered),
        )


def _fence(lease: Lease) -> Callable[[Event], None]:
    """Before each step, and before each destructive command, the lease must still be ours."""

    def require(event: Event) -> None:
        if isinstance(event, StepStarted | DestructiveCommand):
            lease.require()

    return require


def _into(journal: Journal) -> Callable[[str], None]:
    def say(sentence: str) -> None:
        with journal.step(sentence):
            pass

    return say


def _quietly(undo: Callable[[], None]) -> None:
    """What is undone after a device has died may fail too; that must not hide why it died."""
    try:
        undo()
    except HoldfastError:
        return
