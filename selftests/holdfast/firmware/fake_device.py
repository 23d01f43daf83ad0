"""A hand-written device that obeys the tables, and a bench with it."""

from __future__ import annotations

from dataclasses import dataclass, field

from holdfast.android.build import Build, read_build
from holdfast.deadline import Deadline
from holdfast.errors import DeviceLost
from holdfast.firmware.preparation import Goal, Preparation, Work
from holdfast.firmware.prepare import WrongDevice
from holdfast.firmware.states import ROADS, Action, Mode
from holdfast.journal import DestructionKind, Journal, Ledger

OLD, NEW = "maker/phone/phone:14/OLD/1:user/release-keys", "maker/phone/phone:14/NEW/2:user/r"


def build(fingerprint: str) -> Build:
    return read_build({"ro.build.fingerprint": fingerprint, "ro.build.version.sdk": "34"})


class FakeControls:
    """A device that obeys the table, except for the actions in `broken`."""

    name = "phone"

    def __init__(self, mode: Mode, *, power: bool = False) -> None:
        self._mode = mode
        self.power = power
        self.broken: dict[Action, Mode | Exception] = {}
        self.taken: list[Action] = []

    def mode(self, deadline: Deadline) -> Mode:
        return self._mode

    def carry_out(self, action: Action, deadline: Deadline) -> None:
        self.taken.append(action)
        outcome = self.broken.get(action)
        if isinstance(outcome, Exception):
            raise outcome
        road = next(r for r in ROADS if r.source is self._mode and r.action is action)
        self._mode = outcome or road.target

    def put_into(self, mode: Mode) -> None:
        self._mode = mode


@dataclass
class FakeBench:
    """`leads_to`: the build that a flash or an update brings. `fails`: work that ends in errors."""

    controls: FakeControls
    runs: str = OLD
    leads_to: str = NEW
    bootloader: bool = True
    may_destroy: bool = True
    hardware: str = "A1"
    declared: str = ""
    fails: dict[Work, Exception] = field(default_factory=dict)
    did: list[tuple[Work, Mode]] = field(default_factory=list)
    journal: Journal = field(default_factory=Journal)

    def __post_init__(self) -> None:
        self.ledger = Ledger(self.journal)

    def require_same_hardware(self, deadline: Deadline) -> None:
        if self.declared not in ("", self.hardware):
            raise WrongDevice(known=self.declared, found=self.hardware, device="phone")
        self.declared = self.hardware

    def build(self, deadline: Deadline) -> Build:
        if self.controls.mode(deadline) is not Mode.SYSTEM:
            raise DeviceLost("it is not in Android", device=self.controls.name)
        return build(self.runs)

    def target_build(self, preparation: Preparation, before: Build | None) -> str:
        ota = preparation.goal in (Goal.OTA, Goal.SIDELOAD)
        return NEW if ota else preparation.build

    def do(self, work: Work, preparation: Preparation, deadline: Deadline) -> None:
        self.did.append((work, self.controls.mode(deadline)))
        if work in self.fails:
            raise self.fails[work]
        if work in (Work.FLASH_IMAGES, Work.SEND_PACKAGE, Work.APPLY_UPDATE):
            self.record(DestructionKind.FLASH, work)
            self.runs = self.leads_to
        elif work in (Work.WIPE_USER_DATA, Work.RESET_FROM_SYSTEM):
            self.record(DestructionKind.WIPE_USERDATA, work)
        elif work is Work.RESTORE_SNAPSHOT:
            self.record(DestructionKind.RESTORE, work)
            self.controls.put_into(Mode.SYSTEM)

    def record(self, kind: DestructionKind, work: Work) -> None:
        self.ledger.record(device="phone", kind=kind, target="*", command=str(work))

    @property
    def works(self) -> list[Work]:
        return [work for work, _ in self.did]
