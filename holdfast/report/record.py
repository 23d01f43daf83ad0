"""One test as the reports know it, on disk between the workers that ran it and the report writers.

A worker writes `evidence/ID/record.json` and the attachments beside it; whoever ends the run reads
them all. So a report exists of everything that was finished, even if the run was killed.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from holdfast.errors import ConfigurationError, Place
from holdfast.scenario.result import ScenarioResult

__all__ = [
    "AttachmentRecord",
    "LedgerLine",
    "Outcome",
    "StepRecord",
    "TestRecord",
    "read_records",
    "write_record",
]

RECORD_FILE = "record.json"


class Outcome(StrEnum):
    """How a test counts.

    KNOWN_FAILURE is a failure that known_issues.yaml lists; UNEXPECTED_PASS is one that is listed
    and passed; NOT_COVERED says what the device cannot offer; INCONCLUSIVE is the lab's fault;
    MISCONFIGURED that of a file or an option, ERROR that of the harness or of the test.
    """

    PASSED = "passed"
    FAILED = "failed"
    KNOWN_FAILURE = "known_failure"
    UNEXPECTED_PASS = "unexpected_pass"
    NOT_COVERED = "not_covered"
    INCONCLUSIVE = "inconclusive"
    MISCONFIGURED = "misconfigured"
    ERROR = "error"


@dataclass(frozen=True, kw_only=True, slots=True)
class StepRecord:
    """A step of the journal; `depth` counts from 0, `duration_s` is None if it never ended."""

    title: str
    depth: int
    started_at: float
    duration_s: float | None
    error: str = ""
    parameters: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class AttachmentRecord:
    """A file beside the record. `step` is the index of its step in `steps`, None outside of all."""

    name: str
    file: str
    media_type: str
    step: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class LedgerLine:
    """A destructive command that was sent; `declared_by` is empty if nothing declared it."""

    at: float
    kind: str
    target: str
    command: str
    declared_by: str


@dataclass(frozen=True, kw_only=True, slots=True)
class TestRecord:
    """One scenario on one device. `why` is the sentence that explains the outcome."""

    __test__ = False  # pytest would take the name for a test class

    id: str
    nodeid: str
    title: str
    device: str
    model: str
    build: str
    api: int | None
    outcome: Outcome
    why: str
    started_at: float
    duration_s: float
    ticket: str = ""
    result: ScenarioResult | None = None
    error: str = ""
    steps: tuple[StepRecord, ...] = ()
    attachments: tuple[AttachmentRecord, ...] = ()
    ledger: tuple[LedgerLine, ...] = ()


_RECORD: TypeAdapter[TestRecord] = TypeAdapter(TestRecord)


def write_record(record: TestRecord, evidence: Path) -> Path:
    """Write it below `evidence`, whole or not at all; the path of its file."""
    folder = evidence / record.id
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / RECORD_FILE
    unfinished = folder / (RECORD_FILE + ".part")
    unfinished.write_bytes(_RECORD.dump_json(record, indent=1))
    unfinished.replace(target)
    return target


def read_records(evidence: Path) -> tuple[TestRecord, ...]:
    """All records below `evidence`, by the time when they began.

    Raises ConfigurationError that names a file which is no record.
    """
    records = []
    for path in sorted(evidence.glob(f"*/{RECORD_FILE}")):
        try:
            records.append(_RECORD.validate_json(path.read_bytes()))
        except ValidationError as error:
            raise ConfigurationError(
                f"this is no record of a test: {error.errors()[0]['msg']}", place=Place(file=path)
            ) from error
    return tuple(sorted(records, key=lambda r: (r.started_at, r.id)))
