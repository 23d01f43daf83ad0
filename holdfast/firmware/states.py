"""The modes a device can be in, and how it gets from one to another: a table, no conditions.

A mode is what adb or fastboot shows of the device. Which road leads to a goal is found in the
table, so a new mode or a new road is a new line.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

__all__ = ["ROADS", "Action", "Mode", "Road", "find_route"]


class Mode(StrEnum):
    """What can be seen of a device from outside.

    SYSTEM: Android has booted; BOOTING: adb answers, Android is not up yet; BOOT_LOOP: it starts
    again and again without ever having booted; UNAUTHORIZED: it waits for somebody to accept this
    lab's adb key; ABSENT: neither adb nor fastboot sees it.
    """

    SYSTEM = "system"
    BOOTING = "booting"
    RECOVERY = "recovery"
    SIDELOAD = "sideload"
    BOOTLOADER = "bootloader"
    FASTBOOTD = "fastbootd"
    OFFLINE = "offline"
    UNAUTHORIZED = "unauthorized"
    BOOT_LOOP = "boot_loop"
    ABSENT = "absent"


class Action(StrEnum):
    """What moves a device to another mode; a driver knows how to carry each out."""

    ADB_REBOOT = "adb_reboot"
    ADB_REBOOT_BOOTLOADER = "adb_reboot_bootloader"
    ADB_REBOOT_FASTBOOTD = "adb_reboot_fastbootd"
    ADB_REBOOT_RECOVERY = "adb_reboot_recovery"
    ADB_REBOOT_SIDELOAD = "adb_reboot_sideload"
    ADB_RECONNECT = "adb_reconnect"
    FASTBOOT_REBOOT = "fastboot_reboot"
    FASTBOOT_REBOOT_BOOTLOADER = "fastboot_reboot_bootloader"
    FASTBOOT_REBOOT_FASTBOOTD = "fastboot_reboot_fastbootd"
    FASTBOOT_REBOOT_RECOVERY = "fastboot_reboot_recovery"
    POWER_CYCLE = "power_cycle"
    POWER_CYCLE_TO_BOOTLOADER = "power_cycle_to_bootloader"
    ACCEPT_KEY = "accept_key"
    WAIT = "wait"


@dataclass(frozen=True, kw_only=True, slots=True)
class Road:
    """One way from a mode to another. `bound_s`: how long it may take before it counts as failed.

    `needs_power` marks what only a lab with switched USB power or a hand can do.
    """

    source: Mode
    target: Mode
    action: Action
    bound_s: float
    needs_power: bool = False


def _road(
    source: Mode, action: Action, target: Mode, bound_s: float, *, needs_power: bool = False
) -> Road:
    return Road(
        source=source, target=target, action=action, bound_s=bound_s, needs_power=needs_power
    )


_M, _A = Mode, Action
# Bounds: a first boot after a flash optimises every app, which took minutes on phones of 2015.
_BOOT_S = 300.0
_SHORT_S = 60.0
_LOOP_S = 120.0
_RECONNECT_S = 10.0

ROADS: tuple[Road, ...] = (
    _road(_M.SYSTEM, _A.ADB_REBOOT_BOOTLOADER, _M.BOOTLOADER, _SHORT_S),
    _road(_M.SYSTEM, _A.ADB_REBOOT_FASTBOOTD, _M.FASTBOOTD, _SHORT_S),
    _road(_M.SYSTEM, _A.ADB_REBOOT_RECOVERY, _M.RECOVERY, _SHORT_S),
    _road(_M.SYSTEM, _A.ADB_REBOOT_SIDELOAD, _M.SIDELOAD, _SHORT_S),
    _road(_M.BOOTING, _A.WAIT, _M.SYSTEM, _BOOT_S),
    _road(_M.BOOTING, _A.ADB_REBOOT_BOOTLOADER, _M.BOOTLOADER, _SHORT_S),
    _road(_M.BOOTING, _A.POWER_CYCLE_TO_BOOTLOADER, _M.BOOTLOADER, _SHORT_S, needs_power=True),
    _road(_M.RECOVERY, _A.ADB_REBOOT, _M.SYSTEM, _BOOT_S),
    _road(_M.RECOVERY, _A.ADB_REBOOT_BOOTLOADER, _M.BOOTLOADER, _SHORT_S),
    _road(_M.RECOVERY, _A.ADB_REBOOT_SIDELOAD, _M.SIDELOAD, _SHORT_S),
    _road(_M.SIDELOAD, _A.ADB_REBOOT, _M.SYSTEM, _BOOT_S),
    _road(_M.SIDELOAD, _A.ADB_REBOOT_BOOTLOADER, _M.BOOTLOADER, _SHORT_S),
    _road(_M.BOOTLOADER, _A.FASTBOOT_REBOOT, _M.SYSTEM, _BOOT_S),
    _road(_M.BOOTLOADER, _A.FASTBOOT_REBOOT_FASTBOOTD, _M.FASTBOOTD, _SHORT_S),
    _road(_M.BOOTLOADER, _A.FASTBOOT_REBOOT_RECOVERY, _M.RECOVERY, _SHORT_S),
    _road(_M.FASTBOOTD, _A.FASTBOOT_REBOOT, _M.SYSTEM, _BOOT_S),
    _road(_M.FASTBOOTD, _A.FASTBOOT_REBOOT_BOOTLOADER, _M.BOOTLOADER, _SHORT_S),
    _road(_M.FASTBOOTD, _A.FASTBOOT_REBOOT_RECOVERY, _M.RECOVERY, _SHORT_S),
    _road(_M.OFFLINE, _A.ADB_RECONNECT, _M.SYSTEM, _RECONNECT_S),
    _road(_M.ABSENT, _A.ADB_RECONNECT, _M.SYSTEM, _RECONNECT_S),
    _road(_M.UNAUTHORIZED, _A.ACCEPT_KEY, _M.SYSTEM, _SHORT_S),
    _road(_M.OFFLINE, _A.POWER_CYCLE, _M.SYSTEM, _BOOT_S, needs_power=True),
    _road(_M.ABSENT, _A.POWER_CYCLE, _M.SYSTEM, _BOOT_S, needs_power=True),
    _road(_M.UNAUTHORIZED, _A.POWER_CYCLE_TO_BOOTLOADER, _M.BOOTLOADER, _SHORT_S, needs_power=True),
    _road(_M.OFFLINE, _A.POWER_CYCLE_TO_BOOTLOADER, _M.BOOTLOADER, _SHORT_S, needs_power=True),
    _road(_M.ABSENT, _A.POWER_CYCLE_TO_BOOTLOADER, _M.BOOTLOADER, _SHORT_S, needs_power=True),
    _road(_M.BOOT_LOOP, _A.POWER_CYCLE_TO_BOOTLOADER, _M.BOOTLOADER, _SHORT_S, needs_power=True),
    # A device that loops is seen by adb for a moment in each round; adbd takes the command then.
    _road(_M.BOOT_LOOP, _A.ADB_REBOOT_BOOTLOADER, _M.BOOTLOADER, _LOOP_S),
)


def find_route(
    source: Mode, target: Mode, *, power: bool, without: Sequence[Road] = ()
) -> tuple[Road, ...] | None:
    """The route with the fewest roads from one mode to another; empty if it is there already.

    `power`: the lab can switch the device's power. `without`: roads that have failed before.
    None if no route is left.
    """
    usable = [road for road in ROADS if road not in without and (power or not road.needs_power)]
    routes: deque[tuple[Mode, tuple[Road, ...]]] = deque([(source, ())])
    seen = {source}
    while routes:
        mode, route = routes.popleft()
        if mode is target:
            return route
        for road in usable:
            if road.source is mode and road.target not in seen:
                seen.add(road.target)
                routes.append((road.target, (*route, road)))
    return None
