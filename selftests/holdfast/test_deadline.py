"""Waiting ends, and says what it saw."""

from __future__ import annotations

import pytest

from holdfast.deadline import Deadline, wait_until
from holdfast.errors import DeadlineExceeded
from selftests.clock import SteppedClock


def test_waiting_returns_what_the_check_returned() -> None:
    clock = SteppedClock()
    answers = iter(["", "", "booted"])
    found = wait_until(
        lambda: next(answers), Deadline.after(5, clock=clock), what="boot", every_s=1
    )
    assert found == "booted"
    assert clock.now_s == 102.0


def test_waiting_that_fails_names_what_was_awaited_and_what_was_seen_last() -> None:
    with pytest.raises(DeadlineExceeded, match="boot did not happen within 3 s") as caught:
        wait_until(
            lambda: 0, Deadline.after(3, clock=SteppedClock()), what="boot", device="nut-pro-2"
        )
    assert caught.value.last_seen == 0
    assert caught.value.device == "nut-pro-2"


def test_the_check_runs_once_more_at_the_deadline() -> None:
    clock = SteppedClock()
    seen: list[float] = []

    def check() -> bool:
        seen.append(clock.now_s)
        return clock.now_s >= 103.0

    assert wait_until(check, Deadline.after(3, clock=clock), what="it", every_s=2)
    assert seen[-1] == pytest.approx(103.0)


def test_a_check_that_is_true_at_once_passes_even_when_no_time_is_left() -> None:
    assert wait_until(lambda: True, Deadline.after(0, clock=SteppedClock()), what="it")


def test_a_step_never_outlives_the_job_it_belongs_to() -> None:
    clock = SteppedClock()
    job = Deadline.after(10, clock=clock)
    assert job.within(60) is job
    assert job.within(4).remaining_s == 4


def test_a_passed_deadline_is_an_error_where_it_is_required() -> None:
    clock = SteppedClock()
    deadline = Deadline.after(1, clock=clock)
    deadline.require("the upload")
    clock.sleep(1)
    with pytest.raises(DeadlineExceeded, match="the upload"):
        deadline.require("the upload")
