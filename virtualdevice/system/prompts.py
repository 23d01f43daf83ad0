"""What a store asks and tells, as a personality gives it: texts, buttons and manners, no code."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

__all__ = ["DialogButton", "DialogText", "Does", "NoticeText", "wrong_in"]


class Does(StrEnum):
    """What a button, or the end of a dialog's patience, comes to."""

    CANCEL = "cancel"
    CONFIRM = "confirm"


@dataclass(frozen=True, kw_only=True, slots=True)
class DialogButton:
    """`does` is `cancel` or `confirm`."""

    text: str
    does: str


@dataclass(frozen=True, kw_only=True, slots=True)
class DialogText:
    """A dialog of a store; `{label}` stands for the app's label.

    `default` is the text of the button that has the focus when the dialog comes up; empty: none.
    `position` is `centre` or `bottom`. `risk` is drawn below the message, larger, bold and red.
    `tick` is a check box without which the dialog cannot be confirmed. In its first
    `ignores_input_ms` it heeds neither tap nor key. After `stays_ms` it goes by itself, which
    counts as `then`; 0: it stays. `text_height_dp` is all the room that the message has, whatever
    its size; 0: as much as it needs.
    """

    message: str
    buttons: tuple[DialogButton, ...]
    title: str = ""
    default: str = ""
    position: str = "centre"
    confirmations: int = 1
    risk: str = ""
    tick: str = ""
    ignores_input_ms: int = 0
    stays_ms: int = 0
    then: Does = Does.CANCEL
    text_height_dp: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class NoticeText:
    """A notification that asks: its text, and the actions below it."""

    text: str
    buttons: tuple[DialogButton, ...]


def wrong_in(prompt: DialogText | NoticeText) -> Iterator[tuple[str, str]]:
    """What is wrong in it: (path within it, message)."""
    yield from _wrong_buttons(prompt.buttons)
    if isinstance(prompt, NoticeText):
        return
    texts = [button.text for button in prompt.buttons]
    if prompt.default and prompt.default not in texts:
        yield "default", f"{prompt.default!r} is none of the buttons: {', '.join(texts)}"


def _wrong_buttons(buttons: Sequence[DialogButton]) -> Iterator[tuple[str, str]]:
    for number, button in enumerate(buttons):
        if button.does not in tuple(Does):
            allowed = ", ".join(Does)
            yield f"buttons[{number}].does", f"{button.does!r} is none of: {allowed}"
