from __future__ import annotations

from pathlib import Path

import pytest

from holdfast.deadline import Deadline
from holdfast.errors import DeviceLost, LabError
from holdfast.journal import Journal, StepEnded, StepStarted
from holdfast.lab.quarantine import QuarantineStore
from holdfast.lab.recovery import ORDER, Recovered, Rung, recover
from selftests.clock import SteppedClock


class Patient:
    """Well again after the rung `cure`; `climbed` lists those that were tried."""

    def __init__(self, folder: Path, *, cure: str = "") -> None:
        self.cure = cure
        self.climbed: list[str] = []
        self.clock = SteppedClock()
        self.journal = Journal()
        self.quarantine = QuarantineStore(folder / "quarantine.sqlite3")

    def rungs(self, *, takes_s: float = 1.0) -> tuple[Rung, ...]:
        return tuple(
            Rung(
                name=name,
                bound_s=60.0,
                act=lambda deadline, name=name: self._climb(name, takes_s),  # type: ignore[misc]
                destroys=name == "reflash",
            )
            for name in ORDER
        )

    def _climb(self, name: str, takes_s: float) -> None:
        self.clock.sleep(takes_s)
        self.climbed.append(name)

    def healthy(self, deadline: Deadline) -> None:
        if self.cure not in self.climbed:
            raise DeviceLost("it does not answer", device="phone")

    def recover(self, *, may_destroy: bool = True, takes_s: float = 1.0) -> Recovered:
        return recover(
            "phone",
            self.rungs(takes_s=takes_s),
            healthy=self.healthy,
            why="phone: adb lost it",
            may_destroy=may_destroy,
            quarantine=self.quarantine,
            owner="run 7",
            journal=self.journal,
            deadline=Deadline.after(100.0, clock=self.clock),
        )


@pytest.mark.parametrize("cure", ORDER)
def test_the_first_rung_that_helps_ends_the_climb(tmp_path: Path, cure: str) -> None:
    patient = Patient(tmp_path, cure=cure)
    done = patient.recover()
    assert done.by == cure
    assert patient.climbed == list(ORDER[: ORDER.index(cure) + 1])
    assert len(done.failed) == ORDER.index(cure)
    assert patient.quarantine.current("phone") is None


def test_what_no_rung_brings_back_is_in_quarantine_with_every_reason(tmp_path: Path) -> None:
    patient = Patient(tmp_path, cure="a miracle")
    with pytest.raises(LabError, match="in quarantine: adb lost it; tried: reconnect: it does not"):
        patient.recover()
    stay = patient.quarantine.current("phone")
    assert stay is not None
    assert stay.owner == "run 7"
    assert all(name in stay.reason for name in ORDER)


def test_a_rung_that_destroys_is_left_out_where_that_is_not_allowed(tmp_path: Path) -> None:
    patient = Patient(tmp_path, cure="reflash")
    with pytest.raises(LabError, match=r"reflash: not allowed \(no allow_destructive\)"):
        patient.recover(may_destroy=False)
    assert "reflash" not in patient.climbed


def test_no_rung_is_climbed_after_the_deadline(tmp_path: Path) -> None:
    patient = Patient(tmp_path, cure="a miracle")
    with pytest.raises(LabError, match="reboot: no time is left for it"):
        patient.recover(takes_s=60.0)
    assert patient.climbed == ["reconnect", "restart_adbd"]


def test_each_rung_is_a_step_of_the_journal_with_its_end(tmp_path: Path) -> None:
    patient = Patient(tmp_path, cure="restart_adbd")
    patient.recover()
    titles = [e.title for e in patient.journal.events if isinstance(e, StepStarted)]
    assert titles == ["recover phone", "rung reconnect", "rung restart_adbd"]
    errors = [e.error for e in patient.journal.events if isinstance(e, StepEnded)]
    assert [error is None for error in errors] == [False, True, True]
