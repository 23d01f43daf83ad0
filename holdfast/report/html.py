"""The one HTML page of a run: a matrix of scenarios and devices, and behind each cell its evidence.

Self-contained and offline: styles and pictures are inlined. Every text in it may come from a
hostile app or device, so it is escaped by Jinja2 and no link leads out of the page.
"""

from __future__ import annotations

import base64
import io
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined
from PIL import Image, UnidentifiedImageError

from holdfast.report.record import AttachmentRecord, Outcome, TestRecord
from holdfast.report.summary import ExitStatus, Summary

__all__ = ["html_page"]

PICTURE_WIDTH_PX = 360
MAX_TEXT_BYTES = 200_000
_MAX_PICTURE_PX = 40_000_000

_CONCLUSION = {
    ExitStatus.NOTHING_UNEXPECTED: "Nothing unexpected happened",
    ExitStatus.PRODUCT_FAILURE: "Something failed that nobody expected",
    ExitStatus.LAB_TROUBLE: "The lab decided some results: run those again",
    ExitStatus.CONFIGURATION: "The configuration is wrong",
}
_OUTCOME_WORDS = {
    Outcome.PASSED: "passed",
    Outcome.FAILED: "failed",
    Outcome.KNOWN_FAILURE: "known issue",
    Outcome.UNEXPECTED_PASS: "passed, but listed as a known issue",
    Outcome.NOT_COVERED: "not covered",
    Outcome.INCONCLUSIVE: "inconclusive",
    Outcome.MISCONFIGURED: "wrongly configured",
    Outcome.ERROR: "error of the harness",
}
_WITHOUT_A_VERDICT = (Outcome.NOT_COVERED, Outcome.MISCONFIGURED, Outcome.ERROR)
# What somebody must look at comes first; within an outcome, the order in which it happened.
_GRAVEST_FIRST = (
    Outcome.FAILED,
    Outcome.UNEXPECTED_PASS,
    Outcome.ERROR,
    Outcome.MISCONFIGURED,
    Outcome.INCONCLUSIVE,
    Outcome.KNOWN_FAILURE,
    Outcome.PASSED,
    Outcome.NOT_COVERED,
)


@dataclass(frozen=True, kw_only=True, slots=True)
class _DeviceColumn:
    name: str
    model: str
    build: str
    api: int | None


@dataclass(frozen=True, kw_only=True, slots=True)
class _Row:
    title: str
    cells: tuple[TestRecord | None, ...]


def html_page(summary: Summary, evidence: Path) -> str:
    """The page. `evidence` is the folder of the records; a missing attachment is named as such."""
    environment = Environment(
        loader=PackageLoader("holdfast.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["clock"] = _clock
    environment.filters["verdict"] = _words
    environment.filters["cell"] = _cell
    environment.filters["duration"] = lambda seconds: f"{seconds:.1f} s"
    return environment.get_template("report.html.j2").render(
        conclusion=_CONCLUSION[summary.exit_status],
        good=summary.exit_status is ExitStatus.NOTHING_UNEXPECTED,
        counts=[(o, _OUTCOME_WORDS[o], n) for o, n in summary.counts.items() if n],
        words=_OUTCOME_WORDS,
        devices=[_column(summary, name) for name in sorted(summary.devices)],
        rows=_rows(summary),
        records=sorted(summary.records, key=lambda r: _GRAVEST_FIRST.index(r.outcome)),
        pictures={r.id: _pictures(r, evidence) for r in summary.records},
        texts={r.id: _texts(r, evidence) for r in summary.records},
        began=min((r.started_at for r in summary.records), default=None),
        wall_s=summary.wall_s,
    )


def _column(summary: Summary, name: str) -> _DeviceColumn:
    mine = [r for r in summary.records if r.device == name]
    known = next((r for r in mine if r.build), mine[0])
    return _DeviceColumn(name=name, model=known.model, build=known.build, api=known.api)


def _rows(summary: Summary) -> list[_Row]:
    by_title: dict[str, dict[str, TestRecord]] = {}
    for record in summary.records:
        by_title.setdefault(record.title, {})[record.device] = record
    return [
        _Row(title=title, cells=tuple(found.get(device) for device in sorted(summary.devices)))
        for title, found in sorted(by_title.items())
    ]


def _words(verdict: object) -> str:
    return str(verdict).replace("_", " ")


def _cell(record: TestRecord) -> str:
    """What a cell of the matrix says: the verdict, or why there is none."""
    if record.result is None or record.outcome in _WITHOUT_A_VERDICT:
        return _OUTCOME_WORDS[record.outcome]
    if record.outcome is Outcome.PASSED and not record.result.verdict.passes:
        return f"{_words(record.result.verdict)}, as it must"  # a control shows the loss
    return _words(record.result.verdict)


def _clock(at: float | None) -> str:
    return "" if at is None else datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def _pictures(record: TestRecord, evidence: Path) -> Mapping[str, str]:
    """Attachment name → data URI of a small copy, for every picture that can be read."""
    found = {}
    for attachment in record.attachments:
        if attachment.media_type.startswith("image/"):
            small = _small_picture(_path(attachment, record, evidence))
            if small:
                found[attachment.name] = small
    return found


def _path(attachment: AttachmentRecord, record: TestRecord, evidence: Path) -> Path:
    """The attachment's file: only a plain name is followed, never a path out of its folder."""
    return evidence / record.id / Path(attachment.file).name


def _small_picture(path: Path) -> str | None:
    try:
        with Image.open(path) as picture:
            if picture.width * picture.height > _MAX_PICTURE_PX:
                return None
            small = picture.convert("RGB")
            small.thumbnail((PICTURE_WIDTH_PX, PICTURE_WIDTH_PX * 3))
            written = io.BytesIO()
            small.quantize(64).save(written, "PNG", optimize=True)
    except (OSError, UnidentifiedImageError, Image.DecompressionBombError):
        return None
    return "data:image/png;base64," + base64.b64encode(written.getvalue()).decode("ascii")


def _texts(record: TestRecord, evidence: Path) -> list[tuple[str, str]]:
    """Name and content of the attached plain texts, cut at MAX_TEXT_BYTES."""
    found = []
    for attachment in record.attachments:
        if attachment.media_type not in ("text/plain", "application/json"):
            continue
        path = _path(attachment, record, evidence)
        try:
            with path.open("rb") as file:
                raw = file.read(MAX_TEXT_BYTES + 1)
        except OSError:
            found.append((attachment.name, f"(the file {path.name} is missing)"))
            continue
        cut = "\n(cut; the whole is in the evidence folder)" if len(raw) > MAX_TEXT_BYTES else ""
        found.append((attachment.name, raw[:MAX_TEXT_BYTES].decode("utf-8", "replace") + cut))
    return found
