from __future__ import annotations

import xml.etree.ElementTree as ET
from dataclasses import replace
from pathlib import Path

import pytest

from holdfast.report import write_reports
from holdfast.report.record import AttachmentRecord, Outcome
from holdfast.scenario.result import VerdictKind
from selftests.holdfast.report.records import HOSTILE, record, result, write_with_picture


def test_the_page_is_self_contained_and_shows_dialog_clauses_and_loss(tmp_path: Path) -> None:
    write_with_picture(record("careless", Outcome.KNOWN_FAILURE, ticket="SMARTISAN-1"), tmp_path)
    write_reports(tmp_path, tmp_path / "out")
    page = (tmp_path / "out" / "index.html").read_text(encoding="utf-8")
    assert "APP签名不一致，可能导致数据丢失" in page
    assert "data:image/png;base64," in page
    assert "1 204 of 1 204 messages in EnMicroMsg.db are gone" in page
    assert 'class="missed"' in page
    assert "pm uninstall org.example.chat" in page
    assert "http" not in page.replace("http-equiv", "")


def test_what_needs_a_look_comes_first_and_numbers_agree_with_their_words(tmp_path: Path) -> None:
    for name, outcome in (("passing", Outcome.PASSED), ("failing", Outcome.FAILED)):
        write_with_picture(record(name, outcome), tmp_path)
    write_reports(tmp_path, tmp_path / "out")
    page = (tmp_path / "out" / "index.html").read_text(encoding="utf-8")
    evidence = page.partition("<h2>Evidence</h2>")[2]
    assert 0 < evidence.index("failing") < evidence.index("passing")
    assert "2 scenarios on 1 device," in page


@pytest.mark.parametrize(
    ("judged", "shown"), [("inadequate_warning", True), ("not_a_data_warning", False)]
)
def test_clauses_are_shown_of_a_warning_and_of_no_other_dialog(
    tmp_path: Path, judged: str, shown: bool
) -> None:
    failed = record("careless", Outcome.FAILED)
    assert failed.result is not None
    (dialog,) = failed.result.dialogs
    seen = replace(failed.result, dialogs=(replace(dialog, verdict=judged),))
    write_with_picture(replace(failed, result=seen), tmp_path)
    write_reports(tmp_path, tmp_path / "out")
    page = (tmp_path / "out" / "index.html").read_text(encoding="utf-8")
    assert ('<ul class="clauses">' in page) is shown


def test_hostile_text_is_escaped_in_the_page_and_legal_in_the_xml(tmp_path: Path) -> None:
    hostile = replace(
        record("careless", Outcome.FAILED, why=HOSTILE),
        result=result(VerdictKind.SILENT_LOSS, message=HOSTILE),
    )
    write_with_picture(hostile, tmp_path)
    write_reports(tmp_path, tmp_path / "out")
    page = (tmp_path / "out" / "index.html").read_text(encoding="utf-8")
    assert "<script>alert" not in page
    root = ET.fromstring((tmp_path / "out" / "junit.xml").read_bytes())
    assert "alert" in (root.find(".//failure") or root).get("message", "alert")


def test_an_attachment_cannot_lead_out_of_its_folder(tmp_path: Path) -> None:
    (tmp_path / "secret.txt").write_text("the secret", encoding="utf-8")
    sneaky = replace(
        record("careless", Outcome.FAILED),
        attachments=(AttachmentRecord(name="log", file="../secret.txt", media_type="text/plain"),),
    )
    write_with_picture(sneaky, tmp_path / "evidence")
    (tmp_path / "evidence" / "secret.txt").write_text("the secret", encoding="utf-8")
    write_reports(tmp_path / "evidence", tmp_path / "out")
    page = (tmp_path / "out" / "index.html").read_text(encoding="utf-8")
    assert "the secret" not in page
    assert "secret.txt is missing" in page


def test_a_picture_that_is_none_leaves_a_note(tmp_path: Path) -> None:
    failed = record("careless", Outcome.FAILED)
    write_with_picture(failed, tmp_path)
    (tmp_path / failed.id / "dialog-1.png").write_bytes(b"no picture")
    write_reports(tmp_path, tmp_path / "out")
    page = (tmp_path / "out" / "index.html").read_text(encoding="utf-8")
    assert "gone before a screenshot" in page


def test_junit_counts_the_product_the_lab_and_the_rest_apart(tmp_path: Path) -> None:
    for name, outcome in (
        ("a", Outcome.PASSED),
        ("b", Outcome.FAILED),
        ("c", Outcome.INCONCLUSIVE),
        ("d", Outcome.NOT_COVERED),
        ("e", Outcome.KNOWN_FAILURE),
        ("f", Outcome.UNEXPECTED_PASS),
    ):
        write_with_picture(record(name, outcome), tmp_path)
    write_reports(tmp_path, tmp_path / "out")
    root = ET.fromstring((tmp_path / "out" / "junit.xml").read_bytes())
    counted = {key: root.get(key) for key in ("tests", "failures", "errors", "skipped")}
    assert counted == {"tests": "6", "failures": "2", "errors": "1", "skipped": "2"}


def test_the_metrics_name_device_build_and_outcome(tmp_path: Path) -> None:
    write_with_picture(record("a", Outcome.PASSED), tmp_path)
    write_reports(tmp_path, tmp_path / "out")
    text = (tmp_path / "out" / "metrics.prom").read_text(encoding="utf-8")
    assert 'device="nut-pro-2",outcome="passed"} 1.0' in text
    assert text.endswith("# EOF\n")


def test_a_run_of_nothing_still_has_its_reports(tmp_path: Path) -> None:
    write_reports(tmp_path, tmp_path / "out")
    assert (tmp_path / "out" / "index.html").is_file()
