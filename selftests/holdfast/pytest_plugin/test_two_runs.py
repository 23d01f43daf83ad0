"""Two runs that want one attached phone: the second never touches it while the first lives."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

from holdfast.deadline import Deadline, wait_until
from holdfast.report.record import Outcome, TestRecord, read_records
from selftests.holdfast.firmware.phone import Phone, phone
from selftests.holdfast.pytest_plugin.harness import ROOT

TEST = "tests/test_updates_by_the_same_signer.py::test_over_adb_it_keeps_everything"


class Lab:
    def __init__(self, made: Phone, folder: Path) -> None:
        self._folder = folder
        (folder / "devices.yaml").write_text(
            "version: 1\ndevices:\n  - name: pixel\n    kind: attached\n"
            f'    serial: "{made.serial}"\n    adb_port: {made.adb_port}\n',
            encoding="utf-8",
        )

    def begin(self, name: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "pytest", "-n0", TEST]
        command += ["--devices", str(self._folder / "devices.yaml")]
        command += ["--reports", str(self._folder / name)]
        environment = {
            **os.environ,
            "HOME": str(self._folder),
            "HOLDFAST_STATE_DIR": str(self._folder / "state"),
        }
        with (self._folder / f"{name}.log").open("wb") as log:
            return subprocess.Popen(
                command, cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )

    def run(self, name: str) -> tuple[int, TestRecord]:
        status = self.begin(name).wait(120)
        (record,) = read_records(self._folder / name / "evidence")
        return status, record


def test_a_second_run_waits_for_nobody_and_touches_nothing_until_the_first_was_killed(
    tmp_path: Path,
) -> None:
    with phone("aosp-30") as made:
        made.bench().require_healthy(Deadline.after(60))
        lab = Lab(made, tmp_path)
        first = lab.begin("first")
        try:
            wait_until(
                lambda: list((tmp_path / "first").glob("evidence/*/*seeded*")),
                Deadline.after(90),
                what="the first run's work on the phone",
            )
            first.send_signal(signal.SIGSTOP)
            status, second = lab.run("second")
        finally:
            first.kill()
            first.wait(20)
        assert (status, second.outcome) == (3, Outcome.INCONCLUSIVE)
        assert "it is leased by run" in second.why
        assert [step.title for step in second.steps] == ["make pixel ready"]
        status, third = lab.run("third")
        assert (status, third.outcome) == (0, Outcome.PASSED), third.why
