from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from holdfast.report.console import closing_lines
from holdfast.report.record import Outcome
from holdfast.report.summary import ExitStatus, summarise
from selftests.holdfast.report.records import record


@pytest.mark.parametrize(
    ("outcomes", "expected"),
    [
        ([Outcome.PASSED], ExitStatus.NOTHING_UNEXPECTED),
        ([Outcome.PASSED, Outcome.KNOWN_FAILURE], ExitStatus.NOTHING_UNEXPECTED),
        ([Outcome.PASSED, Outcome.NOT_COVERED], ExitStatus.NOTHING_UNEXPECTED),
        ([Outcome.PASSED, Outcome.FAILED], ExitStatus.PRODUCT_FAILURE),
        ([Outcome.PASSED, Outcome.UNEXPECTED_PASS], ExitStatus.PRODUCT_FAILURE),
        ([Outcome.PASSED, Outcome.ERROR], ExitStatus.PRODUCT_FAILURE),
        ([Outcome.FAILED, Outcome.MISCONFIGURED], ExitStatus.CONFIGURATION),
        ([Outcome.PASSED, Outcome.INCONCLUSIVE], ExitStatus.LAB_TROUBLE),
        ([Outcome.FAILED, Outcome.INCONCLUSIVE], ExitStatus.PRODUCT_FAILURE),
        ([Outcome.NOT_COVERED], ExitStatus.LAB_TROUBLE),
        ([], ExitStatus.LAB_TROUBLE),
    ],
)
def test_the_exit_status_follows_from_the_outcomes(
    outcomes: list[Outcome], expected: ExitStatus
) -> None:
    records = [record(f"case{i}", outcome) for i, outcome in enumerate(outcomes)]
    assert summarise(records).exit_status is expected


def test_the_closing_lines_say_what_happened_and_where_the_report_is() -> None:
    summary = summarise(
        [
            record("careless", Outcome.KNOWN_FAILURE, ticket="SMARTISAN-1"),
            record("typing", Outcome.FAILED, why="lost 3 files"),
            record("absent", Outcome.NOT_COVERED, device="pixel", why="no store adapter"),
            record("careful", Outcome.PASSED),
        ],
        wall_s=12.3,
    )
    text = "\n".join(closing_lines(summary, reports=Path("reports")))
    assert "4 scenarios on 2 devices in 12 s" in text
    assert "failed: same_signer by store_push typing on nut-pro-2: lost 3 files" in text
    assert "known issue SMARTISAN-1 on nut-pro-2: 1 x loss_after_inadequate_warning" in text
    assert "not covered: no store adapter (1)" in text
    assert "reports/index.html" in text
    assert "Exit status 1" in text


def test_what_is_wrongly_configured_is_said_once_and_is_no_error_of_the_harness() -> None:
    why = "device sibling: there is no personality 'siblink'"
    records = [record(f"case{i}", Outcome.MISCONFIGURED, why=why) for i in range(9)]
    text = "\n".join(closing_lines(summarise(records), reports=Path("r")))
    assert "9 wrongly configured\n" in text
    assert text.count(why) == 1
    assert f"  wrongly configured: {why} (9)" in text
    assert "The configuration is wrong. Exit status 4." in text


def test_failures_that_ended_alike_are_all_named_in_one_line() -> None:
    records = [record(f"case{i}", Outcome.FAILED) for i in range(8)]
    plan, verdict = records[0].result.plan, records[0].result.verdict  # type: ignore[union-attr]
    text = "\n".join(closing_lines(summarise(records), reports=Path("r")))
    assert f"failed: 8 x {verdict} on nut-pro-2: {plan}, " in text
    assert "more" not in text


def test_data_that_could_not_be_seen_is_not_covered_by_name() -> None:
    seen = record("adb", Outcome.PASSED)
    assert seen.result is not None
    unseen = replace(seen.result, not_seen=("private data: the app is not debuggable",))
    text = "\n".join(closing_lines(summarise([replace(seen, result=unseen)]), reports=Path("r")))
    assert "not covered: private data: the app is not debuggable (1)" in text
    assert "1 scenario on 1 device:" in text


def test_a_known_issue_that_passed_can_be_closed() -> None:
    summary = summarise([record("careless", Outcome.UNEXPECTED_PASS, ticket="SMARTISAN-1")])
    assert any("close the ticket" in line for line in closing_lines(summary, reports=Path("r")))


def test_a_run_of_many_failures_still_fits_on_a_screen() -> None:
    records = [record(f"case{i}", Outcome.FAILED) for i in range(200)]
    assert len(closing_lines(summarise(records), reports=Path("r"))) <= 10
