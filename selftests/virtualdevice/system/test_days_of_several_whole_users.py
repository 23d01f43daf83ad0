"""The random days of several users on a whole phone: the real adb, real mounts, real reboots.

`HOLDFAST_WHOLE_LIFE_STEPS` makes it longer; the default is quick.
"""

from __future__ import annotations

import shutil
from contextlib import ExitStack
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import initialize, run_state_machine_as_test

from selftests.virtualdevice.machine.test_isolation import ROOT, run
from selftests.virtualdevice.system.apks import NAME
from selftests.virtualdevice.system.real_phone import connected_phone, one_adb
from selftests.virtualdevice.system.test_days_of_a_whole_phone import STEPS, WholeRig
from selftests.virtualdevice.system.test_days_of_life import settings_for
from selftests.virtualdevice.system.test_days_of_several_users import Days
from virtualdevice.system.packages.storage import credential_root


class WholeDays(Days):
    """Files are asked for as installd asks, mounts as root on the device sees them."""

    @initialize(personality=st.sampled_from(["aosp-29", "aosp-34"]))
    def begin(self, personality: str, *defects: str) -> None:
        self.stack = ExitStack()
        for name in ("home", "state"):
            (self.root / name).mkdir()
        client = self.stack.enter_context(one_adb(self.root / "home"))
        self.whole = self.stack.enter_context(
            connected_phone(client, personality, self.root / "state", defects=defects)
        )
        self.rig: Any = WholeRig(self.whole)
        self.mounts_at_first = len(self.mounts())

    def teardown(self) -> None:
        try:
            if hasattr(self, "whole"):
                self.no_mount_is_left_of_who_left()
        finally:
            self.stack.close()
            self.runner.close()
            shutil.rmtree(self.root, ignore_errors=True)

    def no_mount_is_left_of_who_left(self) -> None:
        self.do("am", "switch-user", "0")
        for user_id in self.users[1:]:
            assert self.do("pm", "remove-user", str(user_id)).status == 0
        if 0 in self.locked_by_pin:
            self.do("locksettings", "verify", "--user", "0", "--old", "1234")
        assert len(self.mounts()) == self.mounts_at_first

    def mounts(self) -> list[str]:
        return run(self.whole.device, "cat /proc/mounts", credentials=ROOT)[1].splitlines()

    def letters_there(self, user_id: int) -> set[str] | None:
        files = self.whole.device.device.machine.files
        home = f"{credential_root(user_id)}/{NAME}"
        if self.whole.device.do(files.stat(home)) is None:
            return None
        return set(self.whole.device.do(files.list(f"{home}/files")))

    def is_covered(self, root: str) -> bool:
        return any(line.split()[:2] == ["covered", root] for line in self.mounts())


def test_each_user_keeps_what_is_theirs_over_random_days_of_a_whole_phone() -> None:
    # hypothesis begins with the simplest days of all, in which nothing happens.
    run_state_machine_as_test(WholeDays, settings=settings_for(2, STEPS))
