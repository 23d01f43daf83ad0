"""An older version than the installed one is no update: it is refused, and nothing is lost."""

from __future__ import annotations

import pytest

from tests.words import Scenario


def test_over_adb_it_is_refused(scenario: Scenario) -> None:
    scenario(update="downgrade", route="adb").require("refused_data_intact")


def test_opened_by_a_careless_person_it_costs_nothing(scenario: Scenario) -> None:
    scenario(update="downgrade", route="installer_ui", persona="careless").require_pass()


@pytest.mark.needs("store")
def test_pushed_by_the_store_to_somebody_who_confirms_at_once_it_costs_nothing(
    scenario: Scenario,
) -> None:
    scenario(update="downgrade", route="store_push", persona="careless").require_pass()
