"""`holdfast judge` as a user calls it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from holdfast.dialogs.commands import register
from holdfast.errors import ConfigurationError

DIALOG = {
    "id": "one",
    "language": "en",
    "title": None,
    "message": "Chat's data may be lost.",
    "buttons": ["OK", "Cancel"],
    "app_name": "Chat",
}
KEYS = {
    "id",
    "verdict",
    "says_data_will_be_lost",
    "names_consequence_in_plain_words",
    "relies_on_jargon_only",
    "names_the_app",
    "offers_cancel",
    "offers_backup_or_safe_path",
    "is_safe_update_statement",
    "clauses",
}


def program() -> typer.Typer:
    app = typer.Typer(pretty_exceptions_enable=False)
    app.callback()(lambda: None)
    register(app)
    return app


def run(*arguments: str, text: str = "") -> str:
    done = CliRunner().invoke(program(), ["judge", *arguments], input=text)
    if done.exception is not None:
        raise done.exception
    return done.stdout


def dialogs_file(folder: Path, *lines: str) -> str:
    path = folder / "dialogs.jsonl"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return str(path)


def test_json_has_a_line_for_each_dialog_with_the_words_of_the_corpus(tmp_path: Path) -> None:
    file = dialogs_file(tmp_path, json.dumps(DIALOG), "", json.dumps({**DIALOG, "id": "two"}))
    answers = [json.loads(line) for line in run("--json", file).splitlines()]
    assert [answer["id"] for answer in answers] == ["one", "two"]
    assert set(answers[0]) >= KEYS
    assert answers[0]["verdict"] == "inadequate_warning"
    assert answers[0]["says_data_will_be_lost"] == "hedged"


def test_text_names_every_clause_with_the_words_that_decided(tmp_path: Path) -> None:
    shown = run(dialogs_file(tmp_path, json.dumps(DIALOG)))
    assert "one: inadequate_warning" in shown
    assert "✗ says_data_will_be_lost (required): it says only that data may be lost" in shown
    assert "“may”" in shown


def test_dialogs_are_read_from_stdin() -> None:
    assert json.loads(run("--json", "-", text=json.dumps(DIALOG)))["id"] == "one"


def test_a_number_is_an_id_too() -> None:
    answer = json.loads(run("--json", "-", text=json.dumps({**DIALOG, "id": 7})))
    assert answer["id"] == "7"


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("{", r"dialogs\.jsonl:1: is no JSON"),
        ("[]", "must be a JSON object"),
        ('{"buttons": [1]}', "`buttons` must be a list of texts"),
        ('{"message": 3}', "`message` must be a text"),
        ("[" * 100_000, "is no JSON"),
    ],
)
def test_a_wrong_line_is_refused_by_its_number(tmp_path: Path, line: str, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        run(dialogs_file(tmp_path, line))


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="cannot be read"):
        run(str(tmp_path / "none.jsonl"))
