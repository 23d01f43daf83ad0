"""Snapshots made by hand, for tests of what is pure."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import replace

from holdfast.userdata.values import (
    Area,
    AreaContent,
    AreaState,
    Database,
    Entry,
    Facts,
    Identity,
    Preferences,
    Reach,
    Snapshot,
    Table,
)

__all__ = [
    "PACKAGE",
    "UID",
    "database",
    "directory",
    "file",
    "identity",
    "link",
    "preferences",
    "rows",
    "snapshot",
    "with_facts",
    "with_identity",
]

PACKAGE = "com.example.chat"
UID = 10123
_LABEL = "u:object_r:app_data_file:s0:c123,c256,c512,c768"


def file(path: str, content: bytes = b"x", **changed: object) -> Entry:
    made = Entry(
        path=path,
        mode=0o100600,
        uid=UID,
        gid=UID,
        size_bytes=len(content),
        mtime="2026-11-01 10:00:00.000000000 +0000",
        inode=7,
        label=_LABEL,
        digest=f"sha256:{hashlib.sha256(content).hexdigest()}",
    )
    return replace(made, **changed)  # type: ignore[arg-type]


def directory(path: str = "", **changed: object) -> Entry:
    return file(path, b"", mode=0o040700, digest="", size_bytes=4096, **changed)


def link(path: str, target: str = "a") -> Entry:
    return file(path, b"", mode=0o120777, digest="", target=target)


def rows(name: str, contents: Mapping[int, str], *, keyed: bool = True) -> Table:
    """Rows by number; `keyed` gives the table a primary key."""
    digests = sorted(
        (hashlib.blake2b(text.encode(), digest_size=8).hexdigest(), f"{number:016x}")
        for number, text in contents.items()
    )
    return Table(
        name=name,
        columns=("id", "text"),
        rows="".join(row for row, _ in digests),
        keys="".join(key for _, key in digests) if keyed else "",
    )


def database(path: str, *tables: Table, **changed: object) -> Database:
    made = Database(area=Area.CREDENTIAL, path=path, tables=tables)
    return replace(made, **changed)  # type: ignore[arg-type]


def preferences(path: str, values: Mapping[str, str]) -> Preferences:
    return Preferences(area=Area.CREDENTIAL, path=path, values=values)


def identity(**changed: object) -> Identity:
    made = Identity(
        installed=True,
        record=True,
        app_id=UID,
        first_install_time="2026-11-01 09:00:00",
        last_update_time="2026-11-01 09:00:00",
        ce_data_inode=4711,
        signers=("aaaa",),
        version_code=5,
        code_path=f"/data/app/{PACKAGE}-1",
        flags=frozenset({"HAS_CODE"}),
        permissions=frozenset({"android.permission.CAMERA"}),
    )
    return replace(made, **changed)  # type: ignore[arg-type]


def snapshot(
    *entries: Entry,
    area: Area = Area.CREDENTIAL,
    databases: tuple[Database, ...] = (),
    preferences: tuple[Preferences, ...] = (),
    **changed: object,
) -> Snapshot:
    """A snapshot of one area, whose own directory is added."""
    content = AreaContent(state=AreaState.SEEN, entries=(directory(), *entries))
    made = Snapshot(
        package_name=PACKAGE,
        taken_at=1.0,
        access=Reach.ROOT,
        identity=identity(),
        facts=Facts(api=30),
        areas={area: content},
        databases=databases,
        preferences=preferences,
    )
    return replace(made, **changed)  # type: ignore[arg-type]


def with_identity(**changed: object) -> Snapshot:
    return snapshot(file("files/a"), identity=identity(**changed))


def with_facts(**changed: object) -> Snapshot:
    return snapshot(file("files/a"), facts=replace(Facts(api=30), **changed))  # type: ignore[arg-type]
