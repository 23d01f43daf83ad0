from __future__ import annotations

from collections.abc import Callable

import pytest

from holdfast.deadline import Deadline
from holdfast.device.shell import ShellResult
from holdfast.errors import DeadlineExceeded, LabError, UiLost
from holdfast.firmware.after_boot import SETTINGS, apply_settings, require_fit, set_locale
from holdfast.firmware.boot_watch import BootWatch, Incarnation, read_incarnation
from holdfast.firmware.readiness import QUESTIONS, prove_ready, prove_usable
from holdfast.firmware.states import Mode
from holdfast.journal import Fact, Journal
from selftests.holdfast.device.fakes import FakeClock, FakeShell, Reply

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
        ("boot_completed", "\n", "the boot has completed"),
        ("service check", "Service activity: not found\n", "the activity manager answers"),
        ("broadcast-idle", "\n", "no broadcast is waiting"),
    ],
)
def test_a_service_that_is_missing_is_named(question: str, answer: str, words: str) -> None:
    with pytest.raises(LabError, match=f"phone: not ready: .*{words}"):
        prove({**READY, question: answer}, api=30)


def test_each_question_after_a_boot_has_a_test_that_turns_it_red() -> None:
    assert len(QUESTIONS) == len(READY)


def test_broadcasts_that_never_end_are_named() -> None:
    def hangs(_command: str) -> ShellResult:
        raise DeadlineExceeded("am wait-for-broadcast-idle", allowed_s=20)

    clock = FakeClock()
    replies: list[tuple[str, Reply]] = [("broadcast-idle", hangs), *READY.items()]
    with pytest.raises(LabError, match="no broadcast is waiting is not so"):
        prove_ready(
            FakeShell(replies=replies), api=30, deadline=Deadline.after(5, clock=clock), device="p"
        )


RESOLVED = "priority=0 isDefault=true\ncom.launcher/.Home\n"
FOCUS = "  mCurrentFocus=Window{{1f u0 {}}}\n"


def use(said: str, ui: Callable[[Deadline], object] = lambda _: {}) -> None:
    deadline = Deadline.after(5, clock=FakeClock())
    shell = FakeShell(replies=[("keyevent 3", said)])
    prove_usable(shell, ui, api=30, deadline=deadline, device="phone")


@pytest.mark.parametrize("resolved", [RESOLVED, ""])
def test_a_phone_with_its_launcher_in_front_is_usable(resolved: str) -> None:
    use(resolved + FOCUS.format("com.launcher/com.launcher.Home"))


@pytest.mark.parametrize(
    "said",
    [
        RESOLVED + FOCUS.format("com.other/com.other.Main"),
        RESOLVED + "  mCurrentFocus=Window{1f u0 StatusBar}\n",
        RESOLVED + "  mCurrentFocus=null\n",
        FOCUS.format("com.google.android.setupwizard/.Welcome"),
        "com.android.settings/.FallbackHome\n"
        + FOCUS.format("com.android.settings/com.android.settings.FallbackHome"),
        "",
    ],
)
def test_anything_else_in_front_than_the_launcher_is_named(said: str) -> None:
    with pytest.raises(LabError, match="not ready: the launcher is in front is not so"):
        use(said)


def test_a_ui_server_that_does_not_answer_is_named() -> None:
    def dead(_deadline: Deadline) -> object:
        raise UiLost("nothing at its port")

    with pytest.raises(LabError, match="the UI server answers is not so; nothing at its port"):
        use(RESOLVED + FOCUS.format("com.launcher/.Home"), dead)


FIT = {"level": "  level: 80", "df": "/dev/x 9999999 1 9000000 1% /data", "clock_error_s": "0"}


def fit(**different: str) -> None:
    told = {**FIT, **different}
    clock = FakeClock()
    now = int(clock.time() + float(told["clock_error_s"]))
    text = (
        f"=holdfast= battery\n{told['level']}\n=holdfast= df\n"
        f"Filesystem 1K-blocks Used Available Use% Mounted on\n{told['df']}\n"
        f"=holdfast= clock\n{now}\n=holdfast= dropbox\n=holdfast= tombstones\n"
    )
    shell = FakeShell(replies=[("dumpsys battery", text)])
    require_fit(shell, clock=clock, deadline=Deadline.after(5, clock=clock), device="phone")


def test_battery_room_and_clock_are_asked_of_their_services() -> None:
    fit()
    fit(level="", df="")
    for different, words in (
        ({"level": "  level: 12"}, "battery at 12 %, 25 % wanted"),
        ({"df": "/dev/x 9999999 9999000 999 99% /data"}, "0 MiB free, 1024 MiB wanted"),
        ({"clock_error_s": "-300"}, r"clock -300 s off: give it a network"),
    ):
        with pytest.raises(LabError, match=f"not fit for a test: {words}"):
            fit(**different)


def test_a_locale_is_set_as_each_android_reads_it() -> None:
    assert set_locale("zh-CN", api=34) == "settings put system system_locales zh-CN"
    assert set_locale("zh-CN", api=23) == "setprop persist.sys.locale zh-CN"
    old = "setprop persist.sys.language zh; setprop persist.sys.country CN"
    assert set_locale("zh-Hans-CN", api=22) == old


def start(boot: str, server: str = "", *, booted: bool = False) -> Incarnation:
    return Incarnation(boot=boot, server=server, booted=booted)


def test_three_starts_that_come_to_nothing_are_a_boot_loop_and_a_boot_ends_it() -> None:
    watch = BootWatch()
    modes = [watch.mode(start(boot)) for boot in ("a", "a", "b", "c")]
    assert modes == [Mode.BOOTING, Mode.BOOTING, Mode.BOOTING, Mode.BOOT_LOOP]
    assert watch.mode(start("d", booted=True)) is Mode.SYSTEM
    assert watch.mode(start("e")) is Mode.BOOTING


def test_a_phone_that_restarts_once_as_it_boots_is_in_no_loop() -> None:
    """As behind an update. A boot is seen before its system server is there."""
    watch = BootWatch()
    for seen in (start("a"), start("a", "400"), start("b"), start("b", "410")):
        assert watch.mode(seen) is Mode.BOOTING


def test_a_system_server_that_crashes_again_and_again_is_a_boot_loop() -> None:
    watch = BootWatch()
    modes = [watch.mode(start("", server)) for server in ("", "400", "500", "600")]
    assert modes == [Mode.BOOTING, Mode.BOOTING, Mode.BOOTING, Mode.BOOT_LOOP]


def test_an_incarnation_is_booted_only_with_its_package_manager() -> None:
    said = "booted=1\npackage=Service package: {}\nboot=b1\nserver=400\n"
    assert read_incarnation(said.format("found")) == start("b1", "400", booted=True)
    assert not read_incarnation(said.format("not found")).booted
    assert read_incarnation("") == start("")
