"""Which permissions an app holds right after installing, and which a person may give or take."""

from __future__ import annotations

from collections.abc import Sequence

from holdfast.apk.manifest import Manifest
from virtualdevice.system.packages.records import PackageRecord

__all__ = [
    "RUNTIME_PERMISSIONS",
    "install_permissions",
    "is_runtime",
    "runtime_permissions",
    "why_unchangeable",
]

RUNTIME_PERMISSIONS = frozenset(
    "android.permission." + name
    for name in [
        "READ_CALENDAR",
        "WRITE_CALENDAR",
        "CAMERA",
        "READ_CONTACTS",
        "WRITE_CONTACTS",
        "GET_ACCOUNTS",
        "ACCESS_FINE_LOCATION",
        "ACCESS_COARSE_LOCATION",
        "ACCESS_BACKGROUND_LOCATION",
        "RECORD_AUDIO",
        "READ_PHONE_STATE",
        "READ_PHONE_NUMBERS",
        "CALL_PHONE",
        "READ_CALL_LOG",
        "WRITE_CALL_LOG",
        "ADD_VOICEMAIL",
        "USE_SIP",
        "PROCESS_OUTGOING_CALLS",
        "BODY_SENSORS",
        "SEND_SMS",
        "RECEIVE_SMS",
        "READ_SMS",
        "RECEIVE_WAP_PUSH",
        "RECEIVE_MMS",
        "READ_EXTERNAL_STORAGE",
        "WRITE_EXTERNAL_STORAGE",
        "POST_NOTIFICATIONS",
        "READ_MEDIA_IMAGES",
        "READ_MEDIA_VIDEO",
        "READ_MEDIA_AUDIO",
        "BLUETOOTH_CONNECT",
        "BLUETOOTH_SCAN",
        "ACTIVITY_RECOGNITION",
        "NEARBY_WIFI_DEVICES",
    ]
)


def is_runtime(permission: str, *, api: int) -> bool:
    """Whether a person grants it while the app runs (from 6.0) rather than at installing."""
    return api >= 23 and permission in RUNTIME_PERMISSIONS


NAMES_PACKAGE_API, TYPE_FIRST_API, FAILS_SILENTLY_API = 29, 31, 35


def why_unchangeable(permission: str, record: PackageRecord, *, api: int) -> str:
    """Why nobody may grant or revoke it, in the version's words; empty if it can be, and from 15
    on for what the package has not requested."""
    name = record.name
    wrong_type = not is_runtime(permission, api=api) and api >= 23
    requested = permission in record.requested_permissions
    not_requested = f"Package {name} has not requested permission {permission}"
    if not requested and api < TYPE_FIRST_API:
        return not_requested
    if wrong_type:
        by = "" if api < NAMES_PACKAGE_API else f" requested by {name}"
        by = by if api < FAILS_SILENTLY_API else f" requested by package {name}"
        return f"Permission {permission}{by} is not a changeable permission type"
    return "" if requested or api >= FAILS_SILENTLY_API else not_requested


def install_permissions(manifest: Manifest, *, api: int) -> Sequence[str]:
    """Those that come with the app, for whoever has it."""
    return tuple(
        permission
        for permission in manifest.permissions
        if permission.startswith("android.permission.") and not is_runtime(permission, api=api)
    )


def runtime_permissions(
    manifest: Manifest, held: Sequence[str], *, api: int, grant_all: bool
) -> Sequence[str]:
    """Those that one user grants: as before, or all with -g, or for an old target."""
    every = grant_all or manifest.target_sdk < 23
    return tuple(
        permission
        for permission in manifest.permissions
        if is_runtime(permission, api=api) and (every or permission in held)
    )
