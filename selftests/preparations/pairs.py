"""One preparation from one state: what it leads to, and what becomes of user data."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from holdfast.deadline import Deadline
from holdfast.device.root import become_root
from holdfast.errors import HoldfastError
from holdfast.firmware.preparation import Goal, Preparation, UserData
from holdfast.firmware.prepare import prepare
from holdfast.firmware.reach import reach_mode
from holdfast.firmware.states import Action, Mode
from holdfast.journal import Declaration, DestructionKind
from selftests.holdfast.firmware.phone import Phone
from selftests.preparations.builds import Builds

__all__ = ["GOALS", "STATES", "Outcome", "Wanted", "fault_of", "run_pair"]

MARK = "/sdcard/Download/mine"
SNAPSHOT = "clean"
ALLOWED_S = 60.0
"""For a preparation, on a busy host as well."""
IN_VAIN_S = 15.0
"""For one that cannot reach its goal; that must be named within it."""


def soon() -> Deadline:
    return Deadline.after(ALLOWED_S)


def to_mode(mode: Mode) -> Callable[[Phone, Builds], None]:
    def put(phone: Phone, _builds: Builds) -> None:
        reach_mode(phone.bench().controls, mode, soon(), phone.journal)

    return put


def switch_off(phone: Phone, _builds: Builds) -> None:
    phone.off()


def break_boot(phone: Phone, builds: Builds) -> None:
    """Flash a system that crashes as it comes up: the slot had booted well, so it is tried again
    and again."""
    bench = phone.bench()
    reach_mode(bench.controls, Mode.BOOTLOADER, soon(), phone.journal)
    with phone.ledger.declared(
        Declaration(device="phone", kind=DestructionKind.FLASH, target="*", reason="it must loop")
    ):
        phone.bootloader.flash("system", builds.package("loops.img"), deadline=soon())
    bench.controls.carry_out(Action.FASTBOOT_REBOOT, soon())


def forget_key(phone: Phone, _builds: Builds) -> None:
    """As "Revoke USB debugging authorisations" does."""
    bench = phone.bench()
    become_root(phone.link, phone.shell, deadline=soon())
    phone.shell.run("rm /data/misc/adb/adb_keys", deadline=soon())
    bench.controls.carry_out(Action.ADB_REBOOT, soon())


def stay_offline(phone: Phone, _builds: Builds) -> None:
    phone.off()
    phone.faults = ["never_boots"]
    phone.on()


STATES: Mapping[str, Callable[[Phone, Builds], None]] = {
    "booted": to_mode(Mode.SYSTEM),
    "recovery": to_mode(Mode.RECOVERY),
    "bootloader": to_mode(Mode.BOOTLOADER),
    "fastbootd": to_mode(Mode.FASTBOOTD),
    "off": switch_off,
    "boot-looping": break_boot,
    "unauthorised": forget_key,
    "offline": stay_offline,
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Wanted:
    """`package` is a name for Builds.package; `leads_to` names a build."""

    goal: Goal
    user_data: UserData
    package: str = ""
    leads_to: str = "base"
    streamed: bool = False


_G, _KEEP, _WIPE = Goal, UserData.KEEP, UserData.WIPE


def _ota(package: str, *, streamed: bool) -> Wanted:
    return Wanted(
        goal=_G.OTA, user_data=_KEEP, package=package, leads_to="newer", streamed=streamed
    )


GOALS: Mapping[str, Wanted] = {
    "restore": Wanted(goal=_G.RESTORE, user_data=_WIPE),
    "factory reset": Wanted(goal=_G.FACTORY_RESET, user_data=_WIPE),
    "flash ZIP, keep": Wanted(
        goal=_G.FLASH, user_data=_KEEP, package="newer.zip", leads_to="newer"
    ),
    "flash ZIP, wipe": Wanted(
        goal=_G.FLASH, user_data=_WIPE, package="newer.zip", leads_to="newer"
    ),
    "flash images, keep": Wanted(
        goal=_G.FLASH, user_data=_KEEP, package="images", leads_to="newer"
    ),
    "sideload": Wanted(goal=_G.SIDELOAD, user_data=_KEEP, package="full.zip", leads_to="newer"),
    "ota local full": _ota("full.zip", streamed=False),
    "ota local incremental": _ota("incremental.zip", streamed=False),
    "ota streamed full": _ota("full.zip", streamed=True),
    "ota streamed incremental": _ota("incremental.zip", streamed=True),
    "downgrade": Wanted(
        goal=_G.DOWNGRADE, user_data=_WIPE, package="older.zip", leads_to="older"
    ),
}  # fmt: skip


# What boots into nothing is mended by another firmware, which a snapshot brings too; and no
# provider restores what it has not started.
_LOOPS = re.compile(r"(DeadlineExceeded|DeviceLost): phone: .*(reaching system|brought to system)")
_MENDS = frozenset({_G.RESTORE, _G.FLASH, _G.DOWNGRADE, _G.SIDELOAD})
_OFF = re.compile(r"LabError: phone: the virtual phone was not started")
_DATA = {_KEEP: "kept", _WIPE: "wiped"}


def error_of(goal: str, state: str) -> re.Pattern[str] | None:
    """The named error in which this pair must end; None if it must reach its goal."""
    if state == "boot-looping" and GOALS[goal].goal not in _MENDS:
        return _LOOPS
    return _OFF if (goal, state) == ("restore", "off") else None


def fault_of(outcome: Outcome) -> str:
    """What is wrong with an outcome; nothing if it is as it must be."""
    wanted = error_of(outcome.goal, outcome.state)
    if wanted is not None:
        return (
            "" if wanted.match(outcome.error) else f"not the error that it must name: {outcome.row}"
        )
    data = "restored" if outcome.goal == "restore" else _DATA[GOALS[outcome.goal].user_data]
    return "" if outcome.said == f"reached, data {data}" else f"not reached: {outcome.row}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """`error` is empty if the goal was reached; else its class and message. `user_data`: `kept`,
    `wiped` or `restored`; empty where nobody could look."""

    goal: str
    state: str
    error: str
    user_data: str
    took_s: float

    @property
    def said(self) -> str:
        return f"NAMED ERROR {self.error}" if self.error else f"reached, data {self.user_data}"

    @property
    def row(self) -> str:
        return f"{self.goal:25} from {self.state:13} {self.took_s:5.1f} s  {self.said}"


def run_pair(phone: Phone, builds: Builds, goal: str, state: str) -> Outcome:
    """On a phone as it comes from its maker, with a user's mark on it. HoldfastError only if the
    state itself could not be made."""
    _as_new(phone)
    STATES[state](phone, builds)
    wanted = GOALS[goal]
    began = time.monotonic()
    error = ""
    try:
        allowed_s = IN_VAIN_S if error_of(goal, state) else ALLOWED_S
        done = prepare(phone.bench(), _preparation(wanted, builds), Deadline.after(allowed_s))
        assert done.after.fingerprint == builds.fingerprints[wanted.leads_to]
    except HoldfastError as refused:
        error = f"{type(refused).__name__}: {refused}"
    took_s = time.monotonic() - began
    data = "" if error else _user_data(phone)
    return Outcome(goal=goal, state=state, error=error, user_data=data, took_s=took_s)


def _as_new(phone: Phone) -> None:
    phone.off()
    phone.new_disk()
    phone.on()
    bench = phone.bench()
    reach_mode(bench.controls, Mode.SYSTEM, soon(), phone.journal)
    write = f"mkdir -p /sdcard/Download; echo %s > {MARK}"
    phone.shell.run(write % "old", deadline=soon())
    phone.save(SNAPSHOT, soon())
    reach_mode(bench.controls, Mode.SYSTEM, soon(), phone.journal)
    phone.shell.run(write % "new", deadline=soon())


def _preparation(wanted: Wanted, builds: Builds) -> Preparation:
    declares = wanted.goal in (Goal.FLASH, Goal.DOWNGRADE)
    return Preparation(
        goal=wanted.goal,
        user_data=wanted.user_data,
        package=builds.package(wanted.package) if wanted.package else None,
        build=builds.fingerprints[wanted.leads_to] if declares else "",
        snapshot=SNAPSHOT if wanted.goal is Goal.RESTORE else "",
        streamed=wanted.streamed,
    )


def _user_data(phone: Phone) -> str:
    said = phone.shell.run(f"cat {MARK} 2>/dev/null", deadline=soon()).text.strip()
    return {"new": "kept", "old": "restored", "": "wiped"}.get(said, said)
