"""What a snapshot of an app's data holds: frozen values, no device and no file in sight.

Paths are `str` with surrogate escapes (`bytes_of_path` gives the device's own bytes back), relative
to their area, without a leading `./`; the area's own directory is the empty path.
"""

from __future__ import annotations

import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache

__all__ = [
    "Area",
    "AreaContent",
    "AreaState",
    "Database",
    "Entry",
    "EntryKind",
    "Facts",
    "Identity",
    "Preferences",
    "Reach",
    "Snapshot",
    "Table",
    "bytes_of_path",
    "path_of_bytes",
]


class Area(StrEnum):
    """Where an app, or its user, keeps data."""

    CREDENTIAL = "private"
    DEVICE = "device-protected"
    EXTERNAL = "external"
    MEDIA = "external media"
    OBB = "obb"
    SHARED = "shared storage"

    @property
    def private(self) -> bool:
        """Whether only the app itself (or root) may look inside."""
        return self in (Area.CREDENTIAL, Area.DEVICE)


class AreaState(StrEnum):
    """What a snapshot can say of an area."""

    SEEN = "seen"
    ABSENT = "absent"
    NOT_SEEN = "not seen"


class Reach(StrEnum):
    """How far the snapshot could look: everything, one debuggable app, or outside of apps."""

    ROOT = "root"
    RUN_AS = "run-as"
    EXTERNAL = "external"


class EntryKind(StrEnum):
    FILE = "file"
    DIRECTORY = "directory"
    LINK = "link"
    OTHER = "other"

    @classmethod
    @lru_cache(maxsize=256)
    def of_mode(cls, mode: int) -> EntryKind:
        kinds = {stat.S_IFREG: cls.FILE, stat.S_IFDIR: cls.DIRECTORY, stat.S_IFLNK: cls.LINK}
        return kinds.get(stat.S_IFMT(mode), cls.OTHER)


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """One name in an area. `mode` holds the type bits too.

    `digest` is `algorithm:hex`, or empty where the content could not be read; `label` is empty
    where the device shows none; `mtime` is the device's own text; `unstable` says that the file
    changed while it was read.
    """

    path: str
    mode: int
    uid: int
    gid: int
    size_bytes: int
    mtime: str = ""
    inode: int = 0
    label: str = ""
    digest: str = ""
    target: str = ""
    unstable: bool = False

    @property
    def kind(self) -> EntryKind:
        return EntryKind.of_mode(self.mode)

    @property
    def name(self) -> str:
        return self.path.rpartition("/")[2]


@dataclass(frozen=True, kw_only=True, slots=True)
class AreaContent:
    """An area and what was found in it, sorted by path. `why` says why it was not seen."""

    state: AreaState
    entries: tuple[Entry, ...] = ()
    why: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Table:
    """A table's rows as digests: 16 hex digits each, sorted, all in one string.

    `keys` are digests of the primary keys in the order of `rows`; empty if the table has none.
    `filled` says of each column in how many rows it holds something.
    """

    name: str
    columns: tuple[str, ...]
    rows: str
    keys: str = ""
    filled: tuple[int, ...] = ()

    @property
    def row_count(self) -> int:
        return len(self.rows) // 16

    def row_digests(self) -> Iterator[str]:
        return (self.rows[at : at + 16] for at in range(0, len(self.rows), 16))

    def key_digests(self) -> Iterator[str]:
        return (self.keys[at : at + 16] for at in range(0, len(self.keys), 16))


@dataclass(frozen=True, kw_only=True, slots=True)
class Database:
    """A database read by meaning. `problem` says why it could not be (then it has no tables).

    `schema` is a digest of everything that it was made by: tables, indices, triggers, views.
    """

    area: Area
    path: str
    tables: tuple[Table, ...] = ()
    user_version: int = 0
    schema: str = ""
    problem: str = ""

    @property
    def name(self) -> str:
        return self.path.rpartition("/")[2]

    def table(self, name: str) -> Table | None:
        return next((t for t in self.tables if t.name == name), None)


@dataclass(frozen=True, kw_only=True, slots=True)
class Preferences:
    """A shared preferences file: values as `type:text`. `problem` as for databases."""

    area: Area
    path: str
    values: Mapping[str, str] = field(default_factory=dict)
    problem: str = ""

    @property
    def name(self) -> str:
        return self.path.rpartition("/")[2].removesuffix(".xml")


@dataclass(frozen=True, kw_only=True, slots=True)
class Identity:
    """What the package manager says of the app; None or empty where it says nothing.

    `installed` is whether it is there for this user, `record` whether there is a record at all
    (one is left by `uninstall -k`). `signers` are the hashes that dumpsys shows, which mean
    something across reboots only from API 24. `enabled` is COMPONENT_ENABLED_STATE_* of
    PackageManager: 0 and 1 are enabled, 2 to 4 disabled. `launched` is whether the app ever ran
    since it was installed; one that is `stopped` gets no alarms and messages until it is opened.
    `permissions` are those granted, of those that the app `requested` (API 23 and up).
    """

    installed: bool
    record: bool = False
    app_id: int | None = None
    first_install_time: str | None = None
    last_update_time: str | None = None
    ce_data_inode: int | None = None
    signers: tuple[str, ...] = ()
    past_signers: tuple[str, ...] = ()
    version_code: int | None = None
    installer: str | None = None
    code_path: str | None = None
    enabled: int | None = None
    launched: bool | None = None
    stopped: bool | None = None
    hidden: bool | None = None
    suspended: bool | None = None
    flags: frozenset[str] = frozenset()
    permissions: frozenset[str] = frozenset()
    requested: frozenset[str] = frozenset()


@dataclass(frozen=True, kw_only=True, slots=True)
class Facts:
    """The device around the app. A missing mapping key, or None, means that it could not be asked.

    `properties` are chosen system properties; `settings` are `namespace/name` → value; `packages`
    app ids of all packages; `counts` rows of other apps' providers (messages, contacts, media);
    `app_ops`, `roles` are as their commands print them; `users` user id → name.
    """

    api: int
    build_fingerprint: str = ""
    properties: Mapping[str, str] = field(default_factory=dict)
    settings: Mapping[str, str] = field(default_factory=dict)
    packages: Mapping[str, int] = field(default_factory=dict)
    apex_versions: Mapping[str, int] = field(default_factory=dict)
    counts: Mapping[str, int] = field(default_factory=dict)
    app_ops: Mapping[str, str] | None = None
    roles: Mapping[str, str] = field(default_factory=dict)
    users: Mapping[int, str] = field(default_factory=dict)
    accounts: tuple[str, ...] | None = None
    volumes: tuple[str, ...] | None = None
    boot_id: str = ""
    storage_error: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Snapshot:
    """An app's data at one moment. `taken_at` is in seconds since the Unix epoch.

    `unseen` says in words what the access did not reach: it never counts as survived.
    `access_error` is what the device answered when the app's own user was asked for. `others` are
    the copies of the device's other users (work profiles, second users).
    """

    package_name: str
    taken_at: float
    access: Reach
    identity: Identity
    facts: Facts
    areas: Mapping[Area, AreaContent] = field(default_factory=dict)
    databases: tuple[Database, ...] = ()
    preferences: tuple[Preferences, ...] = ()
    unseen: tuple[str, ...] = ()
    access_error: str = ""
    user_id: int = 0
    others: tuple[Snapshot, ...] = ()

    def copy_of(self, user_id: int) -> Snapshot:
        """Another user's copy; one that is not installed if that user has none."""
        found = next((other for other in self.others if other.user_id == user_id), None)
        return found or Snapshot(
            package_name=self.package_name,
            taken_at=self.taken_at,
            access=self.access,
            identity=Identity(installed=False),
            facts=Facts(api=self.facts.api),
            user_id=user_id,
        )

    @property
    def installed(self) -> bool:
        return self.identity.installed

    @property
    def owner_is_wrong(self) -> bool:
        """Whether run-as refused because the app's directory is not the app's own.

        Words: system/core/run-as (API 30 and up name the owners; older ones say `corrupt`).
        """
        return any(words in self.access_error for words in ("wrong owner", "corrupt installation"))

    @property
    def uid(self) -> int | None:
        """The uid that the app runs as."""
        if self.identity.app_id is None:
            return None
        return self.user_id * 100_000 + self.identity.app_id

    def entries(self, area: Area) -> tuple[Entry, ...]:
        content = self.areas.get(area)
        return content.entries if content else ()

    def state(self, area: Area) -> AreaState:
        content = self.areas.get(area)
        return content.state if content else AreaState.NOT_SEEN


def path_of_bytes(raw: bytes) -> str:
    """The device's bytes as text that no byte gets lost in."""
    return raw.decode("utf-8", "surrogateescape")


def bytes_of_path(path: str) -> bytes:
    return path.encode("utf-8", "surrogateescape")
