"""What the package manager does at boot: scan, reconcile ids and directories, clear code caches.

The rules are those of sections 3.3 and 4 of the update-semantics reference.
"""

from __future__ import annotations

from dataclasses import replace

from virtualdevice.system.accounts import add_accounts
from virtualdevice.system.defects import Boot, Defects
from virtualdevice.system.packages.boot_texts import Said, words
from virtualdevice.system.packages.data_scan import scan_data
from virtualdevice.system.packages.orphans import destroy_orphaned_code, drop_orphaned_updates
from virtualdevice.system.packages.problems import critical, info, report
from virtualdevice.system.packages.records import PackageRecord, uid_of
from virtualdevice.system.packages.storage import credential_root, device_root
from virtualdevice.system.packages.system_scan import scan_system
from virtualdevice.system.parts import Parts

__all__ = ["boot_packages"]


async def boot_packages(parts: Parts, defects: Defects) -> bool:
    """Ends with every record and directory in the state that this Android would leave; whether this
    is another build than at the last boot."""
    for user_id in parts.users.ids:
        await parts.storage.prepare(user_id)
    registry = parts.registry
    await registry.load(parts.machine)
    if registry.loaded_problem:
        first = registry.loaded_problem.startswith("No settings file")
        critical(parts, registry.loaded_problem, level="I" if first else "E")
    before, now = dict(registry.extra), _this_build(parts)
    upgraded = before.get("fingerprint", now["fingerprint"]) != now["fingerprint"]
    registry.extra |= now
    facts = {
        "old": before.get("fingerprint"),
        "new": now["fingerprint"],
        "old_api": before.get("api", now["api"]),
        "new_api": now["api"],
    }
    if upgraded:
        critical(parts, words(Said.UPGRADING, parts.api, **facts), level="I")
    for record in registry:
        if not record.code_present:
            registry.put(replace(record, code_in_memory=False))
    await drop_orphaned_updates(parts)
    await scan_system(parts)
    await scan_data(parts)
    await destroy_orphaned_code(parts)
    if upgraded and (parts.api >= 31 or facts["old_api"] != facts["new_api"]):
        info(parts, words(Said.REGRANTING, parts.api, **facts))
    if registry.boots == 1:
        add_accounts(parts)
    if registry.boots > 1:
        await defects.at_boot(parts, Boot(upgraded=upgraded, count=registry.boots))
    await _check_all_data(parts)
    if upgraded:
        info(parts, "Build fingerprint changed; clearing code caches")
        for record in registry:
            await parts.storage.empty_code_caches(record)
    await parts.save_packages()
    return upgraded


def _this_build(parts: Parts) -> dict[str, str]:
    """What a boot writes down about itself."""
    fingerprint = parts.personality.build.fingerprint
    boots = str(parts.registry.boots + 1)
    return {"fingerprint": fingerprint, "boots": boots, "api": str(parts.api)}


async def _check_all_data(parts: Parts) -> None:
    registry = parts.registry
    for user_id in parts.users.ids:
        for record in registry:
            if record.app_id >= registry.first_app_id and parts.keeps_data(record):
                await _check_data(parts, record, user_id)
        await _reconcile_directories(parts, user_id)


async def _check_data(parts: Parts, record: PackageRecord, user_id: int) -> None:
    """A data directory that is gone, or that another uid owns."""
    name, uid = record.name, uid_of(user_id, record.app_id)
    owner = await parts.storage.owner(name, user_id)
    if owner == uid:
        return
    if owner is None:
        if record.code_present and record.user(user_id).installed:
            await _recreate(parts, record, user_id)
        return
    if parts.api <= 23:
        await _repair_or_erase(parts, record, owner, user_id)
        return
    path = f"/data/user/{user_id}/{name}"
    parts.log.write(
        "installd",
        f"Expected path {path} with owner {uid}:{uid} but found {owner}:{owner}",
        level="W",
    )
    cause = words(Said.PREPARE_FAILED, parts.api, path=path)
    if parts.api <= 30 and not record.is_system:
        text = f"Failed to create app data for {name}: {cause}"
        parts.log.write("PackageManager", text, level="E", buffer="system")
        return
    text = f"Failed to create app data for {name}, but trying to recover: {cause}"
    critical(parts, text, level="E")
    await parts.storage.destroy_private(name, user_id)
    await _recreate(parts, record, user_id)
    critical(parts, "Recovery succeeded!", level="D")


async def _repair_or_erase(parts: Parts, record: PackageRecord, owner: int, user_id: int) -> None:
    """5.0 to 6.0: a directory that became root's is given back, any other one is emptied."""
    name, uid = record.name, uid_of(user_id, record.app_id)
    if owner == 0:
        for path in parts.storage.private_directories(name, user_id):
            await parts.files.change_owner(path, uid=uid, gid=uid, recursive=True)
        text = f"Package {name} unexpectedly changed to uid 0; recovered to {uid}"
        critical(parts, text)
        return
    kind = "System" if record.is_system else "Third party"
    facts = {"kind": kind, "name": name, "owner": owner, "uid": uid}
    report(parts, Said.DATA_ERASED, facts)
    await parts.storage.destroy_private(name, user_id)
    await _recreate(parts, record, user_id)


async def _recreate(parts: Parts, record: PackageRecord, user_id: int) -> None:
    current = parts.registry.get(record.name) or record
    parts.registry.put(await parts.storage.create(current, user_id))


async def _reconcile_directories(parts: Parts, user_id: int) -> None:
    """Directories that no package of this user has are destroyed (assertPackageStorageValid)."""
    if parts.api < 24:
        return
    shown = {credential_root(user_id): "/data/user", device_root(user_id): "/data/user_de"}
    for folder, root in shown.items():
        for name in await parts.files.list(folder):
            reason = _why_invalid(parts, name, user_id)
            if reason:
                reason = f"com.android.server.pm.PackageManagerException: {reason}"
                critical(parts, f"Destroying {root}/{user_id}/{name} due to: {reason}")
                await parts.files.remove_tree(f"{folder}/{name}")


def _why_invalid(parts: Parts, name: str, user_id: int) -> str:
    """Nothing for a directory that may stay."""
    record = parts.registry.get(name)
    if record is None:
        return f"Package {name} is unknown"
    state = record.user(user_id)
    if state.installed or (parts.api >= 35 and max(state.ce_inode, state.de_inode) > 0):
        return ""
    more = " or was deleted without DELETE_KEEP_DATA" if parts.api >= 35 else ""
    return f"Package {name} not installed for user {user_id}{more}"
