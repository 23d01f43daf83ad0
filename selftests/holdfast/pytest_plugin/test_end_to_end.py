"""The project's own scenarios on rehearsal devices, as a user runs them."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from holdfast.deadline import Deadline, wait_until
from holdfast.report.record import Outcome, read_records
from holdfast.scenario.result import VerdictKind
from selftests.holdfast.pytest_plugin.harness import ROOT

pytestmark = pytest.mark.skipif(
    not (shutil.which("mksh") and shutil.which("toybox")),
    reason="the virtual devices need mksh and toybox: apt-get install mksh toybox",
)
BAD, FIXED = "nut-pro-2-before-4.2.5.1", "nut-pro-2-with-4.2.5.1"


class Run:
    """One run in a process of its own, with an empty home."""

    def __init__(self, folder: Path, *arguments: str) -> None:
        self.reports = folder / "reports"
        self.home = folder / "home"
        self.home.mkdir()
        self._log = folder / "log.txt"
        command = [sys.executable, "-m", "pytest", f"--reports={self.reports}", *arguments]
        environment = {
            **os.environ,
            "HOME": str(self.home),
            "HOLDFAST_STATE_DIR": str(folder / "state"),
        }
        with self._log.open("wb") as log:
            self.process = subprocess.Popen(
                command, cwd=ROOT, env=environment, stdout=log, stderr=log, start_new_session=True
            )

    @property
    def log(self) -> str:
        return self._log.read_text(encoding="utf-8")

    def wait(self) -> int:
        return self.process.wait(240)

    def all_processes(self) -> set[int]:
        """Everything that the run has started and that is under way."""
        return {pid for pid in _pids() if _ancestor(pid, self.process.pid)}

    def device_processes(self, personality: str) -> list[int]:
        """The run's virtual devices: the guardians and what they guard."""
        return [
            pid
            for pid in _pids()
            if personality in _read(pid, "cmdline").split("\0")
            and _ancestor(pid, self.process.pid)
            and "guardian" not in _read(pid, "cmdline")
        ]


def _pids() -> Iterator[int]:
    return (int(p.name) for p in Path("/proc").iterdir() if p.name.isdigit())


def _read(pid: int, name: str) -> str:
    try:
        return Path(f"/proc/{pid}/{name}").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def _ancestor(pid: int, ancestor: int) -> bool:
    while pid > 1:
        if pid == ancestor:
            return True
        fields = _read(pid, "stat").rpartition(")")[2].split()
        pid = int(fields[1]) if len(fields) > 1 else 0
    return False


def test_the_bug_of_2018_is_caught_and_the_fixed_build_passes(tmp_path: Path) -> None:
    run = Run(
        tmp_path,
        f"--device={BAD}",
        f"--device={FIXED}",
        "--known-issues=none",
        "-k",
        "whoever_confirms_without_reading",
    )
    assert run.wait() == 1, run.log
    bad, fixed = sorted(read_records(run.reports / "evidence"), key=lambda r: r.device)
    assert (bad.outcome, fixed.outcome) == (Outcome.FAILED, Outcome.PASSED)
    assert bad.result
    assert bad.result.verdict is VerdictKind.LOSS_AFTER_INADEQUATE_WARNING
    assert bad.result.missed_clauses
    assert any("APP签名不一致" in dialog.message for dialog in bad.result.dialogs)
    assert "Exit status 1" in run.log
    assert not (run.home / ".android").exists()


def test_a_phone_with_a_full_disk_is_the_labs_affair(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    lab = tmp_path / "devices.yaml"
    lab.write_text(
        "version: 1\ndevices:\n"
        "  - {name: full, kind: virtual, personality: aosp-30, defects: [storage_full]}\n",
        encoding="utf-8",
    )
    run = Run(tmp_path, f"--devices={lab}", "-k", "over_adb_it_keeps_everything")
    assert run.wait() == 3, run.log
    (record,) = read_records(run.reports / "evidence")
    assert record.outcome is Outcome.INCONCLUSIVE
    assert "0 MiB free" in record.why


def test_a_virtual_device_that_is_killed_is_inconclusive_and_nothing_is_left(
    tmp_path: Path,
) -> None:
    run = Run(tmp_path, f"--device={FIXED}", "-k", "whoever_confirms_without_reading")
    personality = "nut-pro-2-4.2.5.1"
    try:
        wait_until(
            lambda: list((run.reports / "evidence").glob("*/*")),
            Deadline.after(60.0),
            what="the first evidence of a scenario under way",
        )
        started = run.all_processes()
        killed = run.device_processes(personality)
        assert killed
        for pid in killed:
            os.kill(pid, signal.SIGKILL)
        assert run.wait() == 3, run.log
    finally:
        if run.process.poll() is None:
            os.killpg(run.process.pid, signal.SIGKILL)
    (record,) = read_records(run.reports / "evidence")
    assert record.outcome is Outcome.INCONCLUSIVE
    assert (run.reports / "index.html").exists()
    wait_until(
        lambda: not [pid for pid in started if Path(f"/proc/{pid}").exists()],
        Deadline.after(20.0),
        what="the end of all that the run had started",
    )
