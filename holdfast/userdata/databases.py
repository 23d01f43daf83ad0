"""SQLite databases, read by meaning on the host from a private copy of the file and its WAL.

The copy is opened as the app would open it, so that rows which are only in the write-ahead log
count, and a hot rollback journal is rolled back. Nothing of a hostile schema runs: triggers and
views are not used, functions in the schema are not trusted, virtual tables are left out (the
shadow tables that hold their rows are ordinary ones).
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from holdfast.userdata.values import Area, Database, Table, path_of_bytes

__all__ = ["MAGIC", "DatabaseUnreadable", "is_database_name", "main_database", "read_database"]

MAGIC = b"SQLite format 3\0"
_COMPANIONS = ("-wal", "-shm", "-journal")
_DIGEST_BYTES = 8
_INSTRUCTIONS_PER_CHECK = 1_000_000
_LIMIT_CHECKS = 20_000


class DatabaseUnreadable(ValueError):
    """The file is not an SQLite database, or is damaged, or encrypted."""


def is_database_name(path: str) -> bool:
    """Whether a file of this path is worth looking into: as the device's script chooses them."""
    stem = main_database(path)
    name = stem.rpartition("/")[2]
    return "databases" in stem.split("/")[:-1] or name.endswith((".db", ".sqlite", ".sqlite3"))


def main_database(path: str) -> str:
    """The database that a companion file (`-wal`, `-shm`, `-journal`) belongs to."""
    for suffix in _COMPANIONS:
        path = path.removesuffix(suffix)
    return path


def read_database(file: Path, *, area: Area, path: str) -> Database:
    """What a private copy of the database at that place holds. Raises DatabaseUnreadable.

    `file` and its companions must be the caller's own copy: opening may change them.
    """
    with file.open("rb") as opened:
        magic = opened.read(len(MAGIC))
    if magic != MAGIC:
        raise DatabaseUnreadable("empty" if not magic else "encrypted, or no SQLite database")
    try:
        with closing(sqlite3.connect(file, timeout=1.0)) as connection:
            connection.text_factory = path_of_bytes
            _make_harmless(connection)
            return Database(
                area=area,
                path=path,
                tables=tuple(_read_table(connection, name) for name in _table_names(connection)),
                user_version=_number(connection, "user_version"),
                schema=_schema(connection),
            )
    except sqlite3.Error as error:
        raise DatabaseUnreadable(str(error)) from error


def _make_harmless(connection: sqlite3.Connection) -> None:
    connection.execute("PRAGMA trusted_schema = OFF")
    connection.execute("PRAGMA cell_size_check = ON")
    checks = iter(range(_LIMIT_CHECKS))
    connection.set_progress_handler(lambda: next(checks, None) is None, _INSTRUCTIONS_PER_CHECK)


def _number(connection: sqlite3.Connection, pragma: str) -> int:
    return int(connection.execute(f"PRAGMA {pragma}").fetchone()[0])


def _schema(connection: sqlite3.Connection) -> str:
    """What ANALYZE and VACUUM write down for themselves is no part of it."""
    made = connection.execute(
        "SELECT type, name, tbl_name, sql FROM sqlite_master"
        " WHERE name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY type, name"
    ).fetchall()
    numbers = (_number(connection, "user_version"), _number(connection, "application_id"))
    return _digest((*numbers, *made)).hex()


def _table_names(connection: sqlite3.Connection) -> list[str]:
    rows = connection.execute(
        "SELECT name FROM sqlite_master WHERE type = 'table'"
        " AND sql NOT LIKE 'CREATE VIRTUAL%' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'"
        " ORDER BY name"
    )
    return [str(name) for (name,) in rows]


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _read_table(connection: sqlite3.Connection, name: str) -> Table:
    about = connection.execute(f"PRAGMA table_info({_quoted(name)})").fetchall()
    columns = [str(row[1]) for row in about]
    key_at = [at for at, row in enumerate(about) if row[5]]
    chosen = ", ".join(_quoted(column) for column in columns)
    rows = connection.execute(f"SELECT {chosen} FROM {_quoted(name)}")
    filled = [0] * len(columns)
    digests = sorted(_digests(rows, key_at, filled))
    return Table(
        name=name,
        columns=tuple(columns),
        rows=b"".join(both[:_DIGEST_BYTES] for both in digests).hex(),
        keys=b"".join(both[_DIGEST_BYTES:] for both in digests).hex(),
        filled=tuple(filled),
    )


def _digests(rows: sqlite3.Cursor, key_at: list[int], filled: list[int]) -> Iterator[bytes]:
    """Of each row, and behind it of its key: one object a row, of which there may be millions.

    `filled` counts by column what is neither NULL nor empty.
    """
    for row in rows:
        for at, value in enumerate(row):
            filled[at] += value not in (None, "", b"")
        yield _digest(row) + (_digest(tuple(row[at] for at in key_at)) if key_at else b"")


def _digest(values: tuple[object, ...]) -> bytes:
    """Over the values with their types; a trailing NULL counts as a column."""
    return hashlib.blake2b(
        repr(values).encode("utf-8", "surrogateescape"), digest_size=_DIGEST_BYTES
    ).digest()
