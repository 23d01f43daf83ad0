"""The closing lines on the console: what happened, in about ten lines, for somebody who has never
seen the harness."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from holdfast.report.record import Outcome, TestRecord
from holdfast.report.summary import ExitStatus, Summary

__all__ = ["closing_lines", "counted"]

_NAMED_AT_MOST = 3
_CONCLUSION = {
    ExitStatus.NOTHING_UNEXPECTED: "Nothing unexpected happened.",
    ExitStatus.PRODUCT_FAILURE: "Something failed that nobody expected.",
    ExitStatus.LAB_TROUBLE: "The lab, not the firmware, decided some results: run those again.",
    ExitStatus.CONFIGURATION: "The configuration is wrong.",
}
_WORDS = {
    Outcome.PASSED: "passed",
    Outcome.KNOWN_FAILURE: "failed as known",
    Outcome.FAILED: "failed",
    Outcome.UNEXPECTED_PASS: "passed though listed as known issues",
    Outcome.INCONCLUSIVE: "inconclusive (the lab's fault)",
    Outcome.MISCONFIGURED: "wrongly configured",
    Outcome.ERROR: "errors of the harness",
    Outcome.NOT_COVERED: "not covered",
}


def closing_lines(summary: Summary, *, reports: Path) -> tuple[str, ...]:
    """Lines without colour or line ends."""
    counts = [f"{n} {_WORDS[o]}" for o, n in summary.counts.items() if n]
    ran_for = "" if summary.wall_s is None else f" in {summary.wall_s:.0f} s"
    lines = [
        f"{counted(len(summary.records), 'scenario')} on "
        f"{counted(len(summary.devices), 'device')}{ran_for}: "
        + (", ".join(counts) or "nothing ran")
    ]
    for outcome in (Outcome.FAILED, Outcome.ERROR, Outcome.INCONCLUSIVE):
        lines += _named(summary.of(outcome), heading=f"  {_WORDS[outcome]}: ")
    for ticket, records in _by_ticket(summary.of(Outcome.KNOWN_FAILURE)).items():
        devices = ", ".join(dict.fromkeys(r.device for r in records))
        verdicts = ", ".join(
            dict.fromkeys(str(r.result.verdict) for r in records if r.result is not None)
        )
        lines.append(f"  known issue {ticket} on {devices}: {len(records)} x {verdicts}")
    for ticket in _by_ticket(summary.of(Outcome.UNEXPECTED_PASS)):
        lines.append(f"  {ticket} no longer fails: close the ticket and take it off the list")
    wrong = Counter(r.why for r in summary.of(Outcome.MISCONFIGURED))
    lines += _by_reason(wrong, heading="wrongly configured")
    lines += _by_reason(_not_covered(summary.records), heading="not covered")
    lines.append(f"  report: {reports / 'index.html'}")
    lines.append(f"{_CONCLUSION[summary.exit_status]} Exit status {int(summary.exit_status)}.")
    return tuple(lines)


def counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _named(records: Sequence[TestRecord], *, heading: str) -> list[str]:
    """One line each; of many, one line for all that ended alike on a device, with their names."""
    if len(records) > _NAMED_AT_MOST:
        alike: dict[tuple[str, str], list[str]] = {}
        for r in records:
            ended, name = (str(r.result.verdict), str(r.result.plan)) if r.result else ("", r.title)
            alike.setdefault((r.device, ended), []).append(name)
        if len(alike) <= _NAMED_AT_MOST and all(ended for _, ended in alike):
            return [
                f"{heading}{len(names)} x {ended} on {device}: {', '.join(names)}"
                for (device, ended), names in alike.items()
            ]
    lines = [f"{heading}{r.title} on {r.device}: {r.why}" for r in records[:_NAMED_AT_MOST]]
    if len(records) > _NAMED_AT_MOST:
        lines.append(f"{heading}{len(records) - _NAMED_AT_MOST} more, all in the report")
    return lines


def _by_ticket(records: Sequence[TestRecord]) -> dict[str, list[TestRecord]]:
    found: dict[str, list[TestRecord]] = {}
    for record in records:
        found.setdefault(record.ticket, []).append(record)
    return found


def _not_covered(records: Sequence[TestRecord]) -> Counter[str]:
    """What was not run, and what could not be seen where something was run: reasons, counted."""
    reasons = Counter(r.why for r in records if r.outcome is Outcome.NOT_COVERED)
    for record in records:
        reasons.update(record.result.not_seen if record.result else ())
    return reasons


def _by_reason(reasons: Counter[str], *, heading: str) -> list[str]:
    shown = [f"  {heading}: {why} ({n})" for why, n in reasons.items()]
    if len(shown) > _NAMED_AT_MOST:
        rest = len(shown) - _NAMED_AT_MOST
        shown = [*shown[:_NAMED_AT_MOST], f"  {heading}: {rest} more reasons, in the report"]
    return shown
