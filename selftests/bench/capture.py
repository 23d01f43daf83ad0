"""What the capture sees of brief dialogs while eight devices run, and what looking costs."""

from __future__ import annotations

import contextlib
import os
import statistics
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from holdfast.deadline import Deadline
from holdfast.device.device import Device
from holdfast.errors import LabError
from selftests.bench.measurement import Measurement, seconds_of
from selftests.holdfast.dialogs.brief import brief_device, capture_of, seen_of

__all__ = ["measure"]

FLEET = 8
DIALOGS = 100
IDLE_S = 10.0
LOOKS = 50


def measure() -> Iterator[Measurement]:
    """The cost of looking at one device; then a fleet, each of which is looked at."""
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as stack:
        try:
            first = stack.enter_context(brief_device(Path(folder)))
        except LabError as error:
            yield Measurement(what="the capture", value=None, unit="", note=str(error)[:80])
            return
        yield from _idle(first)
        others = [stack.enter_context(brief_device(Path(folder))) for _ in range(FLEET - 1)]
        for device in others:
            stack.enter_context(capture_of(device))
        yield Measurement(
            what=f"dialogs of 300 ms seen of {DIALOGS}, while {FLEET} devices are looked at",
            value=float(seen_of(first, DIALOGS)), unit="", at_least=DIALOGS,
        )  # fmt: skip


def _idle(device: Device) -> Iterator[Measurement]:
    """While nothing happens: processor time of the harness, and of the device with its server."""
    ui = device.new_ui()
    ui.hierarchy(deadline=Deadline.after(30))
    looks = [seconds_of(lambda: ui.hierarchy(deadline=Deadline.after(20))) for _ in range(LOOKS)]
    yield Measurement(what="one look, median", value=statistics.median(looks) * 1000, unit="ms")
    with capture_of(device):
        host_s, device_s = time.process_time(), _seconds_of_children()
        device.clock.sleep(IDLE_S)
        host_s, device_s = time.process_time() - host_s, _seconds_of_children() - device_s
    yield Measurement(
        what="idle capture: processor time of the host", value=host_s / IDLE_S * 100,
        unit="% of a core", at_most=10,
    )  # fmt: skip
    yield Measurement(
        what="idle capture: processor time of adb and the device", value=device_s / IDLE_S * 100,
        unit="% of a core", at_most=25,
    )  # fmt: skip


def _seconds_of_children() -> float:
    """Processor time of every process that this one started, and of those that they started."""
    ticks = 0
    for pid in _below([os.getpid()]):
        with contextlib.suppress(OSError, ValueError, IndexError):
            fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2]
            ticks += sum(int(word) for word in fields.split()[11:15])  # with ended children
    return ticks / os.sysconf("SC_CLK_TCK")


def _below(pids: Sequence[int]) -> list[int]:
    found: list[int] = []
    for pid in pids:
        with contextlib.suppress(OSError):
            for file in Path(f"/proc/{pid}/task").glob("*/children"):
                found += [int(word) for word in file.read_text(encoding="ascii").split()]
    return [*found, *_below(found)] if found else []
