"""`holdfast judge --json`, apart from the other commands: it imports little, so it starts at once.

What is not plain goes to the whole program, which explains it.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from holdfast.dialogs.captured import DialogText
from holdfast.dialogs.judge import judge
from holdfast.dialogs.judgement import Judgement
from holdfast.errors import ConfigurationError, Place

__all__ = ["as_line", "judge_plainly", "read_dialogs"]

MAX_LINE_CHARS = 1_000_000


def judge_plainly(arguments: Sequence[str]) -> int | None:
    """Judge the dialogs of a file by the default policy; the exit status.

    None, and nothing is written, unless the arguments are `--json` and one readable file.
    """
    files = [Path(argument) for argument in arguments if argument != "--json"]
    if "--json" not in arguments or len(files) != 1 or not files[0].is_file():
        return None
    try:
        dialogs = list(read_dialogs(files[0]))
    except ConfigurationError:
        return None
    sys.stdout.writelines(as_line(judge(dialog)) for dialog in dialogs)
    return 0


def as_line(judgement: Judgement) -> str:
    """A line of JSON."""
    return json.dumps(judgement.to_json(), ensure_ascii=False) + "\n"


def read_dialogs(file: Path) -> Iterator[DialogText]:
    """The dialogs of a file, `-` for stdin. Raises ConfigurationError that names the line."""
    try:
        if str(file) == "-":
            yield from _lines(sys.stdin, file)
        else:
            with file.open(encoding="utf-8") as lines:
                yield from _lines(lines, file)
    except OSError as error:
        what = f"it cannot be read: {error.strerror}"
        raise ConfigurationError(what, place=Place(file=file)) from error
    except UnicodeDecodeError as error:
        raise ConfigurationError("it is no UTF-8 text", place=Place(file=file)) from error


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
