"""Faults on demand, as data: what a cable, a power supply, a disk or a crash do to a device
(`--fault`; `python -m virtualdevice list faults` shows them all).

A fault has a kind and, where it means something, a number or a place: `drop_link=200000`,
`die=download:50%`, `full_disk=install`, `slow_disk=20,verify`. They are no defects: a firmware is
not to blame for them, so a run that meets one must end inconclusive. `fault KIND` among the
commands of a running device (`--commands`) has one come at that moment, or at its place.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

__all__ = [
    "ABOUT",
    "ALSO_CALLED",
    "NEEDS_PLACE",
    "OF_ANDROID",
    "Fault",
    "FaultError",
    "FaultKind",
    "LinkWatch",
    "Phase",
    "PhaseWatch",
    "form_of",
    "parse_fault",
]


class Phase(StrEnum):
    """Places: the parts of an OTA, in the order in which a device goes through them, and the
    installation of an app. A first boot is one of a slot that has not booted well yet, and has only
    a beginning and an end; an installation has them and the moment when its code is written and
    nothing knows of it yet (50%)."""

    DOWNLOAD = "download"
    VERIFY = "verify"
    COMMIT = "commit"
    FIRST_BOOT = "first_boot"
    CODE_OPTIMISATION = "code_optimisation"
    INSTALL = "install"


class FaultKind(StrEnum):
    """What each does: `ABOUT`."""

    DROP_LINK = "drop_link"
    HANG = "hang"
    DIE = "die"
    REBOOT = "reboot"
    REFUSE = "refuse"
    SHELLS_HANG = "shells_hang"
    NEVER_BOOTS = "never_boots"
    STAYS_DOWN = "stays_down"
    BOOT_LOOP = "boot_loop"
    OTHER_SERIAL = "other_serial"
    LOW_BATTERY = "low_battery"
    FULL_DISK = "full_disk"
    SLOW_DISK = "slow_disk"
    UI_SERVER_DIES = "ui_server_dies"
    UI_SERVER_HANGS = "ui_server_hangs"
    SYSTEM_SERVER_HANGS = "system_server_hangs"
    APPS_CRASH = "apps_crash"
    OVERHEATED = "overheated"
    CLOCK_JUMPS = "clock_jumps"
    SLOW_PHONE = "slow_phone"
    INSTALLING_HANGS = "installing_hangs"
    VERIFICATION_TIMES_OUT = "verification_times_out"
    BOOT_NEVER_COMPLETES = "boot_never_completes"
    SECOND_BOOT_NEVER_COMPLETES = "second_boot_never_completes"


ABOUT: Mapping[FaultKind, str] = {
    FaultKind.DROP_LINK: "the adb connection ends, once; the host may connect again",
    FaultKind.HANG: "adb answers nothing more; the connection stays",
    FaultKind.DIE: "the device is gone, as if its battery were taken out",
    FaultKind.REBOOT: "the device restarts by itself",
    FaultKind.REFUSE: "adb refuses every service, until the next restart",
    FaultKind.SHELLS_HANG: "adbd starts no shell any more, until it restarts",
    FaultKind.NEVER_BOOTS: "adb never hears of it, from the start",
    FaultKind.STAYS_DOWN: "the next restart never comes back",
    FaultKind.BOOT_LOOP: "from the next restart on it restarts again as soon as it is up",
    FaultKind.OTHER_SERIAL: "from the next restart on it says that it is another device",
    FaultKind.LOW_BATTERY: "five percent: recovery and update_engine begin no update, the"
    " bootloader flashes nothing, Android shows it",
    FaultKind.FULL_DISK: "nothing is free on /data: what shell, adb push and apps write fails, no"
    " app and no A/B update goes in; root and the system write on, and deleting gives room",
    FaultKind.SLOW_DISK: "so many milliseconds for each percent of an A/B update and of the code"
    " optimisation after it, and for each MiB that adb pushes or pulls, that Android writes, and"
    " whose code an installation makes ready; what a shell writes is as quick as ever",
    FaultKind.UI_SERVER_DIES: "the UI server ends with its twentieth answer, each time",
    FaultKind.UI_SERVER_HANGS: "the UI server never answers its twentieth request and those after",
    FaultKind.SYSTEM_SERVER_HANGS: "no command of Android's ends any more, until the next boot",
    FaultKind.APPS_CRASH: "each second of a boot an app crashes, hangs or leaves a tombstone",
    FaultKind.OVERHEATED: "the battery and the skin have 68 degrees, and the phone throttles",
    FaultKind.CLOCK_JUMPS: "the clock is 400 days ahead",
    FaultKind.SLOW_PHONE: "commands, looks at the screen and installing take as long as on an"
    " emulator",
    FaultKind.INSTALLING_HANGS: "an installation never ends",
    FaultKind.VERIFICATION_TIMES_OUT: "the package verifier never answers in time",
    FaultKind.BOOT_NEVER_COMPLETES: "adbd answers, and sys.boot_completed never comes",
    FaultKind.SECOND_BOOT_NEVER_COMPLETES: "the first boot is fine, every later one never"
    " completes",
}
NEEDS_PLACE = frozenset(
    {FaultKind.DROP_LINK, FaultKind.HANG, FaultKind.DIE, FaultKind.REBOOT, FaultKind.REFUSE}
)
"""Those that come once; a number means bytes over the adb link, in both directions, from the start
of the process."""
OF_ANDROID = frozenset(list(FaultKind)[list(FaultKind).index(FaultKind.UI_SERVER_DIES) :])
"""Those that the system server knows by the same names."""
ALSO_CALLED = {"storage_full": FaultKind.FULL_DISK, "battery_flat": FaultKind.LOW_BATTERY}
PLACE = re.compile(rf"({'|'.join(Phase)})(?::(\d{{1,3}})%)?")


class FaultError(ValueError):
    """One sentence about a fault that there is not."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Fault:
    kind: FaultKind
    after_bytes: int = 0
    """Counted over both directions of the adb link, from the start of the process."""
    phase: Phase | None = None
    """Instead of bytes, or of at once: when `percent` of that phase are done."""
    percent: int = 0
    milliseconds: int = 0


def parse_fault(text: str) -> Fault:
    """`KIND`, `KIND=BYTES`, `KIND=PHASE[:PERCENT%]`, or `slow_disk=MILLISECONDS[,PHASE…]`."""
    name, equals, value = text.partition("=")
    kind = ALSO_CALLED.get(name) or _kind(name)
    number, comma, place = value.partition(",") if kind is FaultKind.SLOW_DISK else ("", "", value)
    milliseconds = int(number) if number.isdigit() else 0
    found = PLACE.fullmatch(place)
    wrong = FaultError(f"{text!r} is not of the form of these: {_forms()}")
    if kind is FaultKind.SLOW_DISK and (not number.isdigit() or bool(comma) != bool(place)):
        raise wrong
    if kind in NEEDS_PLACE and value.isdigit():
        return Fault(kind=kind, after_bytes=int(value))
    if found is not None and kind is not FaultKind.NEVER_BOOTS:
        phase, percent = Phase(found[1]), int(found[2] or 0)
        return Fault(kind=kind, phase=phase, percent=percent, milliseconds=milliseconds)
    if kind in NEEDS_PLACE or place or (equals and kind is not FaultKind.SLOW_DISK):
        raise wrong
    return Fault(kind=kind, milliseconds=milliseconds)


def _kind(name: str) -> FaultKind:
    try:
        return FaultKind(name)
    except ValueError:
        raise FaultError(f"there is no fault {name!r}; there are: {_forms()}") from None


def form_of(kind: FaultKind) -> str:
    """What the command line takes of it."""
    place = "PHASE[:PERCENT%]"
    if kind is FaultKind.SLOW_DISK:
        return f"{kind}=MILLISECONDS[,{place}]"
    if kind in NEEDS_PLACE:
        return f"{kind}=BYTES or ={place}"
    return f"{kind}" if kind is FaultKind.NEVER_BOOTS else f"{kind}[={place}]"


def _forms() -> str:
    listed = ", ".join(map(form_of, FaultKind))
    return f"{listed}; PHASE is one of {'|'.join(Phase)}"


class LinkWatch:
    """Counts what goes over the adb link, and says which faults are due; each is so once."""

    def __init__(self, faults: Iterable[Fault] = ()) -> None:
        self._pending = [f for f in faults if f.kind in NEEDS_PLACE and f.phase is None]
        self._passed_bytes = 0

    def pass_bytes(self, size_bytes: int) -> Sequence[FaultKind]:
        if not self._pending:
            return ()
        self._passed_bytes += size_bytes
        due = [fault for fault in self._pending if self._passed_bytes > fault.after_bytes]
        self._pending = [fault for fault in self._pending if fault not in due]
        return [fault.kind for fault in due]


class PhaseWatch:
    """Says which faults are due at a place; each is so once."""

    def __init__(self, faults: Iterable[Fault] = ()) -> None:
        self._pending = [fault for fault in faults if fault.phase is not None]

    def await_place(self, fault: Fault) -> None:
        """One more, with a phase."""
        self._pending.append(fault)

    def reach(self, phase: Phase, share: float) -> Sequence[Fault]:
        """`share` of the phase is done, 0 to 1."""
        due = [
            fault
            for fault in self._pending
            if fault.phase is phase and share * 100 >= fault.percent
        ]
        self._pending = [fault for fault in self._pending if fault not in due]
        return due
