"""Defects that an installation, an update or an uninstallation brings out.

`reference` numbers are the defect classes of the update-semantics reference, section 8.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from holdfast.apk.decision import DataFate, Decision, Outcome
from virtualdevice.seams import FileKind
from virtualdevice.system.boot_defects import free_app_id
from virtualdevice.system.defects import Defect, Judging, Parts, Update
from virtualdevice.system.packages.records import PackageRecord, PackageUserState, uid_of

__all__ = ["UPDATE_DEFECTS"]

CONFLICT_STATUS = 5


def _is_signer_conflict(judging: Judging) -> bool:
    """The package is there, and the rules refuse the newcomer for its signer alone."""
    return (
        judging.existing is not None
        and judging.decision.outcome is Outcome.REFUSE
        and judging.decision.status == CONFLICT_STATUS
        and judging.candidate.signing is not None
    )


def _let_in(judging: Judging) -> Decision:
    return replace(
        judging.decision,
        outcome=Outcome.UPDATE,
        code="INSTALL_SUCCEEDED",
        text="",
        data=DataFate.KEPT,
        signing_after=judging.candidate.signing,
    )


def _accept_other_signer(judging: Judging) -> Decision:
    return _let_in(judging) if _is_signer_conflict(judging) else judging.decision


def _accept_downgrade(judging: Judging) -> Decision:
    if judging.decision.code == "INSTALL_FAILED_VERSION_DOWNGRADE":
        return _let_in(judging)
    return judging.decision


def _refuse_good_update(judging: Judging) -> Decision:
    if judging.decision.outcome is not Outcome.UPDATE:
        return judging.decision
    name = judging.candidate.manifest.package_name
    text = f"Package {name} signatures do not match previously installed version; ignoring!"
    return replace(
        judging.decision,
        outcome=Outcome.REFUSE,
        code="INSTALL_FAILED_UPDATE_INCOMPATIBLE",
        text=text,
        signing_after=None,
    )


def _homes(parts: Parts, record: PackageRecord) -> list[str]:
    """CE storage of each user who has it."""
    return [parts.storage.credential_directory(record.name, n) for n in record.user_ids]


async def _clear_data(parts: Parts, update: Update) -> None:
    for user_id in update.after.user_ids:
        await parts.storage.clear(update.after, user_id)


async def _clear_data_of_others(parts: Parts, update: Update) -> None:
    for user_id in update.after.user_ids:
        if user_id != 0:
            await parts.storage.clear(update.after, user_id)


async def _empty(parts: Parts, update: Update, directory: str) -> None:
    for home in _homes(parts, update.after):
        await parts.files.empty_directory(f"{home}/{directory}")


async def _wipe_files(parts: Parts, update: Update) -> None:
    await _empty(parts, update, "files")


async def _wipe_databases(parts: Parts, update: Update) -> None:
    await _empty(parts, update, "databases")


async def _files_below(parts: Parts, directory: str) -> list[str]:
    """Every regular file, however deep; symlinks are not followed."""
    found: list[str] = []
    for name in await parts.files.list(directory):
        path = f"{directory}/{name}"
        stat = await parts.files.stat(path)
        if stat is None:
            continue
        if stat.kind is FileKind.DIRECTORY:
            found += await _files_below(parts, path)
        elif stat.kind is FileKind.FILE:
            found.append(path)
    return found


async def _files_in(parts: Parts, update: Update, directory: str) -> list[str]:
    """Those below that directory of each user's storage."""
    homes = _homes(parts, update.after)
    return [path for home in homes for path in await _files_below(parts, f"{home}/{directory}")]


async def _rewrite(parts: Parts, path: str, data: bytes) -> None:
    stat = await parts.files.stat(path)
    if stat is not None:
        await parts.files.write(path, data, mode=stat.mode & 0o7777, uid=stat.uid, gid=stat.gid)


async def _truncate_files(parts: Parts, update: Update) -> None:
    for path in await _files_in(parts, update, "files"):
        data = await parts.files.read(path)
        await _rewrite(parts, path, data[: len(data) // 2])


async def _corrupt_files(parts: Parts, update: Update) -> None:
    """One byte in the middle of each file is another one; sizes stay."""
    for path in await _files_in(parts, update, "files"):
        data = bytearray(await parts.files.read(path))
        if data:
            data[len(data) // 2] ^= 0xFF
            await _rewrite(parts, path, bytes(data))


async def _touch_files(parts: Parts, update: Update) -> None:
    for path in await _files_in(parts, update, "files"):
        await _rewrite(parts, path, await parts.files.read(path))


async def _recreate_databases(parts: Parts, update: Update) -> None:
    """Each database is there, and empty: what a failed migration leaves."""
    for path in await _files_in(parts, update, "databases"):
        if path.endswith(("-wal", "-shm", "-journal")):
            await parts.files.remove_tree(path)
        else:
            await _rewrite(parts, path, b"")


async def _forget_journal(parts: Parts, update: Update) -> None:
    """The last writes of each database were in its log, which is gone."""
    for path in await _files_in(parts, update, "databases"):
        if path.endswith(("-wal", "-shm", "-journal")):
            await parts.files.remove_tree(path)


async def _revert_preferences(parts: Parts, update: Update) -> None:
    empty = b"<?xml version='1.0' encoding='utf-8' standalone='yes' ?>\n<map />\n"
    for path in await _files_in(parts, update, "shared_prefs"):
        await _rewrite(parts, path, empty)


async def _remove_external(parts: Parts, update: Update, place: int) -> None:
    """Of Android/data, Android/media and Android/obb the one in that place."""
    for user_id in update.after.user_ids:
        directories = parts.storage.external_directories(update.after.name, user_id)
        await parts.files.remove_tree(directories[place])


async def _wipe_external(parts: Parts, update: Update) -> None:
    await _remove_external(parts, update, 0)


async def _wipe_media(parts: Parts, update: Update) -> None:
    await _remove_external(parts, update, 1)


async def _wipe_obb(parts: Parts, update: Update) -> None:
    await _remove_external(parts, update, 2)


async def _wipe_device_storage(parts: Parts, update: Update) -> None:
    for user_id in update.after.user_ids:
        home = parts.storage.device_directory(update.after.name, user_id)
        await parts.files.empty_directory(home)


def _change_states(
    parts: Parts, update: Update, change: Callable[[PackageUserState], PackageUserState]
) -> None:
    """Of the updated app, for each user who has it."""
    record = parts.registry.get(update.after.name)
    if record is not None:
        states = {user_id: change(state) for user_id, state in record.users.items()}
        parts.registry.put(replace(record, users=states))


async def _reset_permissions(parts: Parts, update: Update) -> None:
    _change_states(parts, update, lambda state: replace(state, runtime_permissions=()))


async def _grant_everything(parts: Parts, update: Update) -> None:
    asked = tuple(update.after.requested_permissions)
    _change_states(parts, update, lambda state: replace(state, runtime_permissions=asked))


async def _reset_app_ops(parts: Parts, update: Update) -> None:
    _change_states(parts, update, lambda state: replace(state, app_ops={}))


async def _renumber_without_data(parts: Parts, update: Update) -> None:
    """The record gets another app id; the data stays with the old one."""
    record = parts.registry.get(update.after.name)
    if record is not None:
        parts.registry.put(replace(record, app_id=free_app_id(parts)))


async def _recreate_directory(parts: Parts, update: Update) -> None:
    """The data is the same, in a directory that is a new one: a copy and a swap."""
    record = update.after
    for user_id, home in zip(record.user_ids, _homes(parts, record), strict=True):
        aside, uid = f"{home}.new", uid_of(user_id, record.app_id)
        mode = parts.storage.data_mode(record.target_sdk)
        await parts.files.make_directory(aside, mode=mode, uid=uid, gid=uid)
        for name in await parts.files.list(home):
            await parts.files.rename(f"{home}/{name}", f"{aside}/{name}")
        await parts.files.remove_tree(home)
        await parts.files.rename(aside, home)
        stat = await parts.files.stat(home)
        if stat is not None:
            state = replace(record.user(user_id), ce_inode=stat.inode)
            record = record.with_user(user_id, state)
    parts.registry.put(record)


async def _wrong_modes(parts: Parts, update: Update) -> None:
    """Files belong to root and are closed to the app: the wrong label, as far as one can see."""
    for path in await _files_in(parts, update, "files"):
        data = await parts.files.read(path)
        await parts.files.write(path, data, mode=0o600, uid=0, gid=0)


async def _new_install_time(parts: Parts, update: Update) -> None:
    now_ms = update.after.last_update_time_ms
    _change_states(parts, update, lambda state: replace(state, first_install_time_ms=now_ms))


async def _lose_record(parts: Parts, record: PackageRecord, keep_data: bool) -> None:
    for user_id in record.users if keep_data else ():
        await parts.storage.destroy_private(record.name, user_id)


UPDATE_DEFECTS = (
    Defect(
        name="silent_reinstall_on_update",
        about="an update by another signer is done as uninstall and install, and nobody is asked",
        reference="1",
        reinstalls=_is_signer_conflict,
    ),
    Defect(
        name="other_users_data_cleared_on_update",
        about="an update empties the app's storage for all users but user 0",
        reference="28",
        after_update=_clear_data_of_others,
    ),
    Defect(
        name="reinstall_on_every_update",
        about="every update is done as uninstall and install",
        reference="28",
        reinstalls=lambda judging: judging.existing is not None,
    ),
    Defect(
        name="accept_other_signer",
        about="an update by another signer goes in and can read the data",
        reference="2",
        decide=_accept_other_signer,
    ),
    Defect(
        name="downgrade_accepted",
        about="an older version goes in over a newer one's data",
        reference="29",
        decide=_accept_downgrade,
    ),
    Defect(
        name="good_update_refused",
        about="an update by the same signer is refused as one by another",
        reference="27",
        decide=_refuse_good_update,
    ),
    Defect(
        name="clear_data_on_update",
        about="an update empties the app's data, identity stays",
        reference="16",
        after_update=_clear_data,
    ),
    Defect(
        name="files_wiped_on_update",
        about="an update empties files/",
        reference="28",
        after_update=_wipe_files,
    ),
    Defect(
        name="databases_wiped_on_update",
        about="an update empties databases/",
        reference="28",
        after_update=_wipe_databases,
    ),
    Defect(
        name="files_truncated_on_update",
        about="an update cuts every file in half",
        reference="28",
        after_update=_truncate_files,
    ),
    Defect(
        name="files_corrupted_on_update",
        about="an update changes a byte in every file",
        reference="28",
        after_update=_corrupt_files,
    ),
    Defect(
        name="mtime_reset_on_update",
        about="an update rewrites every file, so that all look as if from today",
        reference="28",
        after_update=_touch_files,
    ),
    Defect(
        name="database_recreated",
        about="after an update every database is there and empty",
        reference="29",
        after_update=_recreate_databases,
    ),
    Defect(
        name="database_log_lost",
        about="an update loses the databases' write-ahead logs, and the last writes with them",
        reference="29",
        after_update=_forget_journal,
    ),
    Defect(
        name="prefs_reverted",
        about="an update empties the shared preferences",
        reference="24",
        after_update=_revert_preferences,
    ),
    Defect(
        name="external_data_wiped",
        about="an update takes Android/data",
        reference="25",
        after_update=_wipe_external,
    ),
    Defect(
        name="media_wiped",
        about="an update takes Android/media",
        reference="25",
        after_update=_wipe_media,
    ),
    Defect(
        name="obb_wiped",
        about="an update takes Android/obb",
        reference="25",
        after_update=_wipe_obb,
    ),
    Defect(
        name="de_storage_wiped_on_update",
        about="an update empties device-protected storage",
        reference="28",
        after_update=_wipe_device_storage,
    ),
    Defect(
        name="permissions_reset_on_update",
        about="an update takes back what the user had granted",
        reference="22",
        after_update=_reset_permissions,
    ),
    Defect(
        name="permissions_granted_on_update",
        about="an update grants itself whatever it asks for",
        reference="22",
        after_update=_grant_everything,
    ),
    Defect(
        name="app_ops_reset_on_update",
        about="an update takes back special accesses",
        reference="21",
        after_update=_reset_app_ops,
    ),
    Defect(
        name="appid_renumbered_on_update",
        about="an update gives the app another app id, and its data stays with the old one",
        reference="7",
        after_update=_renumber_without_data,
    ),
    Defect(
        name="data_directory_recreated_on_update",
        about="an update copies the data into a new directory: another inode, all there",
        reference="6",
        after_update=_recreate_directory,
    ),
    Defect(
        name="wrong_label",
        about="an update leaves the files to root alone, as a wrong label would",
        reference="26",
        after_update=_wrong_modes,
    ),
    Defect(
        name="first_install_time_reset",
        about="an update makes the app look newly installed",
        reference="8",
        after_update=_new_install_time,
    ),
    Defect(
        name="record_kept_data_removed",
        about="uninstall -k keeps the record and removes the data",
        reference="27",
        after_removal=_lose_record,
    ),
)
