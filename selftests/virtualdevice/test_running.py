"""`python -m virtualdevice`: what it prints, how it ends, what it leaves."""

from __future__ import annotations

import contextlib
import json
import os
import re
import select
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from virtualdevice.system.builtin_defects import BUILTIN
from virtualdevice.system.personality import list_personalities

PROJECT = Path(__file__).resolve().parents[2]
LIMIT_S = 60


@contextlib.contextmanager
def started(*words: str, temporary: Path) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, "-m", "virtualdevice", *words],
        cwd=PROJECT,
        env={**os.environ, "TMPDIR": str(temporary)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with process:
        try:
            yield process
        finally:
            process.kill()


def ready(process: subprocess.Popen[str]) -> dict[str, Any]:
    assert process.stdout is not None
    assert process.stderr is not None
    line = process.stdout.readline()
    if not line and process.wait(LIMIT_S) == 3:
        pytest.skip(f"no virtual device on this host: {process.stderr.read()}")
    answer: dict[str, Any] = json.loads(line)
    return answer


@pytest.fixture
def temporary(tmp_path: Path) -> Path:
    tmp_path.chmod(0o755)
    return tmp_path


def answered(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "virtualdevice", *words],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=False,
        timeout=LIMIT_S,
    )


def descendants_of(pid: int) -> list[int]:
    listed = subprocess.run(
        ["ps", "-e", "-o", "pid=,ppid="], capture_output=True, text=True, check=True
    ).stdout
    pairs = [tuple(int(word) for word in line.split()) for line in listed.splitlines()]
    children = [child for child, parent in pairs if parent == pid]
    return children + [below for child in children for below in descendants_of(child)]


def wait_gone(pids: list[int]) -> None:
    """Returns when none of them runs; the test's own time limit ends a wait in vain."""
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            descriptor = os.pidfd_open(pid)
            readable, _, _ = select.select([descriptor], [], [], LIMIT_S)
            os.close(descriptor)
            assert readable, f"process {pid} still runs"


def test_a_ready_line_says_how_to_connect_and_sigterm_ends_it_cleanly(temporary: Path) -> None:
    with started("run", "aosp-34", "--json", temporary=temporary) as process:
        said = ready(process)
        assert said["event"] == "ready"
        assert (said["personality"], said["pid"]) == ("aosp-34", process.pid)
        host, _, port = said["adb"].partition(":")
        socket.create_connection((host, int(port)), timeout=LIMIT_S).close()
        below = descendants_of(process.pid)
        assert below
        process.send_signal(signal.SIGTERM)
        assert process.wait(LIMIT_S) == 0
        wait_gone(below)
        assert list(temporary.iterdir()) == []


def test_the_end_of_standard_input_ends_it_when_asked_to(temporary: Path) -> None:
    words = ("run", "aosp-34", "--json", "--until-stdin-closes")
    with started(*words, temporary=temporary) as process:
        ready(process)
        assert process.stdin is not None
        process.stdin.close()
        assert process.wait(LIMIT_S) == 0


def test_killing_it_leaves_no_process_and_the_next_run_sweeps_its_disk(temporary: Path) -> None:
    with started("run", "aosp-34", "--json", temporary=temporary) as process:
        state = Path(ready(process)["state"])
        below = descendants_of(process.pid)
        process.kill()
        process.wait(LIMIT_S)
        wait_gone(below)
        assert "virtualdevice" not in Path("/proc/mounts").read_text(encoding="utf-8")
        assert state.exists()
    with started("run", "aosp-34", "--json", temporary=temporary) as process:
        ready(process)
        assert not state.exists()


BROKEN_DEFECT = """
from virtualdevice.system.defects import Boot, Defect, Parts

async def fail(parts: Parts, boot: Boot) -> None:
    raise KeyError("drafts")

BROKEN = Defect(name="broken", about="fails at boot", at_boot=fail)
"""


def test_a_device_that_dies_of_its_defect_says_so(temporary: Path) -> None:
    file = temporary / "outside.py"
    file.write_text(BROKEN_DEFECT, encoding="utf-8")
    words = ("run", "aosp-34", "--json", "--defect", f"{file}:BROKEN")
    with started(*words, temporary=temporary) as process:
        ready(process)
        for pid in descendants_of(process.pid):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        assert process.wait(LIMIT_S) == 4
        assert process.stderr is not None
        said = process.stderr.read()
    assert said == "virtualdevice: the defect broken failed: KeyError: 'drafts'\n"


def test_a_device_that_is_only_started_does_not_load_what_draws_films_and_signs() -> None:
    """10 MiB of the 40 MB that a device may take."""
    unwanted = "{'PIL', 'av', 'cryptography', 'email.policy'}"
    code = f"import sys, virtualdevice.__main__; print({unwanted} & {{*sys.modules}})"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=PROJECT, capture_output=True, text=True, check=True
    )
    assert done.stdout == "set()\n"


BROKEN_PROCESS_1 = """
import sys
from virtualdevice.__main__ import main
from virtualdevice.machine import zygote_link

broken = "from virtualdevice.machine import zygote; zygote._settle = None; main()"
zygote_link.START = zygote_link.START.replace("main()", broken)
sys.exit(main(["run", "aosp-34", "--json"]))
"""


def test_a_process_1_that_dies_of_our_own_error_ends_the_device_and_leaves_nothing(
    temporary: Path,
) -> None:
    with started("run", "aosp-34", "--json", temporary=temporary) as process:
        ready(process)
        process.send_signal(signal.SIGTERM)
        assert process.wait(LIMIT_S) == 0
    done = subprocess.run(
        [sys.executable, "-c", BROKEN_PROCESS_1],
        cwd=PROJECT,
        env={**os.environ, "TMPDIR": str(temporary)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=LIMIT_S,
    )
    assert done.returncode == 1  # no answer of a host that cannot: that would skip our tests
    assert "TypeError: 'NoneType' object is not callable" in done.stderr
    assert done.stderr.endswith("process 1 of the device ended at once\n")
    assert list(temporary.iterdir()) == []


def test_a_state_is_kept_with_its_serial_number(temporary: Path) -> None:
    state = temporary / "kept"
    serial_numbers = []
    for _ in range(2):
        words = ("run", "aosp-34", "--json", "--state", str(state))
        with started(*words, temporary=temporary) as process:
            serial_numbers.append(ready(process)["serialno"])
            process.send_signal(signal.SIGTERM)
            assert process.wait(LIMIT_S) == 0
    assert serial_numbers[0] == serial_numbers[1]


def test_the_personalities_are_listed_and_shown() -> None:
    listed = answered("list")
    assert listed.returncode == 0
    assert [line.split()[0] for line in listed.stdout.splitlines()] == list(list_personalities())
    assert "Android API 34" in answered("show", "aosp-34").stdout


def test_each_defect_of_a_firmware_is_listed_with_its_class() -> None:
    listed = answered("list", "defects").stdout.splitlines()
    assert listed[:-2:2] == [name for name, defect in BUILTIN.items() if defect.reference]
    assert all(re.search(r"\(class \d+\)$", line) for line in listed[1:-2:2])
    assert listed[-2] == "path/to/file.py:NAME"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("run", "no-such"), "no-such"),
        (("run", "no/such.yaml"), "no/such.yaml"),
        (("run", "aosp-34", "--port", "70000"), "70000 is no port"),
        (("run", "aosp-34", "--set", "x"), "KEY=VALUE"),
        (("run", "aosp-34", "--defect", "no_such_defect"), "no_such_defect"),
        (("frobnicate",), "frobnicate"),
        (("run", "aosp-34", "--colour"), "--colour"),
    ],
)
def test_a_bad_option_is_one_sentence_and_status_4(words: tuple[str, ...], said: str) -> None:
    result = answered(*words)
    assert result.returncode == 4
    assert said in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_a_host_without_the_programs_is_one_sentence_and_status_3(temporary: Path) -> None:
    """As on a machine where no package of ours is installed: every search finds nothing."""
    blind = (
        "import shutil, sys; shutil.which = lambda *a, **k: None;"
        "from virtualdevice.__main__ import main; sys.exit(main(['run', 'aosp-34']))"
    )
    result = subprocess.run(
        [sys.executable, "-c", blind],
        cwd=PROJECT, capture_output=True, text=True, check=False, timeout=LIMIT_S,
    )  # fmt: skip
    assert result.returncode == 3
    assert "apt-get install mksh toybox busybox-static" in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_a_host_that_gives_no_ids_is_one_sentence_and_status_3(temporary: Path) -> None:
    """As for root of a user namespace or a container that maps too few ids."""
    poor = (
        "import errno, os, sys\n"
        "def refuse(*_): raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))\n"
        "os.chown = refuse\nos.getuid = lambda: 0\n"
        "from virtualdevice.__main__ import main; sys.exit(main(['run', 'aosp-34']))"
    )
    result = subprocess.run(
        [sys.executable, "-c", poor],
        cwd=PROJECT, capture_output=True, text=True, check=False, timeout=LIMIT_S,
    )  # fmt: skip
    assert result.returncode == 3
    assert "leaves out the ids" in result.stderr
    assert len(result.stderr.splitlines()) == 1
