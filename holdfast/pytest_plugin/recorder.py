"""From a journal's events to what the reports read: steps, and attachments as files, as they come.

A file is written the moment its event is published, so that it is there even if the test is not
finished; the record itself is written once, at the end.
"""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

from holdfast.journal import Attachment, DestructiveCommand, Event, StepEnded, StepStarted
from holdfast.report.record import AttachmentRecord, LedgerLine, StepRecord

__all__ = ["Recorder", "file_name_of"]

LIMIT_ATTACHMENT_BYTES = 32 << 20
_SUFFIXES = {
    "text/plain": ".txt",
    "application/json": ".json",
    "application/xml": ".xml",
    "text/xml": ".xml",
    "text/html": ".html",
    "image/png": ".png",
    "image/jpeg": ".jpg",
    "video/mp4": ".mp4",
}


class Recorder:
    """A subscriber of one test's journal. `folder` is made with the first attachment."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._steps: list[StepRecord] = []
        self._attachments: list[AttachmentRecord] = []
        self._ledger: list[LedgerLine] = []
        self._index_of: dict[int, int] = {}

    def __call__(self, event: Event) -> None:
        match event:
            case StepStarted():
                self._begin(event)
            case StepEnded():
                self._end(event)
            case Attachment():
                self._keep(event)
            case DestructiveCommand():
                declared = event.declared_by
                self._ledger.append(
                    LedgerLine(
                        at=event.at,
                        kind=event.kind.value,
                        target=event.target,
                        command=event.command,
                        declared_by=declared.reason if declared else "",
                    )
                )
            case _:
                pass

    @property
    def steps(self) -> tuple[StepRecord, ...]:
        return tuple(self._steps)

    @property
    def attachments(self) -> tuple[AttachmentRecord, ...]:
        return tuple(self._attachments)

    @property
    def ledger(self) -> tuple[LedgerLine, ...]:
        return tuple(self._ledger)

    def _begin(self, event: StepStarted) -> None:
        parent = self._index_of.get(event.parent_id) if event.parent_id is not None else None
        self._index_of[event.step_id] = len(self._steps)
        self._steps.append(
            StepRecord(
                title=event.title,
                depth=0 if parent is None else self._steps[parent].depth + 1,
                started_at=event.at,
                duration_s=None,
                parameters=dict(event.parameters),
            )
        )

    def _end(self, event: StepEnded) -> None:
        index = self._index_of[event.step_id]
        step = self._steps[index]
        error = event.error
        self._steps[index] = replace(
            step,
            duration_s=max(0.0, event.at - step.started_at),
            error="" if error is None else f"{type(error).__name__}: {error}",
        )

    def _keep(self, event: Attachment) -> None:
        name = file_name_of(len(self._attachments) + 1, event.name, event.media_type)
        self._folder.mkdir(parents=True, exist_ok=True)
        (self._folder / name).write_bytes(event.data[:LIMIT_ATTACHMENT_BYTES])
        self._attachments.append(
            AttachmentRecord(
                name=event.name,
                file=name,
                media_type=event.media_type,
                step=self._index_of.get(event.step_id) if event.step_id is not None else None,
            )
        )


def file_name_of(number: int, name: str, media_type: str) -> str:
    """A file name that is safe whatever the attachment is called: it may quote the device."""
    plain = re.sub(r"[^A-Za-z0-9._-]+", "-", name).strip("-.")[:60] or "attachment"
    suffix = _SUFFIXES.get(media_type, ".bin")
    return f"{number:03d}-{plain.removesuffix(suffix)}{suffix}"
