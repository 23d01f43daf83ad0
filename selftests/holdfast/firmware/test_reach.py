from __future__ import annotations

import pytest

from holdfast.deadline import Deadline
from holdfast.errors import DeviceLost, DeviceRefused
from holdfast.firmware.reach import reach_mode
from holdfast.firmware.states import Action, Mode
from holdfast.journal import Journal, StepStarted
from selftests.clock import SteppedClock
from selftests.holdfast.firmware.fake_device import FakeControls


def reach(controls: FakeControls, goal: Mode, *, seconds: float = 1000) -> Journal:
    journal = Journal()
    reach_mode(controls, goal, Deadline.after(seconds, clock=SteppedClock()), journal)
    return journal


def test_it_takes_the_short_road_and_says_so_in_the_journal() -> None:
    controls = FakeControls(Mode.SYSTEM)
    journal = reach(controls, Mode.SIDELOAD)
    assert controls.taken == [Action.ADB_REBOOT_SIDELOAD]
    titles = [e.title for e in journal.events if isinstance(e, StepStarted)]
    assert titles == ["reach sideload", "adb_reboot_sideload from system"]


def test_a_refused_road_is_left_for_another() -> None:
    controls = FakeControls(Mode.SYSTEM)
    controls.broken[Action.ADB_REBOOT_FASTBOOTD] = DeviceRefused("reboot fastboot", answer="closed")
    reach(controls, Mode.FASTBOOTD)
    assert controls.taken == [
        Action.ADB_REBOOT_FASTBOOTD,
        Action.ADB_REBOOT_BOOTLOADER,
        Action.FASTBOOT_REBOOT_FASTBOOTD,
    ]


def test_a_road_that_leads_elsewhere_is_followed_from_there() -> None:
    controls = FakeControls(Mode.SYSTEM)
    controls.broken[Action.ADB_REBOOT_SIDELOAD] = Mode.RECOVERY
    # From recovery the same broken action is the shortest road too: it is tried, and then given up.
    with pytest.raises(DeviceLost, match="is in mode recovery"):
        reach(controls, Mode.SIDELOAD)
    assert controls.taken.count(Action.ADB_REBOOT_SIDELOAD) == 2


def test_what_cannot_be_reached_names_every_road_that_was_tried() -> None:
    controls = FakeControls(Mode.UNAUTHORIZED)
    controls.broken[Action.ACCEPT_KEY] = DeviceRefused("the key", answer="nobody tapped OK")
    with pytest.raises(DeviceLost, match=r"phone: .*unauthorized.*accept_key.*nobody tapped OK"):
        reach(controls, Mode.SYSTEM)


def test_a_device_that_stays_away_ends_at_the_bound_of_its_road() -> None:
    controls = FakeControls(Mode.SYSTEM)
    controls.broken[Action.ADB_REBOOT_BOOTLOADER] = Mode.ABSENT
    controls.broken[Action.ADB_RECONNECT] = DeviceLost("nothing to connect to")
    with pytest.raises(DeviceLost, match=r"absent.*did not happen within 60 s"):
        reach(controls, Mode.BOOTLOADER)


def test_with_power_control_an_absent_device_comes_back() -> None:
    controls = FakeControls(Mode.ABSENT, power=True)
    reach(controls, Mode.BOOTLOADER)
    assert controls.taken == [Action.POWER_CYCLE_TO_BOOTLOADER]


def test_a_boot_that_loops_ends_the_wait_at_once_and_is_named() -> None:
    controls = FakeControls(Mode.BOOTLOADER)
    controls.broken[Action.FASTBOOT_REBOOT] = Mode.BOOT_LOOP
    controls.broken[Action.ADB_REBOOT_BOOTLOADER] = DeviceRefused("reboot", answer="closed")
    with pytest.raises(DeviceLost, match=r"boot_loop.*fastboot_reboot: .*it led to boot_loop"):
        reach(controls, Mode.SYSTEM)


def test_what_loops_from_the_bootloader_is_not_started_from_elsewhere_as_well() -> None:
    controls = FakeControls(Mode.BOOTLOADER)
    controls.broken[Action.FASTBOOT_REBOOT] = controls.broken[Action.ADB_REBOOT] = Mode.BOOT_LOOP
    with pytest.raises(DeviceLost, match="is in mode boot_loop and cannot be brought to system"):
        reach(controls, Mode.SYSTEM)
    assert controls.taken == [Action.FASTBOOT_REBOOT]


def test_what_loops_is_not_led_into_sideload_mode_by_way_of_android() -> None:
    controls = FakeControls(Mode.BOOT_LOOP)
    reach(controls, Mode.SIDELOAD)
    assert controls.taken == [
        Action.ADB_REBOOT_BOOTLOADER,
        Action.FASTBOOT_REBOOT_RECOVERY,
        Action.ADB_REBOOT_SIDELOAD,
    ]


def test_a_device_that_loops_is_told_again_in_each_round_until_it_has_heard() -> None:
    class Deaf(FakeControls):
        def carry_out(self, action: Action, deadline: Deadline) -> None:
            if len(self.taken) < 3:
                self.taken.append(action)
            else:
                super().carry_out(action, deadline)

    controls = Deaf(Mode.BOOT_LOOP)
    reach(controls, Mode.BOOTLOADER)
    assert controls.taken == [Action.ADB_REBOOT_BOOTLOADER] * 4


def test_a_device_that_asks_for_the_key_after_a_boot_is_led_on_from_there() -> None:
    controls = FakeControls(Mode.BOOTLOADER)
    controls.broken[Action.FASTBOOT_REBOOT] = Mode.UNAUTHORIZED
    reach(controls, Mode.SYSTEM)
    assert controls.taken == [Action.FASTBOOT_REBOOT, Action.ACCEPT_KEY]
