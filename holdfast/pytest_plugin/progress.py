"""What a person watches while the run goes on: a table that lives, or plain lines for a log."""

from __future__ import annotations

import io
import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol, TextIO

from rich.console import Console, ConsoleRenderable
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from holdfast.report.console import counted
from holdfast.report.record import Outcome

__all__ = [
    "Finished",
    "LiveProgress",
    "PlainProgress",
    "Progress",
    "copy_of_stdout",
    "progress_for",
]

_STYLES = {
    Outcome.PASSED: "green",
    Outcome.KNOWN_FAILURE: "yellow",
    Outcome.NOT_COVERED: "bright_black",
    Outcome.INCONCLUSIVE: "magenta",
    Outcome.FAILED: "bold red",
    Outcome.UNEXPECTED_PASS: "bold red",
    Outcome.MISCONFIGURED: "bold red",
    Outcome.ERROR: "bold red",
}
_MARKS = {
    Outcome.PASSED: "ok",
    Outcome.KNOWN_FAILURE: "known failure",
    Outcome.NOT_COVERED: "not covered",
    Outcome.INCONCLUSIVE: "INCONCLUSIVE",
    Outcome.FAILED: "FAILED",
    Outcome.UNEXPECTED_PASS: "UNEXPECTED PASS",
    Outcome.MISCONFIGURED: "WRONGLY CONFIGURED",
    Outcome.ERROR: "ERROR",
}
_SHOWN_WITH_REASON = frozenset(Outcome) - {Outcome.PASSED}
NO_DEVICE = "(no device)"


@dataclass(frozen=True, kw_only=True, slots=True)
class Finished:
    """A test that has ended, as the screen tells it."""

    device: str
    title: str
    outcome: Outcome
    why: str
    duration_s: float


class Progress(Protocol):
    """Told what happens; shows it as it can."""

    def expect(self, tests_of: Mapping[str, int]) -> None:
        """How many tests each device will run."""

    def at(self, device: str, title: str, doing: str) -> None:
        """A device has come to this point of this test."""

    def finished(self, test: Finished) -> None: ...

    def close(self) -> None:
        """Leave the screen to others. Nothing is shown after it."""


def progress_for(stream: TextIO, *, fancy: bool) -> Progress:
    return LiveProgress(stream) if fancy else PlainProgress(stream)


class PlainProgress:
    """One line for each finished test, for logs and pipes."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._total = 0
        self._done = 0

    def expect(self, tests_of: Mapping[str, int]) -> None:
        self._total = sum(tests_of.values())
        self._write(f"{counted(self._total, 'scenario')} on {_devices(tests_of)}")

    def at(self, device: str, title: str, doing: str) -> None:
        if doing.startswith("waiting for somebody"):
            self._write(f"{device or NO_DEVICE}: {doing} ({title})")

    def finished(self, test: Finished) -> None:
        self._done += 1
        width = len(str(self._total))
        line = (
            f"[{self._done:{width}}/{self._total}] {test.device or NO_DEVICE:<24} "
            f"{test.title}: {_MARKS[test.outcome]} ({test.duration_s:.1f} s)"
        )
        self._write(line + (f" - {test.why}" if test.outcome in _SHOWN_WITH_REASON else ""))

    def close(self) -> None:
        self._stream.flush()

    def _write(self, line: str) -> None:
        print(line.replace("\n", " "), file=self._stream, flush=True)


@dataclass(kw_only=True, slots=True)
class _Row:
    total: int
    title: str = ""
    doing: str = ""
    since: float = 0.0
    outcomes: list[Outcome] = field(default_factory=list)


class LiveProgress:
    """A table with a row for each device; what did not simply pass scrolls by above it."""

    def __init__(self, stream: TextIO) -> None:
        self._console = Console(file=stream, highlight=False, markup=False)
        self._rows: dict[str, _Row] = {}
        self._began = time.monotonic()
        self._live = Live(
            get_renderable=self._table,
            console=self._console,
            refresh_per_second=4,
            transient=True,
            redirect_stdout=False,
            redirect_stderr=False,
        )

    def expect(self, tests_of: Mapping[str, int]) -> None:
        self._rows = {device: _Row(total=total) for device, total in tests_of.items()}
        self._live.start()

    def at(self, device: str, title: str, doing: str) -> None:
        row = self._rows.setdefault(device, _Row(total=0))
        if row.title != title:
            row.since = time.monotonic()
        row.title, row.doing = title, doing

    def finished(self, test: Finished) -> None:
        row = self._rows.setdefault(test.device, _Row(total=0))
        row.outcomes.append(test.outcome)
        row.title = row.doing = ""
        if test.outcome in _SHOWN_WITH_REASON:
            self._console.print(
                Text.assemble(
                    (f"{_MARKS[test.outcome]:>15}  ", _STYLES[test.outcome]),
                    (f"{test.device or NO_DEVICE}  ", "bold"),
                    f"{test.title}: {test.why}".replace("\n", " "),
                ),
                overflow="ellipsis",
                no_wrap=True,
            )

    def close(self) -> None:
        self._live.stop()

    def as_text(self) -> str:
        """The table as it would be shown now, without colours."""
        console = Console(file=io.StringIO(), width=120)
        with console.capture() as capture:
            console.print(self._table())
        return capture.get()

    def _table(self) -> ConsoleRenderable:
        table = Table.grid(padding=(0, 1), expand=True)
        for _ in range(4):
            table.add_column(no_wrap=True)
        table.add_column(ratio=1, no_wrap=True, overflow="ellipsis")
        now = time.monotonic()
        for device, row in self._rows.items():
            done = len(row.outcomes)
            table.add_row(
                Text(device or NO_DEVICE, style="bold"),
                ProgressBar(total=max(row.total, 1), completed=done, width=20),
                f"{done}/{row.total}",
                _counts(row.outcomes),
                _doing(row, now),
            )
        elapsed = int(now - self._began)
        table.add_row(Text(f"{elapsed // 60}:{elapsed % 60:02}", style="bright_black"))
        return table


def _counts(outcomes: Sequence[Outcome]) -> Text:
    parts = [
        (f"{outcomes.count(o)} {_MARKS[o].lower()} ", _STYLES[o]) for o in Outcome if o in outcomes
    ]
    return Text.assemble(*parts)


def _doing(row: _Row, now: float) -> Text:
    if not row.title:
        return Text("done" if len(row.outcomes) >= row.total else "", style="bright_black")
    doing = f" · {row.doing}" if row.doing else ""
    return Text(f"{now - row.since:3.0f} s {row.title}{doing}", style="bright_black")


def _devices(tests_of: Mapping[str, int]) -> str:
    named = [device for device in tests_of if device]
    return f"{counted(len(named), 'device')}: {', '.join(named)}"


def copy_of_stdout() -> TextIO:
    """A stream to where stdout goes now, which later capturing does not reach."""
    return os.fdopen(os.dup(1), "w", encoding="utf-8", errors="replace", buffering=1)
