from __future__ import annotations

import pytest

from holdfast.deadline import Deadline
from holdfast.device.vitals import read_vitals
from holdfast.errors import LabError
from selftests.holdfast.android.test_vitals import BATTERY, DROPBOX, TOYBOX
from selftests.holdfast.device.fakes import FakeClock, FakeShell


def answer(clock_s: float, *, dropbox: str = DROPBOX, tombstones: str = "") -> str:
    return (
        f"=holdfast= battery\n{BATTERY}=holdfast= df\n{TOYBOX}=holdfast= clock\n{clock_s:.0f}\n"
        f"=holdfast= dropbox\n{dropbox}=holdfast= tombstones\n{tombstones}"
    )


def test_everything_is_read_by_one_command() -> None:
    clock = FakeClock()
    shell = FakeShell(replies=[("", answer(clock.time() + 30))])
    read = read_vitals(shell, clock=clock, deadline=Deadline.after(10, clock=clock))
    assert len(shell.sent) == 1
    assert (read.battery_percent, read.temperature_celsius) == (42, 31.7)
    assert read.free_data_bytes == 1024000000
    assert read.clock_error_s == 30
    assert (read.crashes, read.tombstones, read.not_responding) == (2, 1, 1)


def test_what_the_device_does_not_tell_is_none_and_not_zero() -> None:
    clock = FakeClock()
    shell = FakeShell(replies=[("", answer(clock.time(), dropbox="Can't find service\n"))])
    read = read_vitals(shell, clock=clock, deadline=Deadline.after(10, clock=clock))
    assert (read.crashes, read.tombstones, read.not_responding) == (None, None, None)


def test_a_device_that_does_not_answer_is_an_error() -> None:
    clock = FakeClock()
    with pytest.raises(LabError):
        read_vitals(FakeShell(), clock=clock, deadline=Deadline.after(0, clock=clock))
