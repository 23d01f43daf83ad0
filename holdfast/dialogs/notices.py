"""Notifications, as the notification manager prints them: seen without opening the shade. Pure.

The form of NotificationRecord.dump, API 21 to 36. Without `--noredact` newer versions print the
length of a text instead of the text.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

__all__ = ["COMMAND", "Notice", "read_notices"]

COMMAND = (
    "dumpsys notification --noredact | grep -E "
    "'NotificationRecord\\(|android.(title|text|bigText)=|^ *\\[[0-9]+\\] \"'"
)
_LIMIT = 200
_RECORD = re.compile(r"NotificationRecord\(.*?\bpkg=([\w.]+)")
_EXTRA = re.compile(r"android\.(title|text|bigText)=\w+ \((.*)\)\s*$")
_ACTION = re.compile(r'^\s*\[\d+\] "(.*?)" -> ')


@dataclass(frozen=True, kw_only=True, slots=True)
class Notice:
    package_name: str
    title: str = ""
    text: str = ""
    actions: tuple[str, ...] = ()


def read_notices(text: str) -> tuple[Notice, ...]:
    """What `COMMAND` printed, in its order; at most 200."""
    blocks: list[list[str]] = []
    for line in text.splitlines():
        if _RECORD.search(line):
            blocks.append([])
        if blocks:
            blocks[-1].append(line)
    return tuple(_notice(block) for block in blocks[:_LIMIT])


def _notice(lines: list[str]) -> Notice:
    record = _RECORD.search(lines[0])
    extras = {m[1]: m[2] for line in lines if (m := _EXTRA.search(line))}
    return Notice(
        package_name=record[1] if record else "",
        title=extras.get("title", ""),
        text=extras.get("bigText") or extras.get("text", ""),
        actions=tuple(m[1] for line in lines if (m := _ACTION.search(line))),
    )
