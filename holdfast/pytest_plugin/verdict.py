"""What the `scenario` fixture hands to a test: a verdict that must be asked, and what it may raise.

Whose fault a failure is shows in its class: ProductFailure is the firmware's, LabError the lab's,
everything else ours.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import TypeVar

from holdfast.errors import ConfigurationError, HarnessFault, LabError
from holdfast.scenario.result import (
    Circumstance,
    Persona,
    Route,
    ScenarioPlan,
    ScenarioResult,
    UpdateKind,
    VerdictKind,
)

__all__ = ["ProductFailure", "Verdict", "plan_from_words"]

Word = TypeVar("Word", bound=StrEnum)
_CHANGES_SHOWN = 5
_SHOWS_SOMETHING = frozenset({Route.INSTALLER_UI, Route.STORE_PUSH})
_LOSSES = frozenset(
    {
        VerdictKind.SILENT_LOSS,
        VerdictKind.LOSS_AFTER_INADEQUATE_WARNING,
        VerdictKind.INFORMED_LOSS,
    }
)


class ProductFailure(AssertionError):
    """The firmware did not do what the test requires of it."""

    def __init__(self, result: ScenarioResult, *, required: str) -> None:
        super().__init__(_explained(result, required=required))
        self.result = result


class Verdict:
    """The verdict of one scenario. A test that asks none of its questions fails."""

    def __init__(self, result: ScenarioResult) -> None:
        self.result = result
        self.asked = False

    def require_pass(self) -> None:
        """The firmware kept the data, or lost it only with an informed user's consent."""
        self._require(self._kind().passes, "a passing verdict")

    def require(self, *endings: str) -> None:
        """It ended in one of these ways, named by the verdicts' own words."""
        wanted = [_word(VerdictKind, ending, what="verdict") for ending in endings]
        if not wanted or VerdictKind.INCONCLUSIVE in wanted:
            raise ConfigurationError("a test must require one or more conclusive verdicts")
        self._require(self._kind() in wanted, " or ".join(wanted))

    def require_loss(self) -> None:
        """A control in which the data is known to be gone: seeing none proves the harness blind."""
        if self._kind() not in _LOSSES:
            raise HarnessFault(
                "the control destroyed the app's data, and the harness saw no loss: "
                f"{self.result.verdict} ({'; '.join(self.result.reasons)}); do not trust this "
                "run's passes on this device"
            )

    def __bool__(self) -> bool:
        return self._kind().passes

    def __repr__(self) -> str:
        return f"<{self.result.plan}: {self.result.verdict} ({'; '.join(self.result.reasons)})>"

    def _kind(self) -> VerdictKind:
        self.asked = True
        if self.result.verdict is VerdictKind.INCONCLUSIVE:
            raise LabError("; ".join(self.result.reasons) or "nothing is known of what happened")
        return self.result.verdict

    def _require(self, fulfilled: bool, required: str) -> None:
        if not fulfilled:
            raise ProductFailure(self.result, required=required)


def _explained(result: ScenarioResult, *, required: str) -> str:
    lines = [f"{result.plan}: {result.verdict}; the test requires {required}"]
    lines += [f"  because {reason}" for reason in result.reasons]
    changes = (*result.changes, *result.changes_after_reboot)
    new = [change for change in dict.fromkeys(changes) if change not in result.reasons]
    lines += [f"  {change}" for change in new[:_CHANGES_SHOWN]]
    return "\n".join(lines)


def plan_from_words(
    *, update: str, route: str, persona: str | None, when: str | None = None
) -> ScenarioPlan:
    """A plan from what a test wrote. ConfigurationError lists the words there are."""
    plan = ScenarioPlan(
        update=_word(UpdateKind, update, what="update"),
        route=_word(Route, route, what="route"),
        persona=None if persona is None else _word(Persona, persona, what="persona"),
        when=None if when is None else _word(Circumstance, when, what="circumstance"),
    )
    if plan.route in _SHOWS_SOMETHING and plan.persona is None:
        raise ConfigurationError(
            f"on the route {route} somebody is asked: name a persona ({_listed(Persona)})"
        )
    if plan.route.of_firmware is not (plan.update is UpdateKind.FIRMWARE):
        routes = _listed(r for r in Route if r.of_firmware)
        raise ConfigurationError(
            f"{update} by {route}: firmware, and nothing else, comes by {routes}"
        )
    if plan.route.of_firmware and (plan.persona or plan.when):
        raise ConfigurationError(f"nobody is asked on the route {route}: no persona, no `when`")
    return plan


def _word(words: type[Word], text: str, *, what: str) -> Word:
    try:
        return words(text)
    except ValueError as error:
        raise ConfigurationError(f"{text!r} is no {what}; there are: {_listed(words)}") from error


def _listed(words: Iterable[StrEnum]) -> str:
    return ", ".join(words)
