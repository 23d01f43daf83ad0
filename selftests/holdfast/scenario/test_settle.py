"""Waiting until what an update set off is over."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from holdfast.android.package_record import PackageRecord, parse_dumpsys_package
from holdfast.deadline import SystemClock
from holdfast.device.shell import ShellResult
from holdfast.dialogs.capture import Capture
from holdfast.errors import DeadlineExceeded, LabError
from holdfast.scenario.limits import Limits
from holdfast.scenario.personas import somebody
from holdfast.scenario.result import Persona
from holdfast.scenario.settle import Settling
from selftests.holdfast.device.fakes import HOME, dialog, node, screen
from selftests.holdfast.scenario.bench import Bench, bench_text

APP = "org.example.app"
QUICK = Limits(push_s=0.6, quiet_s=0.2, watch_s=0.3, silent_install_s=1.0)
PROMPT = screen(HOME, dialog("Update", "Do you want to update this app?", "Cancel", "Update"))


def dump(version: int) -> str:
    return (
        f"Packages:\n  Package [{APP}] (1a):\n    userId=10015\n    codePath=/data/app/{APP}-"
        f"{version}\n    versionCode={version} targetSdk=30\n"
    )


def record(version: int) -> PackageRecord:
    found = parse_dumpsys_package(dump(version), APP)
    assert found
    return found


PROGRESS = screen(
    HOME,
    node(
        "",
        node("Installing…", package="com.installer"),
        node("", kind="android.widget.ProgressBar", package="com.installer"),
        package="com.installer",
    ),
)


class Stage:
    """A device whose update takes place when the affirmative button was tapped, or by itself."""

    def __init__(self, *, prompts: bool, by_itself: bool = False, persona: Persona | None) -> None:
        self.bench = Bench(replies=[("^dumpsys package", lambda _: self._dump())])
        self.bench.device.clock = SystemClock()
        self.by_itself = by_itself
        self.bench.shown = lambda: PROMPT if prompts and not self._tapped() else screen(HOME)
        self.person = (
            somebody(
                persona,
                ui=self.bench.ui,
                clock=SystemClock(),
                app_name="Example",
                language="en",
                watch_s=QUICK.watch_s,
            )
            if persona
            else None
        )

    def settle(self, *, allowed_s: float = 20) -> PackageRecord | None:
        device = self.bench.device
        capture = Capture(self.bench.ui, clock=device.clock, own={"com.launcher"}, language="en")
        with capture:
            settling = Settling(device, capture, self.person, limits=QUICK)
            deadline = self.bench.soon().after(allowed_s)
            return settling.by_screen(record(1), package_name=APP, deadline=deadline)

    def _tapped(self) -> bool:
        return any(did.startswith("tap") for did in self.bench.ui.did)

    def _dump(self) -> ShellResult:
        return bench_text(dump(2 if self.by_itself or self._tapped() else 1))


def test_an_update_that_was_confirmed_is_waited_for() -> None:
    after = Stage(prompts=True, persona=Persona.CARELESS).settle()
    assert after is not None
    assert after.version_code == 2


def test_an_update_without_a_prompt_is_noticed() -> None:
    after = Stage(prompts=False, by_itself=True, persona=Persona.CARELESS).settle()
    assert after is not None
    assert after.version_code == 2


def test_a_prompt_that_nobody_answers_is_left_after_a_while() -> None:
    stage = Stage(prompts=True, persona=Persona.ABSENT)
    after = stage.settle()
    assert after is not None
    assert after.version_code == 1
    assert stage.bench.ui.did == []


def test_an_update_that_never_comes_is_the_labs_failure() -> None:
    with pytest.raises(LabError, match="neither showed nor did anything"):
        Stage(prompts=False, persona=Persona.CARELESS).settle()


def test_what_never_ends_ends_by_the_deadline() -> None:
    stage = Stage(prompts=True, persona=Persona.TYPING)
    versions = iter(range(3, 10_000))
    stage._dump = lambda: bench_text(dump(next(versions)))  # type: ignore[method-assign]
    with pytest.raises(DeadlineExceeded):
        stage.settle(allowed_s=2)


def _since_tap(stage: Stage) -> Callable[[], float | None]:
    """Seconds since the update was confirmed; None before."""
    tapped: list[float] = []

    def since() -> float | None:
        if not tapped and any(did.startswith("tap") for did in stage.bench.ui.did):
            tapped.append(time.monotonic())
        return time.monotonic() - tapped[0] if tapped else None

    return since


def test_an_installation_that_shows_its_progress_is_waited_for() -> None:
    stage = Stage(prompts=True, persona=Persona.CARELESS)
    since = _since_tap(stage)

    def shown() -> str:
        at = since()
        return PROMPT if at is None else PROGRESS if at < 1.5 else screen(HOME)

    stage.bench.shown = shown
    stage._dump = lambda: bench_text(dump(2 if (since() or 0) > 1.5 else 1))  # type: ignore[method-assign]
    after = stage.settle()
    assert after is not None
    assert after.version_code == 2


def test_an_installation_that_shows_nothing_is_waited_for_a_while() -> None:
    stage = Stage(prompts=True, persona=Persona.CARELESS)
    since = _since_tap(stage)
    stage._dump = lambda: bench_text(dump(2 if (since() or 0) > 0.7 else 1))  # type: ignore[method-assign]
    after = stage.settle()
    assert after is not None
    assert after.version_code == 2


def test_a_device_that_shows_late_what_a_tap_did_is_waited_for() -> None:
    """Each look takes longer than the time for which nothing may move."""
    stage = Stage(prompts=True, persona=Persona.CARELESS)
    since = _since_tap(stage)

    def slow_look() -> str:
        shown = PROMPT if since() is None else PROGRESS if (since() or 0) < 0.9 else screen(HOME)
        time.sleep(0.4)
        return shown

    stage.bench.shown = slow_look
    stage._dump = lambda: bench_text(dump(2 if (since() or 0) > 0.9 else 1))  # type: ignore[method-assign]
    after = stage.settle()
    assert after is not None
    assert after.version_code == 2
