"""The package manager's records, as the decision table wants to see them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from holdfast.apk.decision import Delivery, DeviceRules, Door, InstalledPackage, Preload
from virtualdevice.system.packages.records import PackageRecord
from virtualdevice.system.packages.registry import Registry

__all__ = ["InstallOptions", "RollbackPolicy", "delivery_of", "rules_of"]

SYSTEM_UIDS = (0, 1000)


class RollbackPolicy(IntEnum):
    """What a rollback does with the data: PackageManager.ROLLBACK_DATA_POLICY_*."""

    RESTORE = 0
    WIPE = 1
    RETAIN = 2


@dataclass(frozen=True, kw_only=True, slots=True)
class InstallOptions:
    """What the caller of an installation asked for. `given` counts options (a quirk of 9);
    `user_id` None is every user.

    `initiator` is the package that asks, `installer` the one that is to be on record.
    `update_ownership`: the installer wants to be the one whose updates these are (14 and later).
    `rollback_policy`: the update can be rolled back, and what then becomes of the data;
    `is_rollback`: it is such a rollback, by the platform.
    """

    replace: bool = False
    forbid_replace: bool = False
    allow_downgrade: bool = False
    allow_test: bool = False
    grant_permissions: bool = False
    given: bool = False
    installer: str | None = None
    initiator: str | None = None
    package_source: int = 0
    inherit_from: str | None = None
    package_name: str | None = None
    user_id: int | None = None
    staged: bool = False
    bypass_low_target_sdk: bool = False
    multi_package: bool = False
    update_ownership: bool = False
    rollback_policy: RollbackPolicy | None = None
    is_rollback: bool = False


def rules_of(
    registry: Registry, *, api: int, build_type: str, abis: tuple[str, ...]
) -> DeviceRules:
    """All packages: conflicts of providers and permissions are decided across them."""
    return DeviceRules(
        api=api,
        build_type=build_type,
        abis=abis,
        packages={record.name: _installed(record) for record in registry},
        shared_signers=registry.shared_signers,
    )


def _installed(record: PackageRecord) -> InstalledPackage:
    preload = record.preload
    return InstalledPackage(
        package_name=record.name,
        version_code=record.version_code,
        signing=record.signing,
        target_sdk=record.target_sdk,
        debuggable=record.debuggable,
        shared_user_id=record.shared_user_id,
        left_shared_user=record.left_shared_user,
        system=record.is_system,
        preload=None
        if preload is None
        else Preload(version_code=preload.version_code, signing=preload.signing),
        installed=record.code_present,
        code_in_memory=record.code_in_memory,
        persistent=record.persistent,
        updatable=record.updatable,
        provider_authorities=tuple(record.provider_authorities),
        declared_permissions=tuple(record.declared_permissions),
        permission_groups=tuple(record.permission_groups),
        upgrade_key_sets=tuple(record.upgrade_key_sets),
        target_sandbox_version=record.target_sandbox_version,
        revision_codes=record.revision_codes,
        restrict_update_hash=record.restrict_update_hash,
    )


def delivery_of(options: InstallOptions, *, door: Door, caller_uid: int) -> Delivery:
    return Delivery(
        door=door,
        replace=options.replace,
        forbid_replace=options.forbid_replace,
        allow_downgrade=options.allow_downgrade,
        allow_test=options.allow_test,
        options_given=options.given,
        bypass_low_target_sdk=options.bypass_low_target_sdk,
        staged=options.staged,
        platform_rollback=options.is_rollback,
        root=caller_uid in SYSTEM_UIDS,
    )
