"""Bringing a device to a clean state, and proving it."""

from __future__ import annotations

import pytest

from holdfast.device.shell import ShellResult
from holdfast.errors import LabError
from holdfast.scenario.prepare import make_clean
from selftests.holdfast.device.fakes import HOME, dialog, node, screen
from selftests.holdfast.scenario.bench import Bench, bench_text

APP = "org.example.app"
AWAKE, ASLEEP = "mWakefulness=Awake\n", "mWakefulness=Asleep\n"


def clean(bench: Bench) -> frozenset[str]:
    return make_clean(bench.device, APP, store=None, deadline=bench.soon()).packages


def test_a_clean_device_needs_nothing_but_the_home_key() -> None:
    bench = Bench()
    assert clean(bench) == {"com.launcher", "com.android.systemui"}
    assert bench.ui.did == ["key 'home'"]
    assert bench.ledger.commands == []


def test_the_app_is_removed_by_declaration() -> None:
    bench = Bench(installed={APP, "com.other"})
    clean(bench)
    assert bench.installed == {"com.other"}
    (entry,) = bench.ledger.commands
    assert entry.target == APP
    assert entry.declared_by is not None


def test_an_app_that_cannot_be_removed_stops_the_scenario() -> None:
    bench = Bench(installed={APP}, replies=[("^pm uninstall", "Failure [DELETE_FAILED]")])
    with pytest.raises(LabError, match="cannot be removed"):
        clean(bench)


def test_an_old_prompt_is_declined_by_its_safe_button() -> None:
    bench = Bench()
    prompt = screen(HOME, dialog("Update?", "Your data may be lost", "Cancel", "OK"))
    bench.shown = lambda: screen(HOME) if "tap 690,1140" in bench.ui.did else prompt
    clean(bench)
    assert "tap 690,1140" in bench.ui.did
    assert "tap 890,1140" not in bench.ui.did


def test_a_prompt_that_nothing_takes_away_stops_the_scenario_and_is_named() -> None:
    bench = Bench(shown=lambda: screen(HOME, dialog("Setup", "Continue?", "Later", "Now")))
    with pytest.raises(LabError, match=r"stays before the home screen: com\.store: Setup"):
        clean(bench)
    assert any(c.startswith("am force-stop com.store") for c in bench.plain.sent)


def test_the_launcher_is_known_by_the_activity_managers_word() -> None:
    known = "mHomeProcess: ProcessRecord{1a2b 816:com.launcher/u0a12}\n"
    bench = Bench(replies=[("mHomeProcess", known)])
    alone = screen(dialog("Update?", "?", "Cancel", "OK", package="com.store"))
    bench.shown = lambda: screen(HOME) if "tap 690,1140" in bench.ui.did else alone
    assert "com.launcher" in clean(bench)
    assert "tap 690,1140" in bench.ui.did


def test_a_dark_screen_is_woken() -> None:
    bench = Bench(replies=[("^dumpsys power", ASLEEP)])
    clean(bench)
    assert "input keyevent 224" in bench.plain.sent


@pytest.mark.parametrize(
    "words", ["  mShowingLockscreen=true", "   showing=true", "mIsShowing=true"]
)
def test_a_lock_screen_without_a_secret_is_opened(words: str) -> None:
    bench = Bench()

    def power(_: str) -> ShellResult:
        return bench_text(AWAKE if any("82" in c for c in bench.plain.sent) else AWAKE + words)

    bench.plain.replies.insert(0, ("^dumpsys power", power))
    clean(bench)
    assert any(c.startswith("wm dismiss-keyguard") for c in bench.plain.sent)


def test_a_lock_that_stays_is_the_operators_to_remove() -> None:
    bench = Bench(replies=[("^dumpsys power", AWAKE + "    showing=true\n")])
    with pytest.raises(LabError, match="take the lock with a secret off"):
        clean(bench)


def test_a_screen_that_never_stands_still_is_taken_as_it_is() -> None:
    bench = Bench()
    times = iter(range(10_000))
    bench.shown = lambda: screen(HOME, node(str(next(times)), package="com.launcher"))
    clean(bench)


def test_what_an_earlier_run_left_in_the_temporary_folder_goes() -> None:
    left = "/data/local/tmp/holdfast-7.apk\n"
    bench = Bench(replies=[(r"^ls -d /data/local/tmp/holdfast-\*", left)])
    clean(bench)
    assert "rm -rf /data/local/tmp/holdfast-7.apk" in bench.plain.sent
