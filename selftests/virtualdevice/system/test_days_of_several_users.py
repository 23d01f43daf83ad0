"""Random days of a phone with several users: whatever is done, each keeps what is theirs.

`HOLDFAST_LIFE_STEPS` makes the days longer; the default is quick.
"""

from __future__ import annotations

import asyncio
import re
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from selftests.virtualdevice.system.apks import NAME
from selftests.virtualdevice.system.fake_machine import Answer, Rig, booted
from selftests.virtualdevice.system.life_model import Copy
from selftests.virtualdevice.system.test_days_of_life import (
    LONGEST,
    SEVERAL,
    STEPS,
    package,
    settings_for,
)
from virtualdevice.system.packages.storage import credential_root

PIN = "1234"
MOST_IDS = 10
"""A device has the users 10 to 19; two of them may be there at a boot."""
whose = st.integers(min_value=0, max_value=2)


class Days(RuleBasedStateMachine):
    """`letters`: what each user has written in the chat app; only who has the app is a key."""

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.root = Path(tempfile.mkdtemp())
        self.users = [0]
        self.letters: dict[int, set[str]] = {}
        self.locked_by_pin: set[int] = set()
        self.open: set[int] = {0}
        self.parents: dict[int, int] = {}
        self.current = 0
        self.number = 0
        self.came = 0
        """Since the last boot, which gives free the ids of those who left."""

    @initialize(personality=st.sampled_from(["aosp-28", "aosp-34"]))
    def begin(self, personality: str, *defects: str) -> None:
        self.rig: Rig = self.runner.run(booted(self.root, personality, defects=defects))

    def teardown(self) -> None:
        self.runner.run(self.rig.server.stop())
        self.runner.close()
        shutil.rmtree(self.root)

    def do(self, *words: str) -> Answer:
        return self.runner.run(self.rig.run(*words))

    def user(self, number: int) -> int:
        return self.users[number % len(self.users)]

    def letters_there(self, user_id: int) -> set[str] | None:
        """None if the user has no directory of the app."""
        home = self.rig.machine.files.host(f"{credential_root(user_id)}/{NAME}")
        files = home / "files"
        if not home.is_dir():
            return None
        return {file.name for file in files.iterdir()} if files.is_dir() else set()

    def write(self, user_id: int, name: str) -> None:
        path = f"{credential_root(user_id)}/{NAME}/files/{name}"
        self.runner.run(self.rig.put(path, b"dear"))

    def is_covered(self, root: str) -> bool:
        return root in self.rig.machine.covered

    @precondition(lambda self: len(self.users) < 3 and self.came < MOST_IDS - 2)
    @rule(profile=st.booleans())
    def somebody_comes(self, profile: bool) -> None:
        self.came += 1
        words = ("--profileOf", "0", "--managed") if profile and not self.parents else ()
        said = self.do("pm", "create-user", *words, "Somebody").out
        user_id = int(said.rpartition(" ")[2])
        self.users.append(user_id)
        if words:
            self.parents[user_id] = 0

    @rule(number=whose)
    def somebody_leaves(self, number: int) -> None:
        user_id = self.user(number)
        stays = user_id in (0, self.current)
        assert (self.do("pm", "remove-user", str(user_id)).status == 0) is not stays
        if not stays:
            self.users.remove(user_id)
            self.letters.pop(user_id, None)
            self.parents.pop(user_id, None)
            self.locked_by_pin.discard(user_id)
            self.open.discard(user_id)

    @rule(number=whose)
    def start(self, number: int) -> None:
        user_id = self.user(number)
        self.do("am", "start-user", str(user_id))
        self._started(user_id)

    def _started(self, user_id: int) -> None:
        parent = self.parents.get(user_id)
        if user_id not in self.locked_by_pin and (parent is None or parent in self.open):
            self.open.add(user_id)

    @rule(number=whose)
    def switch(self, number: int) -> None:
        user_id = self.user(number)
        self.do("am", "switch-user", str(user_id))
        if user_id not in self.parents and user_id != self.current:
            self.current = user_id
            self._started(user_id)
            if user_id == 0:
                self._profiles_follow()

    @rule(number=whose)
    def stop(self, number: int) -> None:
        user_id = self.user(number)
        if self.do("am", "stop-user", str(user_id)).status == 0:
            self.open.discard(user_id)

    @rule()
    def set_a_pin(self) -> None:
        if self.do("locksettings", "set-pin", "--user", "0", PIN).status == 0:
            self.locked_by_pin.add(0)

    @rule()
    def type_the_pin(self) -> None:
        answer = self.do("locksettings", "verify", "--user", "0", "--old", PIN)
        assert (answer.status == 0) == (0 in self.locked_by_pin)
        if answer.status == 0:
            self.open.add(0)
            self._profiles_follow()

    def _profiles_follow(self) -> None:
        """Their parent's PIN opens them, too; a switch to a parent that stays locked does not."""
        for user_id in self.parents if 0 in self.open else ():
            running = self.do("am", "get-started-user-state", str(user_id)).out
            if running.startswith("RUNNING"):
                self.open.add(user_id)

    @rule(number=whose, everybody=st.booleans(), version=st.sampled_from((1, 2)))
    def install(self, number: int, everybody: bool, version: int) -> None:
        user_id = self.user(number)
        path = "/data/local/tmp/it.apk"
        self.runner.run(self.rig.put(path, package(NAME, Copy(signer="A", version=version))))
        words = () if everybody else ("--user", str(user_id))
        if self.do("pm", "install", "-r", "-t", *words, path).out == "Success\n":
            for meant in self.users if everybody else [user_id]:
                self.letters.setdefault(meant, set())

    @rule(number=whose, everybody=st.booleans())
    def uninstall(self, number: int, everybody: bool) -> None:
        user_id = self.user(number)
        words = () if everybody else ("--user", str(user_id))
        had = bool(self.letters) if everybody else user_id in self.letters
        assert (self.do("pm", "uninstall", *words, NAME).out == "Success\n") is had
        for meant in self.users if everybody else [user_id]:
            self.letters.pop(meant, None)

    @rule(number=whose)
    def write_a_letter(self, number: int) -> None:
        user_id = self.user(number)
        if user_id in self.letters and user_id in self.open:
            self.number += 1
            self.write(user_id, f"letter{self.number}")
            self.letters[user_id].add(f"letter{self.number}")

    @rule()
    def reboot(self) -> None:
        self.runner.run(self.rig.reboot())
        self.current = self.came = 0
        self.open = set()
        self._started(0)
        self._profiles_follow()

    @invariant()
    def each_has_what_is_theirs(self) -> None:
        for user_id in self.users if hasattr(self, "rig") else []:
            assert self.letters_there(user_id) == self.letters.get(user_id)

    @invariant()
    def each_is_told_of_their_own_apps(self) -> None:
        for user_id in self.users if hasattr(self, "rig") else []:
            listed = self.do("pm", "list", "packages", "-3", "--user", str(user_id)).out
            assert (f"package:{NAME}" in listed) is (user_id in self.letters)

    @invariant()
    def storage_is_open_for_who_is_unlocked(self) -> None:
        if not hasattr(self, "rig"):
            return
        listed = self.do("pm", "list", "users").out
        assert [int(n) for n in re.findall(r"UserInfo\{(\d+):", listed)] == self.users
        for user_id in self.users:
            state = self.do("am", "get-started-user-state", str(user_id)).out.strip()
            assert (state == "RUNNING_UNLOCKED") is (user_id in self.open)
            if state.startswith("RUNNING"):
                assert self.is_covered(credential_root(user_id)) is (user_id not in self.open)


def test_each_user_keeps_what_is_theirs_over_random_days() -> None:
    lives = max(SEVERAL, STEPS // LONGEST)
    run_state_machine_as_test(Days, settings=settings_for(lives, STEPS // lives))


@pytest.mark.parametrize(
    ("defect", "promise"),
    [
        ("work_profile_lost_on_reboot", Days.each_has_what_is_theirs),
        ("ce_of_other_users_left_locked", Days.storage_is_open_for_who_is_unlocked),
    ],
)
def test_a_phone_that_fails_its_other_users_is_caught(
    defect: str, promise: Callable[[Days], None]
) -> None:
    days = Days()
    days.begin("aosp-34", defect)
    try:
        days.somebody_comes(profile=True)
        days.start(1)
        days.install(0, everybody=True, version=1)
        days.write_a_letter(1)
        days.reboot()
        days.open.add(10)  # what a sound phone comes to
        with pytest.raises(AssertionError):
            promise(days)
    finally:
        days.teardown()
