"""How people answer: by what they see, by taps and keys alone, in their own time."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pytest

from holdfast.deadline import Deadline
from holdfast.dialogs.asked import asked_windows
from holdfast.dialogs.capture import LiveWindow
from holdfast.dialogs.captured import ButtonRole
from holdfast.dialogs.hierarchy import Hierarchy, read_hierarchy
from holdfast.scenario.personas import Person, somebody
from holdfast.scenario.result import Persona
from selftests.holdfast.device.fakes import HOME, FakeClock, FakeUi, dialog, node, screen

AFFIRMATIVE, SAFE = "tap 890,1140", "tap 690,1140"
HARMLESS = ("Example", "Do you want to update this app?", "Cancel", "Update")
DANGEROUS = ("Example", "All data of this app will be lost.", "Cancel", "Continue")


@dataclass
class Seen:
    """A screen that is set by hand."""

    clock: FakeClock
    live: tuple[LiveWindow, ...] = ()
    hierarchy: Hierarchy | None = None
    max_blink_s: float = 0.3
    looked_at: float | None = None

    def looks_since(self, moment: float) -> int:
        """All the time, unless a test says when the last look began."""
        return int(self.looked_at is None or self.looked_at > moment)

    def show(self, *windows: str, language: str = "en") -> None:
        self.hierarchy = read_hierarchy(screen(HOME, *windows))
        asked = asked_windows(self.hierarchy, own={"com.launcher"}, language=language)
        self.live = tuple(
            LiveWindow(number=n, window=window, first_seen=self.clock.now)
            for n, window in enumerate(asked, start=1)
        )


class Room:
    """A person, what they see and what they did."""

    def __init__(self, persona: Persona, *, language: str = "en") -> None:
        self.clock = FakeClock()
        self.ui = FakeUi(lambda: screen(HOME))
        self.seen = Seen(self.clock)
        self.seen.show()
        self.person: Person = somebody(
            persona,
            ui=self.ui,
            clock=self.clock,
            app_name="Example",
            language=language,
            watch_s=3.0,
        )

    def live(self, seconds: float) -> list[str]:
        """Let time pass; what the person does in it."""
        before = len(self.ui.did)
        for _ in range(round(seconds / 0.05)):
            self.person.act(self.seen, deadline=Deadline.after(9, clock=self.clock))
            self.clock.advance(0.05)
        return self.ui.did[before:]


def test_careless_taps_the_affirmative_button_within_300_to_800_ms() -> None:
    room = Room(Persona.CARELESS)
    room.seen.show(dialog(*DANGEROUS))
    assert room.live(0.3) == []
    assert room.live(0.55) == [AFFIRMATIVE]
    assert room.person.answers[0].role is ButtonRole.AFFIRMATIVE


def test_careless_taps_sooner_once_the_picture_is_taken() -> None:
    room = Room(Persona.CARELESS)
    room.seen.show(dialog(*DANGEROUS))
    room.seen.live = tuple(replace(live, pictured=True) for live in room.seen.live)
    assert room.live(0.35) == []
    assert room.live(0.15) == [AFFIRMATIVE]


def test_careless_taps_each_window_once() -> None:
    room = Room(Persona.CARELESS)
    room.seen.show(dialog(*DANGEROUS))
    room.live(3)
    assert room.ui.did == [AFFIRMATIVE]


@pytest.mark.parametrize(
    ("language", "labels"),
    [("zh-CN", ("取消", "确认")), ("de", ("Abbrechen", "Fortfahren")), ("xx", ("qqq", "zzz"))],
)
def test_buttons_are_known_by_their_role_in_any_language(
    language: str, labels: tuple[str, str]
) -> None:
    room = Room(Persona.CARELESS, language=language)
    room.seen.show(dialog("Example", "?", *labels), language=language)
    assert room.live(1) == [AFFIRMATIVE]


def test_careful_goes_the_safe_way_where_data_might_be_lost() -> None:
    room = Room(Persona.CAREFUL)
    room.seen.show(dialog(*DANGEROUS))
    assert room.live(2) == [SAFE]


def test_careful_confirms_what_endangers_nothing() -> None:
    room = Room(Persona.CAREFUL)
    room.seen.show(dialog(*HARMLESS))
    assert room.live(2) == [AFFIRMATIVE]


def test_careful_presses_back_where_a_warning_offers_no_way_out() -> None:
    room = Room(Persona.CAREFUL)
    room.seen.show(dialog("Example", "All data of this app will be lost.", "OK"))
    assert room.live(2) == ["key 'back'"]


def test_absent_does_nothing_and_is_waited_for_a_while() -> None:
    room = Room(Persona.ABSENT)
    room.seen.show(dialog(*DANGEROUS))
    assert room.person.waits(room.seen)
    assert room.live(4) == []
    assert not room.person.waits(room.seen)


def test_typing_makes_about_five_strokes_a_second_that_press_nothing_before_a_prompt() -> None:
    room = Room(Persona.TYPING)
    did = room.live(10)
    assert 45 <= len(did) <= 55
    assert all(stroke.startswith("key ") and stroke[5].isalpha() for stroke in did)
    assert room.person.answers == []


def test_typing_goes_on_into_the_prompt_and_stops_when_it_is_noticed() -> None:
    room = Room(Persona.TYPING)
    room.live(1)
    room.seen.show(dialog(*DANGEROUS))
    did = room.live(3)
    assert len(did) >= 13
    assert any(stroke.startswith("tap ") for stroke in did)
    assert "key ' '" in did
    assert "key '\\n'" in did
    assert room.live(2) == []
    assert room.person.answers[0].did == "typed '\\n'"


def test_typing_lands_one_stroke_between_two_looks() -> None:
    room = Room(Persona.TYPING)
    room.seen.show(dialog(*DANGEROUS))
    room.seen.live = tuple(replace(live, pictured=True) for live in room.seen.live)
    room.seen.looked_at = room.clock.now
    assert room.live(1) == ["key '\\n'"]
    room.seen.looked_at = room.clock.now
    assert len(room.live(1)) == 1


def test_typing_goes_on_for_longer_where_the_screen_is_slow() -> None:
    room = Room(Persona.TYPING)
    room.seen.max_blink_s = 5.0
    room.seen.show(dialog(*DANGEROUS))
    assert len(room.live(18)) > 80
    assert room.live(4) == []


def test_a_slow_screen_gets_its_picture_before_anybody_answers() -> None:
    room = Room(Persona.CARELESS)
    room.seen.max_blink_s = 5.0
    room.seen.show(dialog(*DANGEROUS))
    assert room.live(5) == []
    assert room.live(1) == [AFFIRMATIVE]


def test_typing_taps_the_keys_of_the_keyboard_that_is_shown() -> None:
    room = Room(Persona.TYPING)
    keyboard = "com.android.inputmethod.latin"
    keys = [
        node(
            letter,
            package="com.android.inputmethod.latin",
            bounds=f"[{n * 40},1500][{n * 40 + 40},1600]",
        )
        for n, letter in enumerate("abcdefghijklmnopqrstuvwxyz")
    ]
    room.seen.show(node("", *keys, package=keyboard), dialog(*DANGEROUS))
    room.seen.live = room.seen.live[-1:]
    assert "tap 60,1550" in room.live(1)


def test_persistent_means_it_and_confirms_a_second_time() -> None:
    room = Room(Persona.PERSISTENT)
    room.seen.show(dialog(*DANGEROUS), dialog("Sure?", "All data will be lost.", "Cancel", "OK"))
    assert room.live(4) == [AFFIRMATIVE, AFFIRMATIVE]


def test_a_window_without_buttons_is_left_alone() -> None:
    room = Room(Persona.CARELESS)
    room.seen.show(dialog("Installing…", "Please wait"))
    assert room.live(2) == []
    assert not room.person.waits(room.seen)
