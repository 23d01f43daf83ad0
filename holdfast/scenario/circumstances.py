"""How the device is when an update arrives: brought about before it, and taken back behind it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

from holdfast.deadline import Deadline, wait_until
from holdfast.device.device import Device
from holdfast.dialogs.surroundings import COMMAND, read_surroundings
from holdfast.errors import LabError
from holdfast.scenario.result import Circumstance
from holdfast.scenario.updates import UpdateMissing

__all__ = ["circumstance", "unlock"]

# An app that every Android has, and in which nothing is lost by a tap that goes astray.
OTHER_APP = "com.android.settings"
_SCALE = re.compile(r"\d+(\.\d+)?")
_UNLOCK = "wm dismiss-keyguard; input keyevent 82; input swipe 360 1000 360 200"
_SECONDS = 10.0


@contextmanager
def circumstance(
    device: Device, when: Circumstance | None, *, deadline: Deadline
) -> Iterator[frozenset[str]]:
    """The packages that then draw the screen beside the home screen. UpdateMissing if the device
    cannot be brought there."""
    if when is Circumstance.LOCKED:
        _lock(device, deadline)
        yield frozenset()
    elif when is Circumstance.ANOTHER_APP:
        device.shell.run(f"am start -a android.settings.SETTINGS -p {OTHER_APP}", deadline=deadline)
        yield frozenset({OTHER_APP})
    elif when is Circumstance.LARGEST_FONT:
        with _largest_font(device, deadline):
            yield frozenset()
    else:
        yield frozenset()


def _lock(device: Device, deadline: Deadline) -> None:
    """Off and on again, as somebody who picks it up finds it."""
    device.ui.key("sleep", deadline=deadline)
    device.ui.key("wakeup", deadline=deadline)

    def locked() -> bool:
        return _is_locked(device, deadline)

    try:
        wait_until(locked, deadline.within(_SECONDS), what="the lock screen", device=device.name)
    except LabError as error:
        raise UpdateMissing("the device has no lock screen") from error


def unlock(device: Device, *, deadline: Deadline) -> None:
    """As its owner does, without a secret. LabError if it stays locked."""
    device.shell.run(_UNLOCK, deadline=deadline)
    wait_until(
        lambda: not _is_locked(device, deadline),
        deadline.within(_SECONDS),
        what="unlocking the screen",
        device=device.name,
    )


def _is_locked(device: Device, deadline: Deadline) -> bool:
    text = device.shell.run(COMMAND, deadline=deadline).text
    return read_surroundings(text).locked is True


@contextmanager
def _largest_font(device: Device, deadline: Deadline) -> Iterator[None]:
    """The largest that the settings offer: 130 %, and 200 % since Android 14."""
    asked = device.shell.run("settings get system font_scale", deadline=deadline).text.strip()
    before = asked if _SCALE.fullmatch(asked) else "1.0"
    largest = "2.0" if device.api >= 34 else "1.3"
    try:
        device.shell.run(f"settings put system font_scale {largest}", deadline=deadline)
        yield
    finally:
        device.shell.run(f"settings put system font_scale {before}", deadline=deadline)
