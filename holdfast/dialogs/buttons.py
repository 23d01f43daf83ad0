"""What the buttons of a dialog do: by resource id, by the words of the language, by position.

Never by one language's label: a label counts only through the `button_*` lists of its language.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from holdfast.dialogs.captured import Bounds, ButtonRole
from holdfast.dialogs.judgement import Part, Words
from holdfast.dialogs.wording import LanguageRules, Meaning, rules_for

__all__ = ["ButtonWords", "SeenButton", "button_roles", "read_buttons"]

# android.R.id.button1..3 of AlertDialog, and the ids of AOSP's and vendors' installers.
_ROLE_OF_ID: dict[str, ButtonRole] = {
    **dict.fromkeys(
        ("button1", "ok_button", "confirm_button", "install_button", "positive_button", "btn_ok",
         "btn_positive", "btn_confirm", "button_ok", "button_confirm", "accept", "allow_button",
         "permission_allow_button", "continue_button", "update_button", "uninstall_button"),
        ButtonRole.AFFIRMATIVE,
    ),
    **dict.fromkeys(
        ("button2", "cancel_button", "negative_button", "btn_cancel", "btn_negative",
         "button_cancel", "cancel", "deny_button", "permission_deny_button", "close_button",
         "dismiss_button", "later_button"),
        ButtonRole.NEGATIVE,
    ),
    **dict.fromkeys(("button3", "neutral_button", "btn_neutral", "backup_button"),
                    ButtonRole.NEUTRAL),
}  # fmt: skip


_ROLE_OF_MEANING: dict[Meaning, ButtonRole] = {
    Meaning.BUTTON_CANCEL: ButtonRole.NEGATIVE,
    Meaning.BUTTON_BACKUP: ButtonRole.NEUTRAL,
    Meaning.BUTTON_CONFIRM: ButtonRole.AFFIRMATIVE,
    Meaning.BUTTON_DISMISS: ButtonRole.AFFIRMATIVE,
}


@dataclass(frozen=True, kw_only=True, slots=True)
class ButtonWords:
    """The labels by what they mean."""

    cancel: tuple[Words, ...] = ()
    confirm: tuple[Words, ...] = ()
    backup: tuple[Words, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class SeenButton:
    """A button as a hierarchy shows it."""

    text: str
    resource_id: str
    class_name: str
    bounds: Bounds


def read_buttons(labels: Sequence[str], rules: LanguageRules) -> ButtonWords:
    """Sort labels by their wording.

    Beside a button that goes on, a mere `OK` or `Close` leaves things as they are.
    """
    meanings = [rules.button_meaning(label) for label in labels]
    roles = [None if m is None else _ROLE_OF_MEANING[m] for m in meanings]
    if ButtonRole.NEGATIVE not in roles and Meaning.BUTTON_CONFIRM in meanings:
        roles = [
            ButtonRole.NEGATIVE if m is Meaning.BUTTON_DISMISS else role
            for m, role in zip(meanings, roles, strict=True)
        ]
    found: dict[ButtonRole | None, list[Words]] = {}
    for index, (label, role) in enumerate(zip(labels, roles, strict=True)):
        words = Words(part=Part.BUTTON, text=label, start=0, end=len(label), index=index)
        found.setdefault(role, []).append(words)
    return ButtonWords(
        cancel=tuple(found.get(ButtonRole.NEGATIVE, ())),
        confirm=tuple(found.get(ButtonRole.AFFIRMATIVE, ())),
        backup=tuple(found.get(ButtonRole.NEUTRAL, ())),
    )


def role_by_wording(label: str, rules: LanguageRules) -> ButtonRole | None:
    """None where the words of the language do not tell."""
    meaning = rules.button_meaning(label)
    return None if meaning is None else _ROLE_OF_MEANING[meaning]


def button_roles(
    buttons: Sequence[SeenButton], *, language: str, right_to_left: bool = False
) -> tuple[ButtonRole, ...]:
    """The role of each button: resource id first, then wording, then position.

    Position: Android puts the affirmative button of a row at its end (right; left where the
    language runs from right to left) and of a column at its top; a single button affirms.
    """
    rules = rules_for(language)
    known: list[ButtonRole | None] = [_role_by_id(b) for b in buttons]
    for index, button in enumerate(buttons):
        if known[index] is None and rules is not None:
            known[index] = role_by_wording(button.text, rules)
    if ButtonRole.AFFIRMATIVE not in known:
        unknown = [i for i, role in enumerate(known) if role is None]
        if unknown:
            known[_affirmative_place(buttons, unknown, right_to_left=right_to_left)] = (
                ButtonRole.AFFIRMATIVE
            )
    rest = ButtonRole.NEUTRAL if ButtonRole.NEGATIVE in known else ButtonRole.NEGATIVE
    return tuple(role if role is not None else rest for role in known)


def _role_by_id(button: SeenButton) -> ButtonRole | None:
    return _ROLE_OF_ID.get(button.resource_id.rpartition("/")[2].lower())


def _affirmative_place(
    buttons: Sequence[SeenButton], places: Sequence[int], *, right_to_left: bool
) -> int:
    tops = {buttons[i].bounds.top_px for i in places}
    if len(tops) > 1:
        return min(places, key=lambda i: buttons[i].bounds.top_px)
    sign = -1 if right_to_left else 1
    return max(places, key=lambda i: sign * buttons[i].bounds.left_px)
