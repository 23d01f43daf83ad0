"""The small pattern language of the wording files, and finding many patterns in one pass.

A pattern is plain words, in any case and with or without accents:

    delete*          a word that begins so; `*delete*` one that contains it
    will be … lost   up to six words in between (in scripts without spaces: twelve characters)
    (is|are) gone    one of these; `(all |)data` makes a part optional

Patterns are not compiled to regular expressions: 27 languages of them would take longer to compile
than 2 000 dialogs take to be read. They are indexed by their first two letters instead.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

__all__ = ["Folded", "Hit", "PatternError", "Patterns", "Script", "fold"]

GAP = "…"
GAP_WORDS = 6
GAP_CHARACTERS = 12
_STOPS = frozenset('\n.,;:!?¿¡。，、；：！？؟،؛।…()（）[]"“”„«»「」『』')
# Joiners and marks of direction, which are written or left out as it happens.
_UNSEEN = dict.fromkeys([0x200B, 0x200C, 0x200D, 0x200E, 0x200F, 0xAD, 0xFEFF, 0x640], "")
_NON_JOINER = "\u200c"
_TURKISH = {"İ": "i", "I": "ı"}
_ALIKE = {
    "’": "'",
    "‘": "'",
    "ʼ": "'",
    "\xa0": " ",
    "\u202f": " ",
    "\u3000": " ",
    "ی": "ي",
    "ک": "ك",
}


class PatternError(ValueError):
    """A pattern that cannot be understood; the message says which and why."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Script:
    """How a language is written.

    `spaced`: words stand apart, so that a pattern must match whole words. `fold_accents`: accents
    tell no meaning that matters here (they do in Vietnamese, Hindi, Thai and Japanese).
    `joiner_is_space`: the zero-width non-joiner parts words (Persian), and may be a space too.
    """

    spaced: bool = True
    fold_accents: bool = True
    turkish_i: bool = False
    joiner_is_space: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Folded:
    """A text in the form that patterns are compared in; `origin[i]` is where its character i came
    from in the original, and `origin[len(text)]` is the original's length."""

    text: str
    origin: tuple[int, ...]

    def span(self, start: int, end: int) -> tuple[int, int]:
        """The part of the original that characters start..end came from."""
        return self.origin[start], self.origin[end - 1] + 1 if end > start else self.origin[start]


@dataclass(frozen=True, slots=True, order=True)
class Hit:
    """A pattern of `category` was found at start..end of the folded text."""

    start: int
    end: int
    category: str

    def overlaps(self, other: Hit) -> bool:
        return self.start < other.end and other.start < self.end


_FOLDS: dict[tuple[str, Script], str] = {}


def _fold_character(character: str, script: Script) -> str:
    key = (character, script)
    known = _FOLDS.get(key)
    if known is None:
        known = _FOLDS[key] = _fold_unknown(character, script)
    return known


def _fold_unknown(character: str, script: Script) -> str:
    if character == _NON_JOINER and script.joiner_is_space:
        return " "
    if ord(character) in _UNSEEN:
        return ""
    plain = _ALIKE.get(character, character)
    if script.turkish_i:
        plain = _TURKISH.get(plain, plain)
    plain = plain.casefold()
    if not script.fold_accents:
        return unicodedata.normalize("NFKC", plain)
    apart = unicodedata.normalize("NFKD", plain)
    return "".join(c for c in apart if not unicodedata.combining(c))


def fold(text: str, script: Script) -> Folded:
    """Bring a text into the form that patterns are compared in."""
    composed = unicodedata.normalize("NFC", text)
    pieces = [_fold_character(c, script) for c in composed]
    origin: list[int] = []
    for index, piece in enumerate(pieces):
        origin.extend([index] * len(piece))
    origin.append(len(composed))
    return Folded(text="".join(pieces), origin=tuple(origin))


@dataclass(frozen=True, slots=True)
class _Word:
    """One word of a pattern. `after_gap`: anything may stand before it, within limits."""

    letters: str
    open_start: bool
    open_end: bool
    after_gap: bool


@dataclass(frozen=True, slots=True)
class _Pattern:
    category: str
    words: tuple[_Word, ...]


class Patterns:
    """Patterns of several categories, found together."""

    def __init__(self, patterns: Iterable[tuple[str, str]], *, script: Script) -> None:
        """`patterns` are (category, pattern). Raises PatternError."""
        self._script = script
        self._index: dict[str, list[_Pattern]] = {}
        self._singles: dict[str, list[_Pattern]] = {}
        for category, source in patterns:
            for written in _alternatives(source):
                self._add(category, written)

    def _add(self, category: str, written: str) -> None:
        words = tuple(_words(written, self._script))
        pattern = _Pattern(category, words)
        first = words[0].letters
        if len(first) == 1:
            self._singles.setdefault(first, []).append(pattern)
        else:
            self._index.setdefault(first[:2], []).append(pattern)

    def find(self, text: str) -> list[Hit]:
        """Every pattern in a folded text, in order of place; of one category the longest."""
        found: dict[tuple[int, str], int] = {}
        singles, index = self._singles, self._index
        for place in range(len(text)):
            candidates = index.get(text[place : place + 2])
            if candidates:
                self._try(candidates, text, place, found)
            if singles and (alone := singles.get(text[place])):
                self._try(alone, text, place, found)
        return sorted(Hit(start, end, category) for (start, category), end in found.items())

    def _try(
        self,
        candidates: list[_Pattern],
        text: str,
        place: int,
        found: dict[tuple[int, str], int],
    ) -> None:
        for pattern in candidates:
            first = pattern.words[0]
            if not text.startswith(first.letters, place):
                continue
            start = self._start(text, place, first)
            end = self._match(text, place, pattern.words) if start is not None else None
            if start is not None and end is not None:
                key = (start, pattern.category)
                if end > found.get(key, -1):
                    found[key] = end

    def _start(self, text: str, place: int, word: _Word) -> int | None:
        """Where the word begins that `word` was found in; None if it must begin here, and does
        not."""
        if not self._script.spaced:
            return place
        start = place
        while start > 0 and _in_word(text[start - 1]):
            if not word.open_start:
                return None
            start -= 1
        return start

    def _match(self, text: str, place: int, words: tuple[_Word, ...]) -> int | None:
        """The end of `words`, the first of which stands at `place`; None if they do not match."""
        end = self._word_end(text, place, words[0])
        if end is None or len(words) == 1:
            return end
        rest = words[1:]
        for after in self._places_after(text, end, rest[0]):
            if text.startswith(rest[0].letters, after):
                if self._start(text, after, rest[0]) is None:
                    continue
                matched = self._match(text, after, rest)
                if matched is not None:
                    return matched
        return None

    def _word_end(self, text: str, place: int, word: _Word) -> int | None:
        end = place + len(word.letters)
        if not self._script.spaced:
            return end
        while end < len(text) and _in_word(text[end]):
            if not word.open_end:
                return None
            end += 1
        return end

    def _places_after(self, text: str, end: int, word: _Word) -> Iterator[int]:
        """Where the next word of a pattern may begin."""
        if not self._script.spaced:
            yield from _joined_places(text, end, GAP_CHARACTERS if word.after_gap else 0)
            return
        words_left = GAP_WORDS if word.after_gap else 0
        place = end
        while place < len(text) and text[place] == " ":
            while place < len(text) and text[place] == " ":
                place += 1
            finish = place
            while finish < len(text) and text[finish] != " " and text[finish] not in _STOPS:
                finish += 1
            yield from range(place, finish) if word.open_start else (place,)
            if words_left == 0:
                return
            words_left -= 1
            place = finish


def _joined_places(text: str, end: int, gap: int) -> Iterator[int]:
    place = end
    while place < len(text) and text[place] == " ":
        place += 1
    yield place
    for after in range(place + 1, min(place + 1 + gap, len(text))):
        if text[after - 1] in _STOPS and text[after - 1] != "、":
            return
        yield after


def _in_word(character: str) -> bool:
    """Letters, digits and the vowel signs that Python's isalnum leaves out (Devanagari, Thai)."""
    return character.isalnum() or unicodedata.category(character)[0] == "M"


def _alternatives(source: str) -> Iterator[str]:
    """`(a|b) c` → `a c`, `b c`."""
    opened = source.find("(")
    if opened < 0:
        if ")" in source or "|" in source:
            raise PatternError(f"{source!r}: `)` or `|` without `(`")
        yield source
        return
    closed = source.find(")", opened)
    if closed < 0:
        raise PatternError(f"{source!r}: `(` is not closed")
    inner = source[opened + 1 : closed]
    if "(" in inner:
        raise PatternError(f"{source!r}: `(` within `(`")
    for choice in inner.split("|"):
        yield from _alternatives(source[:opened] + choice + source[closed + 1 :])


def _words(written: str, script: Script) -> Iterator[_Word]:
    after_gap = False
    pieces = written.replace(GAP, f" {GAP} ").split()
    if not pieces or pieces[0] == GAP or pieces[-1] == GAP:
        raise PatternError(f"{written!r}: a pattern begins and ends with a word")
    for piece in pieces:
        if piece == GAP:
            after_gap = True
            continue
        letters = fold(piece.strip("*"), script).text
        if not letters or "*" in letters:
            raise PatternError(f"{written!r}: `*` stands at the beginning or end of a word")
        yield _Word(letters, piece.startswith("*"), piece.endswith("*"), after_gap)
        after_gap = False
