"""The pattern language of the wording files."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.dialogs.patterns import PatternError, Patterns, Script, fold

SPACED = Script()
JOINED = Script(spaced=False)
TURKISH = Script(turkish_i=True)
PERSIAN = Script(joiner_is_space=True)


def found(pattern: str, text: str, script: Script = SPACED) -> list[str]:
    folded = fold(text, script)
    composed = unicodedata.normalize("NFC", text)
    hits = Patterns([("x", pattern)], script=script).find(folded.text)
    spans = [folded.span(hit.start, hit.end) for hit in hits]
    return [composed[start:end] for start, end in spans]


@pytest.mark.parametrize(
    ("pattern", "text", "expected"),
    [
        ("lost", "It is LOST.", ["LOST"]),
        ("lost", "lostness", []),
        ("delet*", "Deleting deletes", ["Deleting", "deletes"]),
        ("*verlust", "Datenverlust droht", ["Datenverlust"]),
        ("*daten*", "Nutzerdatensatz", ["Nutzerdatensatz"]),
        ("will … lost", "will surely all be lost", ["will surely all be lost"]),
        ("will … lost", "will be. All is lost", []),
        ("will … lost", "will a b c d e f g lost", []),
        ("(all |)data", "all data", ["all data", "data"]),
        ("effacé", "EFFACE", ["EFFACE"]),
        ("n't", "doesn't", []),
        ("*n't", "doesn’t", ["doesn’t"]),
    ],
)
def test_a_pattern_finds_what_it_says(pattern: str, text: str, expected: list[str]) -> None:
    assert found(pattern, text) == expected


def test_in_a_script_without_spaces_a_pattern_is_found_anywhere() -> None:
    assert found("数据", "所有数据都", JOINED) == ["数据"]
    assert found("清除…数据", "清除您的所有数据", JOINED) == ["清除您的所有数据"]
    assert found("清除…数据", "清除。所有数据", JOINED) == []


def test_a_turkish_capital_i_has_its_dot_or_not() -> None:
    assert found("iptal", "İPTAL", TURKISH) == ["İPTAL"]
    assert found("kaldır", "KALDIR", TURKISH) == ["KALDIR"]


def test_a_persian_word_is_found_with_a_joiner_or_a_space() -> None:
    assert found("داده های", "داده‌های", PERSIAN) == ["داده‌های"]
    assert found("داده های", "داده های", PERSIAN) == ["داده های"]


def test_the_longest_match_of_a_category_counts() -> None:
    patterns = Patterns([("x", "app"), ("x", "app data"), ("y", "app")], script=SPACED)
    hits = patterns.find("app data")
    assert [(h.category, h.end) for h in hits] == [("y", 3), ("x", 8)]


@pytest.mark.parametrize("wrong", ["", "…", "a …", "… a", "(a", "a)", "a|b", "((a)", "a*b"])
def test_a_pattern_that_makes_no_sense_is_refused(wrong: str) -> None:
    with pytest.raises(PatternError):
        Patterns([("x", wrong)], script=SPACED)


@given(st.text(max_size=60))
def test_every_place_of_a_folded_text_leads_back_into_the_original(text: str) -> None:
    folded = fold(text, SPACED)
    composed = unicodedata.normalize("NFC", text)
    assert len(folded.origin) == len(folded.text) + 1
    assert list(folded.origin) == sorted(folded.origin)
    assert all(0 <= place <= len(composed) for place in folded.origin)


def test_a_text_of_twenty_thousand_half_matches_is_searched_to_its_end() -> None:
    """Were the search to try every combination of gaps, this would not end."""
    patterns = Patterns([("x", "a … b … c … d"), ("x", "*a … *a … *b")], script=SPACED)
    assert patterns.find("a " * 20_000) == []
