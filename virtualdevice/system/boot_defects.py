"""Defects that show at the next boot.

`reference` numbers are the defect classes of the update-semantics reference, section 8.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import replace

from virtualdevice.seams import BootFailed
from virtualdevice.system.accounts import BEGINNING as ACCOUNT
from virtualdevice.system.defects import Boot, Defect, Parts
from virtualdevice.system.media import INDEX_LOST
from virtualdevice.system.packages.records import PackageRecord, PackageUserState

__all__ = ["BOOT_DEFECTS", "free_app_id"]

OTHER_APP_ID = 11000


def _users_apps(parts: Parts) -> list[PackageRecord]:
    return [record for record in parts.registry if not record.is_system]


def _homes(parts: Parts) -> list[tuple[PackageRecord, int]]:
    """Each app that somebody installed, with each user who has it."""
    return [(record, user_id) for record in _users_apps(parts) for user_id in record.user_ids]


def free_app_id(parts: Parts) -> int:
    """One that no package has, far from those that are handed out."""
    taken = {record.app_id for record in parts.registry}
    return next(n for n in range(OTHER_APP_ID, OTHER_APP_ID + 1000) if n not in taken)


async def _renumber_at_boot(parts: Parts, boot: Boot) -> None:
    for record in _users_apps(parts):
        parts.registry.put(replace(record, app_id=free_app_id(parts)))


async def _reset_settings(parts: Parts, boot: Boot) -> None:
    parts.settings.reset()


async def _wipe_device_storage_at_boot(parts: Parts, boot: Boot) -> None:
    for record, user_id in _homes(parts):
        await parts.files.empty_directory(parts.storage.device_directory(record.name, user_id))


async def _wipe_external_at_boot(parts: Parts, boot: Boot) -> None:
    for record, user_id in _homes(parts):
        await parts.files.remove_tree(parts.storage.external_directories(record.name, user_id)[0])


async def _wipe_data_at_boot(parts: Parts, boot: Boot) -> None:
    for record, user_id in _homes(parts):
        await parts.storage.clear(record, user_id)


async def _forget_users_apps(parts: Parts, boot: Boot) -> None:
    for record in _users_apps(parts):
        parts.registry.remove(record.name)


def _change_states(parts: Parts, change: Callable[[PackageUserState], PackageUserState]) -> None:
    """Of every user's own apps, for each user who has them."""
    for record in _users_apps(parts):
        states = {user_id: change(state) for user_id, state in record.users.items()}
        parts.registry.put(replace(record, users=states))


async def _reset_permissions_at_boot(parts: Parts, boot: Boot) -> None:
    _change_states(parts, lambda state: replace(state, runtime_permissions=()))


async def _reset_app_ops_at_boot(parts: Parts, boot: Boot) -> None:
    _change_states(parts, lambda state: replace(state, app_ops={}))


async def _revert_update_at_boot(parts: Parts, boot: Boot) -> None:
    """The version number falls back by one: the update did not hold."""
    for record in _users_apps(parts):
        if record.last_update_time_ms != record.first_install_time_ms:
            older = max(1, record.version_code - 1)
            parts.registry.put(replace(record, version_code=older))


async def _disable_at_boot(parts: Parts, boot: Boot) -> None:
    _change_states(parts, lambda state: replace(state, enabled=2))


async def _wipe_databases_at_boot(parts: Parts, boot: Boot) -> None:
    for record, user_id in _homes(parts):
        home = parts.storage.credential_directory(record.name, user_id)
        await parts.files.empty_directory(f"{home}/databases")


async def _ask_to_set_up(parts: Parts, boot: Boot) -> None:
    parts.settings.put("global", "device_provisioned", "0")
    parts.settings.put("secure", "user_setup_complete", "0")


async def _forget_roles(parts: Parts, boot: Boot) -> None:
    _forget(parts, "role ")


async def _forget_messages(parts: Parts, boot: Boot) -> None:
    _forget(parts, "rows content://sms")


async def _forget_contacts(parts: Parts, boot: Boot) -> None:
    _forget(parts, "rows content://com.android.contacts")


async def _forget_accounts(parts: Parts, boot: Boot) -> None:
    _forget(parts, ACCOUNT)


async def _forget_credentials(parts: Parts, boot: Boot) -> None:
    """There is one still, and nobody knows it."""
    for user in [user for user in parts.users if user.credential]:
        parts.users.put(replace(user, credential=secrets.token_hex()))
    await parts.users.save(parts.machine)


async def _cannot_mount(parts: Parts, boot: Boot) -> None:
    raise BootFailed("/data cannot be mounted")


async def _crash_beside_users_apps(parts: Parts, boot: Boot) -> None:
    if boot.upgraded and _users_apps(parts):
        raise BootFailed("the system server crashed over an app of the user's")


async def _crash_beside_updated_preloads(parts: Parts, boot: Boot) -> None:
    if any(record.is_system and record.preload is not None for record in parts.registry):
        raise BootFailed("the system server crashed over the update of a preloaded app")


def _forget(parts: Parts, beginning: str) -> None:
    for name in [key for key in parts.registry.extra if key.startswith(beginning)]:
        del parts.registry.extra[name]


async def _lose_other_users(parts: Parts, boot: Boot) -> None:
    await _lose_users(parts, [user.user_id for user in parts.users if user.user_id])


async def _lose_profiles(parts: Parts, boot: Boot) -> None:
    await _lose_users(parts, [user.user_id for user in parts.users if user.kind.is_profile])


async def _lose_users(parts: Parts, user_ids: list[int]) -> None:
    """The list of users lacks them, so whatever was theirs is destroyed as left over."""
    for user_id in user_ids:
        parts.users.remove(user_id)
        parts.settings.remove_user(user_id)
        await parts.storage.destroy_user(user_id)
        parts.registry.forget_user(user_id)
    await parts.users.save(parts.machine)


async def _lose_media_index(parts: Parts, boot: Boot) -> None:
    parts.registry.extra[INDEX_LOST] = "1"


BOOT_DEFECTS = (
    Defect(
        name="appid_renumbered_on_reboot",
        about="a reboot gives every app another app id, and the data becomes unreadable or erased",
        reference="7",
        at_boot=_renumber_at_boot,
    ),
    Defect(
        name="records_lost_on_reboot",
        about="a reboot forgets the user's apps",
        reference="8",
        at_boot=_forget_users_apps,
    ),
    Defect(
        name="settings_reset_on_reboot",
        about="a reboot puts all settings back to their defaults",
        reference="24",
        at_boot=_reset_settings,
    ),
    Defect(
        name="de_storage_wiped_on_reboot",
        about="a reboot empties device-protected storage",
        reference="12",
        at_boot=_wipe_device_storage_at_boot,
    ),
    Defect(
        name="external_data_wiped_on_reboot",
        about="a reboot takes Android/data",
        reference="13",
        at_boot=_wipe_external_at_boot,
    ),
    Defect(
        name="data_wiped_on_reboot",
        about="a reboot empties the user's apps",
        reference="16",
        at_boot=_wipe_data_at_boot,
    ),
    Defect(
        name="databases_wiped_on_reboot",
        about="a reboot empties the apps' databases/",
        reference="17",
        at_boot=_wipe_databases_at_boot,
    ),
    Defect(
        name="permissions_reset_on_reboot",
        about="a reboot takes back what the user had granted",
        reference="22",
        at_boot=_reset_permissions_at_boot,
    ),
    Defect(
        name="app_ops_reset_on_reboot",
        about="a reboot takes back special accesses",
        reference="21",
        at_boot=_reset_app_ops_at_boot,
    ),
    Defect(
        name="update_reverted_on_reboot",
        about="a reboot falls back to the version before the update",
        reference="9",
        at_boot=_revert_update_at_boot,
    ),
    Defect(
        name="apps_disabled_on_reboot",
        about="a reboot leaves the user's apps disabled",
        reference="23",
        at_boot=_disable_at_boot,
    ),
    Defect(
        name="ce_left_locked",
        about="after a reboot credential-encrypted storage is never unlocked",
        reference="12",
        flags=frozenset({"ce_stays_locked"}),
    ),
    Defect(
        name="ce_of_other_users_left_locked",
        about="after a reboot the storage of work profiles and second users is never unlocked",
        reference="12",
        flags=frozenset({"ce_of_others_stays_locked"}),
    ),
    Defect(
        name="work_profile_lost_on_reboot",
        about="a reboot takes work profiles and clones, with all that is in them",
        reference="30",
        at_boot=_lose_profiles,
    ),
    Defect(
        name="other_users_lost_on_reboot",
        about="a reboot leaves user 0 alone on the phone",
        reference="30",
        at_boot=_lose_other_users,
    ),
    Defect(
        name="set_up_anew_on_reboot",
        about="a reboot makes the device ask to be set up anew",
        reference="16",
        at_boot=_ask_to_set_up,
    ),
    Defect(
        name="messages_lost_on_reboot",
        about="a reboot takes the text messages",
        reference="17",
        at_boot=_forget_messages,
    ),
    Defect(
        name="contacts_lost_on_reboot",
        about="a reboot takes the contacts",
        reference="18",
        at_boot=_forget_contacts,
    ),
    Defect(
        name="roles_lost_on_reboot",
        about="a reboot forgets which apps the user made default ones",
        reference="23",
        at_boot=_forget_roles,
    ),
    Defect(
        name="media_index_lost_on_reboot",
        about="a reboot empties the index of pictures; the files stay",
        reference="25",
        at_boot=_lose_media_index,
    ),
    Defect(
        name="accounts_lost_on_reboot",
        about="a reboot takes the accounts",
        reference="20",
        at_boot=_forget_accounts,
    ),
    Defect(
        name="lock_credential_lost_on_reboot",
        about="after a reboot the lock screen takes no PIN and no password for the right one",
        reference="14",
        at_boot=_forget_credentials,
    ),
    Defect(
        name="data_cannot_be_mounted",
        about="after the first boot /data cannot be mounted, and the phone comes up no more",
        reference="15",
        at_boot=_cannot_mount,
    ),
    Defect(
        name="boot_loop_with_users_apps",
        about="the first boot of a new build crashes while an app of the user's is installed",
        reference="32",
        at_boot=_crash_beside_users_apps,
    ),
    Defect(
        name="boot_loop_with_updated_preloads",
        about="every boot crashes once a preloaded app was updated",
        reference="33",
        at_boot=_crash_beside_updated_preloads,
    ),
)
