"""Random days in the life of a phone: whatever is done to it, the package manager's promises hold.

`HOLDFAST_LIFE_STEPS` makes the days longer (2000 steps is a life); the default is quick.
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
    rule,
    run_state_machine_as_test,
)

from selftests.virtualdevice.system.apks import apk
from selftests.virtualdevice.system.fake_machine import Answer, Rig, booted

STEPS = int(os.environ.get("HOLDFAST_LIFE_STEPS", "30"))
NAMES = ("org.example.chat", "org.example.notes")
SIGNERS = ("A", "B")
VERSIONS = (1, 2, 3)
apps, signers, versions = (st.sampled_from(v) for v in (NAMES, SIGNERS, VERSIONS))


@cache
def package(name: str, signer: str, version: int) -> bytes:
    return apk(package_name=name, signer=signer, version_code=version, labels={})


class Known:
    """What we know of an app that has a record."""

    def __init__(self, *, signer: str, version: int, app_id: int, inode: int) -> None:
        self.signer = signer
        self.version = version
        self.app_id = app_id
        self.inode = inode
        self.installed = True
        self.letters: set[str] = set()


class Life(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.root = Path(tempfile.mkdtemp())
        self.known: dict[str, Known] = {}
        self.number = 0

    @initialize(personality=st.sampled_from(["aosp-22", "aosp-28", "aosp-34"]))
    def begin(self, personality: str) -> None:
        self.rig: Rig = self.runner.run(booted(self.root, personality))

    def teardown(self) -> None:
        self.runner.run(self.rig.server.stop())
        self.runner.close()
        shutil.rmtree(self.root)

    def do(self, *words: str) -> Answer:
        return self.runner.run(self.rig.run(*words))

    def home(self, name: str) -> Path:
        return self.rig.machine.files.host(f"/data/data/{name}")

    @rule(name=apps, signer=signers, version=versions)
    def install_or_update(self, name: str, signer: str, version: int) -> None:
        path = "/data/local/tmp/it.apk"
        self.runner.run(self.rig.put(path, package(name, signer, version)))
        answer = self.do("pm", "install", "-r", path)
        record, known = self.rig.phone.parts.registry.get(name), self.known.get(name)
        if known is None:
            assert answer.out == "Success\n"
            assert record is not None
            self.known[name] = Known(
                signer=signer, version=version, app_id=record.app_id, inode=record.user().ce_inode
            )
        elif known.signer != signer:
            assert "Failure [" in answer.text
        elif version < known.version and known.installed:
            assert "INSTALL_FAILED_VERSION_DOWNGRADE" in answer.text
        elif answer.out == "Success\n":
            known.version, known.installed = version, True
        else:
            assert not known.installed  # a kept record may refuse an older version

    @rule(name=apps)
    def write_a_letter(self, name: str) -> None:
        if name in self.known:
            self.number += 1
            letter = f"letter{self.number}"
            self.runner.run(self.rig.put(f"/data/data/{name}/files/{letter}", b"dear"))
            self.known[name].letters.add(letter)

    @rule(name=apps)
    def uninstall(self, name: str) -> None:
        answer = self.do("pm", "uninstall", name)
        assert (answer.out == "Success\n") == (self.known.pop(name, None) is not None)

    @rule(name=apps)
    def uninstall_and_keep(self, name: str) -> None:
        known = self.known.get(name)
        answer = self.do("pm", "uninstall", "-k", name)
        assert (answer.out == "Success\n") == (known is not None and known.installed)
        if known is not None:
            known.installed = False

    @rule(name=apps)
    def clear(self, name: str) -> None:
        known = self.known.get(name)
        answer = self.do("pm", "clear", name)
        assert (answer.out == "Success\n") == (known is not None and known.installed)
        if known is not None and known.installed:
            known.letters.clear()

    @rule(name=apps)
    def open_and_leave(self, name: str) -> None:
        self.do("monkey", "-p", name, "1")
        self.do("input", "text", "hello")
        self.do("input", "keyevent", "HOME")

    @rule()
    def reboot(self) -> None:
        self.runner.run(self.rig.reboot())

    @invariant()
    def what_was_written_is_there(self) -> None:
        for name, known in self.known.items():
            files = self.home(name) / "files"
            there = {file.name for file in files.iterdir()} if files.is_dir() else set()
            assert there == known.letters

    @invariant()
    def identities_last_as_long_as_the_record(self) -> None:
        for name, known in self.known.items():
            record = self.rig.phone.parts.registry.get(name)
            assert record is not None
            assert (record.app_id, record.user().ce_inode) == (known.app_id, known.inode)
            assert record.version_code == known.version
            assert self.home(name).stat().st_ino == known.inode

    @invariant()
    def app_ids_are_each_somebodys_own(self) -> None:
        if not hasattr(self, "rig"):
            return
        ids = [r.app_id for r in self.rig.phone.parts.registry if r.app_id >= 10000]
        assert len(ids) == len(set(ids))

    @invariant()
    def nothing_is_left_of_what_was_uninstalled(self) -> None:
        if not hasattr(self, "rig"):
            return
        for name in NAMES:
            assert self.home(name).exists() == (name in self.known)
        listed = set(self.do("pm", "list", "packages", "-3").out.split())
        assert listed == {f"package:{n}" for n, known in self.known.items() if known.installed}


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
    life.rig = life.runner.run(
        booted(life.root, "aosp-34", defects=["files_wiped_on_update", "records_lost_on_reboot"])
    )
    try:
        life.install_or_update(NAMES[0], "A", 1)
        life.write_a_letter(NAMES[0])
        life.what_was_written_is_there()
        life.install_or_update(NAMES[0], "A", 2)
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
