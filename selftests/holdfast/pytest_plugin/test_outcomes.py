"""Each way in which a test can end, as outcome, exit status and words."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from holdfast.report.record import Outcome
from selftests.holdfast.pytest_plugin.fake_rig import ACCOUNT, IMEI, PASSWORD, PHONE_NUMBER
from selftests.holdfast.pytest_plugin.harness import GOOD_TEST, Project

Make = Callable[..., Project]


@pytest.mark.parametrize(
    ("answer", "outcome", "status", "words"),
    [
        ("updated_data_intact", Outcome.PASSED, 0, "Nothing unexpected happened."),
        ("silent_loss", Outcome.FAILED, 1, "the test requires a passing verdict"),
        ("inconclusive", Outcome.INCONCLUSIVE, 3, "inconclusive (the lab, not the firmware)"),
        ("lab", Outcome.INCONCLUSIVE, 3, "phone: the cable fell out"),
        ("never_ready", Outcome.INCONCLUSIVE, 3, "phone: it does not boot"),
        ("refused", Outcome.INCONCLUSIVE, 3, "the device answered: No space left"),
        ("configuration", Outcome.MISCONFIGURED, 4, "wrong configuration: this is no APK"),
        ("bug", Outcome.ERROR, 1, "ZeroDivisionError: our own fault"),
        ("full", Outcome.INCONCLUSIVE, 3, "no room for the evidence"),
        ("not_covered", Outcome.NOT_COVERED, 3, "not covered: no store adapter (1)"),
        ("undeclared", Outcome.ERROR, 1, "undeclared destructive command"),
    ],
)
def test_an_end_is_counted_as_what_it_is(
    project: Make, answer: str, outcome: Outcome, status: int, words: str
) -> None:
    made = project()
    made.answer({"phone": answer})
    result = made.run()
    assert [r.outcome for r in made.records] == [outcome]
    assert result.ret == status
    assert words in result.stdout.str()
    assert "INTERNALERROR" not in result.stdout.str()


def test_a_bug_of_ours_shows_its_traceback_and_nothing_else_does(project: Make) -> None:
    made = project()
    for answer, shown in (("bug", True), ("lab", False), ("silent_loss", False)):
        made.answer({"phone": answer})
        assert ("Traceback" in (text := made.run().stdout.str()) or "def test_" in text) is shown


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (
            'scenario(update="same_signer", route="adb")',
            "this test never looked at its verdict <same_signer by adb: updated_data_intact",
        ),
        ("pass", "this test ran no scenario"),
        (
            'scenario(update="same_singer", route="adb").require_pass()',
            "'same_singer' is no update; there are: same_signer, other_signer",
        ),
        (
            'scenario(update="same_signer", route="store_push").require_pass()',
            "name a persona (careful, careless",
        ),
        (
            'scenario(update="same_signer", route="adb").require("inconclusive")',
            "conclusive verdicts",
        ),
    ],
)
def test_a_wrongly_written_scenario_fails_loudly(project: Make, body: str, words: str) -> None:
    made = project()
    made.write("test_updates.py", f"def test_something(scenario):\n    {body}\n")
    result = made.run()
    assert (result.ret, made.records[0].outcome) in (
        (1, Outcome.ERROR),
        (4, Outcome.MISCONFIGURED),
    )
    assert words in result.stdout.str()


def test_a_plain_assert_on_the_verdict_counts_as_looking_at_it(project: Make) -> None:
    made = project()
    body = 'verdict = scenario(update="same_signer", route="adb")\n    assert verdict'
    made.write("test_updates.py", f"def test_something(scenario):\n    {body}\n")
    assert made.run().ret == 0
    made.answer({"phone": "silent_loss"})
    assert made.run().ret == 1
    assert made.records[0].outcome is Outcome.FAILED


def test_a_control_that_shows_no_loss_proves_the_harness_blind(project: Make) -> None:
    made = project()
    body = 'scenario(update="uninstall_reinstall", route="adb").require_loss()'
    made.write("test_updates.py", f"def test_something(scenario):\n    {body}\n")
    made.answer({"phone": "silent_loss"})
    assert made.run().ret == 0
    made.answer({"phone": "updated_data_intact"})
    result = made.run()
    assert result.ret == 1
    assert made.records[0].outcome is Outcome.ERROR
    assert "the harness saw no loss" in result.stdout.str()


def test_a_device_without_what_a_test_needs_is_not_covered_by_name(project: Make) -> None:
    made = project()
    made.write(
        "test_updates.py",
        """
import pytest

@pytest.mark.needs("store")
def test_with_a_store(scenario):
    scenario(update="same_signer", route="adb").require_pass()

@pytest.mark.needs("fastboot")
def test_with_fastboot(scenario):
    scenario(update="same_signer", route="adb").require_pass()
""",
    )
    result = made.run()
    assert [r.outcome for r in made.records] == [Outcome.PASSED, Outcome.NOT_COVERED]
    assert made.records[1].why == "phone has no fastboot"
    assert result.ret == 0


def test_a_need_that_nobody_knows_is_a_configuration_error(project: Make) -> None:
    made = project()
    made.write(
        "test_updates.py", f"import pytest\n\npytestmark = pytest.mark.needs('stor'){GOOD_TEST}"
    )
    result = made.run()
    assert result.ret == 4
    assert "needs 'stor', which nobody knows; there are: store, fastboot" in result.stdout.str()


def test_a_test_that_asks_for_no_device_leases_none(project: Make) -> None:
    made = project()
    made.write("test_updates.py", "def test_arithmetic():\n    assert 1 + 1 == 2\n")
    assert made.run().ret == 0
    assert made.uses == []
    made.write("test_updates.py", "def test_arithmetic():\n    assert 1 + 1 == 3\n")
    assert made.run().ret == 1


def test_a_device_that_failed_in_the_labs_way_is_suspect_before_the_next_test(
    project: Make,
) -> None:
    made = project()
    made.answer({"phone": "lab"})
    made.run()
    assert [use[2] for use in made.uses] == [
        "made",
        "run",
        "suspect phone: the cable fell out",
        "release",
    ]


def test_the_record_holds_steps_and_attachments_of_the_test(project: Make) -> None:
    made = project()
    made.run()
    (record,) = made.records
    assert [s.title for s in record.steps] == ["deliver"]
    (attachment,) = record.attachments
    file = made.path / "reports" / "evidence" / record.id / attachment.file
    assert file.read_text() == "words"
    assert (record.device, record.model, record.api) == ("phone", "model of phone", 25)
    assert record.title == "updates: an update keeps everything"


def test_no_secret_leaves_the_lab(project: Make) -> None:
    """Neither in any file of the reports, nor in any file's name, nor on the console."""
    made = project()
    made.answer({"phone": "leaks"})
    console = made.run().stdout.str()
    (record,) = made.records
    assert record.outcome is Outcome.INCONCLUSIVE
    files = [path for path in (made.path / "reports").rglob("*") if path.is_file()]
    assert any("allure-results" in path.parts for path in files)
    told = {str(path): path.read_bytes().decode("utf-8", "replace") for path in files}
    for secret in (PHONE_NUMBER, ACCOUNT, PASSWORD, IMEI):
        assert secret not in console
        assert [name for name, text in told.items() if secret in name or secret in text] == []


def test_the_reports_are_there(project: Make) -> None:
    made = project()
    made.run()
    reports = made.path / "reports"
    assert {"index.html", "junit.xml", "metrics.prom"} <= {p.name for p in reports.iterdir()}
    results = list((reports / "allure-results").glob("*-result.json"))
    assert len(results) == 1
    assert '"value": "updated_data_intact"' in results[0].read_text()


def test_reports_that_cannot_be_written_end_the_run_with_a_sentence_and_never_with_0(
    project: Make,
) -> None:
    made = project()
    made.answer({"phone": "updated_data_intact"})
    (made.path / "reports" / "index.html").mkdir(parents=True)
    result = made.run()
    assert "No report could be written: " in result.stdout.str()
    assert "Traceback" not in result.stdout.str() + result.stderr.str()
    assert result.ret == 3
