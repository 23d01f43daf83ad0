"""Whoever taps by mistake, means it, answers a notification, or has put the phone away."""

from __future__ import annotations

from holdfast.deadline import Deadline
from holdfast.dialogs.captured import ButtonRole
from holdfast.scenario.result import Persona
from selftests.holdfast.device.fakes import dialog, node
from selftests.holdfast.scenario.test_personas import AFFIRMATIVE, DANGEROUS, Room

BOX = "tap 540,1040"


def ask_with_box(*, ticked: bool) -> str:
    """A dialog that wants a box ticked before it can be confirmed."""
    box = (
        '<node text="I know it" class="android.widget.CheckBox" package="com.store" '
        f'checkable="true" checked="{str(ticked).lower()}" clickable="true" enabled="true" '
        'visible-to-user="true" bounds="[100,1010][980,1070]"/>'
    )
    shown = dialog(*DANGEROUS).removesuffix("</node>") + box + "</node>"
    button = 'text="Continue" resource-id="android:id/button1"'
    assert button in shown
    head, tail = shown.split(button)
    return (
        head + button + (tail if ticked else tail.replace('enabled="true"', 'enabled="false"', 1))
    )


def notification(*buttons: str) -> str:
    row = [
        node(text, kind="android.widget.Button", clickable=True, bounds=f"[{n}00,90][{n}90,150]")
        for n, text in enumerate(buttons, start=1)
    ]
    inner = node(
        "", node("The app's data may be lost", bounds="[0,20][900,60]"), *row,
        resource_id="com.android.systemui:id/expandableNotificationRow", bounds="[0,0][1080,160]",
    )  # fmt: skip
    return node("", inner, package="com.android.systemui", bounds="[0,0][1080,160]")


def test_hasty_taps_once_in_the_first_half_second_and_never_again() -> None:
    room = Room(Persona.HASTY)
    room.seen.show(dialog(*DANGEROUS))
    assert room.live(0.3) == [AFFIRMATIVE]
    room.seen.show(dialog("Really?", "All data will be lost.", "Cancel", "Continue"))
    assert room.live(3) == []
    assert not room.person.waits(room.seen)


def test_persistent_ticks_what_must_be_ticked_and_then_confirms() -> None:
    room = Room(Persona.PERSISTENT)
    room.seen.show(ask_with_box(ticked=False))
    assert room.live(2) == [BOX]
    assert room.person.waits(room.seen)
    room.seen.show(ask_with_box(ticked=True))
    assert room.live(2) == [AFFIRMATIVE]


def test_careless_ticks_nothing() -> None:
    room = Room(Persona.CARELESS)
    room.seen.show(ask_with_box(ticked=False))
    assert room.live(3) == []
    assert room.person.answers[0].did == "found no button for it"


def test_persistent_gives_up_on_a_box_that_brings_about_nothing() -> None:
    room = Room(Persona.PERSISTENT)
    room.seen.show(ask_with_box(ticked=False))
    assert room.live(8) == [BOX]
    assert not room.person.waits(room.seen)


def test_careless_presses_a_notifications_button_that_goes_on_with_it() -> None:
    room = Room(Persona.CARELESS)
    room.seen.show(notification("Ignore", "Update"))
    room.live(2)
    assert [answer.role for answer in room.person.answers] == [ButtonRole.AFFIRMATIVE]


def test_nobody_answers_a_notification_that_only_tells() -> None:
    room = Room(Persona.CARELESS)
    room.seen.show(notification())
    assert room.live(2) == []
    assert not room.person.waits(room.seen)


def test_absent_puts_the_phone_away_and_nobody_else_does() -> None:
    for persona in Persona:
        room = Room(persona)
        room.person.get_ready(deadline=Deadline.after(9, clock=room.clock))
        assert room.ui.did == (["key 'sleep'"] if persona is Persona.ABSENT else [])
