"""Devices that are taken out of the lab, with the reason, by whom, and what happened before.

A file-backed store (SQLite), shared by every run of a lab: a device that a run could not bring back
is not leased again until a health job passed.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from holdfast.errors import ConfigurationError, Place

__all__ = ["Quarantine", "QuarantineStore"]

_BUSY_S = 10.0
_SCHEMA = """
create table if not exists quarantine (
    device text not null,
    reason text not null,
    owner text not null,
    since real not null,
    by_hand integer not null default 0,
    released_at real,
    released_by text
)
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Quarantine:
    """One stay. Times are seconds since the Unix epoch; `owner` is who put it there. One that a
    person put there `by_hand` waits for a person: no health job releases it."""

    device: str
    reason: str
    owner: str
    since: float
    by_hand: bool = False
    released_at: float | None = None
    released_by: str | None = None


class QuarantineStore:
    """The quarantine file of a lab. Raises ConfigurationError if it is no such file."""

    def __init__(self, path: Path) -> None:
        self._path = path

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with closing(sqlite3.connect(self._path, timeout=_BUSY_S)) as connection, connection:
                connection.execute(_SCHEMA)
                _add_missing_column(connection)
                yield connection
        except sqlite3.DatabaseError as error:
            raise ConfigurationError(
                f"the quarantine file cannot be used ({error}); move it away to begin a new one",
                place=Place(file=self._path),
            ) from error

    def put(
        self, device: str, *, reason: str, owner: str, at: float, by_hand: bool = False
    ) -> None:
        """Take a device out of the lab. If it is out already, the first reason stands."""
        with self._open() as connection:
            connection.execute("begin immediate")
            if _current(connection, device) is None:
                connection.execute(
                    "insert into quarantine (device, reason, owner, since, by_hand)"
                    " values (?, ?, ?, ?, ?)",
                    (device, reason, owner, at, by_hand),
                )

    def release(self, device: str, *, by: str, at: float) -> bool:
        """Give it back to the lab; whether it was out."""
        with self._open() as connection:
            changed = connection.execute(
                "update quarantine set released_at = ?, released_by = ?"
                " where device = ? and released_at is null",
                (at, by, device),
            )
            return changed.rowcount > 0

    def current(self, device: str) -> Quarantine | None:
        with self._open() as connection:
            return _current(connection, device)

    def history(self, device: str) -> tuple[Quarantine, ...]:
        """Every stay, the newest first."""
        with self._open() as connection:
            return _read(connection, "where device = ? order by since desc", device)


def _add_missing_column(connection: sqlite3.Connection) -> None:
    """A file of before it was told who put a device there."""
    names = {row[1] for row in connection.execute("pragma table_info(quarantine)")}
    if "by_hand" not in names:
        connection.execute("alter table quarantine add column by_hand integer not null default 0")


def _current(connection: sqlite3.Connection, device: str) -> Quarantine | None:
    found = _read(connection, "where device = ? and released_at is null", device)
    return found[0] if found else None


def _read(connection: sqlite3.Connection, condition: str, device: str) -> tuple[Quarantine, ...]:
    rows = connection.execute(
        "select device, reason, owner, since, by_hand, released_at, released_by from quarantine "
        + condition,
        (device,),
    )
    return tuple(
        Quarantine(
            device=str(name),
            reason=str(reason),
            owner=str(owner),
            since=float(since),
            by_hand=bool(by_hand),
            released_at=None if released_at is None else float(released_at),
            released_by=None if released_by is None else str(released_by),
        )
        for name, reason, owner, since, by_hand, released_at, released_by in rows
    )
