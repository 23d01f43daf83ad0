"""The small pattern language of the wording files, and finding many patterns in one pass.

A pattern is plain words, in any case and with or without accents:

    delete*          a word that begins so; `*delete*` one that contains it
    will be … lost   up to six words in between (in scripts without spaces: twelve characters)
    (is|are) gone    one of these; `(all |)data` makes a part optional

Patterns are not compiled to regular expressions: 27 languages of them would take longer to compile
than 2 000 dialogs take to be read. They share a tree of words instead, whose branches are found by
their first letters.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

__all__ = ["Folded", "Hit", "PatternError", "Patterns", "Script", "fold"]

GAP = "…"
GAP_WORDS = 6
GAP_CHARACTERS = 12
_KEY_LETTERS = 4
_KEY_LENGTHS = range(1, _KEY_LETTERS + 1)
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
    origin: Sequence[int]

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


class _FoldTable(dict[int, str]):
    """What each character becomes, filled as characters are met."""

    def __init__(self, script: Script) -> None:
        super().__init__()
        self._script = script
        # Characters that become none or several, so that places shift.
        self.shifting: set[str] = set()

    def __missing__(self, code: int) -> str:
        character = chr(code)
        folded = self[code] = _fold_character(character, self._script)
        if len(folded) != 1:
            self.shifting.add(character)
        return folded


@cache
def _fold_table(script: Script) -> _FoldTable:
    return _FoldTable(script)


def _fold_character(character: str, script: Script) -> str:
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
    table = _fold_table(script)
    folded = composed.translate(table)
    if table.shifting.isdisjoint(composed):
        return Folded(text=folded, origin=range(len(composed) + 1))
    origin: list[int] = []
    for index, character in enumerate(composed):
        origin.extend([index] * len(table[ord(character)]))
    origin.append(len(composed))
    return Folded(text=folded, origin=origin)


class _Word(NamedTuple):
    """One word of a pattern. `after_gap`: anything may stand before it, within limits."""

    letters: str
    open_start: bool
    open_end: bool
    after_gap: bool

    @property
    def key(self) -> str:
        """What it is indexed by: its first letters."""
        return self.letters[:_KEY_LETTERS]


_Branches = dict[str, dict[_Word, "_Node"]]


class _Node:
    """Where patterns stand after some of their words; those that share words share nodes.

    `near`: words that come next; `gap`: words that may come later; both by their first letters.
    `far`: words that may begin inside another, which no letters lead to.
    """

    __slots__ = ("ends", "far", "gap", "near")

    def __init__(self) -> None:
        self.ends: set[str] = set()
        self.near: _Branches = {}
        self.gap: _Branches = {}
        self.far: dict[_Word, _Node] = {}

    def add(self, category: str, words: Sequence[_Word]) -> None:
        if not words:
            self.ends.add(category)
            return
        word = words[0]
        if word.open_start:
            within = self.far
        else:
            within = (self.gap if word.after_gap else self.near).setdefault(word.key, {})
        node = within.get(word)
        if node is None:
            node = within[word] = _Node()
        node.add(category, words[1:])


def _at(branches: _Branches, text: str, place: int) -> Iterator[tuple[_Word, _Node]]:
    """The words that may stand right at `place`, by their first letters."""
    for length in _KEY_LENGTHS:
        key = text[place : place + length]
        if key in branches:
            yield from branches[key].items()


class Patterns:
    """Patterns of several categories, found together."""

    def __init__(self, patterns: Iterable[tuple[str, str]], *, script: Script) -> None:
        """`patterns` are (category, pattern). Raises PatternError."""
        self._spaced = script.spaced
        self._root = _Node()
        reader = _WordReader(script)
        for category, source in patterns:
            for written in _alternatives(source):
                self._root.add(category, reader.words(written))

    def find(self, text: str) -> list[Hit]:
        """Every pattern in a folded text, in order of place; of one category the longest."""
        return _Search(text, self._root, spaced=self._spaced).hits()


class _Search:
    """Looking for all patterns in one text."""

    def __init__(self, text: str, root: _Node, *, spaced: bool) -> None:
        self._text = text
        self._root = root
        self._spaced = spaced
        self._in_word = [_IN_WORD[c] for c in text] if spaced else []
        self._found: dict[tuple[int, str], int] = {}

    def hits(self) -> list[Hit]:
        text, near, inside = self._text, self._root.near, self._in_word
        for place in range(len(text)):
            if self._spaced and place and inside[place - 1]:
                continue
            for length in _KEY_LENGTHS:
                key = text[place : place + length]
                if key in near:
                    for word, node in near[key].items():
                        self._try(word, node, place, place)
        for word, node in self._root.far.items():
            self._try_everywhere(word, node)
        return sorted(Hit(start, end, category) for (start, category), end in self._found.items())

    def _try_everywhere(self, word: _Word, node: _Node) -> None:
        """A word that may begin inside another."""
        place = self._text.find(word.letters)
        while place >= 0:
            self._try(word, node, place, self._word_start(place))
            place = self._text.find(word.letters, place + 1)

    def _try(self, word: _Word, node: _Node, place: int, start: int) -> bool:
        """Match `word` at `place` and what may follow it, in a pattern that began at `start`."""
        if not self._text.startswith(word.letters, place):
            return False
        end = self._word_end(place, word)
        return end is not None and self._walk(node, end, start)

    def _walk(self, node: _Node, end: int, start: int) -> bool:
        for category in node.ends:
            key = (start, category)
            if end > self._found.get(key, -1):
                self._found[key] = end
        matched = bool(node.ends)
        if node.near:
            place = self._next_place(end)
            if place is not None:
                for word, child in _at(node.near, self._text, place):
                    matched |= self._try(word, child, place, start)
        if node.gap:
            matched |= self._walk_over_gap(node, end, start)
        for word, child in node.far.items():
            places = self._places_after(end, gap=word.after_gap, open_start=True)
            matched |= any(self._try(word, child, place, start) for place in places)
        return matched

    def _walk_over_gap(self, node: _Node, end: int, start: int) -> bool:
        """Each word that may come later is taken where it first matches."""
        done: set[_Word] = set()
        for place in self._places_after(end, gap=True, open_start=False):
            for word, child in _at(node.gap, self._text, place):
                if word not in done and self._try(word, child, place, start):
                    done.add(word)
        return bool(done)

    def _word_start(self, place: int) -> int:
        while self._spaced and place > 0 and self._in_word[place - 1]:
            place -= 1
        return place

    def _word_end(self, place: int, word: _Word) -> int | None:
        """Where the word of the text ends that `word` was found in; None if it goes on too far."""
        end = place + len(word.letters)
        if not self._spaced:
            return end
        inside = self._in_word
        while end < len(inside) and inside[end]:
            if not word.open_end:
                return None
            end += 1
        return end

    def _next_place(self, end: int) -> int | None:
        """Where the next word begins; None at a sign of punctuation."""
        place = end
        while place < len(self._text) and self._text[place] == " ":
            place += 1
        return None if self._spaced and place == end else place

    def _places_after(self, end: int, *, gap: bool, open_start: bool) -> Iterator[int]:
        """Where a word may begin that stands after a gap, or that may begin inside another."""
        text = self._text
        if not self._spaced:
            yield from _joined_places(text, end, GAP_CHARACTERS if gap else 0)
            return
        words_left = GAP_WORDS if gap else 0
        place = end
        while place < len(text) and text[place] == " ":
            while place < len(text) and text[place] == " ":
                place += 1
            finish = place
            while finish < len(text) and text[finish] != " " and text[finish] not in _STOPS:
                finish += 1
            yield from range(place, finish) if open_start else (place,)
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


class _InWord(dict[str, bool]):
    """Letters, digits and the vowel signs that Python's isalnum leaves out (Devanagari, Thai)."""

    def __missing__(self, character: str) -> bool:
        inside = character.isalnum() or unicodedata.category(character)[0] == "M"
        self[character] = inside
        return inside


_IN_WORD = _InWord()


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


class _WordReader:
    """Reads the words of patterns, most of which are met many times."""

    def __init__(self, script: Script) -> None:
        self._script = script
        self._known: dict[tuple[str, bool], _Word] = {}

    def words(self, written: str) -> tuple[_Word, ...]:
        """Raises PatternError."""
        pieces = written.replace(GAP, f" {GAP} ").split()
        if not pieces or pieces[0] == GAP or pieces[-1] == GAP:
            raise PatternError(f"{written!r}: a pattern begins and ends with a word")
        found, after_gap = [], False
        for piece in pieces:
            if piece != GAP:
                word = self._known.get((piece, after_gap))
                found.append(word or self._read(piece, written, after_gap=after_gap))
            after_gap = piece == GAP
        return tuple(found)

    def _read(self, piece: str, written: str, *, after_gap: bool) -> _Word:
        letters = fold(piece.strip("*"), self._script).text
        if not letters or "*" in letters:
            raise PatternError(f"{written!r}: `*` stands at the beginning or end of a word")
        word = _Word(letters, piece.startswith("*"), piece.endswith("*"), after_gap)
        self._known[piece, after_gap] = word
        return word
