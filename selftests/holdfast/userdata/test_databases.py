from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from holdfast.userdata.databases import (
    DatabaseUnreadable,
    is_database_name,
    main_database,
    read_database,
)
from holdfast.userdata.values import Area, Database


@contextmanager
def made(file: Path) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(file)) as connection:
        yield connection
        connection.commit()


def read(file: Path) -> Database:
    return read_database(file, area=Area.CREDENTIAL, path="databases/m.db")


def test_rows_that_are_only_in_the_log_count(tmp_path: Path) -> None:
    file, copy = tmp_path / "m.db", tmp_path / "copy"
    with made(file) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("CREATE TABLE message (id INTEGER PRIMARY KEY, text TEXT)")
        connection.executemany("INSERT INTO message VALUES (?, ?)", [(1, "a"), (2, "b")])
        connection.commit()
        copy.write_bytes(file.read_bytes())
        (tmp_path / "copy-wal").write_bytes((tmp_path / "m.db-wal").read_bytes())
    tables = read(copy).tables
    assert [(t.name, t.row_count) for t in tables] == [("message", 2)]


def test_a_hot_journal_is_rolled_back_as_the_app_would(tmp_path: Path) -> None:
    file, copy = tmp_path / "m.db", tmp_path / "copy"
    with made(file) as connection:
        connection.execute("PRAGMA cache_size = 1")
        connection.execute("CREATE TABLE message (id INTEGER PRIMARY KEY, text TEXT)")
        rows = [(n, "x" * 500) for n in range(50)]
        connection.executemany("INSERT INTO message VALUES (?, ?)", rows)
        connection.commit()
        connection.execute("DELETE FROM message")
        more = [(n, "y" * 500) for n in range(100, 400)]
        connection.executemany("INSERT INTO message VALUES (?, ?)", more)
        copy.write_bytes(file.read_bytes())
        (tmp_path / "copy-journal").write_bytes((tmp_path / "m.db-journal").read_bytes())
        connection.rollback()
    tables = read(copy).tables
    assert tables[0].row_count == 50


def test_values_of_other_types_are_other_rows(tmp_path: Path) -> None:
    tables = []
    for name, value in (("a", "1"), ("b", 1), ("c", 1.0), ("d", b"1"), ("e", None)):
        with made(tmp_path / name) as connection:
            connection.execute("CREATE TABLE t (v)")
            connection.execute("INSERT INTO t VALUES (?)", (value,))
        tables.append(read(tmp_path / name).tables[0].rows)
    assert len(set(tables)) == 5


def test_virtual_tables_and_views_are_not_run(tmp_path: Path) -> None:
    with made(tmp_path / "m.db") as connection:
        connection.execute("CREATE VIRTUAL TABLE notes USING fts4(body)")
        connection.execute("INSERT INTO notes VALUES ('remember')")
        connection.execute("CREATE VIEW v AS SELECT no_such_function(1)")
    tables = read(tmp_path / "m.db").tables
    names = {table.name for table in tables}
    assert "notes" not in names
    assert "v" not in names
    assert "notes_content" in names


def test_odd_names_of_tables_and_columns_do_no_harm(tmp_path: Path) -> None:
    with made(tmp_path / "m.db") as connection:
        connection.execute('CREATE TABLE "a""; DROP TABLE x; --" ("c"" d" TEXT PRIMARY KEY)')
        connection.execute("""INSERT INTO "a""; DROP TABLE x; --" VALUES ('1')""")
    (table,) = read(tmp_path / "m.db").tables
    assert (table.name, table.columns, table.row_count) == (
        'a"; DROP TABLE x; --',
        ('c" d',),
        1,
    )


def test_a_table_without_rowid_and_the_schema_version_are_read(tmp_path: Path) -> None:
    with made(tmp_path / "m.db") as connection:
        connection.execute("CREATE TABLE t (k TEXT PRIMARY KEY) WITHOUT ROWID")
        connection.execute("INSERT INTO t VALUES ('a')")
        connection.execute("PRAGMA user_version = 7")
    found = read(tmp_path / "m.db")
    (table,) = found.tables
    assert found.user_version == 7
    assert len(table.keys) == len(table.rows) == 16


@pytest.mark.parametrize(
    ("statement", "same"),
    [
        ("VACUUM", True),
        ("ANALYZE", True),
        ("INSERT INTO t VALUES (2, 'b')", True),
        ("DROP INDEX i", False),
        ("CREATE TRIGGER g AFTER INSERT ON t BEGIN DELETE FROM t; END", False),
        ("ALTER TABLE t ADD COLUMN more", False),
        ("PRAGMA user_version = 8", False),
        ("PRAGMA application_id = 8", False),
    ],
)
def test_another_schema_is_told_from_other_rows(tmp_path: Path, statement: str, same: bool) -> None:
    with made(tmp_path / "m.db") as connection:
        connection.execute("CREATE TABLE t (k INTEGER PRIMARY KEY, v TEXT)")
        connection.execute("CREATE INDEX i ON t (v)")
    before = read(tmp_path / "m.db").schema
    with made(tmp_path / "m.db") as connection:
        connection.execute(statement)
    assert (read(tmp_path / "m.db").schema == before) is same


def test_what_each_column_holds_is_counted(tmp_path: Path) -> None:
    with made(tmp_path / "m.db") as connection:
        connection.execute("CREATE TABLE t (k, v)")
        connection.executemany("INSERT INTO t VALUES (?, ?)", [(0, None), (1, ""), (2, "b")])
    (table,) = read(tmp_path / "m.db").tables
    assert table.filled == (3, 1)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "empty"),
        (bytes(4096), "no SQLite database"),
        (b"SQLite format 3\0", "database"),
        (b"SQLite format 3\0" + bytes(4080), "database"),
    ],
)
def test_what_cannot_be_read_says_why(tmp_path: Path, content: bytes, words: str) -> None:
    (tmp_path / "m.db").write_bytes(content)
    with pytest.raises(DatabaseUnreadable, match=words):
        read(tmp_path / "m.db")


def test_a_damaged_page_is_unreadable_and_not_a_crash(tmp_path: Path) -> None:
    with made(tmp_path / "m.db") as connection:
        connection.execute("CREATE TABLE t (v TEXT)")
        connection.executemany("INSERT INTO t VALUES (?)", [("x" * 900,)] * 200)
    raw = bytearray((tmp_path / "m.db").read_bytes())
    raw[4096 * 3 : 4096 * 9] = b"\xa5" * 4096 * 6
    (tmp_path / "m.db").write_bytes(raw)
    with pytest.raises(DatabaseUnreadable):
        read(tmp_path / "m.db")


@pytest.mark.parametrize(
    ("path", "answer"),
    [
        ("databases/anything", True),
        ("files/x.db", True),
        ("files/x.db-wal", True),
        ("files/x.sqlite3", True),
        ("files/x.jpg", False),
        ("databases", False),
    ],
)
def test_databases_are_known_by_place_or_name(path: str, answer: bool) -> None:
    assert is_database_name(path) is answer


def test_companions_lead_to_their_database() -> None:
    assert main_database("databases/a.db-wal") == "databases/a.db"
    assert main_database("databases/a.db") == "databases/a.db"
