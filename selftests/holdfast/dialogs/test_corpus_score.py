"""The judge on the corpus of real dialogs: the bounds that were promised, for each half."""

from __future__ import annotations

import pytest

from selftests.corpus import needs_corpus
from selftests.holdfast.dialogs.scoring import Score, load_rows, score

pytestmark = needs_corpus


@pytest.fixture(scope="module")
def found() -> Score:
    return score(load_rows())


def test_the_verdict_is_right_for_95_of_100_dialogs(found: Score) -> None:
    assert found.verdict >= 95.0
    assert found.hard_cases >= 90.0


def test_hardly_an_inadequate_warning_is_called_correct(found: Score) -> None:
    assert found.inadequate_called_correct <= 1.0


def test_no_language_and_no_vendor_with_enough_dialogs_is_left_behind(found: Score) -> None:
    assert {kind for kind, _ in found.groups} == {"language", "vendor"}
    assert {key: value for key, value in found.groups.items() if value < 90.0} == {}


def test_every_label_is_right_for_93_of_100_dialogs(found: Score) -> None:
    assert {label: value for label, value in found.labels.items() if value < 93.0} == {}


@pytest.mark.parametrize("in_view", [True, False])
def test_both_halves_of_the_corpus_keep_the_bound(in_view: bool) -> None:
    half = [row for row in load_rows() if row.in_view is in_view]
    assert len(half) > 150
    assert score(half).verdict >= 95.0
