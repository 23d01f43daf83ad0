from __future__ import annotations

import pytest

from holdfast.deadline import Deadline
from holdfast.device.shell import ShellResult
from holdfast.errors import LabError
from holdfast.firmware.after_boot import SETTINGS, apply_settings
from holdfast.firmware.boot_watch import BootWatch, Incarnation, read_incarnation
from holdfast.firmware.readiness import prove_ready
from holdfast.firmware.states import Mode
from holdfast.journal import Fact, Journal
from selftests.holdfast.device.fakes import FakeClock, FakeShell

READY = {
    "boot_completed": "1\n",
    "bootanim": "is=stopped\n",
    "pm path": "package:/system/framework/framework-res.apk\n",
    "service check": "Service activity: found\n",
    "/sdcard": "mounted\n",
    "ce_available": "file=true\n",
    "mCurrent": "mCurrentFocus=Window{1 u0 com.launcher/.Home}\n",
    "broadcast-idle": "idle\n",
}


class Store:
    """`settings` that keeps what it is told, except for the keys in `deaf`."""

    def __init__(self, *deaf: str) -> None:
        self.kept: dict[str, str] = {}
        self.deaf = deaf

    def answer(self, command: str) -> ShellResult:
        words = command.split()
        if words[:2] == ["settings", "put"] and words[3] not in self.deaf:
            self.kept[words[3]] = words[4]
        said = self.kept.get(words[3], "null") if words[:2] == ["settings", "get"] else ""
        return ShellResult(stdout=f"{said}\n".encode())


def apply(store: Store, *, api: int) -> Journal:
    journal, clock = Journal(), FakeClock()
    shell = FakeShell(replies=[("", store.answer)])
    apply_settings(shell, api=api, deadline=Deadline.after(60, clock=clock), journal=journal)
    return journal


@pytest.mark.parametrize("api", [22, 25, 28, 36])
def test_every_setting_of_that_level_is_set_and_read_back(api: int) -> None:
    store = Store()
    apply(store, api=api)
    assert store.kept["device_provisioned"] == "1"
    assert store.kept["window_animation_scale"] == "0"
    assert ("ota_disable_automatic_update" in store.kept) == (api >= 26)


def test_a_setting_that_does_not_hold_is_named_and_a_required_one_is_an_error() -> None:
    journal = apply(Store("auto_time"), api=25)
    facts = {e.key: e.value for e in journal.events if isinstance(e, Fact)}
    assert facts["settings.not_held"] == "network time"
    with pytest.raises(LabError, match="'user set up' does not hold"):
        apply(Store("user_setup_complete"), api=25)
    assert sum(setting.required for setting in SETTINGS) == 2


def prove(answers: dict[str, str], *, api: int) -> None:
    clock = FakeClock()
    shell = FakeShell(replies=list(answers.items()))
    prove_ready(shell, api=api, deadline=Deadline.after(5, clock=clock), device="phone")


@pytest.mark.parametrize("api", [22, 25, 30, 36])
def test_a_ready_device_answers_every_question(api: int) -> None:
    prove(READY, api=api)


@pytest.mark.parametrize(
    ("question", "answer", "words"),
    [
        ("bootanim", "is=running\n", "the boot animation has ended is not so"),
        ("pm path", "Error: Could not access the Package Manager\n", "package manager"),
        ("/sdcard", "", "shared storage is mounted"),
        ("ce_available", "file=\n", "the user's storage is open"),
        ("mCurrent", "mCurrentFocus=null\n", "a window has the focus"),
    ],
)
def test_a_service_that_is_missing_is_named(question: str, answer: str, words: str) -> None:
    with pytest.raises(LabError, match=f"phone: not ready: .*{words}"):
        prove({**READY, question: answer}, api=30)


def test_three_starts_that_come_to_nothing_are_a_boot_loop_and_a_boot_ends_it() -> None:
    watch = BootWatch()
    modes = [watch.mode(Incarnation(identity=i, booted=False)) for i in ("a", "a", "b", "c")]
    assert modes == [Mode.BOOTING, Mode.BOOTING, Mode.BOOTING, Mode.BOOT_LOOP]
    assert watch.mode(Incarnation(identity="d", booted=True)) is Mode.SYSTEM
    assert watch.mode(Incarnation(identity="e", booted=False)) is Mode.BOOTING


def test_an_incarnation_is_booted_only_with_its_package_manager() -> None:
    said = "booted=1\npackage=Service package: {}\nboot=b1\nserver=400\n"
    assert read_incarnation(said.format("found")) == Incarnation(identity="b1/400", booted=True)
    assert not read_incarnation(said.format("not found")).booted
    assert read_incarnation("") == Incarnation(identity="/", booted=False)
