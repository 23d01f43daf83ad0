"""Faults on demand, as data: what a cable, a power supply or a crash do to a device (`--fault`).

A fault has a kind and, where it means something, a number: `drop_link=200000`, or a place in an
update: `die=download:50%`, `reboot=first_boot`. They are no defects: a firmware is not to blame for
them, so a run that meets one must end inconclusive. `fault KIND` among the commands of a running
device (`--commands`) has one come at that moment.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

__all__ = [
    "AT_A_PLACE",
    "NEEDS_NUMBER",
    "Fault",
    "FaultError",
    "FaultKind",
    "LinkWatch",
    "Phase",
    "PhaseWatch",
    "parse_fault",
]


class Phase(StrEnum):
    """The parts of an OTA, in the order in which a device goes through them."""

    DOWNLOAD = "download"
    VERIFY = "verify"
    COMMIT = "commit"
    FIRST_BOOT = "first_boot"
    CODE_OPTIMISATION = "code_optimisation"


class FaultKind(StrEnum):
    DROP_LINK = "drop_link"
    """The adb connection ends after that many bytes, once; the host may connect again."""
    HANG = "hang"
    """After that many bytes adb answers nothing more; the connection stays."""
    DIE = "die"
    """After that many bytes the device is gone, as if its battery were taken out."""
    REBOOT = "reboot"
    """After that many bytes the device restarts by itself."""
    SHELLS_HANG = "shells_hang"
    """adbd starts no shell any more, until it restarts; its own services go on."""
    REFUSE = "refuse"
    """After that many bytes adb refuses every service, until the next restart."""
    NEVER_BOOTS = "never_boots"
    """adb never hears of it, from the start."""
    STAYS_DOWN = "stays_down"
    """The first restart never comes back."""
    BOOT_LOOP = "boot_loop"
    """From the first restart on it restarts again as soon as it is up."""
    OTHER_SERIAL = "other_serial"
    """From the first restart on it says that it is another device."""
    LOW_BATTERY = "low_battery"
    """Five percent: recovery and update_engine begin no update, the bootloader flashes nothing."""
    FULL_DISK = "full_disk"
    """There is no room for an A/B update."""
    SLOW_DISK = "slow_disk"
    """Each percent of an A/B update takes so many milliseconds."""


AT_A_PLACE = frozenset(
    {FaultKind.DROP_LINK, FaultKind.HANG, FaultKind.DIE, FaultKind.REBOOT, FaultKind.REFUSE}
)
NEEDS_NUMBER = AT_A_PLACE | {FaultKind.SLOW_DISK}
PLACE = re.compile(rf"({'|'.join(Phase)})(?::(\d{{1,3}})%)?")


class FaultError(ValueError):
    """One sentence about a fault that there is not."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Fault:
    kind: FaultKind
    after_bytes: int = 0
    """Counted over both directions of the adb link, from the start of the process."""
    phase: Phase | None = None
    """Instead of bytes: when an update is there, and `percent` of that phase are done."""
    percent: int = 0
    milliseconds: int = 0


def parse_fault(text: str) -> Fault:
    """`KIND`, `KIND=BYTES`, `KIND=PHASE` or `KIND=PHASE:PERCENT%`."""
    name, equals, value = text.partition("=")
    try:
        kind = FaultKind(name)
    except ValueError:
        raise FaultError(f"there is no fault {name!r}; there are: {_forms()}") from None
    place = PLACE.fullmatch(value)
    if kind not in NEEDS_NUMBER and not equals:
        return Fault(kind=kind)
    if kind is FaultKind.SLOW_DISK and value.isdigit():
        return Fault(kind=kind, milliseconds=int(value))
    if kind in AT_A_PLACE and value.isdigit():
        return Fault(kind=kind, after_bytes=int(value))
    if kind in AT_A_PLACE and place is not None:
        return Fault(kind=kind, phase=Phase(place[1]), percent=int(place[2] or 0))
    raise FaultError(f"{text!r} is not of the form of these: {_forms()}")


def _forms() -> str:
    """What the command line takes."""
    phases = "|".join(Phase)
    forms = dict.fromkeys(AT_A_PLACE, "=BYTES or =PHASE[:PERCENT%]")
    forms[FaultKind.SLOW_DISK] = "=MILLISECONDS"
    listed = ", ".join(f"{kind}{forms.get(kind, '')}" for kind in FaultKind)
    return f"{listed}; PHASE is one of {phases}"


class LinkWatch:
    """Counts what goes over the adb link, and says which faults are due; each is so once."""

    def __init__(self, faults: Iterable[Fault] = ()) -> None:
        self._pending = [f for f in faults if f.kind in AT_A_PLACE and f.phase is None]
        self._passed_bytes = 0

    def pass_bytes(self, size_bytes: int) -> Sequence[FaultKind]:
        if not self._pending:
            return ()
        self._passed_bytes += size_bytes
        due = [fault for fault in self._pending if self._passed_bytes > fault.after_bytes]
        self._pending = [fault for fault in self._pending if fault not in due]
        return [fault.kind for fault in due]


class PhaseWatch:
    """Says which faults are due at a place in an update; each is so once."""

    def __init__(self, faults: Iterable[Fault] = ()) -> None:
        self._pending = [fault for fault in faults if fault.phase is not None]

    def reach(self, phase: Phase, share: float) -> Sequence[FaultKind]:
        """`share` of the phase is done, 0 to 1."""
        due = [
            fault
            for fault in self._pending
            if fault.phase is phase and share * 100 >= fault.percent
        ]
        self._pending = [fault for fault in self._pending if fault not in due]
        return [fault.kind for fault in due]
