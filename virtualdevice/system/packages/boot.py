"""What the package manager does at boot: scan, reconcile ids and directories, clear code caches.

The rules are those of sections 3.3 and 4 of the update-semantics reference.
"""

from __future__ import annotations

from dataclasses import replace

from virtualdevice.system.defects import Boot, Defects
from virtualdevice.system.packages.records import PackageRecord, uid_of
from virtualdevice.system.packages.storage import credential_root, device_root
from virtualdevice.system.packages.system_scan import critical, scan_system
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
        critical(parts, registry.loaded_problem)
    fingerprint = parts.personality.build.fingerprint
    known = registry.extra.get("fingerprint")
    upgraded = known is not None and known != fingerprint
    count = int(registry.extra.get("boots", "0")) + 1
    registry.extra |= {"fingerprint": fingerprint, "boots": str(count)}
    if upgraded:
        _info(parts, f"Upgrading from {known} to {fingerprint}")
    for record in registry:
        if not record.code_present:
            registry.put(replace(record, code_in_memory=False))
    await scan_system(parts)
    if count > 1:
        await defects.at_boot(parts, Boot(upgraded=upgraded, count=count))
    for user_id in parts.users.ids:
        for record in registry:
            if record.app_id >= registry.first_app_id and _keeps_data(parts, record):
                await _check_data(parts, record, user_id)
        await _reconcile_directories(parts, user_id)
    if upgraded:
        _info(parts, "Build fingerprint changed; clearing code caches")
        for record in registry:
            await parts.storage.empty_code_caches(record)
    await parts.save_packages()
    return upgraded


def _keeps_data(parts: Parts, record: PackageRecord) -> bool:
    """Apps that are only named by the personality keep nothing, and boot sooner for it."""
    package = parts.personality.packages.get(record.name)
    return not record.is_system or record.preload is not None or bool(package and package.apk)


def _info(parts: Parts, text: str) -> None:
    parts.log.write("PackageManager", text, level="I", buffer="system")


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
    kind = "System" if record.is_system else "Third party"
    if parts.api <= 23:
        critical(
            parts,
            f"{kind} package {name} has changed from uid: {owner} to {uid}; old data erased",
        )
        await parts.storage.destroy_private(name, user_id)
        await _recreate(parts, record, user_id)
        return
    path = f"/data/user/{user_id}/{name}"
    expected = f"{uid}:{uid}"
    parts.log.write(
        "installd",
        f"Expected path {path} with owner {expected} but found {owner}:{owner}",
        level="W",
    )
    if parts.api <= 30 and not record.is_system:
        critical(parts, f"Failed to create app data for {name}: owner check failed")
        return
    critical(
        parts, f"Failed to create app data for {name}, but trying to recover: owner check failed"
    )
    await parts.storage.destroy_private(name, user_id)
    await _recreate(parts, record, user_id)
    critical(parts, "Recovery succeeded!")


async def _recreate(parts: Parts, record: PackageRecord, user_id: int) -> None:
    current = parts.registry.get(record.name) or record
    parts.registry.put(await parts.storage.create(current, user_id))


async def _reconcile_directories(parts: Parts, user_id: int) -> None:
    """Directories that no package of this user has are destroyed (assertPackageStorageValid)."""
    if parts.api < 24:
        return
    for folder in (credential_root(user_id), device_root(user_id)):
        for name in await parts.files.list(folder):
            reason = _why_invalid(parts, name, user_id)
            if reason:
                critical(parts, f"Destroying {folder}/{name} due to: {reason}")
                await parts.files.remove_tree(f"{folder}/{name}")


def _why_invalid(parts: Parts, name: str, user_id: int) -> str:
    """Nothing for a directory that may stay."""
    record = parts.registry.get(name)
    if record is None:
        return f"Package {name} is unknown"
    state = record.user(user_id)
    if state.installed or (parts.api >= 35 and state.ce_inode):
        return ""
    more = " or was deleted without DELETE_KEEP_DATA" if parts.api >= 35 else ""
    return f"Package {name} not installed for user {user_id}{more}"
