"""RollbackManager: an update that was enabled for it can be taken back, with the data if asked.

Source: RollbackManagerServiceImpl, Rollback and AppDataRollbackHelper of Android 10 and later.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass

from holdfast.apk.decision import Door
from virtualdevice.seams import FileKind, Files
from virtualdevice.system.packages.candidate import ApkFile
from virtualdevice.system.packages.records import PackageRecord
from virtualdevice.system.packages.rules import InstallOptions, RollbackPolicy
from virtualdevice.system.parts import Parts

__all__ = ["ROLLBACK_DOOR", "Rollback", "Rollbacks"]

FOLDER = "/data/rollback"
INDEX = f"{FOLDER}/rollbacks.json"
SYSTEM_UID = 1000
APK_LIMIT_BYTES = 2 << 30
ROLLBACK_DOOR = Door.SESSION_SHELL


@dataclass(frozen=True, kw_only=True, slots=True)
class Rollback:
    """From `version_from`, which is installed, back to `version_to`, whose APKs are kept."""

    id: int
    package: str
    version_from: int
    version_to: int
    policy: RollbackPolicy
    apk_names: Sequence[str]

    @property
    def folder(self) -> str:
        return f"{FOLDER}/{self.id}/{self.package}"


class Rollbacks:
    """Those that are available; they outlive a reboot."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    async def available(self, package: str) -> Rollback | None:
        """The newest one that still fits what is installed."""
        record = self._parts.registry.present(package)
        for rollback in reversed(await self._load()):
            fits = record is not None and rollback.version_from == record.version_code
            if rollback.package == package and fits:
                return rollback
        return None

    async def enable(
        self, before: PackageRecord, version_from: int, policy: RollbackPolicy
    ) -> None:
        """Keep the APKs and the data of what an update is about to replace."""
        if await self._parts.files.stat(before.base_apk) is None:
            return  # an app that the image only names has nothing to go back to
        await self.forget(before.name)
        known = await self._load()
        number = max((rollback.id for rollback in known), default=0) + 1
        rollback = Rollback(
            id=number,
            package=before.name,
            version_from=version_from,
            version_to=before.version_code,
            policy=policy,
            apk_names=tuple(before.apk_names),
        )
        for folder in (FOLDER, f"{FOLDER}/{number}", rollback.folder):
            await self._parts.files.make_directory(
                folder, mode=0o700, uid=SYSTEM_UID, gid=SYSTEM_UID
            )
        for name in before.apk_names:
            source, target = f"{before.code_path}/{name}", f"{rollback.folder}/{name}"
            await self._parts.files.copy(source, target, mode=0o600, uid=SYSTEM_UID, gid=SYSTEM_UID)
        if policy is RollbackPolicy.RESTORE:
            for path, kept in self._places(before, rollback):
                await _copy_tree(self._parts.files, path, kept)
        await self._save([*known, rollback])
        self._parts.log.write("RollbackManager", f"Enabling rollback for install of {before.name}")

    async def files(self, rollback: Rollback) -> list[ApkFile]:
        """The APKs of the version to go back to."""
        found = []
        for name in rollback.apk_names:
            path = f"{rollback.folder}/{name}"
            data = await self._parts.files.read(path, limit_bytes=APK_LIMIT_BYTES)
            found.append(ApkFile(name=name, data=data, path=path))
        return found

    def options(self, rollback: Rollback) -> InstallOptions:
        """The installer of record stays; RollbackManager is the system's own."""
        record = self._parts.registry.get(rollback.package)
        return InstallOptions(
            replace=True,
            given=True,
            allow_downgrade=True,
            allow_test=True,
            package_name=rollback.package,
            is_rollback=True,
            installer=record.installer if record is not None else None,
            initiator="android",
        )

    async def finish(self, rollback: Rollback) -> None:
        """The old version is in: the data becomes what the policy says, and the offer ends."""
        parts = self._parts
        record = parts.registry.present(rollback.package)
        if record is not None and rollback.policy is not RollbackPolicy.RETAIN:
            for path, kept in self._places(record, rollback):
                await parts.files.empty_directory(path)
                if rollback.policy is RollbackPolicy.RESTORE:
                    await _copy_tree(parts.files, kept, path)
            for user_id in record.user_ids:
                record = await parts.storage.create(record, user_id)
            parts.registry.put(record)
            await parts.save_packages()
        await self.forget(rollback.package)

    def _places(self, record: PackageRecord, rollback: Rollback) -> Iterator[tuple[str, str]]:
        """Each user's directories with what keeps their copy."""
        for user_id in record.user_ids:
            homes = self._parts.storage.private_directories(record.name, user_id)
            for place, path in enumerate(homes):
                yield path, f"{rollback.folder}/data{user_id}_{place}"

    async def forget(self, package: str) -> None:
        """The package was removed, replaced or rolled back."""
        known = await self._load()
        gone = [rollback for rollback in known if rollback.package == package]
        for rollback in gone:
            await self._parts.files.remove_tree(f"{FOLDER}/{rollback.id}")
        if gone:
            await self._save([rollback for rollback in known if rollback not in gone])

    async def _load(self) -> list[Rollback]:
        try:
            plain = json.loads(await self._parts.files.read(INDEX))
            return [
                Rollback(
                    **item
                    | {
                        "policy": RollbackPolicy(item["policy"]),
                        "apk_names": tuple(item["apk_names"]),
                    }
                )
                for item in plain
            ]
        except (OSError, ValueError, KeyError, TypeError):
            return []

    async def _save(self, rollbacks: Sequence[Rollback]) -> None:
        plain = json.dumps([asdict(rollback) for rollback in rollbacks])
        await self._parts.files.write(
            INDEX, plain.encode(), mode=0o600, uid=SYSTEM_UID, gid=SYSTEM_UID
        )


async def _copy_tree(files: Files, source: str, target: str) -> None:
    """Directories and files with their owners and modes; other kinds hold no data of a user."""
    stat = await files.stat(source)
    if stat is None:
        return
    if stat.kind is FileKind.FILE:
        await files.copy(source, target, mode=stat.mode, uid=stat.uid, gid=stat.gid)
    elif stat.kind is FileKind.DIRECTORY:
        await files.make_directory(target, mode=stat.mode, uid=stat.uid, gid=stat.gid)
        for name in await files.list(source):
            await _copy_tree(files, f"{source}/{name}", f"{target}/{name}")
