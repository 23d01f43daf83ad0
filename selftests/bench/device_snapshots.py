"""Snapshots of a virtual device that holds 1 GB in 50 000 files: save, restore, reset."""

from __future__ import annotations

import os
import shutil
import statistics
import tempfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from selftests.bench.device_processes import Running, running
from selftests.bench.measurement import Measurement, seconds_of

__all__ = ["measure"]

FILES, FILE_BYTES, FOLDERS = 50_000, 20_000, 500
ROUNDS = 5


def measure() -> Iterator[Measurement]:
    """From the command to the phone that has booted again."""
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder)
        scratch.chmod(0o755)
        with running(scratch) as device:
            if device is None:
                note = "this host runs no virtual device"
                yield Measurement(what="snapshots", value=None, unit="ms", note=note)
                return
            empty = _restarts(device)
            _fill(device)
            full = _restarts(device)
            for what, before, after in zip(("save", "restore"), empty, full, strict=True):
                yield Measurement(
                    what=f"{what} 1 GB in {FILES} files, until it has booted again",
                    value=after * 1000, unit="ms",
                    note=f"with nothing to keep: {before * 1000:.0f} ms",
                )  # fmt: skip
                yield Measurement(
                    what=f"of which the files cost ({what})",
                    value=(after - before) * 1000, unit="ms", at_most=250,
                )  # fmt: skip


def _restarts(device: Running) -> tuple[float, float]:
    """The medians of saving and of restoring, in seconds."""
    saved = [seconds_of(partial(_ask, device, f"save s{n}")) for n in range(ROUNDS)]
    restored = [_restore(device, n) for n in range(ROUNDS)]
    return statistics.median(saved), statistics.median(restored)


def _ask(device: Running, command: str) -> None:
    event = device.ask(command)
    if event == "refused":
        raise RuntimeError(f"the device refused {command!r}")


def _restore(device: Running, number: int) -> float:
    return seconds_of(lambda: _ask(device, f"restore s{number}"))


def _fill(device: Running) -> None:
    """From outside, which is quicker than any shell on the device."""
    bulk = device.state / "disk" / "data" / "local" / "tmp" / "bulk"
    data = os.urandom(FILE_BYTES)
    for number in range(FOLDERS):
        inner = bulk / str(number)
        inner.mkdir(parents=True)
        for name in range(FILES // FOLDERS):
            (inner / str(name)).write_bytes(data)
    if os.getuid() == 0:
        owner = (device.state / "disk").stat()
        shutil.chown(bulk, owner.st_uid, owner.st_gid)
