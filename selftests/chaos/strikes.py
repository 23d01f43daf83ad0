"""What can go wrong, and a session of it: which device and scenarios, which faults at what moment.

Everything is drawn from a seed, and a session from its number alone, so that one can be repeated.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum

from holdfast.errors import ConfigurationError

__all__ = ["DEVICES", "Candidate", "Fault", "Session", "Strike", "draw_sessions", "from_json"]

STEPS_A_TEST = 10
"""A fault comes at one of so many steps of the journal: a whole scenario takes some more."""
DELAY_S = 1.5
TESTS_A_SESSION = 2


class Fault(StrEnum):
    """By the names of the virtual device where it is the device's own; one with a place comes
    there, the next time."""

    DROP_LINK = "drop_link"
    HANG = "hang"
    DIE = "die"
    REBOOT = "reboot"
    SHELLS_HANG = "shells_hang"
    SYSTEM_SERVER_HANGS = "system_server_hangs"
    STAYS_DOWN = "stays_down"
    BOOT_LOOP = "boot_loop"
    OTHER_SERIAL = "other_serial"
    BATTERY_FLAT = "battery_flat"
    CLOCK_JUMPS = "clock_jumps"
    STORAGE_FULL = "storage_full"
    SLOW_PHONE = "slow_phone"
    INSTALLING_HANGS = "installing_hangs"
    VERIFICATION_TIMES_OUT = "verification_times_out"
    UI_SERVER_DIES = "ui_server_dies"
    UI_SERVER_HANGS = "ui_server_hangs"
    SECOND_BOOT_NEVER_COMPLETES = "second_boot_never_completes"
    REFUSE = "refuse"
    OVERHEATED = "overheated"
    APPS_CRASH = "apps_crash"
    SLOW_DISK = "slow_disk=300"
    BOOT_NEVER_COMPLETES = "boot_never_completes"
    FULL_AT_INSTALL = "full_disk=install:50%"
    DIES_AT_INSTALL = "die=install:50%"
    RESTARTS_AT_INSTALL = "reboot=install:50%"
    HANGS_AT_INSTALL = "hang=install:0%"
    ADB_SERVER_ENDS = "adb server told to end"
    ADB_SERVER_KILLED = "adb server killed"
    ADB_SERVER_SILENT = "adb server stopped: it accepts and never answers"
    RUNNER_KILLED = "the run itself killed"


WEIGHTS: dict[Fault, int] = {
    Fault.DROP_LINK: 8,
    Fault.HANG: 2,
    Fault.DIE: 2,
    Fault.REBOOT: 5,
    Fault.SLOW_PHONE: 4,
    Fault.UI_SERVER_DIES: 4,
    Fault.ADB_SERVER_SILENT: 2,
    Fault.RUNNER_KILLED: 2,
    Fault.REFUSE: 1,
    Fault.BOOT_NEVER_COMPLETES: 1,
    Fault.DIES_AT_INSTALL: 1,
    Fault.HANGS_AT_INSTALL: 1,
}
"""Those that are not here weigh 3."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Candidate:
    """A device of the lab. `must_fail`: its firmware destroys data in every scenario."""

    name: str
    personality: str
    store: str
    defect: str = ""

    @property
    def must_fail(self) -> bool:
        return bool(self.defect)


DEVICES = (
    Candidate(
        name="nut-pro-2-before-4.2.5.1",
        personality="nut-pro-2-before-4.2.5.1",
        store="smartisan",
    ),
    Candidate(name="nut-pro-2-with-4.2.5.1", personality="nut-pro-2-4.2.5.1", store="smartisan"),
    Candidate(name="aosp-25", personality="aosp-25", store="aosp-example"),
    Candidate(name="aosp-30", personality="aosp-30", store="aosp-example"),
    Candidate(name="aosp-34", personality="aosp-34", store="aosp-example"),
    Candidate(
        name="wiped-at-boot",
        personality="aosp-34",
        store="aosp-example",
        defect="data_wiped_on_reboot",
    ),
    Candidate(
        name="wiped-at-boot-25",
        personality="aosp-25",
        store="aosp-example",
        defect="data_wiped_on_reboot",
    ),
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Strike:
    """`fault` comes `delay_s` after the session's so-many-eth step began, counted from 1."""

    fault: Fault
    step: int
    delay_s: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Session:
    """One run of pytest. `attached`: the device is no child of the run, it is there already.

    `tests` are node ids without the device. `recover_s` is what the ladder has for a device.
    """

    number: int
    device: str
    attached: bool
    tests: tuple[str, ...]
    strikes: tuple[Strike, ...]
    recover_s: float = 90.0

    @property
    def candidate(self) -> Candidate:
        return next(device for device in DEVICES if device.name == self.device)

    def to_json(self) -> dict[str, object]:
        return asdict(self)


def from_json(document: dict[str, object]) -> Session:
    """The inverse of `Session.to_json`."""
    strikes = document["strikes"]
    tests = document["tests"]
    assert isinstance(strikes, list)
    assert isinstance(tests, list)
    return Session(
        number=int(str(document["number"])),
        device=str(document["device"]),
        attached=bool(document["attached"]),
        tests=tuple(map(str, tests)),
        strikes=tuple(
            Strike(fault=Fault(s["fault"]), step=int(s["step"]), delay_s=float(s["delay_s"]))
            for s in strikes
        ),
        recover_s=float(str(document["recover_s"])),
    )


def draw_sessions(
    *, seed: int, runs: int, faults: int, tests: Sequence[str]
) -> tuple[Session, ...]:
    """So many scenario runs and faults, in sessions of two scenarios. ConfigurationError."""
    if runs < 1 or faults < 0:
        raise ConfigurationError("chaos wants at least one run, and no negative number of faults")
    numbers = range((runs + TESTS_A_SESSION - 1) // TESTS_A_SESSION)
    dealt = _dealt(random.Random(f"{seed}"), faults, len(numbers))
    left = runs
    drawn = []
    for number, count in zip(numbers, dealt, strict=True):
        chance = random.Random(f"{seed}/{number}")
        drawn.append(_draw(chance, number, min(TESTS_A_SESSION, left), count, tests))
        left -= TESTS_A_SESSION
    return tuple(drawn)


def _dealt(chance: random.Random, faults: int, sessions: int) -> list[int]:
    """Some sessions get one fault, and some many: what one alone does must be seen too."""
    counts = [0] * sessions
    for _ in range(faults):
        counts[min(chance.randrange(sessions), chance.randrange(sessions))] += 1
    chance.shuffle(counts)
    return counts


def _draw(
    chance: random.Random, number: int, tests: int, strikes: int, known: Sequence[str]
) -> Session:
    device = chance.choice(DEVICES)
    last = STEPS_A_TEST * tests
    weights = [WEIGHTS.get(fault, 3) for fault in Fault]
    return Session(
        number=number,
        device=device.name,
        attached=chance.random() < 0.4,
        tests=tuple(chance.sample(list(known), tests)),
        strikes=tuple(
            Strike(
                fault=chance.choices(list(Fault), weights)[0],
                step=chance.randint(1, last),
                delay_s=round(chance.uniform(0.0, DELAY_S), 2),
            )
            for _ in range(strikes)
        ),
    )
