"""What a virtual device costs and how quick it is, by the real adb."""

from __future__ import annotations

import contextlib
import os
import statistics
import tempfile
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from selftests.bench.device_processes import connect, memory_mib, running
from selftests.bench.measurement import Measurement, seconds_of
from selftests.virtualdevice.real_clients import AdbClient, adb_programs, running_adb

__all__ = ["measure"]

SHELL_ROUNDS = 50
TRANSFER_MIB = 512


def measure() -> Iterator[Measurement]:
    """Boot, memory, shell, transfers of one device."""
    program = adb_programs()["adb36"] or adb_programs()["adb29"]
    if program is None:
        yield Measurement(what="a virtual device", value=None, unit="s", note="there is no adb")
        return
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as stack:
        scratch = Path(folder)
        scratch.chmod(0o755)
        adb = stack.enter_context(running_adb(program, scratch))
        began = time.perf_counter()
        device = stack.enter_context(running(scratch))
        if device is None:
            note = "this host runs no virtual device"
            yield Measurement(what="a virtual device", value=None, unit="s", note=note)
            return
        booted = time.perf_counter() - began
        yield Measurement(what="first boot, from the command to `ready`", value=booted, unit="s")
        yield from _one(adb, (device.serial, device.pid), scratch)


def _reboot(adb: AdbClient, serial: str) -> None:
    """Until Android says that it has booted."""
    adb("-s", serial, "reboot")
    adb("-s", serial, "wait-for-device")
    waiting = 'until [ "$(getprop sys.boot_completed)" = 1 ]; do sleep 0.01; done'
    adb("-s", serial, "shell", waiting)


def _one(adb: AdbClient, device: tuple[str, int], scratch: Path) -> Iterator[Measurement]:
    serial, pid = device
    connect(adb, serial)
    reboots = [seconds_of(lambda: _reboot(adb, serial)) for _ in range(5)]
    yield Measurement(
        what="reboot, from `adb reboot` to boot_completed",
        value=statistics.median(reboots), unit="s", at_most=0.5,
    )  # fmt: skip
    times = [seconds_of(lambda: adb("-s", serial, "shell", "true")) for _ in range(SHELL_ROUNDS)]
    yield Measurement(
        what="`adb shell true`, median", value=statistics.median(times) * 1000, unit="ms", at_most=8
    )
    times = [
        seconds_of(lambda: adb("-s", serial, "shell", "getprop", "ro.build.version.sdk"))
        for _ in range(SHELL_ROUNDS)
    ]
    yield Measurement(
        what="`adb shell getprop X`, median", value=statistics.median(times) * 1000, unit="ms"
    )
    big = scratch / "big"
    with big.open("wb") as file:
        for _ in range(TRANSFER_MIB):
            file.write(os.urandom(1 << 20))
    for what, words in (
        ("push", ("push", str(big), "/data/local/tmp/big")),
        ("pull", ("pull", "/data/local/tmp/big", str(scratch / "back"))),
    ):
        taken = min(seconds_of(partial(adb, "-s", serial, *words)) for _ in range(2))
        yield Measurement(
            what=f"adb {what} of {TRANSFER_MIB} MiB",
            value=TRANSFER_MIB * 1.048576 / taken, unit="MB/s", at_least=400,
        )  # fmt: skip
    adb("-s", serial, "shell", "rm /data/local/tmp/big")
    yield Measurement(
        what="memory of one device (PSS, all its processes)",
        value=memory_mib(pid), unit="MiB",
        note="shared pages count whole when it is alone",
    )  # fmt: skip
