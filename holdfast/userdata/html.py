"""A diff as one self-contained HTML page: no script, no link to anywhere.

All text comes from a device and is escaped by the template engine.
"""

from __future__ import annotations

from importlib.resources import files

from jinja2 import Environment, StrictUndefined

from holdfast.userdata.changes import Change
from holdfast.userdata.detectors import Detection
from holdfast.userdata.diff import Diff
from holdfast.userdata.words import count_of, shown_name, shown_sentence, size_of

__all__ = ["render"]

_ROWS_SHOWN = 2000


def render(found: Diff, *, detections: tuple[Detection, ...] = (), title: str = "") -> str:
    """The page. Beyond 2000 changes only their number is given."""
    environment = Environment(autoescape=True, undefined=StrictUndefined)
    environment.filters.update(
        size=size_of, count=count_of, name=shown_name, sentence=shown_sentence
    )
    template = environment.from_string(
        (files("holdfast.userdata") / "diff.html").read_text(encoding="utf-8")
    )
    return template.render(
        title=title or f"User data of {found.package_name}",
        diff=found,
        lines=found.lines(),
        missed=[line for d in detections if d.missed for line in d.lines()],
        shown=found.changes[:_ROWS_SHOWN],
        hidden=max(0, len(found.changes) - _ROWS_SHOWN),
        detections=detections,
        where=_where,
    )


def _where(change: Change) -> str:
    place = f"user {change.user_id}: " if change.user_id else ""
    place += "/".join(part for part in (change.area or "", shown_name(change.path)) if part)
    return f"{place}: {shown_name(change.item)}" if change.item else place
