from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from holdfast.deadline import Deadline, wait_until
from holdfast.errors import DeadlineExceeded, HostToolMissing
from holdfast.lab.process import GuardedProcess, ProgramEnded

ENVIRONMENT = {"PATH": os.environ["PATH"]}
READS_ITS_PID_AND_WAITS = ["/bin/sh", "-c", "echo $$; exec sleep 600"]
IGNORES_TERM = ["/bin/sh", "-c", "trap '' TERM; echo $$; while :; do sleep 0.1; done"]


def soon() -> Deadline:
    return Deadline.after(20.0)


def started(command: list[str]) -> tuple[GuardedProcess, int]:
    program = GuardedProcess(title="a program", device="phone")
    program.start(command, environment=ENVIRONMENT)
    return program, int(program.read_line(soon()))


def gone(pid: int) -> bool:
    return not Path(f"/proc/{pid}").exists()


def test_stopping_ends_the_program_and_removes_its_folder() -> None:
    program, pid = started(READS_ITS_PID_AND_WAITS)
    scratch = program.scratch
    assert program.running
    assert scratch.is_dir()
    program.stop(soon())
    assert gone(pid)
    assert not scratch.exists()
    program.stop(soon())


def test_a_program_that_is_started_again_is_not_taken_by_the_words_of_the_one_before() -> None:
    program = GuardedProcess(title="a program", device="phone")
    for first in ("one", "two"):
        says = ["/bin/sh", "-c", f"printf '{first}\nmore\n'; exec sleep 600"]
        program.start(says, environment=ENVIRONMENT)
        assert program.read_line(soon()) == first
        program.stop(soon())


def test_a_program_that_ignores_term_is_killed_at_the_deadline() -> None:
    program, pid = started(IGNORES_TERM)
    program.stop(Deadline.after(0.3))
    wait_until(lambda: gone(pid), soon(), what="the end of the stubborn program")


def test_nothing_is_left_when_its_owner_is_killed(tmp_path: Path) -> None:
    script = textwrap.dedent(
        """
        import sys
        from holdfast.deadline import Deadline
        from holdfast.lab.process import GuardedProcess
        program = GuardedProcess(title="a program", device=None)
        program.start(["/bin/sh", "-c", "echo $$; exec sleep 600"], environment={"PATH": "/bin"})
        print(program.read_line(Deadline.after(20)), program.scratch, flush=True)
        sys.stdin.read()
        """
    )
    with subprocess.Popen(
        [sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as owner:
        assert owner.stdout is not None
        pid, scratch = owner.stdout.readline().split()
        assert not gone(int(pid))
        owner.send_signal(signal.SIGKILL)
    wait_until(lambda: gone(int(pid)), soon(), what="the end of the orphan")
    wait_until(lambda: not Path(scratch).exists(), soon(), what="the end of its folder")


def test_a_program_that_ends_early_is_reported_with_its_last_words_and_status() -> None:
    program = GuardedProcess(title="a program", device="phone")
    program.start(
        ["/bin/sh", "-c", "echo chatter >&2; echo 'no mksh: install it' >&2; exit 3"],
        environment=ENVIRONMENT,
    )
    with pytest.raises(ProgramEnded, match="phone: no mksh: install it") as caught:
        program.read_line(soon())
    assert caught.value.exit_status == 3
    program.stop(soon())


def test_a_program_that_says_nothing_is_given_up_at_the_deadline() -> None:
    program = GuardedProcess(title="a program", device="phone")
    program.start(["/bin/sh", "-c", "exec sleep 600"], environment=ENVIRONMENT)
    with pytest.raises(DeadlineExceeded, match="a word of a program"):
        program.read_line(Deadline.after(0.1))
    program.stop(soon())


def test_its_home_is_its_own_folder_and_its_environment_only_what_was_given(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("ANDROID_SERIAL", "somebody-elses-phone")
    program = GuardedProcess(title="a program", device=None)
    program.start(["/bin/sh", "-c", 'echo "$HOME $ANDROID_SERIAL"'], environment=ENVIRONMENT)
    scratch = program.scratch
    assert program.read_line(soon()) == f"{scratch} "
    program.stop(soon())


def test_a_program_that_is_not_installed_is_a_missing_host_tool() -> None:
    program = GuardedProcess(title="adb", device="phone")
    with pytest.raises(HostToolMissing, match="/no/such/adb is not there"):
        program.start(["/no/such/adb"], environment=ENVIRONMENT)
    program.stop(soon())
