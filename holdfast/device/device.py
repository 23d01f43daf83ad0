"""A device that a scenario works on: its shell, files, packages and screen, and which build it is.

What the drivers leave on a device while they work: `u2.jar` and files named `holdfast-*` in
/data/local/tmp, the process of the UI server, and, until the next boot, a `debug.holdfast.*`
property.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import Protocol

from holdfast.android.build import Build
from holdfast.deadline import Clock, Deadline
from holdfast.device.packages import Packages, checked
from holdfast.device.shell import Files, Shell, quote
from holdfast.device.ui import Ui
from holdfast.errors import DeviceLost
from holdfast.journal import Journal, Ledger

__all__ = ["Access", "Boots", "Device"]


class Access(StrEnum):
    """How far the harness reaches into an app's data.

    ROOT sees all of it; RUN_AS what a debuggable app itself sees; EXTERNAL only what lies on
    shared storage.
    """

    ROOT = "root"
    RUN_AS = "run_as"
    EXTERNAL = "external"


class Boots(Protocol):
    """Reboots of a device."""

    def reboot(self, *, deadline: Deadline) -> None:
        """Reboot into Android, and return when it is ready."""

    def wait_ready(self, *, deadline: Deadline) -> None:
        """Return when Android's services answer."""

    def read_build(self, *, deadline: Deadline) -> Build: ...


class Device:
    """One leased device.

    `shell` is guarded: what destroys data goes through `ledger` first. `name` is the device's in
    devices.yaml, `serial` what adb addresses it by. `ui` is for whoever acts on the screen;
    `new_ui()` gives a connection of its own to whoever watches it meanwhile. `reboots` counts those
    that were asked for here; `before_restart` is called before each restart that the lab causes.
    """

    def __init__(
        self,
        *,
        name: str,
        serial: str,
        shell: Shell,
        files: Files,
        packages: Packages,
        ui: Ui,
        new_ui: Callable[[], Ui],
        boots: Boots,
        build: Build,
        journal: Journal,
        ledger: Ledger,
        clock: Clock,
    ) -> None:
        self.name = name
        self.serial = serial
        self.shell = shell
        self.files = files
        self.packages = packages
        self.ui = ui
        self.new_ui = new_ui
        self.build = build
        self.journal = journal
        self.ledger = ledger
        self.clock = clock
        self._boots = boots
        self.reboots = 0
        self.before_restart: list[Callable[[], None]] = []

    @property
    def api(self) -> int:
        return self.build.api

    def access(self, package_name: str, *, deadline: Deadline) -> Access:
        """How far the harness reaches into the data of an installed package."""
        probe = f"id; run-as {quote(checked(package_name))} id"
        lines = self.shell.run(probe, deadline=deadline).stdout.decode("utf-8", "replace")
        ids = [line for line in lines.splitlines() if line.startswith("uid=")]
        if not ids:
            raise DeviceLost(f"`id` answered {lines[:120]!r}", device=self.name)
        if ids[0].startswith("uid=0("):
            return Access.ROOT
        return Access.RUN_AS if len(ids) > 1 else Access.EXTERNAL

    def reboot(self, *, deadline: Deadline) -> None:
        """Reboot, wait until it is ready, and read anew which build it runs."""
        self.about_to_restart()
        self.ui.stop()
        self.reboots += 1
        self._boots.reboot(deadline=deadline)
        self._read_build(deadline)

    def about_to_restart(self) -> None:
        for make_ready in self.before_restart:
            make_ready()

    def came_back(self, *, deadline: Deadline) -> None:
        """Somebody else restarted it, after `close`: wait until it is ready, and read its build."""
        self._boots.wait_ready(deadline=deadline)
        self._read_build(deadline)

    def wait_ready(self, *, deadline: Deadline) -> None:
        self._boots.wait_ready(deadline=deadline)

    def _read_build(self, deadline: Deadline) -> None:
        before, self.build = self.build, self._boots.read_build(deadline=deadline)
        if before.serialno and self.build.serialno not in ("", before.serialno):
            raise DeviceLost(
                f"behind a reboot the hardware {self.build.serialno} answers where "
                f"{before.serialno} was: an address or a cable has changed",
                device=self.name,
            )
        self.packages = Packages(self.shell, self.files, api=self.build.api)

    def close(self) -> None:
        """End what the drivers run on the device. The device itself stays as it is."""
        self.ui.stop()
