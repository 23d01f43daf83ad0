"""logd: the ring buffers that `logcat` reads, with its output formats and filters."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

__all__ = ["LogBuffer", "LogFormat", "LogLine", "Priorities", "format_line"]

LINES_KEPT = 4000
LEVELS = "VDIWEFS"


@dataclass(frozen=True, kw_only=True, slots=True)
class LogLine:
    """`time_s` since the Unix epoch; `level` is one of V D I W E F."""

    time_s: float
    pid: int
    tid: int
    level: str
    tag: str
    text: str
    buffer: str


class LogFormat(StrEnum):
    BRIEF = "brief"
    TIME = "time"
    THREADTIME = "threadtime"
    TAG = "tag"
    PROCESS = "process"
    RAW = "raw"
    LONG = "long"


class Priorities:
    """Filter expressions such as `PackageManager:I *:S`."""

    def __init__(self, expressions: Sequence[str], *, silent: bool = False) -> None:
        self._least: dict[str, str] = {}
        self._default = "S" if silent else "V"
        for expression in expressions:
            tag, _, level = expression.partition(":")
            level = "V" if level in ("", "*") else level.upper()[:1]
            if tag == "*":
                self._default = level
            else:
                self._least[tag] = level

    def admit(self, line: LogLine) -> bool:
        least = self._least.get(line.tag, self._default)
        return LEVELS.index(line.level) >= LEVELS.index(least)


def format_line(line: LogLine, how: LogFormat) -> str:
    """One entry as logcat prints it, without the final newline; every line of text its own."""
    local = time.gmtime(line.time_s)  # the device keeps UTC
    milliseconds = int(line.time_s * 1000) % 1000
    stamp = f"{time.strftime('%m-%d %H:%M:%S', local)}.{milliseconds:03d}"
    heads = {
        LogFormat.BRIEF: f"{line.level}/{line.tag:<8}({line.pid:5d}): ",
        LogFormat.TIME: f"{stamp} {line.level}/{line.tag:<8}({line.pid:5d}): ",
        LogFormat.THREADTIME: (f"{stamp} {line.pid:5d} {line.tid:5d} {line.level} {line.tag:<8}: "),
        LogFormat.TAG: f"{line.level}/{line.tag:<8}: ",
        LogFormat.PROCESS: f"{line.level}({line.pid:5d}) ",
        LogFormat.RAW: "",
        LogFormat.LONG: (f"[ {stamp} {line.pid:5d}:{line.tid:5d} {line.level}/{line.tag:<8} ]\n"),
    }
    parts = line.text.split("\n") if how is not LogFormat.LONG else [line.text, ""]
    head = heads[how]
    return (
        "\n".join(head + part for part in parts)
        if how is not LogFormat.LONG
        else head + ("\n".join(parts))
    )


class LogBuffer:
    """All buffers of one boot, in the order of writing. `sizes_bytes` are those that somebody set;
    what is kept does not depend on them."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._lines: deque[LogLine] = deque(maxlen=LINES_KEPT)
        self._written = asyncio.Event()
        self._count = 0
        self.sizes_bytes: dict[str, int] = {}

    @property
    def count(self) -> int:
        """Lines ever written; a reader that follows compares it."""
        return self._count

    def write(
        self, tag: str, text: str, *, level: str = "I", buffer: str = "main", pid: int = 1000
    ) -> None:
        line = LogLine(
            time_s=self._clock(),
            pid=pid,
            tid=pid,
            level=level,
            tag=tag,
            text=text,
            buffer=buffer,
        )
        self._lines.append(line)
        self._count += 1
        self._written.set()

    def lines(self, buffers: Sequence[str], *, since_count: int = 0) -> list[LogLine]:
        """Those of the buffers that were written after the first `since_count` ones."""
        skip = max(0, since_count - (self._count - len(self._lines)))
        return [line for line in list(self._lines)[skip:] if line.buffer in buffers]

    def clear(self, buffers: Sequence[str]) -> None:
        kept = [line for line in self._lines if line.buffer not in buffers]
        self._lines.clear()
        self._lines.extend(kept)

    async def wait_for_more(self) -> None:
        """Returns when something is written after this call."""
        self._written.clear()
        await self._written.wait()
