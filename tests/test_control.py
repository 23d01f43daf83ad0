"""Would this harness see a loss? It uninstalls and reinstalls, as declared, and must see one."""

from __future__ import annotations

from tests.words import Scenario


def test_uninstalling_and_reinstalling_shows_as_a_loss(scenario: Scenario) -> None:
    scenario(update="uninstall_reinstall", route="adb").require_loss()
