"""A snapshot beside the bare checksums of the same device shell: of 2 GB in 100 000 files, and of
the 11 GB in 48 211 files that were lost in 2018, which takes 25 GB of disk and some minutes.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
from collections.abc import Generator, Iterator
from pathlib import Path

from holdfast.deadline import Clock, Deadline, SystemClock
from holdfast.device.connect import connect
from holdfast.device.device import Device
from holdfast.device.shell import Shell, ShellResult
from holdfast.errors import HostToolMissing
from holdfast.journal import Journal, Ledger
from holdfast.lab.provider import Endpoint
from holdfast.userdata.collect import collect
from holdfast.userdata.plant import plant
from holdfast.userdata.seed import SeedPlan, SeedSize
from selftests.bench.measurement import Measurement, in_turn, seconds_of
from selftests.holdfast.userdata.rehearsal import PACKAGE, Rehearsal, started

__all__ = ["measure"]

ROOT = Path(__file__).resolve().parents[2]
PERSONALITY = "aosp-36"
BARE = f"run-as {PACKAGE} sh -c 'find . -type f -print0 | xargs -0 sha256sum'"
LONG_S = 1800.0


def measure() -> Iterator[Measurement]:
    try:
        with started(PERSONALITY) as running:
            large = yield from _measure(running, SeedSize.LARGE, rounds=3)
        with started(PERSONALITY) as running:
            huge = yield from _measure(running, SeedSize.HUGE, rounds=1)
    except HostToolMissing as reason:
        yield Measurement(what="a snapshot by adb", value=None, unit="x", note=str(reason))
    else:
        yield Measurement(
            what="host memory for 11 GB / for 2 GB", value=huge / large, unit="x", at_most=1.05
        )


def _measure(
    running: Rehearsal, size: SeedSize, *, rounds: int
) -> Generator[Measurement, None, float]:
    """Also returns the peak memory of a process that takes the snapshot, in MiB."""
    device = running.device
    planted = plant(device, PACKAGE, seed=SeedPlan(size=size), deadline=Deadline.after(LONG_S))
    held = f"{planted.size_bytes / 1e9:.1f} GB in {sum(planted.files.values())} files"
    medians_s = in_turn(
        {
            "bare": lambda: seconds_of(lambda: _bare(device)),
            "snapshot": lambda: seconds_of(lambda: _snapshot(device)),
        },
        rounds=rounds,
    )
    yield Measurement(
        what=f"snapshot of {held} / find and sha256sum alone",
        value=medians_s["snapshot"] / medians_s["bare"],
        unit="x",
        at_most=1.15,
        note=f"{medians_s['snapshot']:.1f} s / {medians_s['bare']:.1f} s",
    )
    child = _child(running.endpoint)
    yield Measurement(
        what="adb round trips of a snapshot", value=child["trips"], unit="", at_most=6
    )
    yield Measurement(
        what="host memory of a whole process that takes it",
        value=child["peak_mib"],
        unit="MiB",
        at_most=250,
    )
    return child["peak_mib"]


def _bare(device: Device) -> None:
    for _chunk in device.shell.stream(BARE, deadline=Deadline.after(LONG_S)):
        pass


def _snapshot(device: Device) -> None:
    collect(device, PACKAGE, deadline=Deadline.after(LONG_S))


class _Counted:
    """A device that counts how often its shell is asked."""

    def __init__(self, device: Device) -> None:
        self.name, self.api = device.name, device.api
        self.clock: Clock = SystemClock()
        self.shell: Shell = self
        self.trips = 0
        self._inner = device.shell

    def run(self, command: str, *, deadline: Deadline, stdin: bytes | None = None) -> ShellResult:
        self.trips += 1
        return self._inner.run(command, deadline=deadline, stdin=stdin)

    def stream(self, command: str, *, deadline: Deadline) -> Iterator[bytes]:
        self.trips += 1
        return self._inner.stream(command, deadline=deadline)


def _child(endpoint: Endpoint) -> dict[str, float]:
    """Trips and peak memory of one snapshot in a process of its own."""
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "selftests.bench.userdata",
            endpoint.serial,
            endpoint.adb_host,
            str(endpoint.adb_port),
        ],
        check=True,
        capture_output=True,
        cwd=ROOT,
    )
    answer: dict[str, float] = json.loads(done.stdout)
    return answer


def _take_one(serial: str, adb_host: str, adb_port: int) -> dict[str, float]:
    journal = Journal()
    device = connect(
        name="bench",
        serial=serial,
        adb_server_host=adb_host,
        adb_server_port=adb_port,
        journal=journal,
        ledger=Ledger(journal),
        deadline=Deadline.after(60.0),
    )
    counted = _Counted(device)
    collect(counted, PACKAGE, deadline=Deadline.after(LONG_S))
    peak_kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return {"trips": counted.trips, "peak_mib": peak_kib / 1024}


if __name__ == "__main__":
    sys.stdout.write(json.dumps(_take_one(sys.argv[1], sys.argv[2], int(sys.argv[3]))))
