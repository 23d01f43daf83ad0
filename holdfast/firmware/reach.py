"""Bringing a device into a mode: take a road, see where it led, take another where it failed.

Every wait is bounded by its road and by the whole deadline; what cannot be reached ends in an error
that names every road that was tried.
"""

from __future__ import annotations

from contextlib import suppress
from typing import Protocol

from holdfast.deadline import Deadline, wait_until
from holdfast.errors import DeadlineExceeded, DeviceLost, DeviceRefused, LabError
from holdfast.firmware.states import ROADS, Action, Mode, Road, find_route
from holdfast.journal import Journal

__all__ = ["Controls", "reach_mode"]

# On the way somewhere. In any other mode a device stays, so that waiting for another is in vain.
_ON_ITS_WAY = frozenset({Mode.OFFLINE, Mode.ABSENT, Mode.BOOTING})
_RESTARTS = frozenset({Action.ADB_REBOOT, Action.FASTBOOT_REBOOT})
_BY_STARTING_ANDROID = tuple(road for road in ROADS if road.action in _RESTARTS)


class Controls(Protocol):
    """What moving a device needs: drivers for adb, fastboot and power stand behind it."""

    @property
    def name(self) -> str:
        """The device's name in devices.yaml."""

    @property
    def power(self) -> bool:
        """Whether the lab can switch the device's power."""

    def mode(self, deadline: Deadline) -> Mode:
        """What adb and fastboot show of the device now."""

    def carry_out(self, action: Action, deadline: Deadline) -> None:
        """Begin it. Raises LabError or DeviceRefused if it could not even begin."""


def reach_mode(controls: Controls, goal: Mode, deadline: Deadline, journal: Journal) -> None:
    """Bring the device to `goal`. Raises DeviceLost if no road leads there."""
    failed: list[Road] = []
    troubles: list[str] = []
    with journal.step(f"reach {goal}", device=controls.name):
        here: Mode | None = None
        while True:
            deadline.require(f"reaching {goal}", device=controls.name, last_seen=here)
            here = controls.mode(deadline)
            if here is goal:
                return
            if here is Mode.BOOT_LOOP and goal is not Mode.SYSTEM:
                failed.extend(_BY_STARTING_ANDROID)  # no road by way of what does not start
            route = find_route(here, goal, power=controls.power, without=failed)
            if route is None:
                tried = "; ".join(troubles) or "no road leads there"
                raise DeviceLost(
                    f"it is in mode {here} and cannot be brought to {goal}: {tried}. "
                    "Bring it there by hand, or give the lab switched USB power",
                    device=controls.name,
                )
            trouble, led_to = _take(controls, route[0], deadline, journal)
            if trouble:
                failed.extend(_as_good_as(route[0], led_to))
                troubles.append(f"{route[0].action}: {trouble}")


def _as_good_as(road: Road, led_to: Mode) -> tuple[Road, ...]:
    """Those that fail where this one failed: connecting again does the same from every mode, and
    what does not start from the bootloader does not start from recovery."""
    if road.action is Action.ADB_RECONNECT:
        return tuple(other for other in ROADS if other.action is road.action)
    if road.action in _RESTARTS and led_to is Mode.BOOT_LOOP:
        return _BY_STARTING_ANDROID
    return (road,)


def _take(controls: Controls, road: Road, deadline: Deadline, journal: Journal) -> tuple[str, Mode]:
    """Take one road; what went wrong, or nothing, and the mode seen last."""
    bound = deadline.within(road.bound_s)
    what = f"mode {road.target} after {road.action}"
    last = {"mode": road.source}

    def arrived() -> bool:
        last["mode"] = controls.mode(bound)
        if road.action is Action.ADB_REBOOT_BOOTLOADER and last["mode"] is Mode.BOOT_LOOP:
            with suppress(LabError, DeviceRefused):  # it may have gone down before it heard
                controls.carry_out(road.action, bound)
        return last["mode"] not in _ON_ITS_WAY and last["mode"] is not road.source

    try:
        with journal.step(f"{road.action} from {road.source}", device=controls.name):
            controls.carry_out(road.action, bound)
            wait_until(arrived, bound, what=what, device=controls.name)
    except DeadlineExceeded as error:
        return f"{error}; last seen in mode {last['mode']}", last["mode"]
    except (LabError, DeviceRefused) as error:
        return str(error), last["mode"]
    return _elsewhere(road, last["mode"]), last["mode"]


def _elsewhere(road: Road, mode: Mode) -> str:
    """Where a road should not have led is a reason not to take it again. A device that was on its
    way comes up where it was going; and one that was wiped asks for the lab's key."""
    if mode is road.target or mode is Mode.UNAUTHORIZED or road.source in _ON_ITS_WAY:
        return ""
    return f"it led to {mode} instead of {road.target}"
