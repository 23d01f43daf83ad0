"""Which windows ask the user something."""

from __future__ import annotations

from holdfast.dialogs.asked import asked_windows, shown_packages
from holdfast.dialogs.captured import ButtonRole, DialogKind
from holdfast.dialogs.hierarchy import read_hierarchy
from selftests.holdfast.device.fakes import HOME, dialog, node, screen

OWN = frozenset({"com.launcher", "org.example.app"})


def test_the_launcher_and_the_app_under_test_ask_nothing() -> None:
    app = node("Chats", package="org.example.app")
    assert asked_windows(read_hierarchy(screen(HOME, app)), own=OWN, language="en") == ()


def test_a_dialog_over_the_app_is_read_with_title_message_and_buttons() -> None:
    hierarchy = read_hierarchy(
        screen(HOME, dialog("更新", "APP签名不一致，可能导致数据丢失", "取消", "确认"))
    )
    (window,) = asked_windows(hierarchy, own=OWN, language="zh-CN")
    assert window.kind is DialogKind.DIALOG
    assert (window.title, window.message) == ("更新", "APP签名不一致，可能导致数据丢失")
    assert [b.role for b in window.buttons] == [ButtonRole.NEGATIVE, ButtonRole.AFFIRMATIVE]


def test_an_activity_that_covers_the_screen_is_none_of_a_dialogs_size() -> None:
    activity = dialog("Alpha", "Install?", "Cancel", "Install", bounds="[0,0][1080,1920]")
    (window,) = asked_windows(read_hierarchy(screen(HOME, activity)), own=OWN, language="en")
    assert window.kind is DialogKind.ACTIVITY


def test_a_window_with_a_bar_or_a_wheel_shows_progress() -> None:
    wheel = node("", kind="android.widget.ProgressBar", package="com.store")
    windows = (
        node("", node("Installing…", package="com.store"), wheel, package="com.store"),
        dialog("Done", "It is installed", "OK"),
    )
    asked = asked_windows(read_hierarchy(screen(HOME, *windows)), own=OWN, language="en")
    assert [window.shows_progress for window in asked] == [True, False]


def test_a_question_with_a_bar_in_it_waits_for_an_answer_and_not_for_progress() -> None:
    bar = node("", kind="android.widget.ProgressBar", package="com.store")
    asks = dialog("Alpha", "Install?", "Cancel", "Install").replace("</node>", bar + "</node>", 1)
    (asked,) = asked_windows(read_hierarchy(screen(HOME, asks)), own=OWN, language="en")
    assert not asked.shows_progress


def test_words_at_the_bottom_that_nobody_can_press_are_a_toast() -> None:
    toast = node("", node("Updated"), package="com.store", bounds="[200,1700][880,1800]",
                 kind="android.widget.FrameLayout")  # fmt: skip
    (window,) = asked_windows(read_hierarchy(screen(HOME, toast)), own=OWN, language="en")
    assert window.kind is DialogKind.TOAST


def test_the_systems_bars_ask_nothing_and_their_notifications_do() -> None:
    row = node("", node("Your app may lose data"), package="com.android.systemui",
               resource_id="com.android.systemui:id/expandableNotificationRow", clickable=True,
               bounds="[0,60][1080,260]", kind="android.widget.FrameLayout")  # fmt: skip
    bars = node("", node("12:00"), row, package="com.android.systemui", bounds="[0,0][1080,60]")
    (window,) = asked_windows(read_hierarchy(screen(HOME, bars)), own=OWN, language="en")
    assert window.kind is DialogKind.NOTIFICATION
    assert window.message == "Your app may lose data"


def test_who_draws_on_the_screen_is_known() -> None:
    hierarchy = read_hierarchy(screen(HOME, dialog("a", "b", "OK")))
    assert shown_packages(hierarchy) == {"com.launcher", "com.store"}
