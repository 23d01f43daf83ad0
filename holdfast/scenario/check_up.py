"""The health job: is a device fit for tests again? It must answer, be within its limits, and come
back from a reboot. Whoever passes leaves quarantine."""

from __future__ import annotations

from dataclasses import asdict

from holdfast.deadline import Deadline
from holdfast.errors import LabError
from holdfast.firmware.workbench import Workbench
from holdfast.journal import Journal
from holdfast.lab.health import HealthLimits, Vitals, assess

__all__ = ["check_up", "require_fit"]

_BOOT_S = 480.0
_LOOK_S = 60.0


def require_fit(bench: Workbench, limits: HealthLimits, deadline: Deadline) -> Vitals:
    """It is booted, its services answer, and what it tells is within the limits. LabError."""
    bench.require_healthy(deadline)
    vitals = Vitals(**asdict(bench.vitals(deadline.within(_LOOK_S))))
    ailments = assess(vitals, limits)
    if ailments:
        raise LabError(
            "not fit for a test: " + "; ".join(a.detail for a in ailments),
            device=bench.controls.name,
        )
    return vitals


def check_up(
    bench: Workbench, limits: HealthLimits, journal: Journal, deadline: Deadline
) -> Vitals:
    """Before and after a reboot. LabError says what is wrong."""
    with journal.step("health job: before a reboot"):
        require_fit(bench, limits, deadline)
    with journal.step("health job: after a reboot"):
        bench.reboot(deadline.within(_BOOT_S))
        return require_fit(bench, limits, deadline)
