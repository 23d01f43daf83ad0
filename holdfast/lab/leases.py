"""Leases: the exclusive, fenced right to touch a device, over all runs of one user.

The table is one SQLite file. Every take-over raises the resource's token, so that a holder who was
thought dead finds out before it does more (`Lease.require`). A holder is dead when its process is
gone, when its pid belongs to a process that began at another time, or when it has not renewed its
lease for a while (`Lease.kept`): one that was stopped does nothing, and must not hold a device.
Where its process cannot be looked at (the folder is shared with another host, or with a container),
only the last of these counts.
"""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from holdfast.deadline import Deadline
from holdfast.errors import LabError, LeaseLost

__all__ = [
    "RENEW_S",
    "STALE_S",
    "Holder",
    "Lease",
    "LeaseTable",
    "default_state_dir",
    "this_process",
]

RENEW_S = 10.0
STALE_S = 60.0

_SCHEMA = """
CREATE TABLE IF NOT EXISTS leases (
    resource TEXT PRIMARY KEY,
    token INTEGER NOT NULL,
    run TEXT,
    pid INTEGER,
    process_began TEXT,
    since REAL,
    renewed REAL,
    renewed_at REAL,
    place TEXT
)
"""
# `renewed` is on the clock of this boot (CLOCK_MONOTONIC), which stands while the host sleeps, and
# which nobody sets. What is of another host is known by `renewed_at`, since the Unix epoch.
_COLUMNS_OF_LATER = {"renewed": "REAL DEFAULT 0", "renewed_at": "REAL DEFAULT 0", "place": "TEXT"}
_NOT_MADE = "no such table"
_WAIT_FOR_TABLE_S = 20.0


def default_state_dir() -> Path:
    """Where leases live: one place a user, so that two checkouts do not share a phone."""
    base = os.environ.get("HOLDFAST_STATE_DIR")
    if base:
        return Path(base)
    state = os.environ.get("XDG_STATE_HOME")
    return (Path(state) if state else Path.home() / ".local" / "state") / "holdfast"


@dataclass(frozen=True, kw_only=True, slots=True)
class Holder:
    """Who holds a lease. `process_began` tells a process from a later one with the same pid;
    `silent_s` is how long it has not renewed it; `place` is where its pid means something, None
    for here."""

    run: str
    pid: int
    process_began: str
    since: float = 0.0
    silent_s: float = 0.0
    place: str | None = None

    @property
    def alive(self) -> bool:
        if self.silent_s >= STALE_S:
            return False
        elsewhere = self.place not in (None, _here())
        return elsewhere or _process_began(self.pid) == self.process_began


def this_process(run: str) -> Holder:
    began = _process_began(os.getpid()) or ""
    return Holder(run=run, pid=os.getpid(), process_began=began, place=_here())


def _here() -> str:
    """The host (machine-id(5), which a new name does not change) and the pid namespace."""
    try:
        machine = Path("/etc/machine-id").read_text(encoding="ascii").strip()
    except (OSError, ValueError):
        machine = ""
    return f"{machine or os.uname().nodename}/{Path('/proc/self/ns/pid').readlink()}"


def _boot() -> str:
    return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()


def _process_began(pid: int) -> str | None:
    """Boot id and start time in clock ticks (proc(5), field 22 of stat); None if it is gone.

    A zombie, which has ended and only waits for its parent, counts as gone.
    """
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
        boot = _boot()
    except OSError:
        return None
    after_name = stat.rpartition(")")[2].split()
    return None if after_name[0] in ("Z", "X") else f"{boot}:{after_name[19]}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Lease:
    """The right to touch `resource`, until somebody else's higher token is in the table."""

    table: LeaseTable
    resource: str
    device: str
    token: int

    def require(self) -> None:
        """Raise LeaseLost if the right has gone to another run."""
        token, holder = self.table.entry(self.resource)
        if token != self.token or holder is None:
            who = f"run {holder.run} (process {holder.pid})" if holder else "nobody"
            raise LeaseLost(
                f"the lease with token {self.token} is no longer ours: token {token} is held by "
                f"{who}; this run must not touch the device any more",
                device=self.device,
            )

    @contextmanager
    def kept(self) -> Iterator[None]:
        """Renew it for the length of a block, on a thread. A table that cannot be written for a
        moment is tried again; a lease that is lost is not won back."""
        ending = threading.Event()

        def renew() -> None:
            while not ending.wait(RENEW_S):
                with suppress(LabError):
                    self.table.renew(self.resource, token=self.token)

        thread = threading.Thread(target=renew, name=f"lease of {self.device}", daemon=True)
        thread.start()
        try:
            yield
        finally:
            ending.set()
            thread.join()

    def release(self) -> None:
        """Give it back; a lease that was lost already is left to its new holder."""
        self.table.give_back(self.resource, token=self.token)


class LeaseTable:
    """The lease table in `state_dir`. Building it does nothing; every call opens the file anew."""

    def __init__(self, state_dir: Path) -> None:
        self._state_dir = state_dir
        self._file = state_dir / "leases.sqlite3"

    def acquire(self, resource: str, *, device: str, holder: Holder, at: float) -> Lease:
        """Take `resource` for `holder`, also from a holder whose process is gone.

        `at` is in seconds since the Unix epoch. LabError names the living holder.
        """
        with self._writing(device) as database:
            token, current = _read(database, resource)
            if current and current.alive:
                where = "" if current.place in (None, _here()) else ", elsewhere"
                raise LabError(
                    f"it is leased by run {current.run} (process {current.pid}{where}); wait for "
                    "that run to end, or stop it",
                    device=device,
                )
            database.execute(
                "INSERT OR REPLACE INTO leases (resource, token, run, pid, process_began, since, "
                "renewed, renewed_at, place) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    resource,
                    token + 1,
                    holder.run,
                    holder.pid,
                    holder.process_began,
                    at,
                    time.monotonic(),
                    time.time(),
                    holder.place,
                ),
            )
        return Lease(table=self, resource=resource, device=device, token=token + 1)

    def entry(self, resource: str) -> tuple[int, Holder | None]:
        """The newest token of `resource` (0 if it was never leased), and who holds it now. LabError
        if the table cannot be read: a right that cannot be proved is none."""
        if not self._file.exists():
            return 0, None
        try:
            with self._connected() as database:
                _require_columns(database)
                return _read(database, resource)
        except sqlite3.Error as error:
            if _NOT_MADE in str(error):
                return 0, None
            raise self._unusable(error, None) from error

    def renew(self, resource: str, *, token: int) -> None:
        """Say that the holder of that token lives. Nothing if the lease has another token."""
        with self._writing(None) as database:
            database.execute(
                "UPDATE leases SET renewed = ?, renewed_at = ? WHERE resource = ? AND token = ?",
                (time.monotonic(), time.time(), resource, token),
            )

    def give_back(self, resource: str, *, token: int) -> None:
        with self._writing(None) as database:
            database.execute(
                "UPDATE leases SET run = NULL, pid = NULL, process_began = NULL, since = NULL "
                "WHERE resource = ? AND token = ?",
                (resource, token),
            )

    @contextmanager
    def _writing(self, device: str | None) -> Iterator[sqlite3.Connection]:
        """One writer at a time over all processes, in one transaction."""
        deadline = Deadline.after(_WAIT_FOR_TABLE_S)
        try:
            self._state_dir.mkdir(parents=True, exist_ok=True)
            with (
                FileLock(self._state_dir / "leases.lock", timeout=deadline.remaining_s),
                self._connected() as database,
                database,
            ):
                database.execute(_SCHEMA)
                _require_columns(database)
                yield database
        except (OSError, Timeout, sqlite3.Error) as error:
            raise self._unusable(error, device) from error

    def _unusable(self, error: Exception, device: str | None) -> LabError:
        return LabError(
            f"the lease table {self._file} cannot be used: {error}; make its folder writable, or "
            "name another in HOLDFAST_STATE_DIR (a damaged table may be removed once no run is "
            "under way)",
            device=device,
        )

    @contextmanager
    def _connected(self) -> Iterator[sqlite3.Connection]:
        with closing(sqlite3.connect(self._file, timeout=_WAIT_FOR_TABLE_S)) as database:
            yield database


def _require_columns(database: sqlite3.Connection) -> None:
    """A table of before leases were renewed: its holders count as silent."""
    names = {row[1] for row in database.execute("PRAGMA table_info(leases)")}
    for name in _COLUMNS_OF_LATER.keys() - names if names else ():
        database.execute(f"ALTER TABLE leases ADD COLUMN {name} {_COLUMNS_OF_LATER[name]}")


def _read(database: sqlite3.Connection, resource: str) -> tuple[int, Holder | None]:
    row = database.execute(
        "SELECT token, run, pid, process_began, since, renewed, renewed_at, place FROM leases "
        "WHERE resource = ?",
        (resource,),
    ).fetchone()
    if row is None:
        return 0, None
    token, run, pid, began, since, renewed, renewed_at, place = row
    if run is None:
        return token, None
    of_this_boot = place in (None, _here()) or began.startswith(f"{_boot()}:")
    silent_s = time.monotonic() - renewed if of_this_boot else time.time() - renewed_at
    return token, Holder(
        run=run,
        pid=pid,
        process_began=began,
        since=since,
        silent_s=max(0.0, silent_s),
        place=place,
    )
