"""How quick and how right the judge of dialogs is."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator

from holdfast.dialogs.judge import judge
from selftests.bench.measurement import Measurement
from selftests.corpus import CORPUS
from selftests.holdfast.dialogs.scoring import Score, load_rows, score
from selftests.holdfast.dialogs.sentences import SENTENCES

__all__ = ["measure"]

DIALOGS = 2000


def measure() -> Iterator[Measurement]:
    """Time on one core for 2 000 dialogs, with the rules loaded; and the scores on the corpus."""
    rows = load_rows() if CORPUS.is_dir() else []
    texts = [row.dialog for row in rows]
    if not texts:
        note = f"the corpus is not at {CORPUS}"
        yield Measurement(what="2 000 dialogs judged", value=None, unit="s", note=note)
        return
    many = (texts * (DIALOGS // len(texts) + 1))[:DIALOGS]
    began = time.process_time()
    judged = [judge(dialog) for dialog in texts]
    yield Measurement(
        what=f"{len(judged)} dialogs judged, and the rules of {len(SENTENCES)} languages loaded",
        value=time.process_time() - began,
        unit="s",
    )
    began = time.process_time()
    lines = [json.dumps(judge(dialog).to_json()) for dialog in many]
    yield Measurement(
        what="2 000 dialogs judged and written as JSON",
        value=time.process_time() - began,
        unit="s",
        at_most=1.0,
        note=f"{len(lines) / (time.process_time() - began):.0f} a second",
    )
    yield from _scores(score(rows))


def _scores(found: Score) -> Iterator[Measurement]:
    percent = "%"
    yield Measurement(
        what="verdict right", value=found.verdict, unit=percent, at_least=95.0, note=found.size
    )
    yield Measurement(
        what="verdict right, hard cases", value=found.hard_cases, unit=percent, at_least=90.0
    )
    yield Measurement(
        what="inadequate warnings called correct",
        value=found.inadequate_called_correct,
        unit=percent,
        at_most=1.0,
    )
    for group, name, value in found.worst_groups():
        yield Measurement(
            what=f"verdict right, worst {group}: {name}", value=value, unit=percent, at_least=90.0
        )
    for label, value in found.labels.items():
        yield Measurement(what=f"label {label}", value=value, unit=percent, at_least=93.0)
