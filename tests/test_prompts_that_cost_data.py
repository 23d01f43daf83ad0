"""A store that asks before it destroys: a finger that slips costs nothing; who agrees knows it."""

from __future__ import annotations

import pytest

from tests.words import Scenario

pytestmark = pytest.mark.needs("store")


def test_a_tap_that_was_on_its_way_when_the_prompt_came_up_loses_nothing(
    scenario: Scenario,
) -> None:
    scenario(update="same_signer", route="store_push", persona="hasty").require_pass()


def test_whoever_confirms_everything_was_told_correctly_and_twice_also_in_the_largest_font(
    scenario: Scenario,
) -> None:
    scenario(
        update="other_signer", route="store_push", persona="persistent", when="largest_font"
    ).require_pass()
