"""`holdfast judge`: dialogs in, one a line of JSON; judgements out."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.text import Text

from holdfast.dialogs.judge import judge
from holdfast.dialogs.judge_command import as_line, read_dialogs
from holdfast.dialogs.judgement import ClauseResult, DialogVerdict, Judgement, Outcome
from holdfast.dialogs.policy import DEFAULT_POLICY, load_policy

__all__ = ["register"]

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
            sys.stdout.write(as_line(judgement))
        else:
            _show(console, judgement)


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
