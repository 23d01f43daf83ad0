"""What an APK says of itself, as a record that no user has yet."""

from __future__ import annotations

from collections.abc import Mapping

from holdfast.apk.manifest import Manifest
from holdfast.apk.signing_details import SigningDetails
from virtualdevice.system.packages.permissions import install_permissions
from virtualdevice.system.packages.records import PackageRecord

__all__ = ["described"]


def described(
    manifest: Manifest,
    signing: SigningDetails,
    *,
    api: int,
    code_path: str,
    split_revisions: Mapping[str, int] | None = None,
    before: PackageRecord | None = None,
) -> PackageRecord:
    """With app id 0. A member of a shared user stays one whatever its new manifest says; a new
    package, or one that has left, heeds `android:sharedUserMaxSdkVersion` (13 and later).
    """
    splits = dict(split_revisions or {})
    was_member = before is not None and before.shared_user_id is not None
    leaves = manifest.leaves_shared_user(api) and not was_member
    return PackageRecord(
        name=manifest.package_name,
        app_id=0,
        version_code=manifest.version_code,
        version_name=manifest.version_name or "",
        signing=signing,
        code_path=code_path,
        label=manifest.label,
        labels=dict(manifest.labels),
        min_sdk=manifest.min_sdk,
        target_sdk=manifest.target_sdk,
        apk_names=("base.apk", *(f"split_{split}.apk" for split in splits)),
        split_names=tuple(splits),
        revision_codes={"": manifest.revision_code, **splits},
        restrict_update_hash=manifest.restrict_update_hash,
        launcher_activity=manifest.launcher_activity or "",
        debuggable=manifest.debuggable,
        test_only=manifest.test_only,
        has_code=manifest.has_code,
        allow_backup=manifest.allow_backup,
        has_fragile_user_data=manifest.has_fragile_user_data,
        persistent=manifest.persistent,
        updatable=manifest.updatable,
        permission_groups=tuple(manifest.permission_groups),
        upgrade_key_sets=tuple(manifest.upgrade_key_sets),
        target_sandbox_version=manifest.target_sandbox_version,
        shared_user_id=None if leaves else manifest.shared_user_id,
        left_shared_user=leaves,
        requested_permissions=tuple(manifest.permissions),
        install_permissions=install_permissions(manifest, api=api),
        declared_permissions=tuple(manifest.declared_permissions),
        provider_authorities=tuple(manifest.provider_authorities),
    )
