"""A holder that was stopped, whose lease is taken over, can do nothing more when it goes on."""

from __future__ import annotations

import signal
import sqlite3
import subprocess
import sys
import textwrap
from contextlib import closing
from pathlib import Path

import pytest

from holdfast.deadline import Deadline
from holdfast.errors import LabError
from holdfast.lab.leases import STALE_S, LeaseTable, this_process
from selftests.holdfast.firmware.phone import Phone, phone

HOLDER = """
    import sys
    from pathlib import Path
    from holdfast.deadline import Deadline
    from holdfast.device.connect import connect
    from holdfast.errors import HoldfastError
    from holdfast.journal import Journal, Ledger
    from holdfast.lab.leases import LeaseTable, this_process

    state, serial, port = sys.argv[1:]
    lease = LeaseTable(Path(state)).acquire(
        "phone", device="phone", holder=this_process("old"), at=1.0
    )
    journal = Journal()
    device = connect(
        name="phone", serial=serial, adb_server_port=int(port), journal=journal,
        ledger=Ledger(journal), deadline=Deadline.after(60), permit=lease.require,
    )
    def soon():
        return Deadline.after(20)
    device.ui.hierarchy(deadline=soon())
    print(f"token {lease.token}", flush=True)
    sys.stdin.readline()
    for name, use in {
        "shell": lambda: device.shell.run("id", deadline=soon()),
        "push": lambda: device.files.push(b"x", "/data/local/tmp/stolen", deadline=soon()),
        "pull": lambda: device.files.pull("/system/build.prop", deadline=soon()),
        "install": lambda: device.packages.install(b"x", deadline=soon()),
        "record": lambda: device.packages.record("android", deadline=soon()),
        "screen": lambda: device.ui.hierarchy(deadline=soon()),
        "tap": lambda: device.ui.tap(1, 1, deadline=soon()),
        "screenshot": lambda: device.ui.screenshot(deadline=soon()),
        "reboot": lambda: device.reboot(deadline=soon()),
        "wait": lambda: device.wait_ready(deadline=soon()),
    }.items():
        try:
            use()
        except HoldfastError as error:
            print(f"{name}: {type(error).__name__}: {error}", flush=True)
        else:
            print(f"{name}: DONE", flush=True)
"""


def silent_for(state: Path, seconds: float) -> None:
    """What time does to a holder that does not renew its lease."""
    with closing(sqlite3.connect(state / "leases.sqlite3")) as database, database:
        database.execute("UPDATE leases SET renewed = renewed - ?", (seconds,))


def test_a_stopped_holder_loses_its_lease_and_each_of_its_uses_fails_by_name(
    tmp_path: Path,
) -> None:
    with phone("aosp-30") as pixel:
        pixel.bench().require_healthy(pixel_deadline())
        _take_over(pixel, tmp_path)


def pixel_deadline() -> Deadline:
    return Deadline.after(60.0)


def _take_over(pixel: Phone, state: Path) -> None:
    command = [sys.executable, "-c", textwrap.dedent(HOLDER)]
    command += [str(state), pixel.serial, str(pixel.adb_port)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as old:
        try:
            assert old.stdin is not None
            assert old.stdout is not None
            assert old.stdout.readline() == "token 1\n"
            old.send_signal(signal.SIGSTOP)
            table = LeaseTable(state)
            with pytest.raises(LabError, match="leased by run old"):
                table.acquire("phone", device="phone", holder=this_process("new"), at=2.0)
            silent_for(state, STALE_S)
            new = table.acquire("phone", device="phone", holder=this_process("new"), at=3.0)
            assert new.token == 2
            old.send_signal(signal.SIGCONT)
            said = old.communicate("go on\n", timeout=120)[0].splitlines()
        finally:
            old.kill()
    assert len(said) == 10
    for line in said:
        assert "the lease with token 1 is no longer ours" in line, said
    assert new.table.entry("phone")[0] == 2
    new.require()
    left = "ls /data/local/tmp/stolen"
    assert "No such file" in pixel.bench()._shell.run(left, deadline=pixel_deadline()).all_text
