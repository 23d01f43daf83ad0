"""known_issues.yaml: failures that are expected, each with its ticket."""

from __future__ import annotations

from collections.abc import Iterable
from fnmatch import fnmatchcase
from itertools import product
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from holdfast.lab.yaml_file import read_yaml
from holdfast.scenario.result import (
    Circumstance,
    Persona,
    Route,
    ScenarioPlan,
    ScenarioResult,
    UpdateKind,
    VerdictKind,
)

__all__ = ["KnownIssue", "KnownIssues", "read_known_issues"]

_ALL_PLANS = tuple(
    str(ScenarioPlan(update=update, route=route, persona=persona, when=when))
    for update, route, persona, when in product(
        UpdateKind, Route, (None, *Persona), (None, *Circumstance)
    )
)


class KnownIssue(BaseModel):
    """One expected failure.

    `scenario`, `model` and each of `builds` are shell patterns: of the plan in words (`same_signer
    by store_push careless`), of the device's model, of its build fingerprint. `verdicts`, where
    given, are the only failures that are expected.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    scenario: str
    model: str = Field(min_length=1)
    builds: tuple[str, ...] = Field(min_length=1)
    verdicts: tuple[VerdictKind, ...] = ()
    ticket: str = Field(min_length=1)
    reason: str = Field(min_length=1)

    @field_validator("scenario")
    @classmethod
    def _is_possible(cls, pattern: str) -> str:
        if not any(fnmatchcase(plan, pattern) for plan in _ALL_PLANS):
            raise ValueError(
                f"no scenario is called so; write UPDATE by ROUTE PERSONA, such as {_ALL_PLANS[-3]}"
            )
        return pattern

    @field_validator("verdicts")
    @classmethod
    def _are_failures(cls, verdicts: Iterable[VerdictKind]) -> tuple[VerdictKind, ...]:
        chosen = tuple(verdicts)
        for verdict in chosen:
            if verdict.passes or verdict is VerdictKind.INCONCLUSIVE:
                raise ValueError(f"{verdict} is no failure of a product")
        return chosen

    def covers(self, plan: ScenarioPlan, *, model: str, build: str) -> bool:
        return (
            fnmatchcase(str(plan), self.scenario)
            and fnmatchcase(model, self.model)
            and any(fnmatchcase(build, pattern) for pattern in self.builds)
        )

    def expects(self, verdict: VerdictKind) -> bool:
        return not self.verdicts or verdict in self.verdicts


class KnownIssues(BaseModel):
    """The whole file."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: Literal[1]
    issues: tuple[KnownIssue, ...] = ()

    def listed(self, result: ScenarioResult, *, model: str, build: str) -> KnownIssue | None:
        """The entry for this scenario on this build: one that expects this verdict comes first."""
        found = [i for i in self.issues if i.covers(result.plan, model=model, build=build)]
        expecting = [i for i in found if i.expects(result.verdict)]
        return next(iter(expecting or found), None)


def read_known_issues(file: Path) -> KnownIssues:
    """Parse and check the file. Raises ConfigurationError with file, line, column and path."""
    issues, _ = read_yaml(file, KnownIssues)
    return issues
