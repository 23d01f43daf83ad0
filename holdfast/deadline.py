"""Time is passed in: a clock, a deadline on it, and the one way to wait."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol, TypeVar

from holdfast.errors import DeadlineExceeded

__all__ = ["Clock", "Deadline", "SystemClock", "wait_until"]

T = TypeVar("T")


class Clock(Protocol):
    """What the harness needs of time; tests pass a hand-written one."""

    def monotonic(self) -> float:
        """Seconds on a clock that never goes back."""

    def time(self) -> float:
        """Seconds since the Unix epoch."""

    def sleep(self, seconds: float) -> None:
        """Return after `seconds`."""


class SystemClock:
    """The machine's own clock."""

    def monotonic(self) -> float:
        return time.monotonic()

    def time(self) -> float:
        return time.time()

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)


@dataclass(frozen=True, kw_only=True, slots=True)
class Deadline:
    """A point in time that work must not pass. Build it with `Deadline.after`."""

    ends_at: float
    allowed_s: float
    clock: Clock = field(default_factory=SystemClock, repr=False)

    @classmethod
    def after(cls, seconds: float, *, clock: Clock | None = None) -> Deadline:
        """The deadline `seconds` from now."""
        used = clock or SystemClock()
        return cls(ends_at=used.monotonic() + seconds, allowed_s=seconds, clock=used)

    @property
    def remaining_s(self) -> float:
        """Seconds left, never below zero."""
        return max(0.0, self.ends_at - self.clock.monotonic())

    @property
    def passed(self) -> bool:
        return self.remaining_s == 0.0

    def within(self, seconds: float) -> Deadline:
        """The sooner of this deadline and `seconds` from now: for a step of a longer job."""
        step = Deadline.after(seconds, clock=self.clock)
        return step if step.ends_at < self.ends_at else self

    def require(self, what: str, *, device: str | None = None, last_seen: object = None) -> None:
        """Raise DeadlineExceeded if the deadline has passed."""
        if self.passed:
            raise DeadlineExceeded(
                what, allowed_s=self.allowed_s, last_seen=last_seen, device=device
            )


def wait_until(
    check: Callable[[], T | None],
    deadline: Deadline,
    *,
    what: str,
    every_s: float = 0.1,
    device: str | None = None,
) -> T:
    """Call `check` until it returns something truthy, and return that.

    `check` runs at least once, and once more at the deadline. Raises DeadlineExceeded with the last
    (falsy) value that it returned. Errors of `check` pass through.
    """
    while True:
        expired = deadline.passed
        seen = check()
        if seen:
            return seen
        if expired:
            raise DeadlineExceeded(
                what, allowed_s=deadline.allowed_s, last_seen=seen, device=device
            )
        deadline.clock.sleep(min(every_s, max(deadline.remaining_s, 0.001)))
