"""An update that somebody else signed: it is refused, or whoever agrees to the loss knows it."""

from __future__ import annotations

import pytest

from tests.words import Scenario


def test_over_adb_it_is_refused(scenario: Scenario) -> None:
    scenario(update="other_signer", route="adb").require("refused_data_intact")


def test_by_an_app_through_a_session_it_is_refused(scenario: Scenario) -> None:
    scenario(update="other_signer", route="session").require("refused_data_intact")


def test_opened_by_a_careless_person_it_costs_nothing(scenario: Scenario) -> None:
    scenario(update="other_signer", route="installer_ui", persona="careless").require_pass()


@pytest.mark.needs("store")
def test_pushed_by_the_store_to_a_careful_reader_it_costs_nothing(scenario: Scenario) -> None:
    scenario(update="other_signer", route="store_push", persona="careful").require_pass()


@pytest.mark.needs("store")
def test_pushed_by_the_store_to_somebody_who_confirms_at_once_it_costs_nothing(
    scenario: Scenario,
) -> None:
    scenario(update="other_signer", route="store_push", persona="careless").require_pass()


@pytest.mark.needs("store")
def test_pushed_by_the_store_to_somebody_who_is_typing_it_costs_nothing(
    scenario: Scenario,
) -> None:
    scenario(update="other_signer", route="store_push", persona="typing").require_pass()
