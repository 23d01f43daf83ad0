"""What the package manager does at boot: scan, reconcile ids and directories, clear code caches.

The rules are those of sections 3.3 and 4 of the update-semantics reference.
"""

from __future__ import annotations

from dataclasses import replace

from virtualdevice.system.defects import Boot, Defects
from virtualdevice.system.packages.records import PackageRecord
from virtualdevice.system.packages.system_scan import critical, scan_system
from virtualdevice.system.parts import Parts

__all__ = ["boot_packages"]


async def boot_packages(parts: Parts, defects: Defects) -> bool:
    """Ends with every record and directory in the state that this Android would leave; whether this
    is another build than at the last boot."""
    await parts.storage.prepare()
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
        if not record.installed:
            registry.put(replace(record, code_in_memory=False))
    await scan_system(parts)
    if count > 1:
        await defects.at_boot(parts, Boot(upgraded=upgraded, count=count))
    for record in list(registry):
        if record.app_id >= registry.first_app_id and _keeps_data(parts, record):
            await _check_data(parts, record)
    await _reconcile_directories(parts)
    if upgraded:
        _info(parts, "Build fingerprint changed; clearing code caches")
        for record in registry:
            await parts.storage.empty_code_caches(record.name)
    await parts.save_packages()
    return upgraded


def _keeps_data(parts: Parts, record: PackageRecord) -> bool:
    """Apps that are only named by the personality keep nothing, and boot sooner for it."""
    package = parts.personality.packages.get(record.name)
    return not record.is_system or record.preload is not None or bool(package and package.apk)


def _info(parts: Parts, text: str) -> None:
    parts.log.write("PackageManager", text, level="I", buffer="system")


async def _check_data(parts: Parts, record: PackageRecord) -> None:
    """A data directory that is gone, or that another uid owns."""
    owner = await parts.storage.owner(record.name)
    if owner == record.app_id:
        return
    if owner is None:
        if record.installed:
            await _recreate(parts, record)
        return
    name = record.name
    kind = "System" if record.is_system else "Third party"
    if parts.api <= 23:
        critical(
            parts,
            f"{kind} package {name} has changed from uid: {owner} to {record.app_id}; "
            "old data erased",
        )
        await parts.storage.destroy_private(name)
        await _recreate(parts, record)
        return
    path = f"/data/user/0/{name}"
    expected = f"{record.app_id}:{record.app_id}"
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
    await parts.storage.destroy_private(name)
    await _recreate(parts, record)
    critical(parts, "Recovery succeeded!")


async def _recreate(parts: Parts, record: PackageRecord) -> None:
    ce_inode, de_inode = await parts.storage.create(record)
    parts.registry.put(replace(record, ce_inode=ce_inode, de_inode=de_inode))


async def _reconcile_directories(parts: Parts) -> None:
    """Directories of packages that nobody knows are destroyed (assertPackageStorageValid)."""
    if parts.api < 24:
        return
    for folder in ("/data/data", "/data/user_de/0"):
        for name in await parts.files.list(folder):
            if parts.registry.get(name) is None:
                reason = f"Package {name} is unknown"
                critical(parts, f"Destroying {folder}/{name} due to: {reason}")
                await parts.files.remove_tree(f"{folder}/{name}")
