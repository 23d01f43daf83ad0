"""What a session must not come to, held against what is known of its device. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from holdfast.report.record import Outcome, TestRecord
from holdfast.report.summary import ExitStatus
from selftests.chaos.session import Ended
from selftests.chaos.strikes import Candidate

__all__ = ["Violation", "violations"]

CONTROL = "test_control.py"
_NOT_OFFERED = ("signed by", "firmware_update")
_HOST_WAS_BUSY = "the screen could not be looked at sooner"


@dataclass(frozen=True, kw_only=True, slots=True)
class Violation:
    kind: str
    detail: str


def violations(ended: Ended) -> tuple[Violation, ...]:
    return tuple(_violations(ended))


def _violations(ended: Ended) -> Iterator[Violation]:
    if ended.hung:
        yield Violation(kind="hang", detail=f"{ended.took_s:.0f} s; {ended.hung}")
    for record in ended.records:
        yield from _of_record(record, ended)
    names = {record.nodeid for record in ended.records}
    for test in ended.session.tests:
        if f"{test}[{ended.session.device}]" not in names:
            yield Violation(kind="no record", detail=test)
    if not ended.report_is_there:
        yield Violation(kind="no report", detail="reports/index.html was not written")
    for left in ended.left:
        yield Violation(kind="left behind", detail=left)
    if ended.device not in ("well", "quarantined", "gone with the run"):
        yield Violation(kind="device", detail=ended.device)
    status = ended.statuses[-1] if ended.statuses else None
    allowed = {int(status) for status in ExitStatus} - {int(ExitStatus.CONFIGURATION)}
    if status not in allowed and not ended.hung:
        yield Violation(kind="exit status", detail=f"the run ended with {status}")


def _of_record(record: TestRecord, ended: Ended) -> Iterator[Violation]:
    detail = f"{record.nodeid}: {record.outcome}: {record.why}"
    if record.outcome in (Outcome.ERROR, Outcome.MISCONFIGURED):
        yield Violation(kind="error of the harness", detail=f"{detail}\n{record.error}")
    if record.outcome is Outcome.UNEXPECTED_PASS:
        yield Violation(kind="false pass", detail=detail)
    must_fail = _must_fail(ended.session.candidate, record)
    if must_fail and record.outcome is Outcome.PASSED:
        yield Violation(kind="false pass", detail=detail)
    if not must_fail and record.outcome is Outcome.FAILED:
        yield Violation(kind="false product failure", detail=f"{detail}\n{record.error}")
    if record.outcome is Outcome.NOT_COVERED and not any(w in record.why for w in _NOT_OFFERED):
        yield Violation(kind="not covered, falsely", detail=detail)
    unseen = _HOST_WAS_BUSY in record.why
    if record.outcome is Outcome.INCONCLUSIVE and not any(ended.struck.values()) and not unseen:
        yield Violation(kind="inconclusive without a fault", detail=detail)


def _must_fail(candidate: Candidate, record: TestRecord) -> bool:
    """A firmware that wipes an app's data shows that in every scenario but the control, which
    destroys them itself."""
    return candidate.must_fail and CONTROL not in record.nodeid
