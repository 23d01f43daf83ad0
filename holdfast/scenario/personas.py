"""How people answer what appears on the screen.

A persona sees what the capture saw, and acts by taps and keys alone: it never asks adb, and knows
buttons by their role, never by one language's label.
"""

from __future__ import annotations

import itertools
from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from holdfast.deadline import Clock, Deadline
from holdfast.device.ui import Ui
from holdfast.dialogs.asked import AskedWindow
from holdfast.dialogs.capture import MAX_BLINK_S, LiveWindow
from holdfast.dialogs.captured import Button, ButtonRole, DialogKind, DialogText
from holdfast.dialogs.hierarchy import Hierarchy, Node
from holdfast.dialogs.judge import judge
from holdfast.dialogs.judgement import DialogVerdict
from holdfast.scenario.result import Persona

__all__ = ["Answer", "Person", "Screen", "somebody"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """What a person did about a window. `number` is the window's in the capture."""

    number: int
    did: str
    role: ButtonRole | None
    at: float


class Screen(Protocol):
    """What a person sees; `Capture` has it."""

    @property
    def live(self) -> tuple[LiveWindow, ...]: ...

    @property
    def hierarchy(self) -> Hierarchy | None: ...

    @property
    def max_blink_s(self) -> float:
        """How long something may be on the screen before it is seen for sure."""

    def looks_since(self, moment: float) -> int:
        """How many looks at the screen began after `moment`, and are complete."""


class Person(Protocol):
    """Somebody before the screen. `act` is called again and again, and returns at once."""

    answers: list[Answer]

    def get_ready(self, *, deadline: Deadline) -> None:
        """What this person does before anything appears."""

    def act(self, screen: Screen, *, deadline: Deadline) -> None: ...

    def waits(self, screen: Screen) -> bool:
        """Whether this person may still do something about what is on the screen."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Hands:
    """What every person has, and what they know: the app's name in their language."""

    ui: Ui
    clock: Clock
    app_name: str
    language: str


def somebody(
    persona: Persona,
    *,
    ui: Ui,
    clock: Clock,
    app_name: str,
    language: str,
    watch_s: float,
) -> Person:
    """The person of that kind. `watch_s`: how long a prompt stays before an absent one."""
    hands = _Hands(ui=ui, clock=clock, app_name=app_name, language=language)
    if persona is Persona.ABSENT:
        return _Absent(hands, watch_s=watch_s)
    if persona is Persona.TYPING:
        return _Typing(hands, goes_on_s=watch_s)
    if persona is Persona.CAREFUL:
        return _Careful(hands)
    if persona is Persona.HASTY:
        return _Hasty(hands)
    return _Persistent(hands) if persona is Persona.PERSISTENT else _Confirming(hands, after_s=0.4)


def _is_asked(window: AskedWindow) -> bool:
    """A toast asks nothing; of a notification, only one that offers to go on with something."""
    if window.kind is DialogKind.NOTIFICATION:
        return _button(window, ButtonRole.AFFIRMATIVE) is not None
    return window.kind is not DialogKind.TOAST and bool(window.buttons)


def _button(window: AskedWindow, role: ButtonRole) -> Button | None:
    return next((b for b in window.buttons if b.role is role and b.enabled), None)


def _lacks_picture(live: LiveWindow, screen: Screen, waited_s: float) -> bool:
    """A screenshot is the evidence of what was asked: the person is a little late for it, and on a
    device that is slow to show its screen as late as everything there is."""
    return not live.pictured and waited_s < screen.max_blink_s + _FOR_THE_PICTURE_S


_FOR_THE_PICTURE_S = 0.05


class _Answering(ABC):
    """Somebody who answers each window once, some time after it appeared."""

    def __init__(self, hands: _Hands, *, after_s: float) -> None:
        self.hands = hands
        self.answers: list[Answer] = []
        self._after_s = after_s

    def get_ready(self, *, deadline: Deadline) -> None:
        """Sits before the phone already."""
        deadline.require("somebody before the screen")

    def act(self, screen: Screen, *, deadline: Deadline) -> None:
        answered = {answer.number for answer in self.answers}
        for live in reversed(screen.live):
            waited_s = self.hands.clock.monotonic() - live.first_seen
            due = live.number not in answered and _is_asked(live.window)
            ready = not _lacks_picture(live, screen, waited_s - self._after_s)
            if due and waited_s >= self._after_s and ready:
                self.answer(live, deadline)
                return

    def waits(self, screen: Screen) -> bool:
        answered = {answer.number for answer in self.answers}
        return any(
            _is_asked(live.window) and live.number not in answered and live.window.buttons
            for live in screen.live
        )

    @abstractmethod
    def answer(self, live: LiveWindow, deadline: Deadline) -> None:
        """Do something about one window, once."""

    def tap(self, live: LiveWindow, button: Button | None, deadline: Deadline) -> None:
        """Tap it; where there is no such button, that is what the person finds, and leaves it."""
        if button is None:
            self.note(live, "found no button for it", None)
            return
        x_px, y_px = button.bounds.centre_px
        self.note(live, f"tapped “{button.text}”", button.role)
        self.hands.ui.tap(x_px, y_px, deadline=deadline)

    def note(self, live: LiveWindow, did: str, role: ButtonRole | None) -> None:
        now = self.hands.clock.monotonic()
        self.answers.append(Answer(number=live.number, did=did, role=role, at=now))


class _Confirming(_Answering):
    """Taps the affirmative button of whatever appears: at once (careless), or meaning it."""

    def answer(self, live: LiveWindow, deadline: Deadline) -> None:
        self.tap(live, _button(live.window, ButtonRole.AFFIRMATIVE), deadline)


class _Hasty(_Answering):
    """A finger that was on its way lands where the affirmative button has just appeared: once.

    It waits for no picture: half a second is all there is.
    """

    def __init__(self, hands: _Hands) -> None:
        super().__init__(hands, after_s=0.0)

    def act(self, screen: Screen, *, deadline: Deadline) -> None:
        asked = [live for live in screen.live if _is_asked(live.window)]
        if asked and not self.answers:
            self.answer(asked[-1], deadline)

    def waits(self, screen: Screen) -> bool:
        return not self.answers and super().waits(screen)

    def answer(self, live: LiveWindow, deadline: Deadline) -> None:
        self.tap(live, _button(live.window, ButtonRole.AFFIRMATIVE), deadline)


_TICK_SHOWS_S = 3.0


class _Persistent(_Answering):
    """Means it: reads, ticks what must be ticked, and confirms as often as asked."""

    def __init__(self, hands: _Hands) -> None:
        super().__init__(hands, after_s=1.0)
        self._hierarchy: Hierarchy | None = None
        self._ticked_at: dict[int, float] = {}

    def act(self, screen: Screen, *, deadline: Deadline) -> None:
        self._hierarchy = screen.hierarchy
        super().act(screen, deadline=deadline)

    def answer(self, live: LiveWindow, deadline: Deadline) -> None:
        button = _button(live.window, ButtonRole.AFFIRMATIVE)
        ticked_at = self._ticked_at.get(live.number)
        now = self.hands.clock.monotonic()
        boxes = self._boxes(live.window) if ticked_at is None else []
        for box in boxes:
            self._ticked_at[live.number] = now
            self.hands.ui.tap(*box.bounds.centre_px, deadline=deadline)
        shows_soon = ticked_at is not None and now - ticked_at < _TICK_SHOWS_S
        if not boxes and (button or not shows_soon):
            self.tap(live, button, deadline)

    def _boxes(self, window: AskedWindow) -> list[Node]:
        """What wants to be ticked in it, as it is shown now."""
        windows = self._hierarchy.windows if self._hierarchy else ()
        return [
            node
            for shown in windows
            if shown.bounds == window.bounds
            for node in shown.walk()
            if node.checkable and not node.checked and node.enabled
        ]


class _Careful(_Answering):
    """Reads: goes the safe way if data might be lost, and confirms otherwise."""

    def __init__(self, hands: _Hands) -> None:
        super().__init__(hands, after_s=0.6)

    def answer(self, live: LiveWindow, deadline: Deadline) -> None:
        if not self._fears(live.window):
            self.tap(live, _button(live.window, ButtonRole.AFFIRMATIVE), deadline)
            return
        safe = _button(live.window, ButtonRole.NEGATIVE)
        if safe:
            self.tap(live, safe, deadline)
        else:
            self.note(live, "pressed Back, as it offers no way out", ButtonRole.NEGATIVE)
            self.hands.ui.key("back", deadline=deadline)

    def _fears(self, window: AskedWindow) -> bool:
        text = DialogText(
            title=window.title,
            message=window.message,
            buttons=tuple(button.text for button in window.buttons),
            app_name=self.hands.app_name,
            language=self.hands.language,
        )
        return judge(text).verdict is not DialogVerdict.NOT_A_DATA_WARNING


class _Absent:
    """Never answers, and lets the screen go off; is away long enough for a prompt to act by itself,
    if it does."""

    def __init__(self, hands: _Hands, *, watch_s: float) -> None:
        self.answers: list[Answer] = []
        self._ui = hands.ui
        self._clock = hands.clock
        self._watch_s = watch_s

    def get_ready(self, *, deadline: Deadline) -> None:
        """Puts the phone away: nobody waits for its own time to pass."""
        self._ui.key("sleep", deadline=deadline)

    def act(self, screen: Screen, *, deadline: Deadline) -> None:
        """Does nothing."""

    def waits(self, screen: Screen) -> bool:
        now = self._clock.monotonic()
        return any(now - live.first_seen < self._watch_s for live in screen.live)


# Typed at about five keys a second. Until a prompt is there, letters alone: they press nothing, so
# that no prompt is answered before it was seen. The Enter that would have sent the message, and
# whatever else was on its way, lands on the prompt.
_WORDS = "seeyouat"
_GOES_ON = "\nbring the keys "
_KEY_EVERY_S = 0.2
# Where keys of a phone's keyboard are, in shares of the screen: letters, space, Enter.
_ROWS = {
    "qwertyuiop": (0.05, 0.10, 0.70),
    "asdfghjkl": (0.10, 0.10, 0.78),
    "zxcvbnm": (0.20, 0.10, 0.86),
}
_SPACE, _ENTER = (0.50, 0.95), (0.93, 0.95)
_TAPS_EVERY = 3  # every third stroke is a tap on the glass; the others are key events


class _Typing:
    """Is typing when the prompt appears, and goes on before noticing: keys and taps go on landing.

    It decides nothing: whatever a prompt takes of the typing counts as its answer. Between two of
    these strokes there is a look at the screen, so that one stroke answers one prompt.
    """

    def __init__(self, hands: _Hands, *, goes_on_s: float) -> None:
        self.answers: list[Answer] = []
        self._hands = hands
        self._goes_on_s = goes_on_s
        self._words: Iterator[str] = itertools.cycle(_WORDS)
        self._strokes: Iterator[tuple[int, str]] = enumerate(itertools.cycle(_GOES_ON))
        self._next_at = 0.0
        self._landed_at = 0.0

    def get_ready(self, *, deadline: Deadline) -> None:
        """Types already."""

    def act(self, screen: Screen, *, deadline: Deadline) -> None:
        now = self._hands.clock.monotonic()
        if now < self._next_at or self._has_noticed(screen, now):
            return
        live = screen.live
        if not live or any(_lacks_picture(w, screen, now - w.first_seen) for w in live):
            self._next_at = max(self._next_at + _KEY_EVERY_S, now)
            self._hands.ui.key(next(self._words), deadline=deadline)
        elif screen.looks_since(self._landed_at):
            self._next_at = max(self._next_at + _KEY_EVERY_S, now)
            self._land(live, screen.hierarchy, deadline)
            self._landed_at = self._hands.clock.monotonic()

    def _land(
        self, live: tuple[LiveWindow, ...], hierarchy: Hierarchy | None, deadline: Deadline
    ) -> None:
        number, character = next(self._strokes)
        if number % _TAPS_EVERY == 1 and hierarchy is not None:
            x_px, y_px = _place(character, hierarchy)
            self._hands.ui.tap(x_px, y_px, deadline=deadline)
            self._note(live, f"typed {character!r} by a tap at {x_px},{y_px}")
        else:
            self._hands.ui.key(character, deadline=deadline)
            self._note(live, f"typed {character!r}")

    def waits(self, screen: Screen) -> bool:
        now = self._hands.clock.monotonic()
        return bool(screen.live) and not self._has_noticed(screen, now)

    def _has_noticed(self, screen: Screen, now: float) -> bool:
        """Looks up from the keyboard when the prompt has been there for a while."""
        goes_on_s = self._goes_on_s + 3 * (screen.max_blink_s - MAX_BLINK_S)
        return any(now - live.first_seen > goes_on_s for live in screen.live)

    def _note(self, live: tuple[LiveWindow, ...], did: str) -> None:
        now = self._hands.clock.monotonic()
        self.answers.append(Answer(number=live[-1].number, did=did, role=None, at=now))


def _place(character: str, hierarchy: Hierarchy) -> tuple[int, int]:
    """Where the key of a character is: on the keyboard that is shown, else where one would be."""
    key = next((n for n in _keys(hierarchy) if n.text.strip().lower() == character.strip()), None)
    if key is not None and character.strip():
        return key.bounds.centre_px
    width = max((w.bounds.right_px for w in hierarchy.windows), default=0)
    height = max((w.bounds.bottom_px for w in hierarchy.windows), default=0)
    x_share, y_share = _SPACE if character != "\n" else _ENTER
    for row, (left, step, top) in _ROWS.items():
        if character.lower() in row:
            x_share, y_share = left + step * row.index(character.lower()), top
    return round(width * x_share), round(height * y_share)


def _keys(hierarchy: Hierarchy) -> Iterator[Node]:
    for window in hierarchy.windows:
        if "inputmethod" in window.package_name or ".ime" in window.package_name:
            yield from window.walk()
