"""What a benchmark says, and running several things in turn."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

__all__ = ["Measurement", "in_turn", "seconds_of"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Measurement:
    """One number with the bound that was promised for it, or None where there is none.

    `value` None: it could not be measured, and `note` says why.
    """

    what: str
    value: float | None
    unit: str
    at_most: float | None = None
    at_least: float | None = None
    note: str = ""

    @property
    def is_kept(self) -> bool:
        """True also where nothing was promised or measured."""
        if self.value is None:
            return True
        too_much = self.at_most is not None and self.value > self.at_most
        too_little = self.at_least is not None and self.value < self.at_least
        return not too_much and not too_little

    def __str__(self) -> str:
        value = "not measured" if self.value is None else f"{self.value:.3g} {self.unit}"
        bound = f"at most {self.at_most:g}" if self.at_most is not None else ""
        bound = f"at least {self.at_least:g}" if self.at_least is not None else bound
        mark = " " if self.value is None or not bound else ("ok" if self.is_kept else "MISSED")
        return f"{self.what:<64} {value:>14}  {bound:<14} {mark:<6} {self.note}".rstrip()


def seconds_of(run: Callable[[], object]) -> float:
    """How long one call takes."""
    start = time.perf_counter()
    run()
    return time.perf_counter() - start


def in_turn(runs: Mapping[str, Callable[[], float]], *, rounds: int) -> dict[str, float]:
    """The median of what each run returns; all run once in each round, after one to warm up."""
    for run in runs.values():
        run()
    results: dict[str, list[float]] = {name: [] for name in runs}
    for _ in range(rounds):
        for name, run in runs.items():
            results[name].append(run())
    return {name: statistics.median(values) for name, values in results.items()}
