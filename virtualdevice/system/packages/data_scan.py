"""The scan of /data/app at boot: code that is gone, changed, broken or unknown.

Source: scanDirLI and addForInitLI (scanPackageLI to 9). As on a phone, what a record knows by path
and time is not read again.
"""

from __future__ import annotations

from dataclasses import replace

from holdfast.apk.archive import Apk, ApkFormatError
from holdfast.apk.decide_signers import follows
from holdfast.apk.decision import Candidate
from virtualdevice.system.packages.boot_texts import Said
from virtualdevice.system.packages.code import code_directories, code_stamp, top_of
from virtualdevice.system.packages.described import described
from virtualdevice.system.packages.preloads import factory_record
from virtualdevice.system.packages.problems import critical, report
from virtualdevice.system.packages.records import PackageRecord, PackageUserState
from virtualdevice.system.parts import Parts

__all__ = ["discard_update", "name_of_code", "scan_data"]

APK_LIMIT_BYTES = 2 << 30
FALLS_BACK_SINCE = 29
"""From 10 on a preload comes back whose update cannot be read; before, it is missing."""


async def scan_data(parts: Parts) -> None:
    """Ends with no record that says its code is there while it cannot be used."""
    for record in parts.registry:
        if record.code_present and record.code_stamp:
            await _check_known(parts, record)
    places = {record.code_path: record.name for record in parts.registry}
    async for path in code_directories(parts.files):
        if path not in places:
            await _pick_up(parts, path)


async def _check_known(parts: Parts, record: PackageRecord) -> None:
    stamp = await code_stamp(parts.files, record.base_apk)
    if stamp == record.code_stamp:
        return
    if not stamp:
        await _without_code(parts, record)
        return
    found = await _read(parts, record.code_path)
    problem = found if isinstance(found, str) else _misfit(parts, record, found)
    if not problem:
        parts.registry.put(replace(record, code_stamp=stamp))
        return
    parts.log.write(
        "PackageManager", f"Failed to scan {record.code_path}: {problem}", level="W",
        buffer="system",
    )  # fmt: skip
    await _discard(parts, record, unreadable=isinstance(found, str))


def _misfit(parts: Parts, record: PackageRecord, found: Candidate) -> str:
    new = found.signing
    if new is None:
        return f"Failed collecting certificates for {record.base_apk}"
    if follows(new, record.signing, api=parts.api):
        return ""
    return f"Package {record.name} signatures do not match previously installed version; ignoring!"


async def _read(parts: Parts, path: str) -> Candidate | str:
    """The base APK of a code directory, or what is wrong with it."""
    base = f"{path}/base.apk"
    try:
        data = await parts.files.read(base, limit_bytes=APK_LIMIT_BYTES)
        return Candidate.of(Apk.from_bytes(data), api=parts.api, path=base)
    except OSError:
        return f"Missing base APK in {path}"
    except ApkFormatError:
        return f"Failed to parse {base}"


async def name_of_code(parts: Parts, path: str) -> str:
    """The package that a code directory holds; empty where it holds none."""
    found = await _read(parts, path)
    return "" if isinstance(found, str) else found.manifest.package_name


async def _discard(parts: Parts, record: PackageRecord, *, unreadable: bool) -> None:
    """To 8.1 only what cannot be parsed is deleted; a package that is not is missing for now."""
    if parts.api >= 28 or unreadable:
        await _delete(parts, record.code_path)
    await _without_code(parts, record)


async def _delete(parts: Parts, path: str) -> None:
    critical(parts, f"Deleting invalid package at {path}")
    await parts.files.remove_tree(top_of(path))


async def _without_code(parts: Parts, record: PackageRecord) -> None:
    """The record stays with its data; an updated preload comes back where Android does that."""
    if record.preload is None or parts.api < FALLS_BACK_SINCE:
        parts.registry.put(replace(record, code_present=False, code_in_memory=False))
        return
    report(parts, Said.NEVER_CAME, {"name": record.name})
    parts.registry.put(factory_record(parts.personality, record))


async def discard_update(parts: Parts, record: PackageRecord) -> None:
    """The update of a preload that this Android does not accept: the image's copy runs again."""
    await _delete(parts, record.code_path)
    await _without_code(parts, record)


async def _pick_up(parts: Parts, path: str) -> None:
    """Code that no record speaks of: a package that is known by no name is installed."""
    found = await _read(parts, path)
    if isinstance(found, str):
        parts.log.write("PackageManager", f"Failed to parse {path}: {found}", level="W",
                        buffer="system")  # fmt: skip
        await _delete(parts, path)
        return
    manifest, signing = found.manifest, found.signing
    known = parts.registry.get(manifest.package_name)
    if signing is None or (known is not None and known.code_present):
        where = known.code_path if known is not None else path
        parts.log.write(
            "PackageManager",
            f"Failed to scan {path}: Application package {manifest.package_name} found at {path} "
            f"but expected at {where}; ignoring.",
            level="W",
            buffer="system",
        )
        if parts.api >= 28:
            await _delete(parts, path)
        return
    if known is not None and not follows(signing, known.signing, api=parts.api):
        return
    parts.registry.put(await _new_record(parts, path, found, known))


async def _new_record(
    parts: Parts, path: str, found: Candidate, known: PackageRecord | None
) -> PackageRecord:
    """Its time is that of its file; every user has it (or those that had)."""
    manifest, signing = found.manifest, found.signing
    if signing is None:
        raise ValueError(f"{path} has no signer")
    names = [name for name in await parts.files.list(path) if name.startswith("split_")]
    record = described(
        manifest,
        signing,
        api=parts.api,
        code_path=path,
        split_revisions={name.removeprefix("split_").removesuffix(".apk"): 0 for name in names},
        before=known,
    )
    stat = await parts.files.stat(record.base_apk)
    time_ms = stat.mtime_ns // 10**9 * 1000 if stat else parts.now_ms()
    state = PackageUserState(first_install_time_ms=time_ms, stopped=False, not_launched=False)
    app_id = parts.registry.app_id_for(record.name, record.shared_user_id)
    return replace(
        record,
        app_id=known.app_id if known is not None else app_id,
        last_update_time_ms=time_ms,
        code_stamp=await code_stamp(parts.files, record.base_apk),
        users=known.users if known is not None else dict.fromkeys(parts.users.ids, state),
    )
