"""An update by the app's own maker goes in over the old version, and everything is still there."""

from __future__ import annotations

from tests.words import Scenario


def test_over_adb_it_keeps_everything(scenario: Scenario) -> None:
    scenario(update="same_signer", route="adb").require("updated_data_intact")
