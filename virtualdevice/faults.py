"""Faults on demand, as data: what a cable, a power supply or a crash do to a device (`--fault`).

A fault has a kind and, where it means something, a number: `drop_link=200000`. They are no defects:
a firmware is not to blame for them, so a run that meets one must end inconclusive.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

__all__ = ["Fault", "FaultError", "FaultKind", "LinkWatch", "parse_fault"]


class FaultKind(StrEnum):
    DROP_LINK = "drop_link"
    """The adb connection ends after that many bytes, once; the host may connect again."""
    HANG = "hang"
    """After that many bytes adb answers nothing more; the connection stays."""
    DIE = "die"
    """After that many bytes the device is gone, as if its battery were taken out."""
    REBOOT = "reboot"
    """After that many bytes the device restarts by itself."""
    NEVER_BOOTS = "never_boots"
    """adb never hears of it, from the start."""
    STAYS_DOWN = "stays_down"
    """The first restart never comes back."""
    BOOT_LOOP = "boot_loop"
    """From the first restart on it restarts again as soon as it is up."""


NEEDS_NUMBER = frozenset({FaultKind.DROP_LINK, FaultKind.HANG, FaultKind.DIE, FaultKind.REBOOT})


class FaultError(ValueError):
    """One sentence about a fault that there is not."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Fault:
    kind: FaultKind
    after_bytes: int = 0
    """Counted over both directions of the adb link, from the start of the process."""


def parse_fault(text: str) -> Fault:
    """`KIND` or `KIND=BYTES`."""
    name, equals, number = text.partition("=")
    known = ", ".join(f"{k}=BYTES" if k in NEEDS_NUMBER else str(k) for k in FaultKind)
    try:
        kind = FaultKind(name)
    except ValueError:
        raise FaultError(f"there is no fault {name!r}; there are: {known}") from None
    if (kind in NEEDS_NUMBER) != bool(equals) or (equals and not number.isdigit()):
        raise FaultError(f"{text!r} is not of the form of these: {known}")
    return Fault(kind=kind, after_bytes=int(number or 0))


class LinkWatch:
    """Counts what goes over the adb link, and says which faults are due; each is so once."""

    def __init__(self, faults: Iterable[Fault] = ()) -> None:
        self._pending = [fault for fault in faults if fault.kind in NEEDS_NUMBER]
        self._passed_bytes = 0

    def pass_bytes(self, size_bytes: int) -> Sequence[FaultKind]:
        if not self._pending:
            return ()
        self._passed_bytes += size_bytes
        due = [fault for fault in self._pending if self._passed_bytes > fault.after_bytes]
        self._pending = [fault for fault in self._pending if fault not in due]
        return [fault.kind for fault in due]
