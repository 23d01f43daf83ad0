"""How an app that already has data takes part: a few steps on its screen, written once for it.

Seeding by files needs a debuggable app or root. A real app, logged in by hand, is instead driven
like a person would: the driver opens it, writes something that only the app can write, and later
looks whether the app still shows it. Snapshot and diff work beside it, unchanged.

An example, for a notes app whose first screen has a text field and a button:

    class NotesDriver:
        package_name = "com.example.notes"

        def open(self, device: Device, *, deadline: Deadline) -> None:
            device.shell.run("am start -W -n com.example.notes/.Main", deadline=deadline)

        def seed(self, device: Device, *, deadline: Deadline) -> None:
            for letter in "remember the milk":
                device.ui.key(letter, deadline=deadline)
            device.ui.key("enter", deadline=deadline)

        def verify(self, device: Device, *, deadline: Deadline) -> tuple[str, ...]:
            shown = device.ui.hierarchy(deadline=deadline)
            return () if "remember the milk" in shown else ("the note is not shown",)
"""

from __future__ import annotations

from typing import Protocol

from holdfast.deadline import Deadline
from holdfast.device.device import Device

__all__ = ["AppDriver"]


class AppDriver(Protocol):
    """What the harness asks of an app on the screen. Every step ends by its deadline.

    LabError (UiLost) if the screen cannot be worked: that says nothing of the app's data.
    """

    package_name: str

    def open(self, device: Device, *, deadline: Deadline) -> None:
        """Bring the app to the screen that the other steps begin at."""

    def seed(self, device: Device, *, deadline: Deadline) -> None:
        """Make the app write data that `verify` will look for."""

    def verify(self, device: Device, *, deadline: Deadline) -> tuple[str, ...]:
        """What the app no longer shows, in words; nothing if all is there."""
