"""How an app that already has data takes part: a few steps on its screen, written once for it.

Seeding by files needs a debuggable app or root. A real app, logged in by hand, is instead driven
like a person would: the driver opens it, writes something that only the app can write, and later
looks whether the app still shows it. Snapshot and diff work beside it, unchanged.

The worked example, which the self-tests run on a virtual device: ChatDriver in
selftests/holdfast/userdata/test_on_a_phone.py. In short, for an app with a field and a button:

    class NotesDriver:
        package_name = "com.example.notes"

        def open(self, device: Device, *, deadline: Deadline) -> None:
            device.shell.run("monkey -p com.example.notes 1", deadline=deadline)

        def seed(self, device: Device, *, deadline: Deadline) -> None:
            device.ui.tap(540, 1200, deadline=deadline)  # the field
            device.shell.run("input text milk", deadline=deadline)
            device.ui.key("enter", deadline=deadline)

        def verify(self, device: Device, *, deadline: Deadline) -> tuple[str, ...]:
            shown = device.ui.hierarchy(deadline=deadline)
            return () if "milk" in shown else ("the note is not shown",)
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
