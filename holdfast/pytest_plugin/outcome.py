"""From what a test raised to how it counts: the one place that says whose fault it was."""

from __future__ import annotations

import errno
from dataclasses import dataclass

import pytest

from holdfast.errors import ConfigurationError, DeviceRefused, HarnessFault, HoldfastError, LabError
from holdfast.pytest_plugin.verdict import ProductFailure
from holdfast.report.record import Outcome

__all__ = [
    "NOT_COVERED",
    "KnownFailure",
    "Settled",
    "UnexpectedPass",
    "outcome_of",
    "shown_briefly",
]

NOT_COVERED = "not covered: "
"""How pytest's own texts begin where a device cannot offer something."""


class KnownFailure(AssertionError):
    """The product failed as known_issues.yaml says; reports count it as an expected failure."""

    def __init__(self, *, ticket: str, reason: str, failure: str) -> None:
        super().__init__(f"{ticket}: {reason}")
        self.ticket = ticket
        self.failure = failure


class UnexpectedPass(AssertionError):
    """What known_issues.yaml lists as failing has passed."""

    def __init__(self, *, ticket: str, reason: str) -> None:
        super().__init__(
            f"{ticket} ({reason}) no longer fails here: close the ticket and take the entry out of "
            "the list of known issues"
        )
        self.ticket = ticket


@dataclass(frozen=True, kw_only=True, slots=True)
class Settled:
    """How a test counts."""

    outcome: Outcome
    why: str
    ticket: str = ""
    error: str = ""


def outcome_of(error: BaseException | None, *, passed_because: str = "") -> Settled:
    """How a test counts that raised `error` (None if it raised nothing)."""
    match error:
        case None:
            return Settled(outcome=Outcome.PASSED, why=passed_because)
        case KnownFailure():
            return Settled(
                outcome=Outcome.KNOWN_FAILURE,
                why=str(error),
                ticket=error.ticket,
                error=error.failure,
            )
        case UnexpectedPass():
            return Settled(outcome=Outcome.UNEXPECTED_PASS, why=str(error), ticket=error.ticket)
        case pytest.skip.Exception():
            return Settled(
                outcome=Outcome.NOT_COVERED, why=str(error.msg).removeprefix(NOT_COVERED)
            )
        case AssertionError() | pytest.fail.Exception():
            return Settled(outcome=Outcome.FAILED, why=_first_line(error), error=str(error))
        case LabError() | DeviceRefused():
            return Settled(outcome=Outcome.INCONCLUSIVE, why=str(error), error=_with_cause(error))
        case OSError(errno=errno.ENOSPC | errno.EDQUOT):
            why = f"this computer has no room for the evidence: {error}"
            return Settled(outcome=Outcome.INCONCLUSIVE, why=why, error=why)
        case KeyboardInterrupt() | pytest.exit.Exception():
            why = "the run was interrupted"
            return Settled(outcome=Outcome.INCONCLUSIVE, why=why, error=why)
        case ConfigurationError():
            return Settled(outcome=Outcome.MISCONFIGURED, why=str(error), error=str(error))
        case _:
            return Settled(
                outcome=Outcome.ERROR,
                why=f"{type(error).__name__}: {_first_line(error)}",
                error=_with_cause(error),
            )


def shown_briefly(error: BaseException) -> str | None:
    """What the console shows instead of a traceback, None where the traceback is needed."""
    match error:
        case ProductFailure() | UnexpectedPass():
            return str(error)
        case LabError() | DeviceRefused():
            return f"inconclusive (the lab, not the firmware): {_with_cause(error)}"
        case ConfigurationError():
            return f"wrong configuration: {error}"
        case OSError(errno=errno.ENOSPC | errno.EDQUOT):
            return f"inconclusive: this computer has no room for the evidence: {error}"
        case HarnessFault():
            return f"fault of the harness or of the test: {error}"
        case _:
            return None


def _first_line(error: BaseException) -> str:
    return str(error).strip().partition("\n")[0]


def _with_cause(error: BaseException) -> str:
    lines = [str(error) if isinstance(error, HoldfastError) else repr(error)]
    cause = error.__cause__
    while cause is not None and len(lines) < 6:
        lines.append(f"  after: {type(cause).__name__}: {_first_line(cause)}")
        cause = cause.__cause__
    return "\n".join(lines)
