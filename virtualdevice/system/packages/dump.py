"""`dumpsys package`, in the format of each Android version.

Source: Settings.dumpPackageLPr of each version; API 22 is held against a recording.
"""

from __future__ import annotations

import time
import zlib

from holdfast.apk.signing_details import Scheme, SigningDetails
from virtualdevice.system.packages.permissions import is_runtime
from virtualdevice.system.packages.records import PackageRecord
from virtualdevice.system.parts import Parts

__all__ = ["data_directory", "dump_package", "dump_packages", "format_signatures", "format_time"]

APK_SIGNING_VERSIONS = {Scheme.V1: 1, Scheme.V2: 2, Scheme.V3: 3, Scheme.V31: 3}
GIDS_BY_PERMISSION = {"android.permission.INTERNET": 3003}


def format_time(time_ms: int) -> str:
    """As Java's SimpleDateFormat in the device's time zone (UTC here)."""
    return time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(time_ms // 1000))


def _hash(text: str) -> str:
    """A number that looks like an identity hash, and is the same each time."""
    return f"{zlib.crc32(text.encode('utf-8', 'surrogateescape')) & 0xFFFFFFF:x}"


def format_signatures(name: str, signing: SigningDetails, api: int, boot: str) -> str:
    """PackageSignatures.toString; up to 6.0 its numbers are identity hashes of one boot."""
    number = _hash(f"{name}{boot}")
    if api < 24:
        hashes = [_hash(f"{boot}{der.hex()}") for der in signing.signers]
    else:
        hashes = list(signing.java_hashes)
    if api < 28:
        return f"PackageSignatures{{{number} [{', '.join(hashes)}]}}"
    past = ", ".join(
        f"{SigningDetails(scheme=signing.scheme, signers=(old.certificate,)).java_hashes[0]} "
        f"flags: {int(old.capabilities):x}"
        for old in signing.past
    )
    version = APK_SIGNING_VERSIONS[signing.scheme]
    return (
        f"PackageSignatures{{{number} version:{version}, signatures:[{', '.join(hashes)}], "
        f"past signatures:[{past}]}}"
    )


def data_directory(record: PackageRecord, api: int) -> str:
    return f"/data/user/0/{record.name}" if api >= 23 else f"/data/data/{record.name}"


def _flags(record: PackageRecord) -> str:
    flags = []
    if record.is_system:
        flags.append("SYSTEM")
    if record.preload is not None:
        flags.append("UPDATED_SYSTEM_APP")
    for held, name in (
        (record.debuggable, "DEBUGGABLE"),
        (record.has_code, "HAS_CODE"),
        (record.test_only, "TEST_ONLY"),
        (True, "ALLOW_CLEAR_USER_DATA"),
        (record.allow_backup, "ALLOW_BACKUP"),
    ):
        if held:
            flags.append(name)
    return f"[ {' '.join(flags)} ]"


def _gids(record: PackageRecord) -> list[str]:
    granted = record.granted_permissions
    return [str(gid) for name, gid in GIDS_BY_PERMISSION.items() if name in granted]


def _identity_line(record: PackageRecord, api: int) -> str:
    if api >= 34:
        return f"    appId={record.app_id}"
    line = f"    userId={record.app_id}"
    return line + f" gids=[{', '.join(_gids(record))}]" if api <= 22 else line


def _version_line(record: PackageRecord, api: int) -> str:
    if api < 24:
        return f"    versionCode={record.version_code} targetSdk={record.target_sdk}"
    return (
        f"    versionCode={record.version_code} minSdk={record.min_sdk} "
        f"targetSdk={record.target_sdk}"
    )


def _code_lines(record: PackageRecord) -> list[str]:
    lines = [f"    codePath={record.code_path}", f"    resourcePath={record.code_path}"]
    if record.installed:
        lines.insert(0, f"    pkg=Package{{{_hash('pkg' + record.code_path)} {record.name}}}")
    return [
        *lines,
        f"    legacyNativeLibraryDir={record.code_path}/lib",
        "    primaryCpuAbi=null",
        "    secondaryCpuAbi=null",
    ]


def _application_lines(record: PackageRecord, api: int) -> list[str]:
    """What is read from the parsed package, and absent when only a record is left."""
    if not record.installed:
        return []
    splits = ", ".join(["base", *record.split_names])
    number = _hash("app" + record.code_path)
    lines = [f"    splits=[{splits}]"]
    if api >= 24:
        lines.append(f"    apkSigningVersion={APK_SIGNING_VERSIONS[record.signing.scheme]}")
    lines += [
        f"    applicationInfo=ApplicationInfo{{{number} {record.name}}}",
        f"    flags={_flags(record)}",
    ]
    if api >= 24:
        lines.append("    privateFlags=[ ]")
    if api < 35:
        lines.append(f"    dataDir={data_directory(record, api)}")
    lines.append("    supportsScreens=[small, medium, large, xlarge, resizeable, anyDensity]")
    return lines


def _time_lines(record: PackageRecord, api: int) -> list[str]:
    lines = [f"    timeStamp={format_time(record.last_update_time_ms)}"]
    if api < 33:
        lines.append(f"    firstInstallTime={format_time(record.first_install_time_ms)}")
    lines.append(f"    lastUpdateTime={format_time(record.last_update_time_ms)}")
    return lines


def _user_lines(record: PackageRecord, api: int) -> list[str]:
    def flag(value: bool) -> str:
        return "true" if value else "false"

    words = ["    User 0:"]
    if api >= 24:
        words.append(f"ceDataInode={record.ce_inode}")
    if api >= 35:
        words.append(f"deDataInode={record.de_inode}")
    kept_as_installed = api < 35  # 15 on: only `data exists` is left by uninstall -k
    shown_installed = record.installed or kept_as_installed
    words += [f"installed={flag(shown_installed)}", f"hidden={flag(record.hidden)}"]
    if api >= 24:
        words.append(f"suspended={flag(record.suspended)}")
    if api >= 30:
        words.append("distractionFlags=0")
    words += [
        f"stopped={flag(record.stopped)}",
        f"notLaunched={flag(record.not_launched)}",
        f"enabled={record.enabled}",
    ]
    if api >= 26:
        words += ["instant=false", "virtual=false"]
    if api >= 35:
        words.append("quarantined=false")
    # Before 7.0 two spaces follow `User 0:`.
    lines = [words[0] + ("  " if api < 24 else " ") + " ".join(words[1:])]
    if api >= 33:
        lines += ["      installReason=0", "      uninstallReason=0"]
        lines.append(f"      firstInstallTime={format_time(record.first_install_time_ms)}")
    if api >= 35:
        lines.append(f"      dataDir={data_directory(record, api)}")
    return lines


def _permission_lines(record: PackageRecord, api: int) -> tuple[list[str], list[str]]:
    """(lines before the user's block, lines in it)."""
    if api < 23:
        held_lines = [f"      {name}" for name in record.granted_permissions]
        return [], (["    grantedPermissions:", *held_lines] if held_lines else [])
    before: list[str] = []
    if record.declared_permissions:
        before.append("    declared permissions:")
        before += [f"      {name}: prot=normal" for name in record.declared_permissions]
    if record.requested_permissions:
        before.append("    requested permissions:")
        before += [f"      {name}" for name in record.requested_permissions]
    held = [p for p in record.granted_permissions if not is_runtime(p, api=api)]
    if held:
        before.append("    install permissions:")
        before += [f"      {name}: granted=true" for name in held]
    runtime = [p for p in record.requested_permissions if is_runtime(p, api=api)]
    inside = []
    if _gids(record):
        inside.append(f"      gids=[{', '.join(_gids(record))}]")
    inside.append("      runtime permissions:")
    for name in runtime:
        granted = "true" if name in record.granted_permissions else "false"
        inside.append(f"        {name}: granted={granted}, flags=[ ]")
    return before, inside


def package_block(record: PackageRecord, parts: Parts) -> list[str]:
    """One entry of `Packages:`."""
    api = parts.api
    boot = parts.properties.get("ro.runtime.firstboot")
    outside, inside = _permission_lines(record, api)
    lines = [
        f"  Package [{record.name}] ({_hash('setting' + record.name)}):",
        _identity_line(record, api),
    ]
    if record.shared_user_id:
        number = _hash("shared" + record.shared_user_id)
        lines.append(
            f"    sharedUser=SharedUserSetting{{{number} {record.shared_user_id}/{record.app_id}}}"
        )
    lines += [
        *_code_lines(record),
        _version_line(record, api),
    ]
    if record.installed:
        lines.append(f"    versionName={record.version_name or 'null'}")
    lines += [*_application_lines(record, api), *_time_lines(record, api)]
    if record.installer:
        lines.append(f"    installerPackageName={record.installer}")
        if api >= 34:
            lines.append("    installerPackageUid=-1")
    if api >= 33:
        lines.append("    packageSource=0")
    lines.append(f"    signatures={format_signatures(record.name, record.signing, api, boot)}")
    status = " installStatus=1" if api <= 27 else ""
    if api >= 23:
        lines.append(f"    installPermissionsFixed=true{status}")
    else:
        lines.append(f"    permissionsFixed=true haveGids=true{status}")
    lines.append(f"    pkgFlags={_flags(record)}")
    if api >= 34:
        lines.append("    privatePkgFlags=[ ]")
    return [*lines, *outside, *_user_lines(record, api), *inside]


def _hidden_block(record: PackageRecord, api: int) -> list[str]:
    preload = record.preload
    if preload is None:
        return []
    return [
        f"  Package [{record.name}] ({_hash('hidden' + record.name)}):",
        _identity_line(record, api),
        f"    codePath={preload.code_path}",
        f"    resourcePath={preload.code_path}",
        f"    versionCode={preload.version_code} targetSdk={preload.target_sdk}",
        f"    versionName={preload.version_name}",
    ]


def dump_package(parts: Parts, name: str) -> str:
    """`dumpsys package NAME`."""
    record = parts.registry.get(name)
    if record is None:
        return f"Unable to find package: {name}\n"
    lines: list[str] = []
    if record.installed and record.launcher_activity:
        short = record.launcher_activity
        short = short[len(name) :] if short.startswith(name + ".") else short
        lines += [
            "Activity Resolver Table:",
            "  Non-Data Actions:",
            "      android.intent.action.MAIN:",
            f"        {_hash('main' + name)} {name}/{short}",
            "",
        ]
    if record.installed:
        lines += [
            "Key Set Manager:",
            f"  [{name}]",
            f"      Signing KeySets: {record.app_id - 9998 if record.app_id > 9998 else 1}",
            "",
        ]
    lines += ["Packages:", *package_block(record, parts)]
    hidden = _hidden_block(record, parts.api)
    if hidden:
        lines += ["", "Hidden system packages:", *hidden]
    return "\n".join(lines) + "\n"


def dump_packages(parts: Parts) -> str:
    """`dumpsys package` without a name, as far as packages go."""
    lines = ["Packages:"]
    for record in parts.registry:
        lines += package_block(record, parts)
    return "\n".join(lines) + "\n"
