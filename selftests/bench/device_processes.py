"""Virtual devices as processes, for the benchmarks: start them, connect to them, weigh them."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from selftests.virtualdevice.real_clients import AdbClient

__all__ = ["Running", "connect", "memory_mib", "running"]

PROJECT = Path(__file__).resolve().parents[2]
PERSONALITY = "aosp-34"


@dataclass(frozen=True, kw_only=True, slots=True)
class Running:
    """A device that has booted; `commands` and `answers` are its standard streams."""

    serial: str
    pid: int
    state: Path
    commands: IO[str]
    answers: IO[str]

    def ask(self, command: str) -> Mapping[str, object]:
        """`save NAME`, `restore NAME` or `reset`; the event that it led to."""
        self.commands.write(f"{command}\n")
        self.commands.flush()
        answer: Mapping[str, object] = json.loads(self.answers.readline())
        if answer["event"] == "refused":
            raise RuntimeError(f"the device refused {command!r}: {answer}")
        return answer


@contextlib.contextmanager
def running(scratch: Path, *arguments: str) -> Iterator[Running | None]:
    """None if it cannot."""
    process = subprocess.Popen(
        [sys.executable, "-m", "virtualdevice", "run", PERSONALITY, "--json", *arguments,
         "--until-stdin-closes"],
        cwd=PROJECT,
        env={**os.environ, "TMPDIR": str(scratch)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )  # fmt: skip
    with process:
        assert process.stdin is not None
        assert process.stdout is not None
        line = process.stdout.readline()
        try:
            if not line:
                yield None
                return
            ready = json.loads(line)
            yield Running(
                serial=ready["adb"],
                pid=process.pid,
                state=Path(ready["state"]),
                commands=process.stdin,
                answers=process.stdout,
            )
        finally:
            process.terminate()


def connect(adb: AdbClient, serial: str) -> None:
    adb("connect", serial)
    adb("-s", serial, "wait-for-device")


def memory_mib(pid: int) -> float:
    """Proportional set size of a process and all below it."""
    total_kib = 0
    for one in [pid, *_below(pid)]:
        with contextlib.suppress(OSError):
            for line in Path(f"/proc/{one}/smaps_rollup").read_text(encoding="ascii").splitlines():
                if line.startswith("Pss:"):
                    total_kib += int(line.split()[1])
    return total_kib / 1024


def _below(pid: int) -> list[int]:
    children: list[int] = []
    with contextlib.suppress(OSError):
        for file in Path(f"/proc/{pid}/task").glob("*/children"):
            children += [int(word) for word in file.read_text(encoding="ascii").split()]
    return children + [further for child in children for further in _below(child)]
