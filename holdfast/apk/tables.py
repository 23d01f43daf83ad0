"""Rows of facts as JSON lines or as a table for people. What they hold may be hostile."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

__all__ = ["cell", "table", "write_json"]


def write_json(rows: Iterable[Mapping[str, Any]]) -> None:
    """One object a line, to standard output."""
    for row in rows:
        sys.stdout.write(json.dumps(row, ensure_ascii=False) + "\n")


def table(rows: Iterable[Mapping[str, Any]], columns: Sequence[str]) -> str:
    """Columns as wide as their longest text, but for the last one."""
    lines = [list(columns), *([cell(row[name]) for name in columns] for row in rows)]
    widths = [max(len(line[i]) for line in lines) for i in range(len(columns))]
    padded = (
        "  ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    )
    return "\n".join(padded) + "\n"


def cell(value: object) -> str:
    """One line, without control characters: what it holds may come from a hostile file."""
    if isinstance(value, list):
        text = " ".join(cell(item) for item in value)
    elif isinstance(value, dict):
        text = ", ".join(f"{name} {cell(item)}" for name, item in value.items() if item)
    elif value is None or isinstance(value, bool):
        text = {None: "-", True: "yes", False: "no"}[value]
    else:
        text = str(value)
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)
