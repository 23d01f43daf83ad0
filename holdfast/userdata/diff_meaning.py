"""Databases row by row and preferences key by key: what the bytes look like does not matter."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from holdfast.userdata.changes import Change, ChangeKind, ExpectedChanges, Subject
from holdfast.userdata.diff_files import comparable_areas
from holdfast.userdata.values import Area, Database, Entry, Preferences, Snapshot, Table

__all__ = ["database_changes", "preferences_changes"]

_HOUSEKEEPING = frozenset({"android_metadata", "room_master_table"})
"""Tables that Android itself rewrites: the locale, and the hash of the schema."""


def database_changes(
    before: Snapshot, after: Snapshot, *, expected: ExpectedChanges
) -> Iterator[Change]:
    """Rows that are gone, differ or are new. A checkpoint or a VACUUM changes none.

    A database that was moved whole is no loss here either.
    """
    areas = set(comparable_areas(before, after))
    again = {(d.area, d.path): d for d in after.databases}
    known = {(area, e.path) for area in before.areas for e in before.entries(area)}
    digests = {
        e.digest
        for area in after.areas
        for e in after.entries(area)
        if e.digest and (area, e.path) not in known
    }
    for database in before.databases:
        place = (database.area, database.path)
        if database.problem or database.area not in areas:
            continue
        if expected.allows_path(database.area, database.path):
            continue
        entry = _entry(before, database.area, database.path)
        now = again.get(place)
        if now is None and entry is not None and entry.digest in digests:
            continue
        yield from _one_database(database, now, entry, expected)


def _entry(snapshot: Snapshot, area: Area, path: str) -> Entry | None:
    return next((e for e in snapshot.entries(area) if e.path == path), None)


def _one_database(
    was: Database, now: Database | None, entry: Entry | None, expected: ExpectedChanges
) -> Iterator[Change]:
    if now is not None and now.problem and now.problem != "empty":
        yield Change(
            kind=ChangeKind.UNREADABLE,
            subject=Subject.DATABASE,
            area=was.area,
            path=was.path,
            count=sum(table.row_count for table in was.tables),
            size_bytes=entry.size_bytes if entry else 0,
            detail=now.problem,
        )
        return
    if now is not None and not now.problem and now.user_version < was.user_version:
        yield Change(
            kind=ChangeKind.REVERTED,
            subject=Subject.DATABASE,
            area=was.area,
            path=was.path,
            detail=f"schema version {was.user_version} → {now.user_version}",
        )
    elif now is not None and was.schema and now.schema and was.schema != now.schema:
        yield Change(
            kind=ChangeKind.MIGRATED, subject=Subject.DATABASE, area=was.area, path=was.path
        )
    for table in was.tables:
        if table.name in _HOUSEKEEPING or expected.allows_table(was.name, table.name):
            continue
        again = now.table(table.name) if now else None
        lost, changed = _rows(table, again)
        yield from _of_rows(was, table, ChangeKind.LOST, lost)
        yield from _of_rows(was, table, ChangeKind.CHANGED, changed)
        if again is None:
            continue
        missing = ", ".join(c for c in table.columns if c not in again.columns)
        if missing:
            both = table.row_count - lost
            yield from _of_rows(was, table, ChangeKind.CHANGED, both, f"without {missing}")
        if table.columns != again.columns:
            for column, rows in _emptied(table, again):
                detail = f"nothing in {column} any more"
                yield from _of_rows(was, table, ChangeKind.CHANGED, rows - lost, detail)
        yield from _of_rows(
            was, table, ChangeKind.ADDED, again.row_count - (table.row_count - lost)
        )


def _emptied(was: Table, now: Table) -> Iterator[tuple[str, int]]:
    """Columns of a migrated table that hold something in fewer rows, and in how many fewer."""
    again = dict(zip(now.columns, now.filled, strict=False))
    for column, rows in zip(was.columns, was.filled, strict=False):
        if again.get(column, rows) < rows:
            yield column, rows - again[column]


def _of_rows(
    database: Database, table: Table, kind: ChangeKind, count: int, detail: str = ""
) -> Iterator[Change]:
    if count > 0:
        yield Change(
            kind=kind,
            subject=Subject.ROWS,
            area=database.area,
            path=database.path,
            item=table.name,
            count=count,
            total=table.row_count,
            detail=detail,
        )


def _rows(was: Table, now: Table | None) -> tuple[int, int]:
    """How many rows are gone, and how many differ under the same key."""
    if now is None:
        return was.row_count, 0
    if was.keys and now.keys:
        rows_before = dict(zip(was.key_digests(), was.row_digests(), strict=True))
        rows_after = dict(zip(now.key_digests(), now.row_digests(), strict=True))
        common = rows_before.keys() & rows_after.keys()
        migrated = was.columns != now.columns
        changed = 0 if migrated else sum(rows_before[k] != rows_after[k] for k in common)
        return len(rows_before) - len(common), changed
    if was.columns != now.columns:
        return max(0, was.row_count - now.row_count), 0
    missing = Counter(was.row_digests()) - Counter(now.row_digests())
    gone = sum(missing.values())
    rewritten = min(gone, max(0, now.row_count - (was.row_count - gone)))
    return gone - rewritten, rewritten


def preferences_changes(
    before: Snapshot, after: Snapshot, *, expected: ExpectedChanges
) -> Iterator[Change]:
    """Keys that are gone, have another value, or are new."""
    areas = set(comparable_areas(before, after))
    again = {(p.area, p.path): p for p in after.preferences}
    for was in before.preferences:
        if was.problem or was.area not in areas or expected.allows_path(was.area, was.path):
            continue
        now = again.get((was.area, was.path))
        if now is not None and now.problem:
            yield _keys(ChangeKind.UNREADABLE, was, sorted(was.values), detail=now.problem)
            continue
        values = now.values if now else {}
        watched = [k for k in was.values if not expected.allows_key(was.name, k)]
        lost = sorted(k for k in watched if k not in values)
        changed = sorted(k for k in watched if k in values and values[k] != was.values[k])
        if lost:
            yield _keys(ChangeKind.LOST, was, lost)
        if changed:
            yield _keys(ChangeKind.CHANGED, was, changed)
        if added := sorted(values.keys() - was.values.keys()):
            yield _keys(ChangeKind.ADDED, was, added)


def _keys(kind: ChangeKind, was: Preferences, keys: list[str], *, detail: str = "") -> Change:
    return Change(
        kind=kind,
        subject=Subject.PREFERENCE,
        area=was.area,
        path=was.path,
        item=", ".join(keys),
        count=len(keys),
        total=len(was.values),
        detail=detail,
    )
