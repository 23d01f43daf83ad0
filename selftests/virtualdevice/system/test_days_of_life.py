"""Random days in the life of a phone: whatever is done to it, the package manager's promises hold.

`HOLDFAST_LIFE_STEPS` makes the days longer (`make life`: 2000 steps); the default is quick.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import tempfile
from functools import cache
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
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

STEPS = int(os.environ.get("HOLDFAST_LIFE_STEPS", "30"))
CRASHES = ("", "early", "late")
apps, builds = st.sampled_from(NAMES), st.sampled_from(tuple(BUILDS))
copies = st.builds(Copy, signer=st.sampled_from(("A", "B")), version=st.sampled_from((1, 2, 3, 4)))
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
    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.root = Path(tempfile.mkdtemp())
        self.number = 0
        self.build = "plain"
        self.user = 0
        self.begun = False

    @initialize(base=st.sampled_from(["aosp-22", "aosp-28", "aosp-30", "aosp-34", "aosp-36"]))
    def begin(self, base: str) -> None:
        (self.root / "disk").mkdir()
        personality = load_personality(firmware(self.root / "fw", base, "plain", ""))
        plain = self.runner.run(booted(self.root / "disk", personality))
        self.rig = LifeRig(plain, self.root / "fw", base)
        self.live()

    def live(self) -> None:
        self.promises = Promises(self.rig.phone.parts.api)
        self.begun = True

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

    def put_apk(self, name: str, copy: Copy) -> None:
        self.runner.run(self.rig.put(REMOTE, package(name, copy)))

    # What happens to a phone.

    @rule(name=apps, copy=copies)
    def install_or_update(self, name: str, copy: Copy) -> None:
        self.put_apk(name, copy)
        was_too_old = self.promises.is_too_old(name, copy)
        answer = self.do("pm", "install", "-r", REMOTE)
        taken = self.promises.install(name, copy)
        assert (answer.out == "Success\n") is taken, answer
        assert ("INSTALL_FAILED_VERSION_DOWNGRADE" in answer.text) is was_too_old

    @precondition(lambda self: self.api >= 29)
    @rule(name=apps, copy=copies)
    def update_with_a_way_back(self, name: str, copy: Copy) -> None:
        self.put_apk(name, copy)
        answer = self.do("pm", "install", "-r", "--enable-rollback", REMOTE)
        taken = self.promises.install(name, copy, rollback=True)
        assert (answer.out == "Success\n") is taken, answer

    @precondition(lambda self: self.api >= 29)
    @rule(name=apps)
    def roll_back(self, name: str) -> None:
        answer = self.do("pm", "rollback-app", name)
        if not self.promises.can_roll_back(name):
            assert answer.out == f"No available rollbacks for: {name}\n"
        elif self.promises.roll_back(name):
            assert answer.out == "Success\n"
        else:
            assert answer.out.startswith("Failure [Rollback downgrade install failed: ")

    @precondition(lambda self: self.api >= 30)
    @rule(name=apps, copy=copies)
    def stage(self, name: str, copy: Copy) -> None:
        self.put_apk(name, copy)
        answer = self.do("pm", "install", "--staged", REMOTE)
        assert answer.out.startswith("Success") is self.promises.stage(name, copy), answer

    @rule(name=apps)
    def write_a_letter(self, name: str) -> None:
        known = self.known.get(name)
        if known is not None and known.installed:
            self.number += 1
            letter = f"letter{self.number}"
            place = "/data/data" if self.user == 0 else f"/data/user/{self.user}"
            self.runner.run(self.rig.put(f"{place}/{name}/files/{letter}", b"dear"))
            known.letters.setdefault(self.user, set()).add(letter)

    @rule(name=apps)
    def uninstall(self, name: str) -> None:
        answer = self.do("pm", "uninstall", name)
        assert (answer.out == "Success\n") is self.promises.uninstall(name), answer

    @rule(name=apps)
    def uninstall_and_keep(self, name: str) -> None:
        answer = self.do("pm", "uninstall", "-k", name)
        assert (answer.out == "Success\n") is self.promises.uninstall(name, keep=True), answer

    @rule(name=apps)
    def clear(self, name: str) -> None:
        known = self.known.get(name)
        answer = self.do("pm", "clear", "--user", str(self.user), name)
        cleared = known is not None and known.installed
        assert (answer.out == "Success\n") is cleared, answer
        if known is not None and cleared:
            known.letters.pop(self.user, None)

    @rule(name=apps)
    def open_and_leave(self, name: str) -> None:
        self.do("monkey", "-p", name, "1")
        self.do("input", "text", "hello")
        self.do("input", "keyevent", "HOME")

    @rule()
    def reboot(self) -> None:
        self.runner.run(self.rig.reboot())
        self.promises.boot(BUILDS[self.build])

    @rule(build=builds, crash=st.sampled_from(CRASHES))
    def ota(self, build: str, crash: str) -> None:
        """A build that crashes at its first boot, early or late, is left for the one before."""
        self.runner.run(self.rig.ota(build, crash))
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
        listed = self.do("pm", "list", "packages", "-3").out.split()
        assert sorted(listed) == sorted(f"package:{name}" for name in self.promises.listed())

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


def test_the_promises_hold_over_random_days() -> None:
    quick = settings(
        max_examples=5 if STEPS <= 30 else 1,
        stateful_step_count=STEPS,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(Life, settings=quick)


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
