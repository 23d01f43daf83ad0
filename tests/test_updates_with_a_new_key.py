"""The maker changed the key, and the old key vouches for the new one in the APK (scheme v3)."""

from __future__ import annotations

import pytest

from tests.words import Scenario


def test_over_adb_the_data_survives(scenario: Scenario) -> None:
    scenario(update="rotated", route="adb").require_pass()


def test_by_an_app_through_a_session_the_data_survives(scenario: Scenario) -> None:
    scenario(update="rotated", route="session").require_pass()


@pytest.mark.needs("store")
def test_pushed_by_the_store_to_somebody_who_confirms_at_once_the_data_survives(
    scenario: Scenario,
) -> None:
    scenario(update="rotated", route="store_push", persona="careless").require_pass()
