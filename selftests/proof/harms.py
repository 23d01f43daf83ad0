"""What harms a device: small ways to change one thing, for defects that come as outside files."""

from __future__ import annotations

import sqlite3
import tempfile
from collections.abc import Awaitable, Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path

from virtualdevice.seams import Credentials
from virtualdevice.system.defects import Boot, Defect, Parts, Update
from virtualdevice.system.packages.records import PackageRecord, PackageUserState

__all__ = [
    "Harm",
    "app_op",
    "on_boot",
    "on_update",
    "permission",
    "record",
    "setting",
    "sh",
    "sql",
    "state",
]

_ROOT = Credentials(uid=0, gid=0)

Harm = Callable[[Parts, PackageRecord], Awaitable[None]]


def on_update(name: str, about: str, harm: Harm) -> Defect:
    async def after_update(parts: Parts, update: Update) -> None:
        if not parts.registry.extra.get(name):
            parts.registry.extra[name] = "done"
            await harm(parts, parts.registry.get(update.after.name) or update.after)

    return Defect(name=name, about=about, after_update=after_update)


def on_boot(name: str, about: str, harm: Harm, *, boot_number: int = 2) -> Defect:
    async def at_boot(parts: Parts, boot: Boot) -> None:
        for record in [r for r in parts.registry if not r.is_system and boot.count >= boot_number]:
            await harm(parts, record)

    return Defect(name=name, about=about, at_boot=at_boot)


def sh(script: str) -> Harm:
    """A harm by root's shell in the app's own directory; `$P` is the package, `$U` its user."""

    async def harm(parts: Parts, record: PackageRecord) -> None:
        home = parts.storage.credential_directory(record.name)
        if await parts.files.stat(f"{home}/files/image2") is None:
            return
        words = f"P={record.name}; U={record.app_id}; set -e; cd {home}; {script}"
        child = await parts.machine.spawn(
            [b"/system/bin/sh", b"-c", words.encode()], credentials=_ROOT
        )
        if status := await child.wait():
            raise RuntimeError(f"{script}: exit status {status}")

    return harm


def sql(script: str, *, database: str = "EnMicroMsg.db") -> Harm:
    """A harm by SQL; the write-ahead log is merged and removed."""

    async def harm(parts: Parts, record: PackageRecord) -> None:
        path = f"{parts.storage.credential_directory(record.name)}/databases/{database}"
        stat = await parts.files.stat(path)
        if stat is None:
            return
        with tempfile.TemporaryDirectory() as folder:
            copy = Path(folder) / "db"
            copy.write_bytes(await parts.files.read(path))
            if await parts.files.stat(path + "-wal") is not None:
                (Path(folder) / "db-wal").write_bytes(await parts.files.read(path + "-wal"))
            with closing(sqlite3.connect(copy)) as opened:
                opened.executescript(script)
                opened.commit()
                opened.execute("PRAGMA journal_mode = DELETE")
            data = copy.read_bytes()
        await parts.files.remove_tree(path + "-wal")
        await parts.files.write(path, data, mode=0o600, uid=stat.uid, gid=stat.gid)

    return harm


def record(**changed: object) -> Harm:
    async def harm(parts: Parts, before: PackageRecord) -> None:
        parts.registry.put(replace(before, **changed))  # type: ignore[arg-type]

    return harm


def setting(namespace: str, key: str, value: str) -> Harm:
    async def harm(parts: Parts, record: PackageRecord) -> None:
        parts.settings.put(namespace, key, value)

    return harm


def state(change: Callable[[PackageUserState], PackageUserState]) -> Harm:
    async def harm(parts: Parts, record: PackageRecord) -> None:
        parts.registry.put(record.with_user(0, change(record.user())))

    return harm


def permission(name: str) -> Harm:
    return state(lambda s: replace(s, runtime_permissions=(*s.runtime_permissions, name)))


def app_op(name: str, mode: str) -> Harm:
    return state(lambda s: replace(s, app_ops={**s.app_ops, name: mode}))
