"""The store pops up by itself, over whatever is on the screen, with an update by the same signer.

Whoever answers it, and however: nothing may be lost. This is what went wrong in 2018.
"""

from __future__ import annotations

import pytest

from tests.words import Scenario

pytestmark = pytest.mark.needs("store")


def test_a_careful_reader_loses_nothing(scenario: Scenario) -> None:
    scenario(update="same_signer", route="store_push", persona="careful").require_pass()


def test_whoever_confirms_without_reading_loses_nothing(scenario: Scenario) -> None:
    scenario(update="same_signer", route="store_push", persona="careless").require_pass()


def test_whoever_is_typing_when_it_appears_loses_nothing(scenario: Scenario) -> None:
    scenario(update="same_signer", route="store_push", persona="typing").require_pass()


def test_whoever_does_not_answer_loses_nothing(scenario: Scenario) -> None:
    scenario(update="same_signer", route="store_push", persona="absent").require_pass()
