from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from holdfast.errors import ConfigurationError
from holdfast.pytest_plugin.known_issues import read_known_issues
from holdfast.report.record import Outcome
from selftests.holdfast.pytest_plugin.harness import Project

Make = Callable[..., Project]
KNOWN = """\
version: 1
issues:
  - scenario: same_signer by adb
    model: model of phone
    builds: ["maker/phone:7.*"]
    verdicts: [silent_loss]
    ticket: MAKER-1
    reason: the update wipes the app
"""


def test_a_listed_failure_is_expected_and_named_with_its_ticket(project: Make) -> None:
    made = project("phone", "sibling")
    made.write("known_issues.yaml", KNOWN)
    made.answer({"phone": "silent_loss"})
    result = made.run()
    assert result.ret == 0
    assert {r.device: r.outcome for r in made.records} == {
        "phone": Outcome.KNOWN_FAILURE,
        "sibling": Outcome.PASSED,
    }
    assert "known issue MAKER-1 on phone: 1 x silent_loss" in result.stdout.str()


def test_without_the_list_the_same_failure_is_unexpected(project: Make) -> None:
    made = project()
    made.write("known_issues.yaml", KNOWN)
    made.answer({"phone": "silent_loss"})
    result = made.run("--known-issues", "none")
    assert result.ret == 1
    assert "failed: updates: an update keeps everything on phone" in result.stdout.str()


def test_a_listed_failure_that_passes_fails_the_run_and_says_to_close_the_ticket(
    project: Make,
) -> None:
    made = project()
    made.write("known_issues.yaml", KNOWN)
    result = made.run()
    assert result.ret == 1
    assert made.records[0].outcome is Outcome.UNEXPECTED_PASS
    assert "MAKER-1 no longer fails: close the ticket" in result.stdout.str()


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("silent_loss", "exposed"),
        ("model of phone", "model of sibling"),
        ("maker/phone:7.*", "maker/phone:8.*"),
        ("same_signer by adb", "other_signer by adb"),
    ],
)
def test_an_entry_hides_no_other_failure(project: Make, old: str, new: str) -> None:
    made = project()
    made.write("known_issues.yaml", KNOWN.replace(old, new))
    made.answer({"phone": "silent_loss"})
    assert made.run().ret == 1
    assert made.records[0].outcome is Outcome.FAILED


def test_a_listed_failure_that_the_lab_spoilt_is_inconclusive(project: Make) -> None:
    made = project()
    made.write("known_issues.yaml", KNOWN)
    made.answer({"phone": "lab"})
    assert made.run().ret == 3


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("same_signer by adb", "same_singer by adb", "3:15: issues[0].scenario: no scenario"),
        ("    reason:", "    raeson:", "8:5: issues[0].raeson: unknown key 'raeson'; allowed here"),
        ("ticket: MAKER-1", "ticket: 12", "7:13: issues[0].ticket: 12 is a number"),
        ("[silent_loss]", "[inconclusive]", "inconclusive is no failure of a product"),
        ('["maker/phone:7.*"]', "[]", "5:13: issues[0].builds: "),
    ],
)
def test_a_wrong_entry_is_an_error_with_its_place(
    tmp_path: Path, old: str, new: str, words: str
) -> None:
    file = tmp_path / "known_issues.yaml"
    file.write_text(KNOWN.replace(old, new), encoding="utf-8")
    with pytest.raises(ConfigurationError) as caught:
        read_known_issues(file)
    assert words in str(caught.value)


def test_a_wrong_list_ends_the_run_with_one_sentence_and_status_4(project: Make) -> None:
    made = project()
    made.write("known_issues.yaml", "version: 2\n")
    result = made.run()
    assert result.ret == 4
    assert "known_issues.yaml:1:10: version: the value should be 1" in result.stderr.str()
    assert "Traceback" not in result.stderr.str()
    assert made.run("--known-issues", "nowhere.yaml").ret == 4
