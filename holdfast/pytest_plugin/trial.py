"""One test under way: what it asked, what happened, and in the end its record."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from pathlib import Path

import pytest

from holdfast.errors import HarnessFault, LabError
from holdfast.journal import Event, Journal, Ledger, Subscriber
from holdfast.pytest_plugin.known_issues import KnownIssues
from holdfast.pytest_plugin.outcome import KnownFailure, Settled, UnexpectedPass, outcome_of
from holdfast.pytest_plugin.recorder import Recorder
from holdfast.pytest_plugin.rig import DeviceFacts
from holdfast.pytest_plugin.verdict import ProductFailure, Verdict
from holdfast.report.record import TestRecord
from holdfast.report.redact import Redactor
from holdfast.scenario.result import ScenarioResult, VerdictKind

__all__ = ["TRIAL", "Trial", "record_id", "title_of"]

TRIAL = pytest.StashKey["Trial"]()
_FAILED_BEFORE_ITS_RIG = DeviceFacts(name="", model="", build="", api=0)


class Trial:
    """Belongs to one item from the beginning of its protocol to the end of its teardown. `reports`
    hear of its journal what has no secrets in it."""

    def __init__(
        self,
        *,
        nodeid: str,
        device: str,
        evidence: Path,
        known: KnownIssues,
        began_at: float,
        redactor: Redactor,
        reports: Sequence[Subscriber] = (),
    ) -> None:
        self.nodeid = nodeid
        self.device = device
        self.id = record_id(nodeid)
        self.journal = Journal()
        self.ledger = Ledger(self.journal)
        self.facts = _FAILED_BEFORE_ITS_RIG
        self.verdicts: list[Verdict] = []
        self.error: BaseException | None = None
        self.unwritten = ""
        self._known = known
        self._began_at = began_at
        self._recorder = Recorder(evidence / self.id)
        self.redactor = redactor
        self._reports: tuple[Subscriber, ...] = (self._recorder, *reports)
        self.journal.subscribe(self._tell)

    def _tell(self, event: Event) -> None:
        redacted = self.redactor.event(event)
        for report in self._reports:
            report(redacted)

    def judge(self, error: BaseException | None) -> BaseException | None:
        """What the test's body shall be taken to have raised, `error` being what it did raise.

        A harness that destroyed something undeclared, and a verdict that nobody looked at, outweigh
        whatever the test says; known issues are looked up here.
        """
        undeclared = self.ledger.undeclared
        if undeclared:
            return HarnessFault(
                "the harness ran into an undeclared destructive command, and nothing that this "
                f"test says counts: {undeclared[0].command}"
            )
        if isinstance(error, AssertionError):
            return self._known_or(error)
        if error is not None:
            return error
        forgotten = [v for v in self.verdicts if not v.asked]
        if forgotten or not self.verdicts:
            what = (
                f"never looked at its verdict {forgotten[0]!r}" if forgotten else "ran no scenario"
            )
            return HarnessFault(
                f"this test {what}: end it with verdict.require_pass() or another of its questions"
            )
        return self._unexpected_pass()

    def _known_or(self, error: AssertionError) -> BaseException:
        result = self._failing(error)
        if result is None:
            return error
        issue = self._known.listed(result, model=self.facts.model, build=self.facts.build)
        if issue is None or not issue.expects(result.verdict):
            return error
        return KnownFailure(ticket=issue.ticket, reason=issue.reason, failure=str(error))

    def _unexpected_pass(self) -> BaseException | None:
        for verdict in self.verdicts:
            issue = self._known.listed(
                verdict.result, model=self.facts.model, build=self.facts.build
            )
            if issue is not None and verdict.result.verdict.passes:
                return UnexpectedPass(ticket=issue.ticket, reason=issue.reason)
        return None

    def _failing(self, error: AssertionError) -> ScenarioResult | None:
        """The verdict behind an assertion: `assert verdict` raises no ProductFailure."""
        if isinstance(error, ProductFailure):
            return error.result
        asked = [v.result for v in self.verdicts if v.asked and not v.result.verdict.passes]
        return asked[-1] if asked else None

    def redact(self, error: BaseException | None) -> None:
        """Take secrets out of an error and its causes, of which pytest and Allure tell."""
        while error is not None:
            error.args = self.redactor.value(error.args)
            error = error.__cause__

    def note(self, error: BaseException) -> None:
        """The first error of setup, call and teardown decides."""
        if self.error is None:
            self.error = error

    @property
    def lab_failed(self) -> bool:
        return isinstance(self.error, LabError) or any(
            v.result.verdict is VerdictKind.INCONCLUSIVE for v in self.verdicts
        )

    def settled(self) -> Settled:
        reasons = [f"{v.result.verdict}: {'; '.join(v.result.reasons)}" for v in self.verdicts]
        return self.redactor.value(outcome_of(self.error, passed_because=" / ".join(reasons)))

    def record(self, *, title: str, ended_at: float) -> TestRecord:
        settled = self.settled()
        return TestRecord(
            id=self.id,
            nodeid=self.nodeid,
            title=title,
            device=self.device,
            model=self.facts.model,
            build=self.facts.build,
            api=self.facts.api or None,
            outcome=settled.outcome,
            why=settled.why,
            started_at=self._began_at,
            duration_s=max(0.0, ended_at - self._began_at),
            ticket=settled.ticket,
            result=self.redactor.value(self._result()),
            error=settled.error,
            steps=self._recorder.steps,
            attachments=self._recorder.attachments,
            ledger=self._recorder.ledger,
        )

    def _result(self) -> ScenarioResult | None:
        """The result that the report shows: the failing one, else the last."""
        if isinstance(self.error, ProductFailure):
            return self.error.result
        failing = [v.result for v in self.verdicts if not v.result.verdict.passes]
        shown = failing or [v.result for v in self.verdicts]
        return shown[-1] if shown else None


def record_id(nodeid: str) -> str:
    """A folder name for a test: readable, and unique by a hash of the whole node id."""
    plain = re.sub(r"[^A-Za-z0-9._-]+", "-", nodeid.rpartition("::")[2]).strip("-.")[:80]
    return f"{plain}-{hashlib.sha256(nodeid.encode()).hexdigest()[:8]}"


def title_of(nodeid: str, device: str) -> str:
    """The test's name as words, without the device: the same on all devices."""
    file, _, name = nodeid.partition("::")
    words = name.rpartition("::")[2].partition("[")[0].removeprefix("test_").replace("_", " ")
    module = Path(file).stem.removeprefix("test_").replace("_", " ")
    parameters = name.partition("[")[2].removesuffix("]")
    others = parameters.removeprefix(device).strip("-")
    return f"{module}: {words}" + (f" ({others})" if others else "")
