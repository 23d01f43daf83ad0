from __future__ import annotations

import itertools

import pytest

from holdfast.firmware.states import ROADS, Action, Mode, find_route

GOALS = (Mode.SYSTEM, Mode.RECOVERY, Mode.SIDELOAD, Mode.BOOTLOADER, Mode.FASTBOOTD)


@pytest.mark.parametrize(("source", "goal"), list(itertools.product(Mode, GOALS)))
def test_with_power_control_every_mode_leads_to_every_goal(source: Mode, goal: Mode) -> None:
    route = find_route(source, goal, power=True)
    assert route is not None
    ends = [source, *(road.target for road in route)]
    assert [road.source for road in route] == ends[:-1]
    assert ends[-1] is goal


def test_a_device_that_is_there_needs_no_road() -> None:
    assert find_route(Mode.SYSTEM, Mode.SYSTEM, power=False) == ()


def test_without_power_control_an_absent_device_can_only_be_connected_again() -> None:
    route = find_route(Mode.ABSENT, Mode.BOOTLOADER, power=False)
    assert route is not None
    assert [road.action for road in route] == [Action.ADB_RECONNECT, Action.ADB_REBOOT_BOOTLOADER]
    assert find_route(Mode.ABSENT, Mode.SYSTEM, power=False, without=route) is None


def test_a_road_that_failed_is_not_taken_again() -> None:
    first = find_route(Mode.SYSTEM, Mode.FASTBOOTD, power=False)
    assert first is not None
    assert [road.action for road in first] == [Action.ADB_REBOOT_FASTBOOTD]
    second = find_route(Mode.SYSTEM, Mode.FASTBOOTD, power=False, without=first)
    assert second is not None
    assert [road.action for road in second] == [
        Action.ADB_REBOOT_BOOTLOADER,
        Action.FASTBOOT_REBOOT_FASTBOOTD,
    ]


def test_every_road_is_bounded_in_time() -> None:
    assert all(0 < road.bound_s <= 600 for road in ROADS)
