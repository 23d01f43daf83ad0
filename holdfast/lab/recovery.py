"""The ladder by which a device that failed is brought back: rung by rung, each bounded and logged.

What no rung brings back goes into quarantine, with the reason of every rung.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from holdfast.deadline import Deadline
from holdfast.errors import ConfigurationError, DeviceRefused, LabError
from holdfast.journal import Journal
from holdfast.lab.quarantine import QuarantineStore

__all__ = ["ORDER", "Recovered", "Rung", "recover"]

# From the gentlest to the one that costs most. A lab has those that its hardware allows.
ORDER = (
    "reconnect", "restart_adbd", "reboot", "usb_power", "bootloader", "reflash",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True, slots=True)
class Rung:
    """`act` may take `bound_s`, `check` of the device's health included. `destroys`: it takes what
    is on the device, and is climbed only where that is allowed."""

    name: str
    bound_s: float
    act: Callable[[Deadline], None]
    destroys: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Recovered:
    """`by` is the rung that brought it back; `failed` what the rungs before it ended with."""

    by: str
    failed: tuple[str, ...]


def recover(
    device: str,
    rungs: Sequence[Rung],
    *,
    healthy: Callable[[Deadline], None],
    why: str,
    may_destroy: bool,
    quarantine: QuarantineStore,
    owner: str,
    journal: Journal,
    deadline: Deadline,
) -> Recovered:
    """Climb until `healthy` raises nothing. LabError, and quarantine, if no rung helps.

    A wrong configuration on a rung is the rung's failure: it must not keep the device out of
    quarantine.
    """
    failed: list[str] = []
    why = why.removeprefix(f"{device}: ")
    with journal.step(f"recover {device}", why=why):
        for rung in rungs:
            if deadline.passed:
                failed.append(f"{rung.name}: no time is left for it")
                continue
            if rung.destroys and not may_destroy:
                failed.append(f"{rung.name}: not allowed (no allow_destructive)")
                continue
            bound = deadline.within(rung.bound_s)
            try:
                with journal.step(f"rung {rung.name}", device=device):
                    rung.act(bound)
                    healthy(bound)
            except (LabError, DeviceRefused, ConfigurationError) as error:
                failed.append(f"{rung.name}: {str(error).removeprefix(f'{device}: ')}")
            else:
                return Recovered(by=rung.name, failed=tuple(failed))
        reason = f"{why}; tried: {'; '.join(failed) or 'nothing, there is no rung'}"
        quarantine.put(device, reason=reason, owner=owner, at=deadline.clock.time())
        raise LabError(
            f"it could not be brought back and is in quarantine: {reason}", device=device
        )
