from __future__ import annotations

import sqlite3
import subprocess
import sys
import threading
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from holdfast.errors import LabError, LeaseLost
from holdfast.lab.leases import STALE_S, Holder, LeaseTable, default_state_dir, this_process


def living_process() -> tuple[subprocess.Popen[bytes], Holder]:
    """A process that holds a lease as another run would, until its stdin closes."""
    process = subprocess.Popen(
        [sys.executable, "-c", "import sys; sys.stdin.read()"], stdin=subprocess.PIPE
    )
    began = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()[19]
    boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    return process, Holder(run="other", pid=process.pid, process_began=f"{boot}:{began}")


def take(table: LeaseTable, holder: Holder) -> int:
    return table.acquire("phone", device="phone", holder=holder, at=1.0).token


def test_a_device_that_another_living_run_holds_is_refused_by_name(tmp_path: Path) -> None:
    process, other = living_process()
    try:
        take(LeaseTable(tmp_path), other)
        with pytest.raises(LabError, match=f"phone: it is leased by run other .*{process.pid}"):
            take(LeaseTable(tmp_path), this_process("mine"))
    finally:
        process.communicate()


def test_the_lease_of_a_killed_process_is_taken_over_with_a_higher_token(tmp_path: Path) -> None:
    process, other = living_process()
    old = LeaseTable(tmp_path).acquire("phone", device="phone", holder=other, at=1.0)
    process.kill()
    process.communicate()
    assert take(LeaseTable(tmp_path), this_process("mine")) == old.token + 1
    with pytest.raises(LeaseLost, match="token 2 is held by run mine"):
        old.require()


def test_a_later_process_with_the_same_pid_is_not_the_holder(tmp_path: Path) -> None:
    mine = this_process("before the reboot")
    earlier = Holder(run=mine.run, pid=mine.pid, process_began="another boot:1")
    take(LeaseTable(tmp_path), earlier)
    assert take(LeaseTable(tmp_path), this_process("mine")) == 2


ELSEWHERE = Holder(run="far", pid=1, process_began="boot:1", place="another/pid:[1]")


def change(folder: Path, assignment: str) -> None:
    with closing(sqlite3.connect(folder / "leases.sqlite3")) as database, database:
        database.execute(f"UPDATE leases SET {assignment}")


def test_the_holder_on_another_host_is_believed_as_long_as_it_renews(tmp_path: Path) -> None:
    """Its process cannot be looked at, and its boot's clock says nothing here."""
    table = LeaseTable(tmp_path)
    take(table, ELSEWHERE)
    change(tmp_path, "renewed = 0")
    with pytest.raises(LabError, match=r"leased by run far \(process 1, elsewhere\)"):
        take(table, this_process("mine"))
    change(tmp_path, f"renewed_at = renewed_at - {STALE_S}")
    assert take(table, this_process("mine")) == 2


def test_the_holder_in_a_container_of_this_host_is_believed_as_long_as_it_renews(
    tmp_path: Path,
) -> None:
    table, mine = LeaseTable(tmp_path), this_process("mine")
    take(table, replace(mine, run="contained", pid=2**22 + 1, place="this/pid:[1]"))
    change(tmp_path, "renewed_at = 0")
    with pytest.raises(LabError, match="leased by run contained"):
        take(table, mine)
    change(tmp_path, f"renewed = renewed - {STALE_S}")
    assert take(table, mine) == 2


@pytest.mark.parametrize("jump_s", [-86_400, 86_400])
def test_a_clock_that_is_set_frees_no_lease_and_holds_none(tmp_path: Path, jump_s: int) -> None:
    table = LeaseTable(tmp_path)
    process, other = living_process()
    try:
        take(table, other)
        change(tmp_path, f"since = since + {jump_s}, renewed_at = renewed_at + {jump_s}")
        with pytest.raises(LabError, match="leased by run other"):
            take(table, this_process("mine"))
    finally:
        process.communicate()
    assert take(table, this_process("mine")) == 2


def test_a_table_that_was_never_finished_is_one_that_nobody_holds(tmp_path: Path) -> None:
    (tmp_path / "leases.sqlite3").touch()
    assert LeaseTable(tmp_path).entry("phone") == (0, None)
    assert take(LeaseTable(tmp_path), this_process("mine")) == 1


def test_a_table_that_is_damaged_gives_nobody_a_right(tmp_path: Path) -> None:
    table = LeaseTable(tmp_path)
    lease = table.acquire("phone", device="phone", holder=this_process("mine"), at=1.0)
    file = tmp_path / "leases.sqlite3"
    file.write_bytes(file.read_bytes()[:100] + b"\xff" * 5000)
    with pytest.raises(LabError, match=r"lease table .* cannot be used: .*damaged table"):
        lease.require()
    with pytest.raises(LabError, match=r"lease table .* cannot be used"):
        take(table, this_process("another"))


def test_a_lease_that_was_given_back_is_free_and_its_old_token_is_worth_nothing(
    tmp_path: Path,
) -> None:
    table = LeaseTable(tmp_path)
    lease = table.acquire("phone", device="phone", holder=this_process("a"), at=1.0)
    lease.require()
    lease.release()
    assert table.entry("phone") == (1, None)
    with pytest.raises(LeaseLost, match="held by nobody"):
        lease.require()


def test_giving_back_a_lost_lease_leaves_it_to_its_new_holder(tmp_path: Path) -> None:
    table = LeaseTable(tmp_path)
    dead = Holder(run="dead", pid=2**22 + 1, process_began="x")
    old = table.acquire("phone", device="phone", holder=dead, at=1.0)
    new = table.acquire("phone", device="phone", holder=this_process("new"), at=2.0)
    old.release()
    new.require()


def test_of_many_that_ask_at_once_one_gets_it(tmp_path: Path) -> None:
    table = LeaseTable(tmp_path)
    mine = this_process("")
    won: list[int] = []
    refused: list[LabError] = []

    def ask(number: int) -> None:
        holder = Holder(run=str(number), pid=mine.pid, process_began=mine.process_began)
        try:
            won.append(take(table, holder))
        except LabError as error:
            refused.append(error)

    threads = [threading.Thread(target=ask, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(won), len(refused)) == (1, 7)


def test_a_folder_that_cannot_be_written_is_a_lab_error_that_says_what_to_do(
    tmp_path: Path,
) -> None:
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(LabError, match="HOLDFAST_STATE_DIR"):
        take(LeaseTable(tmp_path / "file" / "state"), this_process("mine"))


def test_the_state_folder_follows_the_users_settings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("HOLDFAST_STATE_DIR", raising=False)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    assert default_state_dir() == tmp_path / "holdfast"
    monkeypatch.setenv("HOLDFAST_STATE_DIR", str(tmp_path / "mine"))
    assert default_state_dir() == tmp_path / "mine"
