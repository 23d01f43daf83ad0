"""Scoring the judge on the corpus of real dialogs.

The corpus is parted in two by a stable hash of the family of a dialog (one text in all of its
languages and products), so that no text of one half is in the other. Rules were written with one
half in view.
"""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from holdfast.dialogs.captured import DialogText
from holdfast.dialogs.judge import judge
from selftests.corpus import CORPUS

__all__ = ["LABELS", "Row", "Score", "load_rows", "score"]

LABELS = (
    "says_data_will_be_lost",
    "names_consequence_in_plain_words",
    "relies_on_jargon_only",
    "names_the_app",
    "offers_cancel",
    "offers_backup_or_safe_path",
    "is_safe_update_statement",
)
_ENOUGH = {"language": 20, "vendor": 10}


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """One dialog of the corpus with what people said of it."""

    dialog: DialogText
    vendor: str
    verdict: str
    labels: Mapping[str, str]
    is_hard: bool
    in_view: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Score:
    """Shares in percent. `groups`: by (kind of group, name), of those with enough rows."""

    size: str
    verdict: float
    hard_cases: float
    inadequate_called_correct: float
    labels: Mapping[str, float]
    groups: Mapping[tuple[str, str], float]

    def worst_groups(self) -> Iterator[tuple[str, str, float]]:
        """The worst language and the worst vendor."""
        for kind in _ENOUGH:
            theirs = [(v, name) for (k, name), v in self.groups.items() if k == kind]
            if theirs:
                value, name = min(theirs)
                yield kind, name, value


def load_rows() -> list[Row]:
    """All dialogs of the corpus."""
    with (CORPUS / "warnings" / "dialogs.jsonl").open(encoding="utf-8") as lines:
        return [_row(json.loads(line)) for line in lines]


def _row(entry: dict[str, Any]) -> Row:
    return Row(
        dialog=DialogText(
            id=entry["id"],
            title=entry["title"] or "",
            message=entry["message"] or "",
            buttons=tuple(entry["buttons"]),
            app_name=entry["app_name"],
            language=entry["language"],
        ),
        vendor=entry["source"]["vendor"],
        verdict=entry["verdict"],
        labels={label: str(entry[label]) for label in LABELS},
        is_hard=entry["hard_case"],
        in_view=hashlib.sha256(entry["family"].encode()).digest()[0] % 2 == 0,
    )


def score(rows: Iterable[Row]) -> Score:
    """Judge every row and compare."""
    judged = [(row, judge(row.dialog)) for row in rows]
    right = {id(row): judgement.verdict == row.verdict for row, judgement in judged}
    groups: dict[tuple[str, str], list[bool]] = defaultdict(list)
    for row, _ in judged:
        groups["language", row.dialog.language].append(right[id(row)])
        groups["vendor", row.vendor].append(right[id(row)])
    inadequate = [j for row, j in judged if row.verdict == "inadequate_warning"]
    return Score(
        size=f"{len(judged)} dialogs",
        verdict=_percent(right.values()),
        hard_cases=_percent(right[id(row)] for row, _ in judged if row.is_hard),
        inadequate_called_correct=_percent(j.verdict == "correct_warning" for j in inadequate),
        labels={
            label: _percent(str(getattr(j, label)) == row.labels[label] for row, j in judged)
            for label in LABELS
        },
        groups={
            key: _percent(values)
            for key, values in groups.items()
            if len(values) >= _ENOUGH[key[0]]
        },
    )


def _percent(values: Iterable[bool]) -> float:
    found = list(values)
    return 100.0 * sum(found) / len(found) if found else 0.0
