"""The random days of test_days_of_life on a whole phone: the real adb, a shell, reboots.

`HOLDFAST_WHOLE_LIFE_STEPS` makes it longer; the default is quick.
"""

from __future__ import annotations

import os
import shutil
from contextlib import ExitStack
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize, run_state_machine_as_test

from selftests.virtualdevice.system.fake_machine import Answer
from selftests.virtualdevice.system.real_phone import Phone, connected_phone, one_adb
from selftests.virtualdevice.system.test_days_of_life import Life

STEPS = int(os.environ.get("HOLDFAST_WHOLE_LIFE_STEPS", "12"))
SYSTEM_UID = 1000


class WholeRig:
    """What Life asks of a rig, done by adb and by the machine's own hands."""

    def __init__(self, phone: Phone) -> None:
        self._phone = phone
        self.server = SimpleNamespace()

    @property
    def phone(self) -> Any:
        """The system server's phone of this boot."""
        found: Any = self._phone.device.system
        return found.phone

    async def run(self, *words: str) -> Answer:
        result = self._phone.adb("shell", *words)
        return Answer(status=result.status, out=result.text, error=result.errors)

    async def put(self, path: str, data: bytes) -> str:
        files = self._phone.device.device.machine.files
        uid = gid = SYSTEM_UID
        parent = path.rpartition("/")[0]
        if parent != "/data/local/tmp":
            self._phone.device.do(files.make_directory(parent, mode=0o771, uid=uid, gid=gid))
        self._phone.device.do(files.write(path, data, mode=0o644, uid=uid, gid=gid))
        return path

    async def reboot(self) -> None:
        self._phone.reboot()


class WholeLife(Life):
    @initialize(personality=st.just("aosp-34"))
    def begin(self, personality: str) -> None:
        self.stack = ExitStack()
        for name in ("home", "state"):
            (self.root / name).mkdir()
        client = self.stack.enter_context(one_adb(self.root / "home"))
        state = self.root / "state"
        phone = self.stack.enter_context(connected_phone(client, personality, state))
        self.rig: Any = WholeRig(phone)

    def teardown(self) -> None:
        self.stack.close()
        self.runner.close()
        shutil.rmtree(self.root, ignore_errors=True)

    def home(self, name: str) -> Path:
        return self.root / "state" / "disk" / "layers" / "0" / "user" / "data" / "data" / name


@pytest.mark.skipif(os.getuid() != 0, reason="looks into the device's disk from outside, as root")
def test_the_promises_hold_over_random_days_of_a_whole_phone() -> None:
    quick = settings(
        max_examples=1,
        stateful_step_count=STEPS,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(WholeLife, settings=quick)
