"""A device made of fakes, for tests of the steps of a scenario."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from holdfast.android.build import Build, parse_getprop, read_build
from holdfast.deadline import Deadline
from holdfast.device.device import Device
from holdfast.device.guard import GuardedShell
from holdfast.device.packages import Packages
from holdfast.device.shell import ShellResult
from holdfast.errors import LabError
from holdfast.journal import Journal, Ledger
from selftests.holdfast.device.fakes import (
    HOME,
    FakeClock,
    FakeFiles,
    FakeShell,
    FakeUi,
    Reply,
    screen,
)

PROPERTIES = "[ro.build.version.sdk]: [{api}]\n[persist.sys.locale]: [en-US]\n"


@dataclass
class FakeBoots:
    build: Build
    reboots: int = 0

    def reboot(self, *, deadline: Deadline) -> None:
        self.reboots += 1

    def wait_ready(self, *, deadline: Deadline) -> None: ...

    def read_build(self, *, deadline: Deadline) -> Build:
        return self.build


@dataclass
class Bench:
    """`installed` are the packages that the fake package manager lists."""

    api: int = 30
    replies: list[tuple[str, Reply]] = field(default_factory=list)
    installed: set[str] = field(default_factory=set)
    shown: Callable[[], str | LabError] = lambda: screen(HOME)

    def __post_init__(self) -> None:
        self.clock = FakeClock()
        self.plain = FakeShell(replies=[*self.replies, *self._defaults()])
        self.files = FakeFiles()
        self.ui = FakeUi(self._screen)
        self.journal = Journal()
        self.ledger = Ledger(self.journal)
        shell = GuardedShell(self.plain, device="phone", ledger=self.ledger)
        build = read_build(parse_getprop(PROPERTIES.format(api=self.api)))
        self.device = Device(
            name="phone",
            serial="x",
            shell=shell,
            files=self.files,
            packages=Packages(shell, self.files, api=self.api),
            ui=self.ui,
            new_ui=lambda: self.ui,
            boots=FakeBoots(build),
            build=build,
            journal=self.journal,
            ledger=self.ledger,
            clock=self.clock,
        )

    def _screen(self) -> str | LabError:
        return self.shown()  # looked up at each look: tests change it

    def soon(self, seconds: float = 60) -> Deadline:
        return Deadline.after(seconds, clock=self.clock)

    def _defaults(self) -> list[tuple[str, Reply]]:
        return [
            ("^pm list packages", lambda _: _lines(self.installed)),
            ("^pm uninstall", self._uninstall),
            ("^dumpsys power", "mWakefulness=Awake\n"),
            ("", ""),
        ]

    def _uninstall(self, command: str) -> ShellResult:
        self.installed.discard(command.rsplit(maxsplit=1)[-1])
        return bench_text("Success\n")


def _lines(names: set[str]) -> ShellResult:
    return bench_text("".join(f"package:{name}\n" for name in sorted(names)))


def bench_text(text: str) -> ShellResult:
    return ShellResult(stdout=text.encode())
