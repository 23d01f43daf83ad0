"""The firmware is updated below an app, by the package that its device is offered."""

from __future__ import annotations

from tests.words import Scenario


def test_recovery_is_given_the_package(scenario: Scenario) -> None:
    scenario(update="firmware", route="sideload").require("updated_data_intact")


def test_android_applies_it_to_the_other_slot(scenario: Scenario) -> None:
    scenario(update="firmware", route="ota").require("updated_data_intact")
