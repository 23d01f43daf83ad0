"""A device's state of health, from what its shell says. Source: the dumps of API 22 to 36."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

__all__ = [
    "Battery",
    "count_dropbox",
    "parse_battery",
    "parse_free_bytes",
    "parse_sections",
]

_UNITS: Mapping[str, int] = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40}
_SIZE = re.compile(r"(\d+(?:\.\d+)?)([KMGT]?)")
_BATTERY = re.compile(r"^\s*(level|scale|temperature|present): (-?\w+)\s*$", re.MULTILINE)
_DROPBOX = re.compile(r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d (\w+) \(", re.MULTILINE)


@dataclass(frozen=True, kw_only=True, slots=True)
class Battery:
    """None where the dump does not say it. An emulator without a battery says `present: false`."""

    percent: int | None = None
    temperature_celsius: float | None = None


def parse_battery(dump: str) -> Battery:
    """`dumpsys battery`: `level`, `scale`, and `temperature` in tenths of a degree Celsius."""
    facts = dict(
        re.findall(r"^\s*(level|scale|temperature|present): (-?\w+)\s*$", dump, re.MULTILINE)
    )
    if facts.get("present") == "false":
        return Battery()
    level, scale = _number(facts.get("level")), _number(facts.get("scale")) or 100
    heat = _number(facts.get("temperature"))
    return Battery(
        percent=None if level is None else level * 100 // scale,
        temperature_celsius=None if heat is None else heat / 10,
    )


def parse_free_bytes(df: str) -> int | None:
    """What `df /data` says is free: toolbox's columns (Android 5: `Filesystem Size Used Free
    Blksize`, sizes as 1.2G) and toybox's (`1K-blocks Used Available`, or sizes with -h)."""
    lines = [line.split() for line in df.splitlines() if line.split()]
    if len(lines) < 2:
        return None
    head, words = lines[0], lines[-1]
    column = next((n for n, word in enumerate(head) if word in ("Free", "Available", "Avail")), -1)
    if not 0 < column < len(words):
        return None
    size = _SIZE.fullmatch(words[column])
    if not size:
        return None
    blocks = not size[2] and any(word.lower() == "1k-blocks" for word in head)
    return int(float(size[1]) * _UNITS[size[2]]) * (1024 if blocks else 1)


def count_dropbox(listing: str) -> Mapping[str, int]:
    """Entries by tag in `dumpsys dropbox`."""
    counts: dict[str, int] = {}
    for tag in _DROPBOX.findall(listing):
        counts[tag] = counts.get(tag, 0) + 1
    return counts


def parse_sections(text: str, mark: str) -> Mapping[str, str]:
    """Output of several commands, each headed by a line `MARK name`."""
    sections: dict[str, str] = {}
    name = ""
    for line in text.splitlines(keepends=True):
        if line.startswith(mark + " "):
            name = line[len(mark) :].strip()
            sections[name] = ""
        elif name:
            sections[name] += line
    return sections


def _number(text: str | None) -> int | None:
    return int(text) if text is not None and re.fullmatch(r"-?\d{1,9}", text) else None
