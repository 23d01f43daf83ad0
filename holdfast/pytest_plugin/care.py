"""What a rig does for its device around tests: preparation, health, and bringing it back."""

from __future__ import annotations

import secrets
from dataclasses import asdict, dataclass
from pathlib import Path

from holdfast.deadline import Deadline
from holdfast.device.device import Device
from holdfast.device.evidence import collect_evidence, device_time, pieces_for
from holdfast.device.vitals import read_vitals
from holdfast.errors import LabError
from holdfast.firmware.prepare import prepare
from holdfast.journal import Journal, Ledger
from holdfast.lab.health import HealthLimits, Vitals, assess, worsened
from holdfast.lab.inventory import AttachedSpec, DeviceSpec
from holdfast.lab.provider import Endpoint
from holdfast.lab.quarantine import QuarantineStore
from holdfast.lab.recovery import recover
from holdfast.report.redact import Redactor
from holdfast.scenario.bench import bench_for, may_destroy, preparation_of
from holdfast.scenario.ladder import rungs_for

__all__ = ["Care", "CareTimes"]


@dataclass(frozen=True, kw_only=True, slots=True)
class CareTimes:
    """How long each may take. The defaults are for phones that are flashed."""

    prepare_s: float = 7200.0
    recover_s: float = 5400.0
    look_s: float = 30.0
    evidence_s: float = 240.0


class Care:
    """For one device of the inventory. `folder` is the one of devices.yaml."""

    def __init__(
        self,
        spec: DeviceSpec,
        *,
        folder: Path,
        quarantine: QuarantineStore,
        owner: str,
        times: CareTimes | None = None,
    ) -> None:
        self._spec = spec
        self._times = times or CareTimes()
        self._folder = folder
        self._quarantine = quarantine
        self._owner = owner
        self._limits = HealthLimits()
        self._before = Vitals()
        self._since = ""
        self._redactor = Redactor(salt=secrets.token_bytes(16))
        self._reported = False

    def prepare(self, endpoint: Endpoint, journal: Journal, ledger: Ledger) -> None:
        """Bring a device that was just started to the state that its entry declares."""
        if self._spec.prepare is None:
            return
        deadline = Deadline.after(self._times.prepare_s)
        bench = bench_for(self._spec, endpoint, journal=journal, ledger=ledger, deadline=deadline)
        prepare(bench, preparation_of(self._spec.prepare, folder=self._folder), deadline)

    def bring_back(self, journal: Journal, ledger: Ledger, *, why: str) -> None:
        """Climb the ladder with an attached device; what a run starts itself is started anew.

        LabError, and quarantine, if no rung helps.
        """
        spec = self._spec
        if not isinstance(spec, AttachedSpec):
            return
        deadline = Deadline.after(self._times.recover_s)
        endpoint = Endpoint(serial=spec.serial, adb_host=spec.adb_host, adb_port=spec.adb_port)
        bench = bench_for(spec, endpoint, journal=journal, ledger=ledger, deadline=deadline)
        done = recover(
            spec.name,
            rungs_for(bench, spec, folder=self._folder),
            healthy=bench.require_healthy,
            why=why,
            may_destroy=may_destroy(spec),
            quarantine=self._quarantine,
            owner=self._owner,
            journal=journal,
            deadline=deadline,
        )
        journal.fact("recovery.by", done.by)

    def admit(self, device: Device) -> None:
        """Read its health before a test. LabError if it is not fit for one."""
        deadline = Deadline.after(self._times.look_s, clock=device.clock)
        self._since = device_time(device.shell, deadline=deadline)
        self._before = self._read(device)
        device.journal.fact("health.before", asdict(self._before))
        ailments = assess(self._before, self._limits)
        if ailments:
            raise LabError(
                "not fit for a test: " + "; ".join(a.detail for a in ailments),
                device=self._spec.name,
            )

    def discharge(self, device: Device) -> None:
        """Read it after the test. What went wrong is told; whether it is fit is the next test's
        question, and what the firmware did is the verdict's."""
        after = self._read(device)
        device.journal.fact("health.after", asdict(after))
        found = worsened(self._before, after, self._limits)
        if found:
            device.journal.fact(
                "health.worsened", "; ".join(f"{a.kind}: {a.detail}" for a in found)
            )

    def gather(self, device: Device) -> None:
        """Take the evidence of a failure, redacted: it will leave the lab. A bugreport takes
        minutes on a phone: the first failure of a run with this device gets one."""
        collect_evidence(
            device.shell,
            device.files,
            pieces_for((), since=self._since),
            api=device.api,
            bugreport=not self._reported,
            redact=self._redactor.text,
            journal=device.journal,
            deadline=Deadline.after(self._times.evidence_s, clock=device.clock),
        )
        self._reported = True

    def _read(self, device: Device) -> Vitals:
        deadline = Deadline.after(self._times.look_s, clock=device.clock)
        return Vitals(**asdict(read_vitals(device.shell, clock=device.clock, deadline=deadline)))
