"""The scan of the system image at boot: what an OTA brings, changes and takes away.

The table is that of the update-semantics reference, section 4.1; each function is a row of it.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from dataclasses import replace

from holdfast.apk.decide_signers import follows
from virtualdevice.seams import BootFailed
from virtualdevice.system.packages.attribution import forget_installer
from virtualdevice.system.packages.boot_texts import Said, words
from virtualdevice.system.packages.code import CODE_ROOT, top_of
from virtualdevice.system.packages.data_scan import discard_update
from virtualdevice.system.packages.preloads import preload_record, preload_state
from virtualdevice.system.packages.problems import critical, report
from virtualdevice.system.packages.records import PackageRecord, PreloadRecord
from virtualdevice.system.packages.shared_users import Fit, ImageMembers
from virtualdevice.system.parts import Parts

__all__ = ["scan_system"]


async def scan_system(parts: Parts) -> None:
    """Every package of the image against every record; ends with records that are right.

    BootFailed where this Android's system server does not survive what it finds.
    """
    image = _image(parts)
    await _drop_what_the_image_lacks(parts, image)
    for name, scanned in image.items():
        existing = parts.registry.get(name)
        if existing is None:
            parts.registry.put(_with_app_id(parts, scanned, None))
        elif not existing.is_system:
            await _appeared_over_a_users_app(parts, scanned, existing)
        elif existing.preload is not None:
            await _updated_in_data(parts, scanned, existing)
        else:
            _same_place(parts, scanned, existing)


def _image(parts: Parts) -> Mapping[str, PackageRecord]:
    """What of the image can be scanned: the members of a shared user have to agree on a signer.

    To 8.1 whoever differs from the record is missing. From 9 on the first one settles the shared
    user's signer, be it a new one; who then differs is missing, or takes the system down on devices
    that came with 11 or later.
    """
    image: dict[str, PackageRecord] = {}
    members = ImageMembers(parts.registry, api=parts.api)
    for name, package in parts.personality.packages.items():
        scanned = preload_record(parts.personality, name, package)
        if members.add(scanned) is Fit.FITS:
            image[name] = scanned
            continue
        shared = scanned.shared_user_id or ""
        setting = f"SharedUserSetting{{{zlib.crc32(shared.encode()):x} {shared}"
        setting += f"/{parts.registry.shared_users.get(shared, 0)}}}"
        if parts.api >= 29 and _first_api(parts) >= 30:
            raise BootFailed(
                f"Signature mismatch on system package {name} for shared user {setting}"
            )
        text = words(Said.SHARED_SIGNER, parts.api, shared=setting)
        critical(parts, f"Failed to scan {scanned.code_path}: {text}")
    return image


def _first_api(parts: Parts) -> int:
    text = parts.properties.get("ro.product.first_api_level")
    return int(text) if text.isdigit() else parts.api


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
    if not follows(scanned.signing, existing.signing, api=parts.api):
        critical(parts, f"System package {scanned.name} signature changed; retaining data.")
    parts.registry.put(_with_app_id(parts, scanned, existing))


async def _updated_in_data(parts: Parts, scanned: PackageRecord, existing: PackageRecord) -> None:
    """The newer one of image and /data runs; the image wins only if it is really newer."""
    facts = _facts(scanned, existing)
    if scanned.version_code > existing.version_code:
        report(parts, Said.IMAGE_BETTER, facts)
        await parts.files.remove_tree(top_of(existing.code_path))
        _same_place(parts, scanned, existing)
        return
    report(parts, Said.IMAGE_WORSE, facts, level="I")
    if existing.preload is not None and existing.preload.code_path != scanned.code_path:
        report(parts, Said.EXPECTING_BETTER, facts)
    updated = replace(existing, preload=_as_preload(scanned))
    parts.registry.put(updated)
    fits = follows(existing.signing, scanned.signing, api=parts.api)
    if parts.api >= 36 and existing.code_present and not fits:
        report(parts, Said.UPDATE_MISMATCH, {"name": scanned.name})
        await discard_update(parts, updated)


def _facts(scanned: PackageRecord, existing: PackageRecord) -> Mapping[str, object]:
    return {
        "name": scanned.name,
        "image": scanned.code_path,
        "data": existing.code_path,
        "image_version": scanned.version_code,
        "data_version": existing.version_code,
    }


async def _appeared_over_a_users_app(
    parts: Parts, scanned: PackageRecord, existing: PackageRecord
) -> None:
    """The image brings a package that the user had installed. By another signer: the user's app
    and its data go, without a word on the screen; this is Android as designed."""
    facts = _facts(scanned, existing)
    if not follows(existing.signing, scanned.signing, api=parts.api):
        report(parts, Said.APP_REMOVED, facts)
        await _destroy(parts, existing)
        parts.registry.put(_with_app_id(parts, scanned, None))
    elif scanned.version_code > existing.version_code or not existing.code_present:
        report(parts, Said.IMAGE_OVER_APP, facts)
        if existing.code_present:
            await parts.files.remove_tree(top_of(existing.code_path))
        parts.registry.put(_with_app_id(parts, scanned, existing))
    else:
        report(parts, Said.IMAGE_BELOW_APP, facts)
        parts.registry.put(replace(existing, is_system=True, preload=_as_preload(scanned)))


async def _drop_what_the_image_lacks(parts: Parts, image: Mapping[str, PackageRecord]) -> None:
    """A system app that is gone: its data too, unless an update in /data lives on as an app."""
    for record in parts.registry:
        if not record.is_system or record.name in image:
            continue
        if record.preload is None:
            report(parts, Said.PRELOAD_GONE, {"name": record.name})
            await _destroy(parts, record)
        elif await parts.files.stat(record.base_apk) is None:
            report(parts, Said.BOTH_GONE, {"name": record.name})
            await _destroy(parts, record)
        else:
            report(parts, Said.UPDATED_PRELOAD_GONE, {"name": record.name})
            parts.registry.put(replace(record, is_system=False, is_privileged=False, preload=None))


async def _destroy(parts: Parts, record: PackageRecord) -> None:
    """The record, its code in /data, and the data of every user."""
    if record.code_path.startswith(f"{CODE_ROOT}/"):
        await parts.files.remove_tree(top_of(record.code_path))
    for user_id in record.users:
        await parts.storage.destroy(record.name, user_id)
    parts.registry.remove(record.name)
    forget_installer(parts.registry, record.name, api=parts.api)


def _as_preload(scanned: PackageRecord) -> PreloadRecord:
    return PreloadRecord(
        code_path=scanned.code_path,
        version_code=scanned.version_code,
        version_name=scanned.version_name,
        target_sdk=scanned.target_sdk,
        signing=scanned.signing,
    )
