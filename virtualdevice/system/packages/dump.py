"""`dumpsys package`, in the format of each Android version.

Source: Settings.dumpPackageLPr of each version; API 22 is held against a recording.
"""

from __future__ import annotations

import time
import zlib

from holdfast.apk.signing_details import Scheme, SigningDetails
from virtualdevice.system.packages.permissions import is_runtime
from virtualdevice.system.packages.preloads import factory_record
from virtualdevice.system.packages.records import PackageRecord, PackageUserState
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


def data_directory(record: PackageRecord, api: int, user_id: int = 0) -> str:
    if api < 23 and user_id == 0:
        return f"/data/data/{record.name}"
    return f"/data/user/{user_id}/{record.name}"


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
    granted = record.install_permissions
    return [str(gid) for name, gid in GIDS_BY_PERMISSION.items() if name in granted]


def _identity_line(record: PackageRecord, api: int) -> str:
    if api >= 34:
        return f"    appId={record.app_id}"
    line = f"    userId={record.app_id}"
    return line + f" gids=[{', '.join(_gids(record))}]" if api <= 22 else line


def _version_line(record: PackageRecord, api: int) -> str:
    """Without what only a parsed package knows, where a boot found no code."""
    line, target = f"    versionCode={record.version_code}", f" targetSdk={record.target_sdk}"
    if not _is_parsed(record):
        return line + target if api >= 36 else line
    return line + target if api < 24 else f"{line} minSdk={record.min_sdk}{target}"


def _is_parsed(record: PackageRecord) -> bool:
    return record.code_present or record.code_in_memory


def _code_lines(record: PackageRecord, api: int) -> list[str]:
    package = f"Package{{{_hash('pkg' + record.code_path)} {record.name}}}"
    return [
        f"    pkg={package if _is_parsed(record) else 'null'}",
        f"    codePath={record.code_path}",
        f"    resourcePath={record.code_path}",
        f"    legacyNativeLibraryDir={record.code_path}/lib",
        "    primaryCpuAbi=null",
        "    secondaryCpuAbi=null",
        *(["    cpuAbiOverride=null"] if api >= 31 else []),
    ]


def _application_lines(record: PackageRecord, api: int) -> list[str]:
    """What is read from the parsed package, and absent when only a record is left."""
    if not record.code_present:
        return []
    splits = ", ".join(["base", *record.split_names])
    number = _hash("app" + record.code_path)
    lines = ["    usesNonSdkApi=false"] if api >= 31 else []
    lines.append(f"    splits=[{splits}]")
    if api >= 24:
        lines.append(f"    apkSigningVersion={APK_SIGNING_VERSIONS[record.signing.scheme]}")
    if api < 33:
        lines.append(f"    applicationInfo=ApplicationInfo{{{number} {record.name}}}")
    lines.append(f"    flags={_flags(record)}")
    if api >= 35 and not record.updatable:
        lines.append("    updatableSystem=false")
    if api >= 30:
        lines.append("    forceQueryable=false")
    if 30 <= api < 33:
        lines.append("    queriesPackages=[]")  # Android's own slip: only if there are none
    if api >= 35:
        lines.append("    scannedAsStoppedSystemApp=false")
    else:
        lines.append(f"    dataDir={data_directory(record, api)}")
    lines.append("    supportsScreens=[small, medium, large, xlarge, resizeable, anyDensity]")
    return lines


def _time_lines(record: PackageRecord, api: int) -> list[str]:
    lines = [f"    timeStamp={format_time(_file_time_ms(record))}"]
    if api < 33:
        lines.append(f"    firstInstallTime={format_time(record.first_install_time_ms)}")
    lines.append(f"    lastUpdateTime={format_time(record.last_update_time_ms)}")
    return lines


def _file_time_ms(record: PackageRecord) -> int:
    """That of the base APK: of the last installation, be it no update."""
    _, _, mtime_ns = record.code_stamp.partition("@")
    return int(mtime_ns) // 10**6 if mtime_ns else record.last_update_time_ms


def _user_lines(record: PackageRecord, user_id: int, api: int) -> list[str]:
    def flag(value: bool) -> str:
        return "true" if value else "false"

    state: PackageUserState = record.user(user_id)
    words = [f"    User {user_id}:"]
    if api >= 24:
        words.append(f"ceDataInode={state.ce_inode}")
    if api >= 35:
        words.append(f"deDataInode={state.de_inode}")
    words += [f"installed={flag(state.installed)}", f"hidden={flag(state.hidden)}"]
    if api >= 24:
        words.append(f"suspended={flag(state.suspended)}")
    if api >= 30:
        words.append("distractionFlags=0")
    words += [
        f"stopped={flag(state.stopped)}",
        f"notLaunched={flag(state.not_launched)}",
        f"enabled={state.enabled}",
    ]
    if api >= 26:
        words += ["instant=false", "virtual=false"]
    if api >= 35:
        words.append("quarantined=false")
    # Before 7.0 two spaces follow `User 0:`.
    lines = [words[0] + ("  " if api < 24 else " ") + " ".join(words[1:])]
    if api >= 33:
        lines.append("      installReason=0")
        if api >= 35:
            lines.append(f"      dataDir={data_directory(record, api, user_id)}")
        lines.append(f"      firstInstallTime={format_time(state.first_install_time_ms)}")
        lines.append("      uninstallReason=0")
    return [*lines, *_runtime_lines(record, user_id, api)]


def _runtime_lines(record: PackageRecord, user_id: int, api: int) -> list[str]:
    if api < 23:
        return []
    granted = record.user(user_id).runtime_permissions
    lines = [f"      gids=[{', '.join(_gids(record))}]"] if _gids(record) else []
    lines.append("      runtime permissions:")
    for name in record.requested_permissions:
        if is_runtime(name, api=api):
            held = "true" if name in granted else "false"
            lines.append(f"        {name}: granted={held}, flags=[ ]")
    return lines


def _old_permission_lines(record: PackageRecord, api: int) -> list[str]:
    """Before 6.0, after all users' blocks."""
    if api >= 23 or not record.install_permissions:
        return []
    return ["    grantedPermissions:", *(f"      {name}" for name in record.install_permissions)]


def _permission_lines(record: PackageRecord, api: int) -> list[str]:
    if api < 23:
        return []
    before: list[str] = []
    if record.declared_permissions:
        before.append("    declared permissions:")
        before += [f"      {name}: prot=normal" for name in record.declared_permissions]
    if record.requested_permissions:
        before.append("    requested permissions:")
        before += [f"      {name}" for name in record.requested_permissions]
    if record.install_permissions:
        before.append("    install permissions:")
        before += [f"      {name}: granted=true" for name in record.install_permissions]
    return before


def _source_lines(record: PackageRecord, parts: Parts) -> list[str]:
    """InstallSource: from 14 on what there is none of is shown, too."""
    lines: list[str] = []
    if parts.api >= 34:
        installer = parts.registry.get(record.installer or "")
        lines += [
            f"    installerPackageName={record.installer or 'null'}",
            f"    installerPackageUid={-1 if installer is None else installer.app_id}",
            f"    initiatingPackageName={record.initiator or 'null'}",
            "    originatingPackageName=null",
        ]
        if record.update_owner:
            lines.append(f"    updateOwnerPackageName={record.update_owner}")
    elif record.installer:
        lines.append(f"    installerPackageName={record.installer}")
    if parts.api >= 33:
        lines.append(f"    packageSource={record.package_source}")
    if parts.api >= 34:
        lines.append("    appMetadataFilePath=null")
    if parts.api >= 35:
        lines.append("    appMetadataSource=0")
    return lines


def package_block(record: PackageRecord, parts: Parts) -> list[str]:
    """One entry of `Packages:`."""
    api = parts.api
    boot = parts.properties.get("ro.runtime.firstboot")
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
        *_code_lines(record, api),
        _version_line(record, api),
    ]
    if api >= 31 and _is_parsed(record):
        lines.append("    minExtensionVersions=[]")
    if record.code_present:
        lines.append(f"    versionName={record.version_name or 'null'}")
    lines += [*_application_lines(record, api), *_time_lines(record, api)]
    lines += _source_lines(record, parts)
    lines.append(f"    signatures={format_signatures(record.name, record.signing, api, boot)}")
    status = " installStatus=1" if api <= 27 else ""
    if api >= 23:
        lines.append(f"    installPermissionsFixed=true{status}")
    else:
        lines.append(f"    permissionsFixed=true haveGids=true{status}")
    lines.append(f"    pkgFlags={_flags(record)}")
    if api >= 34:
        lines += ["    privatePkgFlags=[ ]", "    apexModuleName=null"]
    lines += _permission_lines(record, api)
    for user_id in parts.users.ids:
        lines += _user_lines(record, user_id, api)
    return [*lines, *_old_permission_lines(record, api)]


def _hidden_block(record: PackageRecord, parts: Parts) -> list[str]:
    """The image's own copy of an updated system app, as it would be."""
    if record.preload is None:
        return []
    return package_block(factory_record(parts.personality, record), parts)


def dump_package(parts: Parts, name: str) -> str:
    """`dumpsys package NAME`."""
    record = parts.registry.get(name)
    if record is None:
        return f"Unable to find package: {name}\n"
    lines: list[str] = []
    if record.code_present and record.launcher_activity:
        short = record.launcher_activity
        short = short[len(name) :] if short.startswith(name + ".") else short
        lines += [
            "Activity Resolver Table:",
            "  Non-Data Actions:",
            "      android.intent.action.MAIN:",
            f"        {_hash('main' + name)} {name}/{short}",
            "",
        ]
    if record.code_present:
        lines += [
            "Key Set Manager:",
            f"  [{name}]",
            f"      Signing KeySets: {record.app_id - 9998 if record.app_id > 9998 else 1}",
            "",
        ]
    lines += ["Packages:", *package_block(record, parts)]
    hidden = _hidden_block(record, parts)
    if hidden:
        lines += ["", "Hidden system packages:", *hidden]
    return "\n".join(lines) + "\n"


def dump_packages(parts: Parts) -> str:
    """`dumpsys package` without a name, as far as packages go."""
    lines = ["Packages:"]
    for record in parts.registry:
        lines += package_block(record, parts)
    return "\n".join(lines) + "\n"
