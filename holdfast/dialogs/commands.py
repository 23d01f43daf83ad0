"""`holdfast judge`: dialogs in, one a line of JSON; judgements out."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.text import Text

from holdfast.dialogs.captured import DialogText
from holdfast.dialogs.judge import judge
from holdfast.dialogs.judgement import ClauseResult, DialogVerdict, Judgement, Outcome
from holdfast.dialogs.policy import DEFAULT_POLICY, load_policy
from holdfast.errors import ConfigurationError, Place

__all__ = ["read_dialogs", "register"]

MAX_LINE_CHARS = 1_000_000
_MARKS = {
    Outcome.MET: ("✓", "green"),
    Outcome.MISSED: ("✗", "red"),
    Outcome.UNDECIDABLE: ("?", "dim"),
}


def register(app: typer.Typer) -> None:
    """Give `app` the command `judge`."""
    app.command(name="judge")(_judge)


def _judge(
    file: Annotated[Path, typer.Argument(help="dialogs, a JSON object a line; `-` reads stdin")],
    policy: Annotated[
        Path, typer.Option("--policy", help="what a correct warning must do (YAML)")
    ] = DEFAULT_POLICY,
    as_json: Annotated[
        bool, typer.Option("--json", help="a JSON object a line instead of text")
    ] = False,
) -> None:
    """Judge the words of dialogs: is each a correct warning, an inadequate one, or none?"""
    demanded = load_policy(policy)
    console = Console(highlight=False, soft_wrap=True)
    for dialog in read_dialogs(file):
        judgement = judge(dialog, policy=demanded)
        if as_json:
            sys.stdout.write(json.dumps(judgement.to_json(), ensure_ascii=False) + "\n")
        else:
            _show(console, judgement)


def read_dialogs(file: Path) -> Iterator[DialogText]:
    """The dialogs of a file, `-` for stdin. Raises ConfigurationError that names the line."""
    try:
        if str(file) == "-":
            yield from _lines(sys.stdin, file)
        else:
            with file.open(encoding="utf-8") as lines:
                yield from _lines(lines, file)
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"cannot be read: {error}", place=Place(file=file)) from error


def _lines(lines: Iterator[str], file: Path) -> Iterator[DialogText]:
    for number, line in enumerate(lines, start=1):
        if line.strip():
            yield _dialog(line, Place(file=file, line=number))


def _dialog(line: str, place: Place) -> DialogText:
    if len(line) > MAX_LINE_CHARS:
        raise ConfigurationError(f"longer than {MAX_LINE_CHARS} characters", place=place)
    try:
        entry = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise ConfigurationError(f"is no JSON: {error}", place=place) from error
    if not isinstance(entry, dict):
        raise ConfigurationError("must be a JSON object", place=place)
    buttons = entry.get("buttons") or []
    if not isinstance(buttons, list) or not all(isinstance(b, str) for b in buttons):
        raise ConfigurationError("`buttons` must be a list of texts", place=place)
    texts = {key: _text(entry, key, place) for key in ("id", "title", "message", "language")}
    return DialogText(
        id=texts["id"],
        title=texts["title"],
        message=texts["message"],
        buttons=tuple(buttons),
        language=texts["language"] or "en",
        app_name=_text(entry, "app_name", place) or None,
    )


def _text(entry: dict[str, object], key: str, place: Place) -> str:
    value = entry.get(key)
    if value is None:
        return ""
    if key == "id" and isinstance(value, int):
        return str(value)
    if not isinstance(value, str):
        raise ConfigurationError(f"`{key}` must be a text", place=place)
    return value


def _show(console: Console, judgement: Judgement) -> None:
    console.print(Text(f"{judgement.id or '-'}: {judgement.verdict}", style="bold"))
    console.print(Text(f"  {judgement.why}"))
    if judgement.false_alarm:
        console.print(Text(f"  false warning: {judgement.false_alarm.why}", style="red"))
    if judgement.verdict is DialogVerdict.NOT_A_DATA_WARNING:
        return
    for clause in judgement.clauses:
        console.print(_clause_line(clause))


def _clause_line(clause: ClauseResult) -> Text:
    mark, style = _MARKS[clause.outcome]
    words = ", ".join(f"“{w.text}”" for w in clause.words)
    said = f": {words}" if words else ""
    line = f"  {mark} {clause.clause} ({clause.demand}): {clause.why}{said}"
    return Text(line.replace("\n", " "), style=style)
