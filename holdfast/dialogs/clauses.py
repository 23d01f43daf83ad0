"""Each clause of the policy, judged: met, missed or undecidable, with the words that decided."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from holdfast.dialogs.buttons import ButtonWords
from holdfast.dialogs.captured import (
    ButtonRole,
    CapturedDialog,
    Destroyed,
    DialogText,
    TextPiece,
)
from holdfast.dialogs.judgement import ClauseResult, Outcome, Part, Words
from holdfast.dialogs.language import same_language
from holdfast.dialogs.policy import Clause, Policy
from holdfast.dialogs.statements import Certainty, Loss, Reading, Target

__all__ = ["Evidence", "judge_clauses"]

# How much larger or heavier than its neighbours a text must be drawn to stand apart: below that,
# anti-aliasing and descenders differ by as much.
LARGER = 1.15
HEAVIER = 1.25


@dataclass(frozen=True, kw_only=True, slots=True)
class Evidence:
    """All that is known of one dialog."""

    dialog: DialogText
    written_in: str
    reading: Reading
    buttons: ButtonWords
    captured: CapturedDialog | None
    destroyed: Destroyed | None
    separate_confirmations: int | None

    @property
    def certain(self) -> tuple[Loss, ...]:
        """Losses of the user's data that are stated as certain."""
        losses = self.reading.stated_losses
        return tuple(x for x in losses if x.certainty is Certainty.CERTAIN and x.is_of_data)


@dataclass(frozen=True, slots=True)
class _Found:
    outcome: Outcome
    why: str
    words: tuple[Words, ...] = ()


def _met(why: str, words: tuple[Words, ...] = ()) -> _Found:
    return _Found(Outcome.MET, why, words)


def _missed(why: str, words: tuple[Words, ...] = ()) -> _Found:
    return _Found(Outcome.MISSED, why, words)


def _unknown(why: str) -> _Found:
    return _Found(Outcome.UNDECIDABLE, why)


def judge_clauses(evidence: Evidence, policy: Policy) -> tuple[ClauseResult, ...]:
    """Every clause, in the order of the enum."""
    results = []
    for clause in Clause:
        found = _JUDGES[clause](evidence)
        results.append(
            ClauseResult(
                clause=clause,
                demand=policy.clauses[clause].demand,
                outcome=found.outcome,
                why=found.why,
                words=found.words,
            )
        )
    return tuple(results)


def _before(e: Evidence) -> _Found:
    if e.captured is None or e.destroyed is None:
        return _unknown("when data was destroyed is not known")
    shown_ms, gone_ms = e.captured.first_seen_ms, e.destroyed.by_ms
    if e.destroyed.after_ms >= shown_ms:
        ahead_ms = e.destroyed.after_ms - shown_ms
        return _met(f"everything was still there {ahead_ms} ms after it came up")
    if gone_ms is not None and shown_ms > gone_ms:
        return _missed(f"it came up {shown_ms - gone_ms} ms after the app was gone")
    return _unknown("whether it came up before or after the app was gone was not seen")


def _says_lost(e: Evidence) -> _Found:
    if e.certain:
        return _met("it says that data will be lost", e.certain[0].words)
    hedged = [x for x in e.reading.stated_losses if x.certainty is not Certainty.CERTAIN]
    if hedged:
        return _missed("it says only that data may be lost", hedged[0].words)
    kept = e.reading.kept or tuple(w for x in e.reading.denied_losses for w in x.words)
    if kept:
        return _missed("it says that data stays", kept)
    return _missed("it does not say that data will be lost")


def _plain_words(e: Evidence) -> _Found:
    if e.reading.stated_losses:
        return _met("it names the consequence", e.reading.stated_losses[0].words)
    if e.reading.mismatch or e.reading.jargon:
        return _missed("it gives jargon alone", e.reading.mismatch or e.reading.jargon)
    return _missed("it names no consequence for the data")


def _names_app(e: Evidence) -> _Found:
    if e.reading.app_name:
        return _met("it names the app", e.reading.app_name)
    if e.dialog.app_name is None:
        if e.reading.whole_device:
            return _met("it is about the whole device, and says so", e.reading.whole_device)
        return _unknown("which app is at stake is not known")
    return _missed(f"the name {e.dialog.app_name} is nowhere in it")


def _what(e: Evidence) -> _Found:
    named = [x for x in e.reading.stated_losses if x.target is Target.USER_DATA]
    if named:
        return _met("it says what is lost", named[0].words)
    if e.reading.amount and e.reading.stated_losses:
        return _met("it says how much is lost", e.reading.amount)
    if e.reading.stated_losses:
        words = e.reading.stated_losses[0].words
        return _missed("it says neither whose or which data, nor how much", words)
    return _missed("it does not say that anything is lost")


def _way_out(e: Evidence) -> _Found:
    if e.captured is not None:
        negative = e.captured.button(ButtonRole.NEGATIVE)
        if negative is not None:
            return _met("it has a button that declines", _button_words(e, negative.text))
        return _missed("it has no button that declines")
    if e.buttons.cancel:
        return _met("it has a button that declines", e.buttons.cancel)
    if e.buttons.confirm:
        return _unknown("its words show no button that declines; the back key may")
    return _unknown("its words show no buttons")


def _not_default(e: Evidence) -> _Found:
    if e.captured is None:
        return _unknown("words do not show which button has the focus")
    affirmative = e.captured.button(ButtonRole.AFFIRMATIVE)
    if affirmative is None:
        return _unknown("no button goes on with it")
    if affirmative.focused:
        words = _button_words(e, affirmative.text)
        return _missed("the button that goes on with it has the focus", words)
    return _met("the button that goes on with it has no focus")


def _second(e: Evidence) -> _Found:
    if e.separate_confirmations is None:
        return _unknown("whether the user is asked again is not known")
    if e.separate_confirmations >= 2:
        return _met(f"the user is asked {e.separate_confirmations} times, in separate dialogs")
    return _missed("the user is asked only once")


def _set_apart(e: Evidence) -> _Found:
    words = tuple(w for x in e.reading.stated_losses for w in x.words if w.part is not Part.BUTTON)
    if e.captured is None:
        return _unknown("words do not show size, weight or colour")
    if not words:
        return _missed("it states no risk that could be set apart")
    risk = _pieces_with_risk(e)
    buttons = {b.text for b in e.captured.buttons}
    rest = [p for p in e.captured.texts if p not in risk and p.text not in buttons]
    if not risk or all(p.size_px is None and p.colour is None and p.weight is None for p in risk):
        return _unknown("size, weight and colour were not seen")
    if not rest:
        return _missed("the risk is drawn like everything else", words)
    for piece in risk:
        if how := _stands_out(piece, rest):
            return _met(
                f"the risk is {how} than the rest"
                if how != "coloured"
                else f"the risk is drawn in {piece.colour}, the rest is not",
                words,
            )
    return _missed("the risk is drawn like the rest", words)


def _pieces_with_risk(e: Evidence) -> list[TextPiece]:
    """The texts that hold all the words of a loss; a word of it alone may stand anywhere."""
    assert e.captured
    losses = [
        [w.text for w in loss.words if w.part is not Part.BUTTON]
        for loss in e.reading.stated_losses
    ]
    pieces = e.captured.texts
    whole = [p for p in pieces if any(x and all(w in p.text for w in x) for x in losses)]
    return whole or [p for p in pieces if any(w in p.text for x in losses for w in x)]


def _stands_out(piece: TextPiece, rest: list[TextPiece]) -> str | None:
    sizes = [p.size_px for p in rest if p.size_px is not None]
    weights = [p.weight for p in rest if p.weight is not None]
    colours = {p.colour for p in rest if p.colour is not None}
    if piece.size_px is not None and sizes and piece.size_px >= max(sizes) * LARGER:
        return "larger"
    if piece.weight is not None and weights and piece.weight >= max(weights) * HEAVIER:
        return "heavier"
    if piece.colour is not None and colours and _unlike_all(piece.colour, colours):
        return "coloured"
    return None


def _unlike_all(colour: str, others: set[str]) -> bool:
    """Another hue than every other text: grey beside black is no warning colour."""
    return _is_vivid(colour) and all(_distance(colour, other) > 96 for other in others)


def _channels(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def _is_vivid(colour: str) -> bool:
    channels = _channels(colour)
    return max(channels) - min(channels) > 64


def _distance(one: str, other: str) -> int:
    return sum(abs(a - b) for a, b in zip(_channels(one), _channels(other), strict=True))


def _backup(e: Evidence) -> _Found:
    offered = (*e.reading.safe_path, *e.buttons.backup)
    if offered:
        return _met("it points to a backup or another safe path", offered)
    return _missed("it offers no backup and no other safe path")


def _language(e: Evidence) -> _Found:
    if same_language(e.written_in, e.dialog.language):
        return _met(f"it is written in {e.written_in}")
    return _missed(f"the device speaks {e.dialog.language}, the dialog {e.written_in}")


def _not_cut(e: Evidence) -> _Found:
    if e.captured is None:
        return _unknown("words do not show whether they were cut off")
    cut = [p for p in e.captured.texts if p.cut_off]
    if not cut:
        return _met("all of its text is on the screen")
    return _missed(f"cut off: {cut[0].text[-40:]}")


def _button_words(e: Evidence, label: str) -> tuple[Words, ...]:
    if label not in e.dialog.buttons:
        return ()
    index = e.dialog.buttons.index(label)
    return (Words(part=Part.BUTTON, text=label, start=0, end=len(label), index=index),)


_JUDGES: dict[Clause, Callable[[Evidence], _Found]] = {
    Clause.BEFORE_ANYTHING_IS_DESTROYED: _before,
    Clause.SAYS_DATA_WILL_BE_LOST: _says_lost,
    Clause.PLAIN_WORDS: _plain_words,
    Clause.NAMES_THE_APP: _names_app,
    Clause.WHAT_OR_HOW_MUCH: _what,
    Clause.SAFE_WAY_OUT: _way_out,
    Clause.AFFIRMATIVE_NOT_DEFAULT: _not_default,
    Clause.SECOND_CONFIRMATION: _second,
    Clause.RISK_SET_APART: _set_apart,
    Clause.BACKUP_OFFERED: _backup,
    Clause.IN_DEVICE_LANGUAGE: _language,
    Clause.TEXT_NOT_CUT_OFF: _not_cut,
}
