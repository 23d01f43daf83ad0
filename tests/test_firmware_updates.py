"""The firmware is updated below an app, by the package that its device is offered."""

from __future__ import annotations

from tests.words import Scenario


def test_through_recovery_it_keeps_everything(scenario: Scenario) -> None:
    scenario(update="firmware", route="sideload").require("updated_data_intact")


def test_into_the_other_slot_it_keeps_everything(scenario: Scenario) -> None:
    scenario(update="firmware", route="ota").require("updated_data_intact")
