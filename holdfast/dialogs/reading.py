"""What a dialog's words say about the user's data: clause by clause, with the words that say it.

A sentence is cut into clauses at punctuation and at the words that begin one (`break` lists).
Negation, hedges and purpose count within their clause; the thing that is lost is looked for in the
clause first and in the rest of the sentence after.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from holdfast.dialogs.captured import DialogText
from holdfast.dialogs.judgement import Part, Words
from holdfast.dialogs.patterns import Hit
from holdfast.dialogs.statements import Certainty, Loss, Reading, Target
from holdfast.dialogs.wording import LanguageRules, Meaning

__all__ = ["read"]

_SENTENCE_ENDS = frozenset("\n!?。！？；;؟।…")
_QUESTIONS = ("?", "？", "؟", "吗", "嗎")
# A number and a unit of size, in folded text: 11 gb, 1,5 go, 500 мб.
_AMOUNT = re.compile(r"\d[\d.,\u00a0 ]*(?:[kmgt]i?[bo]\b|[кмгт]б|字节|字節|[キメギ]..?バイト)")
_CLAUSE_ENDS = frozenset(',，:：、،؛—–()（）[]"“”„«»「」『』')


@dataclass(frozen=True, slots=True)
class _Clause:
    start: int
    end: int
    sentence: int


class _PartReader:
    """Reads one part of a dialog (title or message)."""

    def __init__(self, text: str, part: Part, rules: LanguageRules, app_name: str | None) -> None:
        self._text = unicodedata.normalize("NFC", text)
        self._part = part
        self._rules = rules
        self._folded = rules.fold(text)
        self._name = self._find_name(app_name)
        self._hits = _without_ignored(sorted([*rules.find(self._folded), *self._name]))
        self._clauses = _clauses(self._folded.text, self._hits, rules.abbreviations)
        self._by_clause = [self._within(c) for c in self._clauses]

    def _within(self, clause: _Clause) -> list[Hit]:
        return [h for h in self._hits if clause.start <= h.start < clause.end]

    def words(self, hits: Iterable[Hit]) -> tuple[Words, ...]:
        found = []
        for hit in _widest(hits):
            start, end = self._folded.span(hit.start, hit.end)
            shown = self._text[start:end]
            found.append(Words(part=self._part, text=shown, start=start, end=end))
        return tuple(found)

    def all(self, *meanings: Meaning) -> tuple[Words, ...]:
        return self.words(h for h in self._hits if h.category in meanings)

    def _find_name(self, app_name: str | None) -> list[Hit]:
        wanted = self._rules.fold(app_name).text if app_name else ""
        place = self._folded.text.find(wanted) if wanted else -1
        return [Hit(place, place + len(wanted), Meaning.APP)] if place >= 0 else []

    def name(self) -> tuple[Words, ...]:
        """Where the app's name stands."""
        return self.words(self._name)

    def amounts(self) -> tuple[Words, ...]:
        """Sizes: 11 GB."""
        return self.words(
            Hit(m.start(), m.end(), "amount") for m in _AMOUNT.finditer(self._folded.text)
        )

    def losses(self) -> list[Loss]:
        found = []
        for clause, hits in zip(self._clauses, self._by_clause, strict=True):
            if any(h.category in _LOSSES for h in hits):
                found.append(self._loss(clause, hits))
        return found

    def _loss(self, clause: _Clause, hits: list[Hit]) -> Loss:
        whole = _first(hits, Meaning.DATA_LOSS)
        lost = whole or _first(hits, Meaning.NOT_KEPT) or _first(hits, Meaning.LOST)
        assert lost is not None
        target, thing = self._target(clause, hits)
        if whole and target not in (Target.USER_DATA, Target.SMALL_DATA):
            target, thing = Target.BARE_DATA, thing or whole
        certainty, how = _certainty(hits)
        said = [h for h in (thing, lost, how) if h is not None]
        return Loss(
            certainty=certainty,
            target=target,
            words=self.words(said),
            asked=self._is_question(clause),
        )

    def _is_question(self, clause: _Clause) -> bool:
        last = max(c.end for c in self._clauses if c.sentence == clause.sentence)
        return self._folded.text[:last].rstrip().endswith(_QUESTIONS)

    def _target(self, clause: _Clause, hits: list[Hit]) -> tuple[Target, Hit | None]:
        """What is lost: by the clause, or where it names nothing by the sentence around it."""
        target, thing = _named(hits)
        if target is Target.NOTHING_NAMED:
            around = [
                h
                for other, theirs in zip(self._clauses, self._by_clause, strict=True)
                if other.sentence == clause.sentence
                for h in theirs
            ]
            return _named(around)
        return target, thing

    def kept(self) -> tuple[Words, ...]:
        """Statements that the user's data stays."""
        found: list[Hit] = []
        for hits in self._by_clause:
            keeps = _first(hits, Meaning.KEPT)
            data = _first(hits, Meaning.USER_DATA) or _first(hits, Meaning.BARE_DATA)
            hindered = any(
                h.category in (*_HINDERS, *_LOSSES)
                for h in hits
                if not (keeps and keeps.overlaps(h))
            )
            if keeps and data and not hindered:
                found += [data, keeps]
        return self.words(found)

    def lost_because_not_kept(self) -> list[Loss]:
        """`data will not be kept`: the negation of keeping is a loss."""
        found = []
        for hits in self._by_clause:
            keeps, negation = _first(hits, Meaning.KEPT), _first(hits, Meaning.NOT)
            data = _first(hits, Meaning.USER_DATA) or _first(hits, Meaning.BARE_DATA)
            if keeps and negation and data and not any(h.category in _LOSSES for h in hits):
                if keeps.overlaps(negation):
                    continue
                found.append(
                    Loss(
                        certainty=Certainty.CERTAIN,
                        target=_named(hits)[0],
                        words=self.words([data, negation, keeps]),
                    )
                )
        return found

    def uninstall(self) -> tuple[Words, ...]:
        """Asking or telling the user to uninstall an app."""
        found = []
        for hits in self._by_clause:
            found += [h for h in hits if h.category == Meaning.UNINSTALL]
            lost = _first(hits, Meaning.LOST)
            if lost and _named(hits)[0] is Target.APP and _certainty(hits)[0] is Certainty.CERTAIN:
                found.append(lost)
        return self.words(found)

    def mismatch(self) -> tuple[Words, ...]:
        """Signature jargon that says two things do not fit."""
        found = [h for h in self._hits if h.category == Meaning.CONFLICT]
        sentences: dict[int, list[Hit]] = {}
        for clause, hits in zip(self._clauses, self._by_clause, strict=True):
            sentences.setdefault(clause.sentence, []).extend(hits)
        for hits in sentences.values():
            jargon, differs = _first(hits, Meaning.SIGNATURE), _first(hits, Meaning.DIFFERS)
            if jargon and differs:
                found += [jargon, differs]
        return self.words(found)


_LOSSES = (Meaning.LOST, Meaning.NOT_KEPT, Meaning.DATA_LOSS)
_HINDERS = (Meaning.NOT, Meaning.MAYBE, Meaning.TO_AVOID)


def _first(hits: Sequence[Hit], meaning: Meaning) -> Hit | None:
    return next((h for h in hits if h.category == meaning), None)


def _without_ignored(hits: list[Hit]) -> list[Hit]:
    """Leave out hits inside `ignore`, hits that share letters with a longer one of a rival list,
    and negations that belong to `not backed up` or `cannot be undone`."""
    ignored = [h for h in hits if h.category == Meaning.IGNORE]
    rivals = {
        Meaning.USER_DATA: (Meaning.OTHER_THING, Meaning.SMALL_DATA),
        Meaning.BARE_DATA: (Meaning.OTHER_THING, Meaning.SMALL_DATA, Meaning.USER_DATA),
        Meaning.OTHER_THING: (Meaning.USER_DATA, Meaning.SMALL_DATA),
        Meaning.SMALL_DATA: (Meaning.USER_DATA, Meaning.OTHER_THING),
        Meaning.APP: (Meaning.USER_DATA, Meaning.OTHER_THING),
        Meaning.NOT: (Meaning.NOT_BACKED_UP, Meaning.CANNOT_RETURN, Meaning.NOT_KEPT),
        Meaning.MAYBE: (Meaning.NOT_BACKED_UP, Meaning.CANNOT_RETURN, Meaning.NOT),
        Meaning.KEPT: (Meaning.NOT_BACKED_UP, Meaning.NOT_KEPT, Meaning.KEEP_OPTION),
        Meaning.LOST: (Meaning.CANNOT_RETURN, Meaning.OTHER_THING),
        Meaning.UNINSTALL: (Meaning.OTHER_THING, Meaning.SMALL_DATA),
        Meaning.DATA_LOSS: (Meaning.OTHER_THING, Meaning.SMALL_DATA),
        Meaning.WIPE_OPERATION: (Meaning.OTHER_THING, Meaning.SMALL_DATA),
        Meaning.BACKUP: (Meaning.NOT_BACKED_UP, Meaning.OTHER_THING),
        Meaning.BREAK: (Meaning.LOST, Meaning.NOT_KEPT, Meaning.USER_DATA, Meaning.CANNOT_RETURN),
    }

    def stands(hit: Hit) -> bool:
        if hit.category != Meaning.IGNORE and any(hit.overlaps(i) for i in ignored):
            return False
        strong = rivals.get(Meaning(hit.category), ())
        return not any(
            other.category in strong and _outweighs(other, hit)
            for other in hits
            if other is not hit
        )

    return [h for h in hits if stands(h)]


def _widest(hits: Iterable[Hit]) -> list[Hit]:
    """In order of place, without hits inside others."""
    ordered = sorted(hits, key=lambda h: (h.start, -h.end))
    kept: list[Hit] = []
    for hit in ordered:
        if not kept or hit.end > kept[-1].end:
            kept.append(hit)
    return kept


def _outweighs(longer: Hit, hit: Hit) -> bool:
    """`longer` shares letters with `hit` and has more of them."""
    return longer.overlaps(hit) and (longer.end - longer.start) > (hit.end - hit.start)


def _clauses(text: str, hits: list[Hit], abbreviations: frozenset[str]) -> list[_Clause]:
    cuts = {h.start: False for h in hits if h.category == Meaning.BREAK}
    for place, character in enumerate(text):
        if character in _SENTENCE_ENDS or (
            character == "." and _ends_sentence(text, place, abbreviations)
        ):
            cuts[place + 1] = True
        elif character in _CLAUSE_ENDS:
            cuts.setdefault(place + 1, False)
    clauses, start, sentence = [], 0, 0
    for cut in sorted(cuts):
        if cut > start:
            clauses.append(_Clause(start, cut, sentence))
            start = cut
        sentence += cuts[cut]
    if start < len(text):
        clauses.append(_Clause(start, len(text), sentence))
    return clauses


def _ends_sentence(text: str, place: int, abbreviations: frozenset[str]) -> bool:
    """A full stop before a space or the end; not one inside `V10.3.1`, nor after `dvs`."""
    if place + 1 < len(text) and not text[place + 1].isspace():
        return False
    word = text[:place].rsplit(None, 1)
    return not word or word[-1] not in abbreviations


def _named(hits: Sequence[Hit]) -> tuple[Target, Hit | None]:
    for meaning, target in (
        (Meaning.USER_DATA, Target.USER_DATA),
        (Meaning.SMALL_DATA, Target.SMALL_DATA),
        (Meaning.OTHER_THING, Target.OTHER),
        (Meaning.BARE_DATA, Target.BARE_DATA),
        (Meaning.APP, Target.APP),
    ):
        hit = _first(hits, meaning)
        if hit:
            return target, hit
    return Target.NOTHING_NAMED, None


def _certainty(hits: Sequence[Hit]) -> tuple[Certainty, Hit | None]:
    """How sure the clause is, and the word that says so."""
    for meaning, certainty in (
        (Meaning.TO_AVOID, Certainty.AVOIDED),
        (Meaning.NOT, Certainty.DENIED),
        (Meaning.MAYBE, Certainty.HEDGED),
    ):
        hit = _first(hits, meaning)
        if hit:
            return certainty, hit
    return Certainty.CERTAIN, None


def read(dialog: DialogText, rules: LanguageRules) -> Reading:
    """Read title and message by the rules of one language."""
    parts = [
        _PartReader(text, part, rules, dialog.app_name)
        for text, part in ((dialog.title, Part.TITLE), (dialog.message, Part.MESSAGE))
        if text
    ]

    def gather(*meanings: Meaning) -> tuple[Words, ...]:
        return tuple(w for p in parts for w in p.all(*meanings))

    return Reading(
        losses=tuple(x for p in parts for x in (*p.losses(), *p.lost_because_not_kept())),
        kept=tuple(w for p in parts for w in p.kept()),
        keep_option=gather(Meaning.KEEP_OPTION),
        uninstall=tuple(w for p in parts for w in p.uninstall()),
        wipe_operation=gather(Meaning.WIPE_OPERATION),
        mismatch=tuple(w for p in parts for w in p.mismatch()),
        jargon=gather(Meaning.SIGNATURE, Meaning.CONFLICT),
        other_matter=gather(Meaning.OTHER_MATTER, Meaning.NOTHING_LOST),
        nothing_lost=gather(Meaning.NOTHING_LOST),
        backup=gather(Meaning.BACKUP),
        app_name=tuple(w for p in parts for w in p.name()),
        amount=tuple(w for p in parts for w in p.amounts()),
        whole_device=gather(Meaning.WHOLE_DEVICE),
    )
