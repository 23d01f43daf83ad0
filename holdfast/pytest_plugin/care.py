"""What a rig does for its device around tests: preparation, health, and bringing it back."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from holdfast.deadline import Deadline
from holdfast.device.device import Device
from holdfast.device.evidence import collect_evidence, device_time, pieces_for
from holdfast.device.screen_recording import ScreenRecording
from holdfast.device.vitals import read_vitals
from holdfast.errors import DeviceRefused, LabError
from holdfast.firmware.prepare import prepare
from holdfast.firmware.workbench import Workbench
from holdfast.journal import Journal, Ledger
from holdfast.lab.adb_watch import AdbWatch
from holdfast.lab.attached import require_adb_server
from holdfast.lab.health import HealthLimits, Vitals, assess, worsened
from holdfast.lab.inventory import AttachedSpec, DeviceSpec
from holdfast.lab.provider import Endpoint
from holdfast.lab.providing import firmware_update_of
from holdfast.lab.quarantine import QuarantineStore
from holdfast.lab.recovery import recover
from holdfast.scenario.bench import bench_for, endpoint_of, may_destroy, preparation_of
from holdfast.scenario.check_up import check_up
from holdfast.scenario.firmware import FirmwareOffer
from holdfast.scenario.ladder import RungTimes, rungs_for
from holdfast.scenario.updates import UpdateMissing

__all__ = ["Care", "CareTimes"]

Permit = Callable[[], None]
"""Is asked before each use of a device; raises LeaseLost."""


@dataclass(frozen=True, kw_only=True, slots=True)
class CareTimes:
    """How long each may take. The defaults are for phones that are flashed."""

    prepare_s: float = 7200.0
    recover_s: float = 5400.0
    look_s: float = 30.0
    package_s: float = 300.0
    evidence_s: float = 240.0
    check_up_s: float = 900.0
    rungs: RungTimes = field(default_factory=RungTimes)


class Care:
    """For one device of the inventory. `folder` is the one of devices.yaml; `packages` are the apps
    of which a failure's evidence tells."""

    def __init__(
        self,
        spec: DeviceSpec,
        *,
        folder: Path,
        quarantine: QuarantineStore,
        owner: str,
        times: CareTimes | None = None,
        packages: Sequence[str] = (),
    ) -> None:
        self._packages = packages
        self._spec = spec
        self._times = times or CareTimes()
        self._folder = folder
        self._quarantine = quarantine
        self._owner = owner
        self._limits = HealthLimits()
        self._before = Vitals()
        self._since = ""
        self._reported = False
        self._watch: AdbWatch | None = None
        self._drops = 0
        self._recording: ScreenRecording | None = None
        self._cannot_record = ""

    def prepare(
        self, endpoint: Endpoint, journal: Journal, ledger: Ledger, *, permit: Permit
    ) -> None:
        """Bring a device that was just started to the state that its entry declares."""
        if self._spec.prepare is None:
            return
        deadline = Deadline.after(self._times.prepare_s)
        bench = bench_for(
            self._spec, endpoint, journal=journal, ledger=ledger, deadline=deadline, permit=permit
        )
        prepare(bench, preparation_of(self._spec.prepare, folder=self._folder), deadline)

    @contextmanager
    def firmware(
        self, endpoint: Endpoint, device: Device, *, permit: Permit
    ) -> Iterator[FirmwareOffer | None]:
        """The firmware update that the device is offered, if any. Behind it the device is to be
        started anew: UpdateMissing if nothing would then bring it back to the build before."""
        spec = self._spec
        if spec.firmware_update and isinstance(spec, AttachedSpec):
            if not may_destroy(spec):
                raise UpdateMissing("a firmware update needs 'allow_destructive: true' here")
            if spec.prepare is None or not spec.prepare.build:
                raise UpdateMissing(
                    "nothing would bring it back to the build before: give it a `prepare` with a "
                    "`build` in devices.yaml"
                )
        deadline = Deadline.after(self._times.package_s)
        with firmware_update_of(spec, folder=self._folder, deadline=deadline) as package:
            # The providers' own devices are started anew, so nobody needs fastboot for them.
            there = replace(endpoint, fastboot=None)
            bench = bench_for(
                spec,
                there,
                journal=device.journal,
                ledger=device.ledger,
                deadline=deadline,
                permit=permit,
            )
            yield FirmwareOffer(package=package, bench=bench) if package else None

    def bring_back(self, journal: Journal, ledger: Ledger, *, why: str, permit: Permit) -> None:
        """Climb the ladder with an attached device; what a run starts itself is started anew.

        LabError, and quarantine, if no rung helps.
        """
        spec = self._spec
        if not isinstance(spec, AttachedSpec):
            return
        deadline = Deadline.after(self._times.recover_s)
        bench = bench_for(
            spec,
            endpoint_of(spec),
            journal=journal,
            ledger=ledger,
            deadline=deadline,
            permit=permit,
        )
        done = recover(
            spec.name,
            rungs_for(bench, spec, folder=self._folder, times=self._times.rungs),
            healthy=bench.require_healthy,
            why=why,
            may_destroy=may_destroy(spec),
            quarantine=self._quarantine,
            owner=self._owner,
            journal=journal,
            deadline=deadline,
        )
        self._drops = 0
        journal.fact("recovery.by", done.by)

    def give_up(self, why: str) -> None:
        """Take an attached device out of the lab; what a run starts itself ends with the run."""
        if isinstance(self._spec, AttachedSpec):
            self._quarantine.put(self._spec.name, reason=why, owner=self._owner, at=time.time())

    def take_back(self, journal: Journal, ledger: Ledger, *, permit: Permit) -> None:
        """Release a device from quarantine if it passes the health job. LabError if it does not, or
        if a person put it there."""
        spec = self._spec
        stay = self._quarantine.current(spec.name)
        if stay is None:
            return
        where = (
            f"it is in quarantine: {stay.reason} (put there by {stay.owner}; "
            f"'holdfast release {spec.name}' takes it back)"
        )
        if stay.by_hand or not isinstance(spec, AttachedSpec):
            raise LabError(where, device=spec.name)
        deadline = Deadline.after(self._times.check_up_s)
        try:
            require_adb_server(spec, deadline)
            bench = self._bench(spec, journal, ledger, permit, deadline)
            check_up(bench, self._limits, journal, deadline)
        except (LabError, DeviceRefused) as error:
            said = str(error).removeprefix(f"{spec.name}: ")
            raise LabError(f"{where}; the health job now: {said}", device=spec.name) from error
        self._quarantine.release(spec.name, by=f"{self._owner}: health job passed", at=time.time())
        journal.fact("quarantine.released", stay.reason)

    def admit(self, device: Device, endpoint: Endpoint) -> None:
        """Read its health before a test. LabError if it is not fit for one: an attached device goes
        into quarantine until a health job finds it well."""
        self._require_declared(device)
        deadline = Deadline.after(self._times.look_s, clock=device.clock)
        self._since = device_time(device.shell, deadline=deadline)
        self._before = self._read(device)
        device.journal.fact("health.before", asdict(self._before))
        ailments = assess(self._before, self._limits)
        if ailments:
            why = "not fit for a test: " + "; ".join(a.detail for a in ailments)
            self.give_up(why)
            raise LabError(why, device=self._spec.name)
        self._watch = AdbWatch(
            host=endpoint.adb_host, port=endpoint.adb_port, serial=endpoint.serial
        )
        self._watch.start()
        if not self._cannot_record:
            self._recording = ScreenRecording(device.shell, device.files, clock=device.clock)
            self._recording.start()
            device.before_restart.append(self._recording.break_off)

    def _require_declared(self, device: Device) -> None:
        declared = self._spec.serialno if isinstance(self._spec, AttachedSpec) else ""
        if declared and device.build.serialno != declared:
            raise LabError(
                f"the hardware that answers at {device.serial} is "
                f"{device.build.serialno or 'one that tells no serial number'}, and devices.yaml "
                f"declares {declared}",
                device=self._spec.name,
            )

    def dismiss(self, device: Device) -> None:
        """The device's use ends, however: count how often adb lost it though nobody asked for a
        reboot, and throw away what nobody needs of its screen."""
        if self._recording is not None:
            self._recording.discard()
            self._cannot_record = self._recording.refusal
            self._recording = None
        if self._watch is not None:
            self._drops += max(0, self._watch.stop() - device.reboots)
            self._watch = None

    def discharge(self, device: Device) -> None:
        """Read it after the test. What went wrong is told; whether it is fit is the next test's
        question, and what the firmware did is the verdict's."""
        self.dismiss(device)
        after = self._read(device)
        device.journal.fact("health.after", asdict(after))
        found = worsened(self._before, after, self._limits)
        if found:
            device.journal.fact(
                "health.worsened", "; ".join(f"{a.kind}: {a.detail}" for a in found)
            )

    def gather(self, device: Device) -> None:
        """Take the evidence of a failure. A bugreport takes minutes on a phone: the first failure
        of a run with this device gets one."""
        deadline = Deadline.after(self._times.evidence_s, clock=device.clock)
        collect_evidence(
            device.shell,
            device.files,
            pieces_for(self._packages, since=self._since),
            api=device.api,
            bugreport=not self._reported,
            journal=device.journal,
            deadline=deadline,
        )
        self._reported = True
        if self._recording is not None:
            self._recording.keep(device.journal, deadline=deadline)
        elif self._cannot_record:
            device.journal.attach("screen-recording.txt", f"not recorded: {self._cannot_record}\n")

    def _bench(
        self,
        spec: AttachedSpec,
        journal: Journal,
        ledger: Ledger,
        permit: Permit,
        deadline: Deadline,
    ) -> Workbench:
        where = endpoint_of(spec)
        return bench_for(
            spec, where, journal=journal, ledger=ledger, deadline=deadline, permit=permit
        )

    def _read(self, device: Device) -> Vitals:
        deadline = Deadline.after(self._times.look_s, clock=device.clock)
        readings = read_vitals(device.shell, clock=device.clock, deadline=deadline)
        return Vitals(**asdict(readings), adb_drops=self._drops)
