"""What a whole run amounts to: counts, the exit status, and who is to blame."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum

from holdfast.report.record import Outcome, TestRecord

__all__ = ["ExitStatus", "Summary", "summarise"]


class ExitStatus(IntEnum):
    """What the run's exit status says to a script."""

    NOTHING_UNEXPECTED = 0
    PRODUCT_FAILURE = 1
    LAB_TROUBLE = 3
    CONFIGURATION = 4


_PRODUCT = frozenset({Outcome.FAILED, Outcome.UNEXPECTED_PASS, Outcome.ERROR})


@dataclass(frozen=True, kw_only=True, slots=True)
class Summary:
    """A run. `wall_s` is None where it was not measured."""

    records: tuple[TestRecord, ...]
    counts: dict[Outcome, int]
    wall_s: float | None

    @property
    def exit_status(self) -> ExitStatus:
        """A wrong configuration outweighs all, an unexpected product failure outweighs lab trouble;
        a run that saw nothing proves nothing, so it is lab trouble too."""
        if self.counts[Outcome.MISCONFIGURED]:
            return ExitStatus.CONFIGURATION
        if any(self.counts[outcome] for outcome in _PRODUCT):
            return ExitStatus.PRODUCT_FAILURE
        seen = sum(self.counts[o] for o in (Outcome.PASSED, Outcome.KNOWN_FAILURE))
        if self.counts[Outcome.INCONCLUSIVE] or not seen:
            return ExitStatus.LAB_TROUBLE
        return ExitStatus.NOTHING_UNEXPECTED

    def of(self, *outcomes: Outcome) -> tuple[TestRecord, ...]:
        return tuple(r for r in self.records if r.outcome in outcomes)

    @property
    def devices(self) -> tuple[str, ...]:
        """Names of the devices, in the order in which they first appear."""
        return tuple(dict.fromkeys(r.device for r in self.records))


def summarise(records: Sequence[TestRecord], *, wall_s: float | None = None) -> Summary:
    counted = Counter(r.outcome for r in records)
    return Summary(
        records=tuple(records), counts={o: counted.get(o, 0) for o in Outcome}, wall_s=wall_s
    )
