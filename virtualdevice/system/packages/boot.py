"""What the package manager does at boot: scan, reconcile ids and directories, clear code caches.

The rules are those of sections 3.3 and 4 of the update-semantics reference.
"""

from __future__ import annotations

from dataclasses import replace

from holdfast.apk.signing_details import Scheme, SigningDetails
from virtualdevice.system.defects import Boot, Defects
from virtualdevice.system.packages.records import PackageRecord
from virtualdevice.system.parts import Parts
from virtualdevice.system.personality import SystemPackage

__all__ = ["boot_packages", "platform_signing"]


def platform_signing(brand: str) -> SigningDetails:
    """The signer of a maker's system apps; stands for a certificate, and parses as none."""
    certificate = b"platform certificate of " + brand.encode()
    return SigningDetails(scheme=Scheme.V1, signers=(certificate,))


async def boot_packages(parts: Parts, defects: Defects) -> None:
    """Ends with every record and directory in the state that this Android would leave."""
    await parts.storage.prepare()
    registry = parts.registry
    await registry.load(parts.machine)
    if registry.loaded_problem:
        _warn(parts, registry.loaded_problem)
    fingerprint = parts.personality.build.fingerprint
    known = registry.extra.get("fingerprint")
    upgraded = known is not None and known != fingerprint
    count = int(registry.extra.get("boots", "0")) + 1
    registry.extra |= {"fingerprint": fingerprint, "boots": str(count)}
    if upgraded:
        _info(parts, f"Upgrading from {known} to {fingerprint}")
    _scan_system(parts)
    if count > 1:
        await defects.at_boot(parts, Boot(upgraded=upgraded, count=count))
    for record in list(registry):
        if record.app_id >= registry.first_app_id and not record.is_system:
            await _check_data(parts, record)
    await _reconcile_directories(parts)
    if upgraded:
        _info(parts, "Build fingerprint changed; clearing code caches")
        for record in registry:
            await parts.storage.empty_code_caches(record.name)
    await parts.save_packages()


def _info(parts: Parts, text: str) -> None:
    parts.log.write("PackageManager", text, level="I", buffer="system")


def _warn(parts: Parts, text: str) -> None:
    parts.log.write("PackageManager", text, level="W", buffer="system")
    parts.log.write("pm_critical_info", text, level="I", buffer="events")


def _scan_system(parts: Parts) -> None:
    """The packages of the system image: new ones appear, dropped ones go, /data copies stay."""
    registry, personality = parts.registry, parts.personality
    for record in registry:
        if record.is_system and record.name not in personality.packages:
            _warn(parts, f"System package {record.name} no longer exists; its data will be wiped")
            registry.remove(record.name)
        elif not record.installed and record.code_in_memory:
            registry.put(replace(record, code_in_memory=False))
    for name, package in personality.packages.items():
        existing = registry.get(name)
        if existing is None or existing.is_system:
            registry.put(_system_record(parts, name, package, existing))


def _system_record(
    parts: Parts, name: str, package: SystemPackage, existing: PackageRecord | None
) -> PackageRecord:
    if existing is not None and existing.preload is not None:
        return existing
    build = parts.personality.build
    folder = "priv-app" if package.privileged else "app"
    short = name.rpartition(".")[2].capitalize()
    app_id = package.app_id or (
        existing.app_id if existing else parts.registry.app_id_for(name, None)
    )
    built_ms = build.time_s * 1000
    if existing is not None:
        return replace(existing, version_code=package.version_code, label=package.label or short)
    return PackageRecord(
        name=name,
        app_id=app_id,
        version_code=package.version_code,
        version_name=package.version_name or build.release,
        signing=platform_signing(build.brand),
        code_path=f"/system/{folder}/{short}",
        apk_names=(f"{short}.apk",),
        label=package.label or short,
        min_sdk=parts.api,
        target_sdk=parts.api,
        launcher_activity=package.activity if package.screen != "launcher" else "",
        is_system=True,
        is_privileged=package.privileged,
        first_install_time_ms=built_ms,
        last_update_time_ms=built_ms,
        stopped=False,
        not_launched=False,
    )


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
    if parts.api <= 23:
        _warn(
            parts,
            f"Third party package {name} has changed from uid: {owner} to {record.app_id}; "
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
    if parts.api <= 30:
        _warn(parts, f"Failed to create app data for {name}: owner check failed")
        return
    _warn(parts, f"Failed to create app data for {name}, but trying to recover: owner check failed")
    await parts.storage.destroy_private(name)
    await _recreate(parts, record)
    _warn(parts, "Recovery succeeded!")


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
                _warn(parts, f"Destroying {folder}/{name} due to: {reason}")
                await parts.files.remove_tree(f"{folder}/{name}")
