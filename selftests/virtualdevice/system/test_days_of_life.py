"""Random days in the life of a phone: whatever is done to it, the package manager's promises hold.

`HOLDFAST_LIFE_STEPS` makes it longer (`make life`: over 2000 operations, in lives of at most 250,
each on a phone of its own); the default is quick.
"""

from __future__ import annotations

import asyncio
import logging
import os
import shutil
import tempfile
from collections import Counter
from functools import cache
from pathlib import Path
from typing import ClassVar

import pytest
from hypothesis import HealthCheck, Phase, assume, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from selftests.virtualdevice.system.apks import apk
from selftests.virtualdevice.system.fake_machine import Answer, Rig, booted
from selftests.virtualdevice.system.life_model import BUILDS, NAMES, Copy, Known, Promises
from virtualdevice.seams import BootFailed
from virtualdevice.system import build_system_server
from virtualdevice.system.personality import Personality, load_personality
from virtualdevice.system.server import AndroidServer

STEPS = int(os.environ.get("HOLDFAST_LIFE_STEPS", "150"))
LONGEST, SEVERAL, MANY = 250, 5, 1000
CRASHES = ("", "early", "late")
LEVELS = ("aosp-22", "aosp-28", "aosp-30", "aosp-34", "aosp-36")
apps, builds = st.sampled_from(NAMES), st.sampled_from(tuple(BUILDS))
copies = st.builds(Copy, signer=st.sampled_from("AAAB"), version=st.sampled_from((1, 2, 3, 4)))
REMOTE = "/data/local/tmp/it.apk"


@cache
def package(name: str, copy: Copy) -> bytes:
    return apk(package_name=name, signer=copy.signer, version_code=copy.version, labels={})


def firmware(folder: Path, base: str, build: str, crash: str) -> Path:
    """The personality file of a build; `crash` says where its boot ends, if it does."""
    folder.mkdir(exist_ok=True)
    text = f'extends: {base}\ntitle: {build}\nbuild: {{incremental: "{build}"}}\n'
    text += f"defects: [boot_crashes_{crash}]\n" if crash else ""
    preloads = BUILDS[build]
    text += "packages:\n" if preloads else ""
    for name, copy in preloads.items():
        (folder / f"{build}-{name}.apk").write_bytes(package(name, copy))
        text += f"  {name}: {{apk: {build}-{name}.apk}}\n"
    file = folder / f"{build}{crash}.yaml"
    file.write_text(text)
    return file


class LifeRig(Rig):
    """A rig whose firmware can be changed; a boot that crashes falls back to the build before."""

    def __init__(self, rig: Rig, folder: Path, base: str) -> None:
        super().__init__(rig.server, rig.machine)
        self._folder = folder
        self._base = base
        self._personality: Personality | None = None

    async def ota(self, build: str, crash: str) -> None:
        new = load_personality(firmware(self._folder, self._base, build, crash))
        await self.server.stop()
        before, self.server = self.server, _server(new)
        try:
            await self.server.start(self.machine)
        except BootFailed:
            await self.server.stop()
            self.server = before
            await self.server.start(self.machine)

    async def close(self) -> None:
        await self.server.stop()


def _server(personality: Personality) -> AndroidServer:
    server = build_system_server(personality, defects=[], settings={})
    assert isinstance(server, AndroidServer)
    return server


class Life(RuleBasedStateMachine):
    """`done` counts what was done in all lives, by kind and outcome."""

    done: ClassVar[Counter[tuple[str, bool]]] = Counter()

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.root = Path(tempfile.mkdtemp())
        self.number = 0
        self.build = "plain"
        self.user = 0
        self.begun = False

    @initialize(lives=st.booleans(), base=st.sampled_from(LEVELS))
    def begin(self, lives: bool, base: str) -> None:
        assume(lives)  # hypothesis begins with the simplest choice of all, every time: a long sleep
        (self.root / "disk").mkdir()
        personality = load_personality(firmware(self.root / "fw", base, "plain", ""))
        plain = self.runner.run(booted(self.root / "disk", personality))
        self.rig = LifeRig(plain, self.root / "fw", base)
        self.live()

    def live(self) -> None:
        self.promises = Promises(self.rig.phone.parts.api)
        self.begun = True
        said = self.do("pm", "create-user", "Second").out
        self.users = (0, 10) if "user id 10" in said else (0,)

    def teardown(self) -> None:
        if self.begun:
            self.runner.run(self.rig.close())
        self.runner.close()
        shutil.rmtree(self.root)

    @property
    def known(self) -> dict[str, Known]:
        return self.promises.known

    @property
    def api(self) -> int:
        return self.promises.api if self.begun else 0

    def do(self, *words: str) -> Answer:
        return self.runner.run(self.rig.run(*words))

    def disk(self, path: str) -> Path:
        """A path of the device as the host has it."""
        return self.root / "disk" / path.strip("/")

    def home(self, name: str, user: int = 0) -> Path:
        return self.disk(f"/data/data/{name}" if user == 0 else f"/data/user/{user}/{name}")

    def note(self, kind: str, worked: bool) -> bool:
        self.done[kind, worked] += 1
        return worked

    def put_apk(self, name: str, copy: Copy) -> None:
        self.runner.run(self.rig.put(REMOTE, package(name, copy)))

    # What happens to a phone.

    @rule(name=apps, copy=copies)
    def install_or_update(self, name: str, copy: Copy) -> None:
        self.put_apk(name, copy)
        was_too_old = self.promises.is_too_old(name, copy)
        answer = self.do("pm", "install", "-r", REMOTE)
        taken = self.note("install", self.promises.install(name, copy))
        assert (answer.out == "Success\n") is taken, answer
        assert ("INSTALL_FAILED_VERSION_DOWNGRADE" in answer.text) is was_too_old

    @precondition(lambda self: self.api >= 29)
    @rule(name=apps, copy=copies)
    def update_with_a_way_back(self, name: str, copy: Copy) -> None:
        self.put_apk(name, copy)
        answer = self.do("pm", "install", "-r", "--enable-rollback", REMOTE)
        taken = self.note("update", self.promises.install(name, copy, rollback=True))
        assert (answer.out == "Success\n") is taken, answer

    @precondition(lambda self: self.api >= 29)
    @rule(name=apps)
    def roll_back(self, name: str) -> None:
        answer = self.do("pm", "rollback-app", name)
        if not self.promises.can_roll_back(name):
            self.note("roll back", worked=False)
            assert answer.out == f"No available rollbacks for: {name}\n"
        elif self.note("roll back", self.promises.roll_back(name)):
            assert answer.out == "Success\n"
        else:
            assert answer.out.startswith("Failure [Rollback downgrade install failed: ")

    @precondition(lambda self: self.api >= 30)
    @rule(name=apps, copy=copies)
    def stage(self, name: str, copy: Copy) -> None:
        self.put_apk(name, copy)
        answer = self.do("pm", "install", "--staged", REMOTE)
        staged = self.note("stage", self.promises.stage(name, copy))
        assert answer.out.startswith("Success") is staged, answer

    @rule(name=apps)
    def write_a_letter(self, name: str) -> None:
        known = self.known.get(name)
        if self.note("letter", known is not None and known.installed) and known is not None:
            self.number += 1
            letter = f"letter{self.number}"
            place = "/data/data" if self.user == 0 else f"/data/user/{self.user}"
            self.runner.run(self.rig.put(f"{place}/{name}/files/{letter}", b"dear"))
            known.letters.setdefault(self.user, set()).add(letter)

    @rule(name=apps)
    def uninstall(self, name: str) -> None:
        answer = self.do("pm", "uninstall", name)
        gone = self.note("uninstall", self.promises.uninstall(name))
        assert (answer.out == "Success\n") is gone, answer

    @rule(name=apps)
    def uninstall_and_keep(self, name: str) -> None:
        answer = self.do("pm", "uninstall", "-k", name)
        gone = self.note("uninstall -k", self.promises.uninstall(name, keep=True))
        assert (answer.out == "Success\n") is gone, answer

    @rule(name=apps)
    def clear(self, name: str) -> None:
        known = self.known.get(name)
        answer = self.do("pm", "clear", "--user", str(self.user), name)
        cleared = self.note("clear", known is not None and known.installed)
        assert (answer.out == "Success\n") is cleared, answer
        if known is not None and cleared:
            known.letters.pop(self.user, None)

    @rule(name=apps)
    def open_and_leave(self, name: str) -> None:
        self.do("monkey", "-p", name, "1")
        self.do("input", "text", "hello")
        self.do("input", "keyevent", "HOME")
        self.note("open", name in self.known)

    @rule(number=st.integers(0, 1))
    def switch_user(self, number: int) -> None:
        user = self.users[min(number, len(self.users) - 1)]
        assert self.do("am", "switch-user", str(user)).error == ""
        self.user = user
        self.note("switch user", user > 0)

    @rule()
    def reboot(self) -> None:
        self.user = 0
        self.runner.run(self.rig.reboot())
        self.note("reboot", True)
        self.promises.boot(BUILDS[self.build])

    @rule(build=builds, crash=st.sampled_from(CRASHES))
    def ota(self, build: str, crash: str) -> None:
        """A build that crashes at its first boot, early or late, is left for the one before."""
        self.user = 0
        self.runner.run(self.rig.ota(build, crash))
        self.note("ota", not crash)
        if crash != "early":
            self.promises.boot(BUILDS[build], applies=not crash)
        if crash:
            self.promises.boot(BUILDS[self.build])
        else:
            self.build = build

    # What holds at any time.

    @invariant()
    def what_was_written_is_there(self) -> None:
        for name, known in self.known.items() if self.begun else ():
            for user in known.letters:
                files = self.home(name, user) / "files"
                there = {file.name for file in files.iterdir()} if files.is_dir() else set()
                assert there == known.letters[user]

    @invariant()
    def identities_last_as_long_as_the_record(self) -> None:
        for name, known in self.known.items() if self.begun else ():
            record = self.rig.phone.parts.registry.get(name)
            assert record is not None
            assert record.version_code == known.copy.version
            assert record.is_system is known.system
            inodes = {user: state.ce_inode for user, state in record.users.items()}
            if known.fresh:
                known.app_id, known.inodes, known.fresh = record.app_id, inodes, False
            assert record.app_id == known.app_id
            for user, inode in inodes.items():
                assert inode == known.inodes.setdefault(user, inode)
                assert self.home(name, user).stat().st_ino == inode

    @invariant()
    def app_ids_are_each_somebodys_own(self) -> None:
        if self.begun:
            ids = [r.app_id for r in self.rig.phone.parts.registry if r.app_id >= 10000]
            assert len(ids) == len(set(ids))

    @invariant()
    def nothing_is_left_of_what_was_uninstalled(self) -> None:
        if not self.begun:
            return
        for name in NAMES:
            assert self.home(name).exists() == (name in self.known)
        answer = self.do("pm", "list", "packages", "-3")
        listed = sorted(f"package:{name}" for name in self.promises.listed())
        assert sorted(answer.out.split()) == listed, answer

    @invariant()
    def no_code_and_no_copy_is_left_over(self) -> None:
        if not self.begun:
            return
        records = [r for r in self.rig.phone.parts.registry if r.code_present]
        tops = {r.code_path.split("/")[3] for r in records if r.code_path.startswith("/data/app/")}
        assert set(_names(self.disk("/data/app"))) == tops
        assert len(_names(self.disk("/data/app-staging"))) == len(self.promises.staged)
        kept = [name for name in _names(self.disk("/data/rollback")) if name.isdigit()]
        assert len(kept) <= len(NAMES)


def _names(folder: Path) -> list[str]:
    return [entry.name for entry in folder.iterdir()] if folder.is_dir() else []


def settings_for(lives: int, steps: int) -> settings:
    """So many examples of so many steps. A life is not made shorter: each try is a whole one."""
    return settings(
        max_examples=lives,
        stateful_step_count=steps,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )


def live_long(kind: type[Life], steps: int, *, lives: int) -> None:
    """So many operations in so many lives, or in more that are shorter; and not all in vain."""
    lives = max(lives, -(-steps // LONGEST))
    kind.done = Counter()
    run_state_machine_as_test(kind, settings=settings_for(lives, steps // lives))
    assert kind.done
    if steps >= MANY:  # a few lives may be spent in an armchair
        assert kind.done.total() >= steps * 0.6
        assert {what for what, worked in kind.done if worked} >= {"install", "reboot", "uninstall"}
    note = f"{kind.done.total()} operations in {lives} lives: {dict(sorted(kind.done.items()))}"
    logging.getLogger(__name__).info(note)


def test_the_promises_hold_over_random_days() -> None:
    live_long(Life, STEPS, lives=SEVERAL)


def test_a_phone_that_breaks_a_promise_is_caught() -> None:
    life = Life()
    (life.root / "disk").mkdir()
    defects = ["files_wiped_on_update", "records_lost_on_reboot"]
    rig = life.runner.run(booted(life.root / "disk", "aosp-34", defects=defects))
    life.rig = LifeRig(rig, life.root / "fw", "aosp-34")
    life.live()
    try:
        life.install_or_update(NAMES[0], Copy(signer="A", version=1))
        life.write_a_letter(NAMES[0])
        life.what_was_written_is_there()
        life.identities_last_as_long_as_the_record()
        life.install_or_update(NAMES[0], Copy(signer="A", version=2))
        with pytest.raises(AssertionError):
            life.what_was_written_is_there()
        life.identities_last_as_long_as_the_record()
        life.reboot()
        with pytest.raises(AssertionError):
            life.identities_last_as_long_as_the_record()
        with pytest.raises(AssertionError):
            life.nothing_is_left_of_what_was_uninstalled()
    finally:
        life.teardown()
