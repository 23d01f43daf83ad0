"""The scan of the system image at boot: what an OTA brings, changes and takes away.

The table is that of the update-semantics reference, section 4.1; each function is a row of it.
"""

from __future__ import annotations

from dataclasses import replace

from holdfast.apk.signing_details import Capability, SigningDetails
from virtualdevice.system.packages.preloads import preload_record, preload_state
from virtualdevice.system.packages.records import PackageRecord, PreloadRecord
from virtualdevice.system.parts import Parts

__all__ = ["critical", "scan_system"]


def critical(parts: Parts, text: str) -> None:
    """What a boot complains of: the log, and the event that labs look for."""
    parts.log.write("PackageManager", text, level="W", buffer="system")
    parts.log.write("pm_critical_info", text, level="I", buffer="events")


async def scan_system(parts: Parts) -> None:
    """Every package of the image against every record; ends with records that are right."""
    await _drop_what_the_image_lacks(parts)
    for name, package in parts.personality.packages.items():
        scanned = preload_record(parts.personality, name, package)
        existing = parts.registry.get(name)
        if existing is None:
            parts.registry.put(_with_app_id(parts, scanned, None))
        elif not existing.is_system:
            await _appeared_over_a_users_app(parts, scanned, existing)
        elif existing.preload is not None:
            _updated_in_data(parts, scanned, existing)
        else:
            _same_place(parts, scanned, existing)


def _with_app_id(
    parts: Parts, scanned: PackageRecord, existing: PackageRecord | None
) -> PackageRecord:
    """The fixed id of the image, the one that it had, or the next free one; data as it was."""
    if existing is None:
        app_id = scanned.app_id or parts.registry.app_id_for(scanned.name, scanned.shared_user_id)
        state = preload_state(parts.personality, scanned)
        return replace(scanned, app_id=app_id, users=dict.fromkeys(parts.users.ids, state))
    return replace(
        scanned,
        app_id=scanned.app_id or existing.app_id,
        install_permissions=existing.install_permissions or scanned.install_permissions,
        users=existing.users,
    )


def _same_place(parts: Parts, scanned: PackageRecord, existing: PackageRecord) -> None:
    """A system app without an update in /data: the image is right, whoever signed it."""
    if not _compatible(scanned.signing, existing.signing, parts.api):
        critical(parts, f"System package {scanned.name} signature changed; retaining data.")
    parts.registry.put(_with_app_id(parts, scanned, existing))


def _updated_in_data(parts: Parts, scanned: PackageRecord, existing: PackageRecord) -> None:
    """The newer one of image and /data runs; the image wins only if it is really newer."""
    name, old, new = scanned.name, existing.version_code, scanned.version_code
    places = f"{existing.code_path} --> {scanned.code_path}"
    if new > old:
        if parts.api <= 27:
            critical(
                parts,
                f"Package {name} at {scanned.code_path} reverting from {existing.code_path}: new "
                f"version {new} better than installed {old}",
            )
        else:
            critical(parts, f"System package updated; name: {name}; {old} --> {new}; {places}")
        _same_place(parts, scanned, existing)
        return
    critical(
        parts,
        f"Package {name} at {scanned.code_path} ignored: updated version {old} better than this "
        f"{new}",
    )
    parts.registry.put(replace(existing, preload=_as_preload(scanned)))


async def _appeared_over_a_users_app(
    parts: Parts, scanned: PackageRecord, existing: PackageRecord
) -> None:
    """The image brings a package that the user had installed. By another signer: the user's app
    and its data go, without a word on the screen; this is Android as designed."""
    name = scanned.name
    if not _compatible(existing.signing, scanned.signing, parts.api):
        text = f"System package signature mismatch; name: {name}"
        if parts.api <= 27:
            text = (
                f"Package {name} appeared on system, but signatures don't match existing userdata "
                "copy; removing"
            )
        critical(parts, text)
        await _destroy(parts, existing)
        parts.registry.put(_with_app_id(parts, scanned, None))
        return
    old, new = existing.version_code, scanned.version_code
    if new > old:
        critical(parts, _image_wins(parts.api, scanned, existing))
        parts.registry.put(_with_app_id(parts, scanned, existing))
        return
    text = f"System package disabled; name: {name}; old: {existing.code_path}; "
    text += f"new: {scanned.code_path}"
    if parts.api <= 27:  # The words say the opposite of what the numbers do; Android's own.
        text = (
            f"Package {name} appeared at {scanned.code_path} but new version {new} better than "
            f"installed {old}; hiding system"
        )
    critical(parts, text)
    parts.registry.put(replace(existing, is_system=True, preload=_as_preload(scanned)))


def _image_wins(api: int, scanned: PackageRecord, existing: PackageRecord) -> str:
    """A preload takes the place of an older app that the user had installed."""
    name, old, new = scanned.name, existing.version_code, scanned.version_code
    if api <= 27:
        return (
            f"Package {name} at {scanned.code_path} reverting from {existing.code_path}: new "
            f"version {new} better than installed {old}"
        )
    places = f"{existing.code_path} --> {scanned.code_path}"
    return f"System package enabled; name: {name}; {old} --> {new}; {places}"


async def _drop_what_the_image_lacks(parts: Parts) -> None:
    """A system app that is gone: its data too, unless an update in /data lives on as an app."""
    for record in parts.registry:
        if not record.is_system or record.name in parts.personality.packages:
            continue
        name = record.name
        if record.preload is not None:
            critical(
                parts,
                f"System package {name} no longer exists; revoking system privileges"
                if parts.api < 29
                else f"System package {name} no longer exists; rescanning package on data",
            )
            parts.registry.put(replace(record, is_system=False, is_privileged=False, preload=None))
            continue
        whose = "it's data will be wiped" if parts.api < 33 else "its data will be wiped"
        critical(parts, f"System package {name} no longer exists; {whose}")
        await _destroy(parts, record)


async def _destroy(parts: Parts, record: PackageRecord) -> None:
    """The record, and the data of every user."""
    for user_id in record.users:
        await parts.storage.destroy(record.name, user_id)
    parts.registry.remove(record.name)


def _as_preload(scanned: PackageRecord) -> PreloadRecord:
    return PreloadRecord(
        code_path=scanned.code_path,
        version_code=scanned.version_code,
        version_name=scanned.version_name,
        target_sdk=scanned.target_sdk,
        signing=scanned.signing,
    )


def _compatible(new: SigningDetails, old: SigningDetails, api: int) -> bool:
    """Sets to 8.1; from 9 on either may know the other by its lineage."""
    if api < 28:
        return new.same_signers(old)
    return new.trusts(old, Capability.INSTALLED_DATA) or old.trusts(new, Capability.ROLLBACK)
