"""The words that scenarios are written in, for the type checker: a typo is found before a run.

The fixtures behind them come from the plugin.
"""

from __future__ import annotations

from typing import Literal, Protocol

Update = Literal[
    "same_signer", "other_signer", "rotated", "downgrade", "uninstall_reinstall", "firmware"
]
Route = Literal["adb", "session", "installer_ui", "store_push", "sideload", "ota"]
Persona = Literal["careful", "careless", "typing", "absent", "hasty", "persistent"]
Circumstance = Literal["locked", "another_app", "largest_font"]
Ending = Literal[
    "updated_data_intact",
    "refused_data_intact",
    "informed_loss",
    "silent_loss",
    "loss_after_inadequate_warning",
    "false_warning",
    "exposed",
]


class Verdict(Protocol):
    """What came of a scenario. One of its questions must be asked, or the test fails."""

    def require_pass(self) -> None:
        """The firmware kept the data, or lost it only with an informed user's consent."""

    def require(self, *endings: Ending) -> None:
        """It ended in one of these ways."""

    def require_loss(self) -> None:
        """A control: the data is known to be gone, so a harness that saw none is blind."""


class Scenario(Protocol):
    """Run one scenario on the device that the test has leased."""

    def __call__(
        self,
        *,
        update: Update,
        route: Route,
        persona: Persona | None = None,
        when: Circumstance | None = None,
    ) -> Verdict: ...
