"""Android's users and groups: AIDs (system/core android_filesystem_config.h) and app ids."""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ["ROOT_GROUPS", "SHELL_GID", "SHELL_UID", "accounts_files", "shell_groups"]

SHELL_UID = 2000
SHELL_GID = 2000
READPROC = 3009

AIDS: dict[int, str] = {
    0: "root", 1: "daemon", 2: "bin", 1000: "system", 1001: "radio", 1002: "bluetooth",
    1003: "graphics", 1004: "input", 1005: "audio", 1006: "camera", 1007: "log", 1008: "compass",
    1009: "mount", 1010: "wifi", 1011: "adb", 1012: "install", 1013: "media", 1014: "dhcp",
    1015: "sdcard_rw", 1016: "vpn", 1017: "keystore", 1018: "usb", 1019: "drm", 1020: "mdnsr",
    1021: "gps", 1023: "media_rw", 1024: "mtp", 1026: "drmrpc", 1027: "nfc", 1028: "sdcard_r",
    1029: "clat", 1030: "loop_radio", 1031: "mediadrm", 1032: "package_info", 1033: "sdcard_pics",
    1034: "sdcard_av", 1035: "sdcard_all", 1036: "logd", 1037: "shared_relro", 1038: "dbus",
    1039: "tlsdate", 1040: "mediaex", 1041: "audioserver", 1047: "cameraserver",
    1053: "webview_zygote",
    1058: "incidentd", 1065: "lmkd", 1066: "llkd", 1067: "iorapd", 1068: "gpu_service",
    1069: "network_stack", 1072: "fsverity_cert", 1073: "credstore", 1077: "external_storage",
    1078: "ext_data_rw", 1079: "ext_obb_rw", 1080: "context_hub", 2000: "shell", 2001: "cache",
    2002: "diag", 2950: "sdk_sandbox", 3001: "net_bt_admin", 3002: "net_bt", 3003: "inet",
    3004: "net_raw", 3005: "net_admin", 3006: "net_bw_stats", 3007: "net_bw_acct",
    3009: "readproc", 3010: "wakelock", 3011: "uhid", 3012: "readtracefs", 9997: "everybody",
    9998: "misc", 9999: "nobody",
}  # fmt: skip

ROOT_GROUPS: tuple[int, ...] = (1004, 1007, 1011, 1015, 1028, 3001, 3002, 3003, 3006, 3009)


def shell_groups(api: int) -> tuple[int, ...]:
    """What adbd gives the shell (adb/daemon/main.cpp); the oldest as recorded on Android 5.1.1."""
    groups = [1004, 1007, 1011, 1015, 1028, 3001, 3002, 3003, 3006]
    if api >= 24:
        groups.append(3009)
    if api >= 28:
        groups.append(3011)
    if api >= 30:
        groups += [1078, 1079]
    if api >= 33:
        groups.append(3012)
    return tuple(sorted(groups))


def accounts_files(apps: Mapping[int, str]) -> dict[str, str]:
    """passwd and group below /system; `apps` are the app uids that exist, and their names."""
    people = {**AIDS, **apps}
    shells = {0: "/system/bin/sh", SHELL_UID: "/system/bin/sh"}
    passwd = [
        f"{name}::{uid}:{uid}:{name}:/:{shells.get(uid, '/bin/false')}\n"
        for uid, name in sorted(people.items())
    ]
    group = [f"{name}::{gid}:\n" for gid, name in sorted(people.items())]
    return {"etc/passwd": "".join(passwd), "etc/group": "".join(group)}
