"""Bringing a device into a mode: take a road, see where it led, take another where it failed.

Every wait is bounded by its road and by the whole deadline; what cannot be reached ends in an error
that names every road that was tried.
"""

from __future__ import annotations

from typing import Protocol

from holdfast.deadline import Deadline, wait_until
from holdfast.errors import DeadlineExceeded, DeviceLost, DeviceRefused, LabError
from holdfast.firmware.states import Action, Mode, Road, find_route
from holdfast.journal import Journal

__all__ = ["Controls", "reach_mode"]

# A device that lands here stays here, so that waiting for the road's target is in vain. Where it
# asks for the lab's key it is there as it should be after a wipe, and the table has a road on.
_STOPS = frozenset({Mode.BOOT_LOOP, Mode.UNAUTHORIZED})


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
        while (here := controls.mode(deadline)) is not goal:
            deadline.require(f"reaching {goal}", device=controls.name, last_seen=here)
            route = find_route(here, goal, power=controls.power, without=failed)
            if route is None:
                tried = "; ".join(troubles) or "no road leads there"
                raise DeviceLost(
                    f"it is in mode {here} and cannot be brought to {goal}: {tried}. "
                    "Bring it there by hand, or give the lab switched USB power",
                    device=controls.name,
                )
            trouble = _take(controls, route[0], deadline, journal)
            if trouble:
                failed.append(route[0])
                troubles.append(f"{route[0].action}: {trouble}")


def _take(controls: Controls, road: Road, deadline: Deadline, journal: Journal) -> str:
    """Take one road; what went wrong, or nothing."""
    bound = deadline.within(road.bound_s)
    what = f"mode {road.target} after {road.action}"
    last = {"mode": road.source}

    def arrived() -> bool:
        last["mode"] = controls.mode(bound)
        stopped = last["mode"] in _STOPS and last["mode"] is not road.source
        return stopped or last["mode"] is road.target

    try:
        with journal.step(f"{road.action} from {road.source}", device=controls.name):
            controls.carry_out(road.action, bound)
            wait_until(arrived, bound, what=what, device=controls.name)
    except DeadlineExceeded as error:
        return f"{error}; last seen in mode {last['mode']}"
    except (LabError, DeviceRefused) as error:
        return str(error)
    return f"{what} led into a boot loop" if last["mode"] is Mode.BOOT_LOOP else ""
