"""Chaos: its own arithmetic, and a few sessions as `make chaos` runs hundreds of."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from holdfast.deadline import Deadline, wait_until
from holdfast.journal import Journal
from holdfast.report.record import Outcome, TestRecord
from selftests.chaos.judge import violations
from selftests.chaos.session import Ended, run_session
from selftests.chaos.striker import Striker, read_log
from selftests.chaos.strikes import Fault, Session, Strike, draw_sessions, from_json

TESTS = ("tests/test_a.py::test_one", "tests/test_b.py::test_two", "tests/test_c.py::test_three")
DROPPED = Strike(fault=Fault.DROP_LINK, step=1, delay_s=0.0)
SESSION = Session(number=7, device="aosp-30", attached=True, tests=TESTS[:1], strikes=(DROPPED,))


def record(outcome: Outcome, *, device: str = "aosp-30", why: str = "") -> TestRecord:
    return TestRecord(
        id="x", nodeid=f"{TESTS[0]}[{device}]", title="", device=device, model="", build="",
        api=30, outcome=outcome, why=why, started_at=0.0, duration_s=1.0,
    )  # fmt: skip


GOOD = Ended(
    session=SESSION,
    took_s=10.0,
    records=(record(Outcome.PASSED),),
    struck={DROPPED: True},
    statuses=(0,),
    log="",
    device="well",
)


def kinds(ended: Ended) -> list[str]:
    return [violation.kind for violation in violations(ended)]


def test_one_seed_draws_the_same_sessions_and_another_others() -> None:
    first, again, other = (
        draw_sessions(seed=seed, runs=41, faults=100, tests=TESTS) for seed in (1, 1, 2)
    )
    assert first == again
    assert first != other
    assert sum(len(session.tests) for session in first) == 41
    assert sum(len(session.strikes) for session in first) == 100


def test_a_session_survives_its_way_into_the_run() -> None:
    assert from_json(json.loads(json.dumps(SESSION.to_json()))) == SESSION


def test_a_session_in_which_all_is_as_it_should_be_breaks_nothing() -> None:
    assert kinds(GOOD) == []


@pytest.mark.parametrize(
    ("ended", "kind"),
    [
        (replace(GOOD, hung="File …"), "hang"),
        (replace(GOOD, records=()), "no record"),
        (replace(GOOD, records=(record(Outcome.FAILED),)), "false product failure"),
        (replace(GOOD, records=(record(Outcome.UNEXPECTED_PASS),)), "false pass"),
        (replace(GOOD, records=(record(Outcome.ERROR),)), "error of the harness"),
        (replace(GOOD, records=(record(Outcome.NOT_COVERED),)), "not covered, falsely"),
        (
            replace(GOOD, records=(record(Outcome.INCONCLUSIVE),), struck={DROPPED: False}),
            "inconclusive without a fault",
        ),
        (replace(GOOD, left=("process 1",)), "left behind"),
        (replace(GOOD, device="neither back nor in quarantine: x"), "device"),
        (replace(GOOD, statuses=(4,)), "exit status"),
        (replace(GOOD, report_is_there=False), "no report"),
    ],
)
def test_each_thing_that_must_never_be_is_a_violation(ended: Ended, kind: str) -> None:
    assert kinds(ended) == [kind]


def test_a_firmware_that_wipes_must_not_pass_and_may_fail() -> None:
    session = replace(SESSION, device="wiped-at-boot")
    passed = (record(Outcome.PASSED, device="wiped-at-boot"),)
    failed = (record(Outcome.FAILED, device="wiped-at-boot"),)
    assert kinds(replace(GOOD, session=session, records=passed)) == ["false pass"]
    assert kinds(replace(GOOD, session=session, records=failed, statuses=(1,))) == []


def test_a_fault_comes_at_its_step_once_and_is_written_down(tmp_path: Path) -> None:
    log = tmp_path / "strikes.jsonl"
    strike = replace(DROPPED, step=2)
    striker = Striker([strike], commands=tmp_path / "no device", log=log)
    journal = Journal()
    journal.subscribe(striker)
    with journal.step("one"):
        assert read_log(log) == {}
    with journal.step("two"):
        wait_until(lambda: read_log(log), Deadline.after(5.0), what="the fault")
    striker.end()
    assert read_log(log) == {strike: False}
    assert Striker([strike], commands=tmp_path, log=log)._waiting == []


@pytest.mark.skipif(
    not all(map(shutil.which, ("mksh", "toybox", "fastboot"))),
    reason="the virtual devices need mksh, toybox and fastboot",
)
@pytest.mark.parametrize(
    ("attached", "fault", "outcome", "device"),
    [
        (False, Fault.RUNNER_KILLED, Outcome.PASSED, "gone with the run"),
        (True, Fault.REBOOT, Outcome.INCONCLUSIVE, "well"),
        (True, Fault.DIE, Outcome.INCONCLUSIVE, "quarantined"),
    ],
)
def test_a_run_that_is_struck_ends_as_it_should(
    attached: bool, fault: Fault, outcome: Outcome, device: str
) -> None:
    """Killed while it seeds, it is run again; a phone that restarts makes it inconclusive."""
    session = Session(
        number=0,
        device="aosp-30",
        attached=attached,
        tests=("tests/test_updates_by_the_same_signer.py::test_over_adb_it_keeps_everything",),
        strikes=(Strike(fault=fault, step=5, delay_s=0.0),),
        recover_s=15.0,
    )
    ended = run_session(session)
    assert violations(ended) == (), ended.log
    assert list(ended.struck.values()) == [True]
    assert [r.outcome for r in ended.records] == [outcome], ended.log
    assert ended.device == device
