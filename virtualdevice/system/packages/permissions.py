"""Which permissions an app holds right after installing, and which a person may give or take."""

from __future__ import annotations

from collections.abc import Sequence

from holdfast.apk.manifest import Manifest
from virtualdevice.system.packages.records import PackageRecord

__all__ = ["RUNTIME_PERMISSIONS", "granted_at_install", "is_runtime"]

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


def granted_at_install(
    manifest: Manifest, before: PackageRecord | None, *, api: int, grant_all: bool
) -> Sequence[str]:
    """Install permissions always; runtime ones as before, or all with -g, or for an old target."""
    held = set(before.granted_permissions) if before is not None else set()
    legacy = manifest.target_sdk < 23
    granted = []
    for permission in manifest.permissions:
        if not permission.startswith("android.permission."):
            continue
        if not is_runtime(permission, api=api) or grant_all or legacy or permission in held:
            granted.append(permission)
    return tuple(granted)
