"""Many virtual devices on one adb server, answering for a while.

`HOLDFAST_FLEET` is how many (128), `HOLDFAST_FLEET_S` for how many seconds (60; the promise is
600).
"""

from __future__ import annotations

import contextlib
import os
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from selftests.bench.device_processes import Running, connect, memory_mib, running
from selftests.bench.measurement import Measurement
from selftests.virtualdevice.real_clients import AdbClient, adb_programs, running_adb

__all__ = ["measure"]

FLEET = int(os.environ.get("HOLDFAST_FLEET", "128"))
SOAK_S = float(os.environ.get("HOLDFAST_FLEET_S", "60"))
AT_ONCE = 8


def measure() -> Iterator[Measurement]:
    """Boot, connect, answers and memory of the fleet."""
    program = adb_programs()["adb36"] or adb_programs()["adb29"]
    if program is None:
        yield Measurement(what="a fleet", value=None, unit="s", note="there is no adb")
        return
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as stack:
        scratch = Path(folder)
        scratch.chmod(0o755)
        adb = stack.enter_context(running_adb(program, scratch))
        began = time.perf_counter()
        started = [stack.enter_context(running(scratch)) for _ in range(FLEET)]
        fleet = [device for device in started if device is not None]
        yield Measurement(
            what=f"{FLEET} devices, one after the other",
            value=(time.perf_counter() - began) / FLEET, unit="s each",
        )  # fmt: skip
        for device in fleet:
            connect(adb, device.serial)
        yield from _soak(adb, fleet)
        total = sum(memory_mib(device.pid) for device in fleet)
        yield Measurement(
            what="memory per device of the fleet", value=total / FLEET, unit="MiB", at_most=40
        )


def _soak(adb: AdbClient, fleet: Sequence[Running]) -> Iterator[Measurement]:
    """Every device is asked in turn, some at a time, until the time is over."""
    answered = failures = rounds = 0
    end = time.monotonic() + SOAK_S
    with ThreadPoolExecutor(AT_ONCE) as pool:
        while time.monotonic() < end:
            rounds += 1
            right = [good for good in pool.map(lambda one: _answers(adb, one), fleet) if good]
            answered += len(right)
            failures += FLEET - len(right)
    yield Measurement(
        what=f"answers of {FLEET} devices in {SOAK_S:.0f} s ({rounds} rounds)",
        value=float(answered), unit="",
    )  # fmt: skip
    yield Measurement(what="answers that failed", value=float(failures), unit="", at_most=0)


def _answers(adb: AdbClient, device: Running) -> bool:
    return adb("-s", device.serial, "shell", "echo $((6*7))").text == "42\n"
