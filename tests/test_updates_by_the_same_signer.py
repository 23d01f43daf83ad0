"""An update by the app's own maker goes in over the old version, and everything is still there."""

from __future__ import annotations

from tests.words import Scenario


def test_over_adb_it_keeps_everything(scenario: Scenario) -> None:
    scenario(update="same_signer", route="adb").require("updated_data_intact")


def test_by_an_app_through_a_session_it_keeps_everything(scenario: Scenario) -> None:
    scenario(update="same_signer", route="session").require("updated_data_intact")


def test_opened_by_a_careful_person_it_keeps_everything(scenario: Scenario) -> None:
    scenario(update="same_signer", route="installer_ui", persona="careful").require_pass()


def test_opened_by_a_careless_person_it_keeps_everything(scenario: Scenario) -> None:
    scenario(update="same_signer", route="installer_ui", persona="careless").require_pass()
