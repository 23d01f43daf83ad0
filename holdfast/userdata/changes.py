"""What can become of an app's data between two snapshots: the words that a diff is made of."""

from __future__ import annotations

import fnmatch
from dataclasses import dataclass
from enum import StrEnum

from holdfast.userdata.values import Area

__all__ = ["Change", "ChangeKind", "ExpectedChanges", "Subject"]


class ChangeKind(StrEnum):
    """How something changed; `is_loss` says whether its owner lost by it."""

    GONE_APP = "gone_app"
    REINSTALLED = "reinstalled"
    RECREATED = "recreated"
    LOST = "lost"
    EMPTIED = "emptied"
    TRUNCATED = "truncated"
    REVERTED = "reverted"
    CHANGED = "changed"
    UNREADABLE = "unreadable"
    READ_ONLY = "read_only"
    EXPOSED = "exposed"
    FOREIGN = "foreign"
    NOT_SEEN = "not_seen"
    MOVED = "moved"
    MIGRATED = "migrated"
    ADDED = "added"

    @property
    def is_loss(self) -> bool:
        return self not in (ChangeKind.MOVED, ChangeKind.MIGRATED, ChangeKind.ADDED)


class Subject(StrEnum):
    """What a change is about, the dearest first."""

    APP = "app"
    ROWS = "rows"
    DATABASE = "database"
    PICTURE = "picture"
    DOCUMENT = "document"
    FILE = "file"
    PREFERENCE = "preference"
    DIRECTORY = "directory"
    AREA = "area"


@dataclass(frozen=True, kw_only=True, slots=True)
class Change:
    """One difference, or many of one kind that belong together.

    `count` of `total` things are concerned (rows of a table, keys of a preferences file, else 1),
    `size_bytes` is what they held before. `detail` is the evidence in words; `item` is the table or
    the keys; `now` is where a moved file is. `user_id` is whose copy of the app it concerns.
    """

    kind: ChangeKind
    subject: Subject
    area: Area | None = None
    path: str = ""
    item: str = ""
    count: int = 1
    total: int = 1
    size_bytes: int = 0
    detail: str = ""
    now: str = ""
    user_id: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class ExpectedChanges:
    """What a scenario expects to change, and therefore nobody misses.

    `paths` are patterns of `area name/path` as fnmatch reads them (`private/files/log*`; a star
    matches slashes), `tables` of `database name/table`, `keys` of `preferences name/key`.
    `reinstalled` allows the app's record and directory to be new: the data is then judged alone.
    """

    paths: tuple[str, ...] = ()
    tables: tuple[str, ...] = ()
    keys: tuple[str, ...] = ()
    reinstalled: bool = False

    def allows_path(self, area: Area, path: str) -> bool:
        return _matches(f"{area}/{path}", self.paths)

    def allows_table(self, database: str, table: str) -> bool:
        return _matches(f"{database}/{table}", self.tables)

    def allows_key(self, preferences: str, key: str) -> bool:
        return _matches(f"{preferences}/{key}", self.keys)


def _matches(text: str, patterns: tuple[str, ...]) -> bool:
    return any(fnmatch.fnmatchcase(text, pattern) for pattern in patterns)
