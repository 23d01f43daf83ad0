"""Seeing everything that the user is shown, and knowing when it was not seen."""

from __future__ import annotations

import threading
import time

import pytest

from holdfast.deadline import SystemClock
from holdfast.device.shell import ShellResult
from holdfast.device.ui_server import Interruption
from holdfast.dialogs import capture as capture_module
from holdfast.dialogs.capture import Capture
from holdfast.dialogs.captured import DialogKind
from holdfast.errors import LabError, UiLost
from selftests.holdfast.device.fakes import HOME, FakeShell, FakeUi, dialog, screen

OWN = frozenset({"com.launcher"})
HOME_SCREEN = screen(HOME)


class Stage:
    """A screen that shows each of its scenes for a number of looks."""

    def __init__(self, *scenes: tuple[str | LabError, int]) -> None:
        self._scenes = list(scenes)
        self.over = threading.Event()

    def __call__(self) -> str | LabError:
        while self._scenes:
            shown, looks = self._scenes[0]
            if looks > 0:
                self._scenes[0] = (shown, looks - 1)
                return shown
            self._scenes.pop(0)
        self.over.set()
        return HOME_SCREEN


def watch(ui: FakeUi, stage: Stage) -> Capture:
    capture = Capture(ui, clock=SystemClock(), own=OWN, language="en")
    with capture:
        assert stage.over.wait(20)
    return capture


def test_a_dialog_that_stays_for_three_looks_is_seen_with_its_picture() -> None:
    shown = screen(HOME, dialog("Update", "It may lose data", "Cancel", "OK"))
    stage = Stage((HOME_SCREEN, 3), (shown, 5), (HOME_SCREEN, 2))
    capture = watch(FakeUi(stage, picture=b"\x89PNG picture"), stage)
    (seen,) = capture.dialogs
    assert (seen.title, seen.message, seen.number) == ("Update", "It may lose data", 1)
    assert seen.beneath == "com.launcher"
    assert seen.screenshot == b"\x89PNG picture"
    assert 0 < seen.first_seen_ms < seen.last_seen_ms
    assert capture.gaps == ()


def test_two_dialogs_one_behind_the_other_are_two() -> None:
    first, second = (screen(HOME, dialog(t, "?", "Cancel", "OK")) for t in ("One", "Two"))
    stage = Stage((HOME_SCREEN, 2), (first, 3), (second, 3))
    assert [d.title for d in watch(FakeUi(stage), stage).dialogs] == ["One", "Two"]


def test_looking_changes_nothing_on_the_device() -> None:
    stage = Stage((screen(HOME, dialog("Update", "?", "Cancel", "OK")), 6))
    ui = FakeUi(stage)
    watch(ui, stage)
    assert ui.did == []


def test_a_time_in_which_the_screen_could_not_be_seen_is_a_gap() -> None:
    stage = Stage((HOME_SCREEN, 3), (UiLost("it crashed"), 18), (HOME_SCREEN, 2))
    capture = watch(FakeUi(stage), stage)
    assert [gap.why for gap in capture.gaps] == ["it crashed"]
    assert capture.gaps[0].lasted_ms > capture_module.MAX_UNSEEN_S * 1000


def test_a_short_failure_to_look_is_no_gap_but_something_may_have_flashed_up() -> None:
    stage = Stage((HOME_SCREEN, 3), (UiLost("thrice"), 3), (HOME_SCREEN, 2))
    capture = watch(FakeUi(stage), stage)
    assert capture.gaps == ()
    assert [blink.why for blink in capture.blinks] == ["thrice"]


def test_only_looks_that_began_after_a_moment_count_for_it() -> None:
    stage = Stage((HOME_SCREEN, 3))
    capture = Capture(FakeUi(stage), clock=SystemClock(), own=OWN, language="en")
    began = time.monotonic()
    with capture:
        assert stage.over.wait(20)
    assert capture.looks_since(began) >= 4
    assert capture.looks_since(time.monotonic()) == 0


def test_on_a_device_that_is_slow_to_look_at_a_gap_is_some_looks_long(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(capture_module, "MAX_UNSEEN_S", 0.2)

    def slow() -> str:
        time.sleep(0.3)
        return HOME_SCREEN

    with Capture(FakeUi(slow), clock=SystemClock(), own=OWN, language="en") as capture:
        assert 0.8 < capture.max_blink_s < capture.max_unseen_s
        assert capture.max_unseen_s > 1.5
        assert capture.gaps == ()
        assert capture.blinks == ()


def test_a_ui_server_that_was_started_again_leaves_a_gap() -> None:
    stage = Stage((HOME_SCREEN, 3))
    ui = FakeUi(stage)
    capture = Capture(ui, clock=SystemClock(), own=OWN, language="en")
    with capture:
        began = time.monotonic()
        ui.holes.append(Interruption(began=began, ended=began + 5, why="it died"))
        assert stage.over.wait(20)
    assert capture.gaps[0].why == "the UI server was gone: it died"


def test_an_interruption_before_the_capture_is_none_of_its_gaps() -> None:
    stage = Stage((HOME_SCREEN, 3))
    ui = FakeUi(stage, holes=[Interruption(began=0, ended=9, why="earlier")])
    assert watch(ui, stage).gaps == ()


def test_what_is_on_the_screen_now_is_known_while_it_runs() -> None:
    shown = screen(HOME, dialog("Update", "?", "Cancel", "OK"))
    stage = Stage((shown, 1000))
    capture = Capture(FakeUi(stage), clock=SystemClock(), own=OWN, language="en")
    with capture:
        (live,) = capture.live
        assert live.window.title == "Update"
        assert capture.count == 1


def around(power: str, notices: str = "") -> FakeShell:
    reply = "\n-- holdfast --\n".join(("", power, notices))
    return FakeShell(replies=[("", reply)])


def watch_with(shell: FakeShell, stage: Stage) -> Capture:
    capture = Capture(
        FakeUi(stage), clock=SystemClock(), own=OWN, language="en", shell=shell, package_name="x.y"
    )
    with capture:
        assert stage.over.wait(20)
    return capture


def test_while_the_display_is_off_there_is_no_gap() -> None:
    scenes = ((HOME_SCREEN, 3), (UiLost("no window"), 8), (HOME_SCREEN, 2))
    off = watch_with(around("mWakefulness=Asleep"), Stage(*scenes))
    on = watch_with(around("mWakefulness=Awake"), Stage(*scenes))
    assert off.blinks == ()
    assert [blink.why for blink in on.blinks] == ["no window"]


def test_the_state_of_the_screen_and_the_activity_stand_in_the_dialog() -> None:
    shown = screen(HOME, dialog("Update", "?", "Cancel", "OK", package="com.store"))
    text = "mWakefulness=Awake\n showing=true\n mCurrentFocus=Window{1 u0 com.store/.Ask}\nuser 10"
    (seen,) = watch_with(around(text), Stage((HOME_SCREEN, 2), (shown, 4))).dialogs
    assert (seen.screen.on, seen.screen.locked, seen.screen.user_id) == (True, True, 10)
    assert seen.activity == "com.store.Ask"


def test_a_notification_that_nobody_opened_is_seen_once_and_others_own_are_not() -> None:
    shell = around("")
    notice = "NotificationRecord(0x1: pkg={} id=1)\n android.text=String (Updated)\n"

    def reply(_: str) -> ShellResult:
        later = "" if len(shell.sent) < 2 else notice.format("com.store") + notice.format(*OWN)
        return ShellResult(stdout="\n-- holdfast --\n".join(("", "", later)).encode())

    shell.replies = [("", reply)]
    shown = screen(HOME, dialog("Update", "?", "Cancel", "OK"))
    capture = watch_with(shell, Stage((HOME_SCREEN, 2), (shown, 4)))
    asked, told = capture.dialogs
    assert (asked.kind, told.kind) == (DialogKind.DIALOG, DialogKind.NOTIFICATION)
    assert (told.number, told.message, told.package_name) == (2, "Updated", "com.store")
    assert capture.count == 1
