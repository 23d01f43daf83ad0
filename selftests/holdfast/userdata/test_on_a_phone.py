"""The commands, and the worked example of an app's driver, on a virtual device."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from xml.etree import ElementTree

import pytest

from holdfast.deadline import Clock, Deadline, wait_until
from holdfast.device.device import Device
from holdfast.device.shell import Shell, ShellResult, quote
from holdfast.journal import Declaration, DestructionKind
from holdfast.userdata.changes import ChangeKind
from holdfast.userdata.collect import collect
from holdfast.userdata.detectors import detect
from holdfast.userdata.diff import diff
from holdfast.userdata.driver import AppDriver
from holdfast.userdata.plant import plant
from holdfast.userdata.values import Area, EntryKind
from selftests.holdfast.userdata.rehearsal import (
    PACKAGE,
    Rehearsal,
    give_work_profile,
    rehearsal,
)

PROJECT = Path(__file__).resolve().parents[3]


def soon() -> Deadline:
    return Deadline.after(60.0)


@pytest.fixture
def phone() -> Iterator[Rehearsal]:
    with rehearsal("aosp-30") as running:
        plant(running.device, PACKAGE, deadline=soon())
        yield running


def holdfast(running: Rehearsal, *words: str) -> subprocess.CompletedProcess[str]:
    port = str(running.endpoint.adb_port)
    return subprocess.run(
        [sys.executable, "-m", "holdfast", *words],
        cwd=PROJECT,
        env={**os.environ, "ANDROID_ADB_SERVER_PORT": port},
        capture_output=True,
        text=True,
        check=False,
    )


def clear_data(running: Rehearsal) -> None:
    allowed = Declaration(
        device=running.device.name,
        kind=DestructionKind.CLEAR_DATA,
        target=PACKAGE,
        reason="the test asks for it",
    )
    with running.ledger.declared(allowed):
        running.device.packages.clear(PACKAGE, deadline=soon())


def test_snapshots_by_the_command_tell_a_loss_from_none(phone: Rehearsal, tmp_path: Path) -> None:
    files = [str(tmp_path / name) for name in ("one", "two", "three")]
    for file in files[:2]:
        taken = holdfast(phone, "snapshot", phone.endpoint.serial, PACKAGE, "-o", file)
        assert (taken.returncode, taken.stderr) == (0, "")
        assert taken.stdout.startswith(f"{PACKAGE}, by run-as:\n  private: seen, ")
    same = holdfast(phone, "diff", files[0], files[1])
    assert (same.returncode, same.stdout) == (0, "nothing was lost or changed\n")
    clear_data(phone)
    holdfast(phone, "snapshot", phone.endpoint.serial, PACKAGE, "-o", files[2])
    lost = holdfast(phone, "diff", files[0], files[2])
    assert lost.returncode == 1
    assert "1 204 of 1 204 messages in EnMicroMsg.db are gone" in lost.stdout


def test_a_work_profiles_copy_is_recorded_and_a_loss_in_it_alone_is_seen() -> None:
    with rehearsal("aosp-33") as phone:
        user_id = give_work_profile(phone)
        shell = phone.device.shell
        planted = plant(phone.device, PACKAGE, deadline=soon())
        assert planted.not_covered == ()
        before = collect(phone.device, PACKAGE, deadline=soon())
        assert [copy.user_id for copy in before.others] == [user_id]
        assert len(before.others[0].entries(Area.CREDENTIAL)) > 40
        cut = "sh -c 'echo x > files/draft-1'"
        shell.run(f"run-as {PACKAGE} --user {user_id} {cut}", deadline=soon())
        found = diff(before, collect(phone.device, PACKAGE, deadline=soon()))
        assert [(change.user_id, change.path) for change in found.losses] == [
            (user_id, "files/draft-1")
        ]


def test_before_the_first_unlock_nothing_is_called_gone_and_behind_it_all_is_there() -> None:
    with rehearsal("aosp-33") as phone:
        shell = phone.device.shell
        plant(phone.device, PACKAGE, deadline=soon())
        before = collect(phone.device, PACKAGE, deadline=soon())
        shell.run("locksettings set-pin 1234", deadline=soon())
        phone.device.reboot(deadline=soon())
        locked = collect(phone.device, PACKAGE, deadline=soon())
        assert {c.kind for c in diff(before, locked).losses} == {ChangeKind.NOT_SEEN}
        assert 12 in {detection.number for detection in detect(before, locked)}
        shell.run("locksettings verify --old 1234", deadline=soon())
        unlocked = collect(phone.device, PACKAGE, deadline=soon())
        assert diff(before, unlocked).changes == ()
        assert detect(before, unlocked) == ()


@pytest.mark.parametrize("personality", ["aosp-22", "aosp-34"])
def test_loops_pipes_sparse_files_and_files_that_change_end_in_a_right_result(
    personality: str,
) -> None:
    with rehearsal(personality) as phone:

        def app(command: str) -> None:
            phone.device.shell.run(f"run-as {PACKAGE} sh -c {quote(command)}", deadline=soon())

        size = 20_480_000_000 if phone.device.api >= 23 else 20_480_000  # Android 5 reads it all
        app(
            "ln -s . loop; ln -s b a; ln -s a b; ln -s /dev/zero zero; mkdir deep; ln -s .. deep/up"
        )
        app(f"dd if=/dev/zero of=sparse bs=1 count=1 seek={size - 1}")
        if phone.device.api >= 23:
            app("mkfifo pipe")
        app("dd if=/dev/zero of=filler bs=1000000 count=40; echo x > log")
        taken = collect(
            Touched(phone.device, act=lambda: app("echo y >> log")), PACKAGE, deadline=soon()
        )
        entries = {e.path: e for e in taken.entries(Area.CREDENTIAL)}
        links = {path: e.target for path, e in entries.items() if e.kind is EntryKind.LINK}
        assert links.items() >= {"loop": ".", "a": "b", "b": "a", "deep/up": ".."}.items()
        assert entries["sparse"].size_bytes == size
        assert entries["sparse"].digest
        told = "so large that only its ends were compared" in " ".join(taken.unseen)
        assert told is (phone.device.api >= 23)
        assert "changed while it was read" in " ".join(taken.unseen)
        if phone.device.api >= 23:
            assert entries["pipe"].kind is EntryKind.OTHER
            assert entries["log"].unstable


class Touched:
    """A device on which something happens as soon as the private data begin to be listed."""

    def __init__(self, device: Device, *, act: Callable[[], None]) -> None:
        self.name, self.api = device.name, device.api
        self.clock: Clock = device.clock
        self.shell: Shell = self
        self._inner = device.shell
        self._act = act

    def run(self, command: str, *, deadline: Deadline, stdin: bytes | None = None) -> ShellResult:
        return self._inner.run(command, deadline=deadline, stdin=stdin)

    def stream(self, command: str, *, deadline: Deadline) -> Iterator[bytes]:
        for chunk in self._inner.stream(command, deadline=deadline):
            if b" CREDENTIAL seen" in chunk or b"/log" in chunk:
                self._act()
            yield chunk


class ChatDriver:
    """The example of holdfast/userdata/driver.py: a chat app with a field and a button."""

    package_name = PACKAGE
    letter = "milk"

    def open(self, device: Device, *, deadline: Deadline) -> None:
        device.shell.run(f"monkey -p {PACKAGE} 1", deadline=deadline)
        self._place(device, "entry", deadline)

    def seed(self, device: Device, *, deadline: Deadline) -> None:
        device.ui.tap(*self._place(device, "entry", deadline), deadline=deadline)
        device.shell.run(f"input text {self.letter}", deadline=deadline)
        device.ui.tap(*self._place(device, "send", deadline), deadline=deadline)

    def verify(self, device: Device, *, deadline: Deadline) -> tuple[str, ...]:
        shown = [node.get("text") for node in self._nodes(device, "message", deadline)]
        return () if self.letter in shown else (f"the message {self.letter!r} is not shown",)

    def _nodes(self, device: Device, name: str, deadline: Deadline) -> list[ElementTree.Element]:
        tree = ElementTree.fromstring(device.ui.hierarchy(deadline=deadline))
        wanted = f"{PACKAGE}:id/{name}"
        return [node for node in tree.iter("node") if node.get("resource-id") == wanted]

    def _place(self, device: Device, name: str, deadline: Deadline) -> tuple[int, int]:
        def found() -> list[ElementTree.Element]:
            return self._nodes(device, name, deadline)

        node = wait_until(found, deadline, what=f"{name} on the screen")[0]
        left, top, right, bottom = map(int, re.findall(r"\d+", node.get("bounds", "")))
        return (left + right) // 2, (top + bottom) // 2


def test_an_app_with_a_driver_shows_what_was_written_until_its_data_is_gone(
    phone: Rehearsal,
) -> None:
    driver: AppDriver = ChatDriver()
    driver.open(phone.device, deadline=soon())
    assert driver.verify(phone.device, deadline=soon()) == ("the message 'milk' is not shown",)
    driver.seed(phone.device, deadline=soon())
    assert driver.verify(phone.device, deadline=soon()) == ()
    clear_data(phone)
    driver.open(phone.device, deadline=soon())
    assert driver.verify(phone.device, deadline=soon()) == ("the message 'milk' is not shown",)
