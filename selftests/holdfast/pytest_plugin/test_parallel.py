"""Runs with several processes, as `pytest` alone makes them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections import defaultdict
from collections.abc import Callable

from holdfast.deadline import Deadline, wait_until
from holdfast.report.record import Outcome
from selftests.holdfast.pytest_plugin.harness import GOOD_TEST, Project

Make = Callable[..., Project]
THREE_TESTS = "".join(GOOD_TEST.replace("everything", word) for word in ("a", "b", "c"))


def processes_of(project: Project) -> dict[str, set[str]]:
    owners: dict[str, set[str]] = defaultdict(set)
    for pid, device, _ in project.uses:
        owners[device].add(pid)
    return owners


def test_plain_pytest_runs_all_devices_at_once_and_shares_none(project: Make) -> None:
    made = project("a", "b", "c")
    made.write("test_updates.py", THREE_TESTS)
    result = made.run(apart=True)
    assert result.ret == 0
    owners = processes_of(made)
    assert all(len(pids) == 1 for pids in owners.values())
    assert len(set.union(*owners.values())) == 3
    assert len(made.records) == 9
    assert "9 scenarios on 3 devices" in result.stdout.str()
    assert [use[2] for use in made.uses].count("release") == 3


def test_an_own_choice_of_distribution_shares_no_device_either(project: Make) -> None:
    made = project("a", "b")
    made.write("test_updates.py", THREE_TESTS)
    assert made.run("-n4", "--dist", "load", apart=True).ret == 0
    assert all(len(pids) == 1 for pids in processes_of(made).values())


def test_without_xdist_one_process_does_it_all(project: Make) -> None:
    made = project("a", "b")
    assert made.run("-p", "no:xdist.plugin", apart=True).ret == 0
    assert len(set.union(*processes_of(made).values())) == 1
    assert len(made.records) == 2


def test_a_process_that_is_killed_is_inconclusive_and_the_others_go_on(project: Make) -> None:
    made = project("a", "b")
    made.write("test_updates.py", THREE_TESTS)
    made.answer({"a": "die"})
    result = made.run("--max-worker-restart", "3", apart=True)
    assert result.ret == 3
    outcomes = {(r.device, r.outcome) for r in made.records}
    assert outcomes == {("a", Outcome.INCONCLUSIVE), ("b", Outcome.PASSED)}
    assert len(made.records) == 6
    assert (made.path / "reports" / "index.html").exists()


def test_an_interrupted_run_gives_its_devices_back_and_reports(project: Make) -> None:
    made = project("a", "b")
    made.write("test_updates.py", THREE_TESTS)
    made.answer({"b": "hang"})
    command = [sys.executable, "-m", "pytest"]
    log = made.path / "out.txt"
    with (
        log.open("wb") as out,
        subprocess.Popen(
            command, cwd=made.path, stdout=out, stderr=out, start_new_session=True
        ) as run,
    ):
        wait_until(
            lambda: [u for u in made.uses if u[1:] == ["b", "run"]],
            Deadline.after(60),
            what="the scenario that hangs",
        )
        os.killpg(run.pid, signal.SIGINT)  # as a terminal does for Ctrl-C
        run.wait(60)
    text = log.read_text(encoding="utf-8")
    assert run.returncode == 2, text
    assert ["b", "release"] in [use[1:] for use in made.uses]
    assert {r.outcome for r in made.records if r.device == "b"} == {Outcome.INCONCLUSIVE}
    assert "The run was interrupted" in text
    assert (made.path / "reports" / "index.html").exists()


def test_a_run_that_is_terminated_ends_as_if_interrupted(project: Make) -> None:
    made = project("a")
    made.answer({"a": "terminated"})
    result = made.run("-n0", apart=True)
    assert result.ret == 2
    assert [use[2] for use in made.uses] == ["made", "run", "release"]
    assert [r.outcome for r in made.records] == [Outcome.INCONCLUSIVE]
