"""A judged dialog as one self-contained HTML page: no script, no link to anywhere.

The screenshot with the words that decided boxed on it, the clauses beside it, missed ones first,
and the dialog's text with the same words marked. All texts come from a device: the template engine
escapes them.
"""

from __future__ import annotations

import base64
import struct
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib.resources import files
from itertools import pairwise

from jinja2 import Environment, StrictUndefined

from holdfast.dialogs.captured import Bounds, CapturedDialog, DialogText
from holdfast.dialogs.judgement import ClauseResult, DialogVerdict, Judgement, Outcome, Part, Words
from holdfast.dialogs.policy import Clause, Policy, load_policy

__all__ = ["JudgedDialog", "render"]

_VERDICTS = {
    DialogVerdict.CORRECT_WARNING: "Correct warning",
    DialogVerdict.INADEQUATE_WARNING: "Inadequate warning",
    DialogVerdict.NOT_A_DATA_WARNING: "Not a data warning",
}
_OUTCOMES = ((Outcome.MISSED, "Missed"), (Outcome.MET, "Met"), (Outcome.UNDECIDABLE, "Not decided"))
_MARGIN_PX = 6
_PNG = b"\x89PNG\r\n\x1a\n"
_PNG_SIZE_AT = 16  # after the signature, and length and name of the first chunk
# What a clause's words are coloured by where several clauses share them.
_RANK = {Outcome.UNDECIDABLE: 0, Outcome.MET: 1, Outcome.MISSED: 2}


@dataclass(frozen=True, kw_only=True, slots=True)
class JudgedDialog:
    """One dialog for the page. `captured` None: its words are all that is known of it."""

    judgement: Judgement
    text: DialogText
    captured: CapturedDialog | None = None
    caption: str = ""


@dataclass(frozen=True, slots=True)
class _Row:
    """A clause as the page lists it."""

    number: int
    asks: str
    result: ClauseResult


@dataclass(frozen=True, slots=True)
class _Piece:
    """A stretch of text; `numbers` are those of the clauses that it decided."""

    text: str
    outcome: Outcome | None = None
    numbers: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class _Box:
    bounds: Bounds
    outcome: Outcome
    numbers: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class _Shown:
    """All that the template needs of one dialog."""

    dialog: JudgedDialog
    verdict: str
    groups: tuple[tuple[str, tuple[_Row, ...]], ...]
    title: tuple[_Piece, ...]
    message: tuple[_Piece, ...]
    buttons: tuple[tuple[_Piece, ...], ...]
    screenshot: str
    width_px: int
    height_px: int
    boxes: tuple[_Box, ...]


def render(
    dialogs: Sequence[JudgedDialog], *, title: str, device: str = "", policy: Policy | None = None
) -> str:
    """The page. `device`: which device and build showed the dialogs."""
    environment = Environment(autoescape=True, undefined=StrictUndefined)
    template = environment.from_string(
        (files("holdfast.dialogs") / "view.html").read_text(encoding="utf-8")
    )
    policy = policy or load_policy()
    return template.render(
        title=title,
        device=device,
        policy=policy,
        required=sum(policy.requires(clause) for clause in Clause),
        dialogs=[_shown(dialog, policy) for dialog in dialogs],
        margin_px=_MARGIN_PX,
    )


def _shown(dialog: JudgedDialog, policy: Policy) -> _Shown:
    rows = _rows(dialog.judgement, policy)
    title, message = dialog.text.title, dialog.text.message
    width_px, height_px = _picture_size_px(dialog.captured)
    return _Shown(
        dialog=dialog,
        verdict=_VERDICTS[dialog.judgement.verdict],
        groups=tuple(
            (heading, tuple(r for r in rows if r.result.outcome is outcome))
            for outcome, heading in _OUTCOMES
        ),
        title=_marked(title, _words_of(rows, Part.TITLE)),
        message=_marked(message, _words_of(rows, Part.MESSAGE)),
        buttons=tuple(
            _marked(label, [w for w in _words_of(rows, Part.BUTTON) if w[0].index == index])
            for index, label in enumerate(dialog.text.buttons)
        ),
        screenshot=_data_uri(dialog.captured),
        width_px=width_px,
        height_px=height_px,
        boxes=_boxes(dialog, rows),
    )


def _rows(judgement: Judgement, policy: Policy) -> tuple[_Row, ...]:
    """Numbered in the order in which the page lists them: missed first, required ones before."""
    order = [outcome for outcome, _ in _OUTCOMES]
    clauses = list(Clause)
    ranked = sorted(
        judgement.clauses,
        key=lambda c: (order.index(c.outcome), not c.required, clauses.index(c.clause)),
    )
    return tuple(
        _Row(number, policy.clauses[result.clause].asks, result)
        for number, result in enumerate(ranked, start=1)
    )


def _words_of(rows: Iterable[_Row], part: Part) -> list[tuple[Words, _Row]]:
    return [(w, row) for row in rows for w in row.result.words if w.part is part]


def _marked(text: str, words: Sequence[tuple[Words, _Row]]) -> tuple[_Piece, ...]:
    """A text cut where marks begin and end."""
    composed = unicodedata.normalize("NFC", text)
    edges = {0, len(composed)}
    edges.update(min(edge, len(composed)) for w, _ in words for edge in (w.start, w.end))
    places = sorted(edges)
    pieces = []
    for start, end in pairwise(places):
        rows = [row for w, row in words if w.start <= start and end <= w.end]
        pieces.append(_piece(composed[start:end], rows))
    return tuple(pieces)


def _piece(text: str, rows: Sequence[_Row]) -> _Piece:
    if not rows:
        return _Piece(text)
    worst = max((row.result.outcome for row in rows), key=_RANK.__getitem__)
    return _Piece(text, worst, tuple(sorted(row.number for row in rows)))


def _data_uri(captured: CapturedDialog | None) -> str:
    if captured is None or not captured.screenshot.startswith(_PNG):
        return ""
    return "data:image/png;base64," + base64.b64encode(captured.screenshot).decode("ascii")


def _picture_size_px(captured: CapturedDialog | None) -> tuple[int, int]:
    """Of the picture itself: the windows of a hierarchy may leave out the system's bars."""
    if captured is None or not captured.screenshot.startswith(_PNG + b"\0\0\0\rIHDR"):
        return 0, 0
    width, height = struct.unpack_from(">II", captured.screenshot, _PNG_SIZE_AT)
    return width, height


def _boxes(dialog: JudgedDialog, rows: Sequence[_Row]) -> tuple[_Box, ...]:
    """Where the words that decided are on the screen."""
    captured = dialog.captured
    if captured is None:
        return ()
    found: dict[Bounds, list[_Row]] = {}
    for row in rows:
        for words in row.result.words:
            for bounds in _places(captured, dialog.text, words):
                found.setdefault(bounds, []).append(row)
    boxes = []
    for bounds, theirs in found.items():
        worst = max((row.result.outcome for row in theirs), key=_RANK.__getitem__)
        numbers = tuple(sorted({row.number for row in theirs}))
        boxes.append(_Box(bounds, worst, numbers))
    return tuple(boxes)


def _places(captured: CapturedDialog, text: DialogText, words: Words) -> list[Bounds]:
    if words.part is Part.BUTTON:
        labels = {words.text, *text.buttons[words.index : words.index + 1]}
        return [b.bounds for b in captured.buttons if b.text in labels]
    return [p.bounds for p in captured.texts if words.text in unicodedata.normalize("NFC", p.text)]
