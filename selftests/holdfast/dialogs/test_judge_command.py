"""`holdfast judge --json` without the rest of the program: the same answers, or none at all."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from holdfast.dialogs.judge_command import judge_plainly

ROW = {"id": "one", "language": "en", "message": "Data may be lost.", "buttons": ["OK"]}


def test_a_plain_call_is_answered_with_a_line_for_each_dialog(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "dialogs.jsonl"
    file.write_text(f"{json.dumps(ROW)}\n\n{json.dumps(ROW)}\n", encoding="utf-8")
    assert judge_plainly([str(file), "--json"]) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["verdict"] for line in lines] == ["inadequate_warning"] * 2


@pytest.mark.parametrize(
    "more", [[], ["--json", "--policy"], ["--json", "-"], ["--json", "missing.jsonl"]]
)
def test_what_is_not_plain_is_left_to_the_whole_program(
    more: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "dialogs.jsonl"
    file.write_text(json.dumps(ROW), encoding="utf-8")
    assert judge_plainly([str(file), *more]) is None
    assert capsys.readouterr().out == ""


def test_a_broken_line_is_left_to_the_whole_program_before_anything_is_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "dialogs.jsonl"
    file.write_text(f"{json.dumps(ROW)}\nno JSON\n", encoding="utf-8")
    assert judge_plainly([str(file), "--json"]) is None
    assert capsys.readouterr().out == ""
