"""Defects that come as an outside file, as anybody may bring them: subtle ones of many kinds.

    python -m selftests.proof --only --defect-file selftests/proof/outside_defects.py:ONE_BYTE_SHORT

Without `:NAME` all of them are tried. No part of the harness knows one of them by its name.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace

from selftests.proof.harms import (
    app_op,
    on_boot,
    on_update,
    permission,
    record,
    setting,
    sh,
    sql,
    state,
)
from virtualdevice.system.defects import Parts
from virtualdevice.system.packages.records import PackageRecord

_LATE_S = 30.0


async def _other_role_holder(parts: Parts, app: PackageRecord) -> None:
    parts.registry.extra["role android.app.role.SMS"] = "com.android.phone"


async def _other_signer(parts: Parts, app: PackageRecord) -> None:
    other = next(r for r in parts.registry if r.is_system)
    parts.registry.put(replace(app, signing=other.signing))


async def _another_app_gone(parts: Parts, app: PackageRecord) -> None:
    parts.registry.remove("com.android.calculator2")


async def _other_id_and_owner(parts: Parts, app: PackageRecord) -> None:
    """Another app id, and everything handed over to it rightly."""
    for path in parts.storage.private_directories(app.name):
        await parts.files.change_owner(path, uid=18888, gid=18888, recursive=True)
    parts.registry.put(replace(app, app_id=18888))


async def _forget_copy(parts: Parts, app: PackageRecord) -> None:
    parts.registry.put(app.without_user(10))


async def _forget_grants(parts: Parts, app: PackageRecord) -> None:
    if 10 in app.users:
        theirs = replace(app.user(10), runtime_permissions=())
        parts.registry.put(app.with_user(10, theirs))


async def _unlocked_loss(parts: Parts, app: PackageRecord) -> None:
    async def when_unlocked() -> None:
        if parts.properties.get("sys.user.0.ce_available") == "true":
            return  # nobody had to unlock it
        for _ in range(1000):
            await asyncio.sleep(0.05)
            if parts.properties.get("sys.user.0.ce_available") == "true":
                break
        await sh("rm -r files/voice")(parts, app)

    async def soon() -> None:
        await asyncio.sleep(1.0)
        await when_unlocked()

    _LATER.append(asyncio.get_running_loop().create_task(soon()))


async def _late_loss(parts: Parts, app: PackageRecord) -> None:
    async def later() -> None:
        await asyncio.sleep(_LATE_S)
        await sh("rm -r files/voice")(parts, app)

    _LATER.append(asyncio.get_running_loop().create_task(later()))


_LATER: list[asyncio.Task[None]] = []
_DRAFT = "files/draft-1"

# Files of the app
ONE_BYTE_SHORT = on_update(
    "one_byte_short",
    "one file is a byte shorter, its time as before",
    sh(f"touch -r {_DRAFT} /data/t; truncate -s -1 {_DRAFT}; touch -r /data/t {_DRAFT}"),
)
GARBLED_IN_PLACE = on_update(
    "garbled_in_place",
    "one file holds other bytes, its size and time as before",
    sh(
        "F=files/image2/01/img-1.jpg; touch -r $F /data/t; "
        "dd if=/dev/urandom of=$F bs=100 count=1 conv=notrunc 2>/dev/null; "
        "touch -r /data/t $F"
    ),
)
OLDER_CONTENT_NEWER_TIME = on_update(
    "older_content_newer_time",
    "one picture has the content of another, and a new time",
    sh("cat files/image2/00/img-0.jpg > files/image2/00/img-4.jpg"),
)
DEEP_DIRECTORY_CLOSED = on_update(
    "deep_directory_closed",
    "one deep directory is closed to its owner",
    sh("chmod 0 files/image2/02"),
)
ONE_DIRECTORY_OPENED = on_update(
    "one_directory_opened",
    "other apps may read one directory and what is in it",
    sh("chmod 755 . files files/voice; chmod 644 files/voice/*"),
)
DATABASES_READ_ONLY = on_update(
    "databases_read_only", "the app may no longer write its databases", sh("chmod 400 databases/*")
)
ONE_FILE_OF_ROOT = on_update(
    "one_file_of_root", "one file belongs to root", sh(f"chown 0:0 {_DRAFT}")
)
OTHER_GROUP = on_update(
    "other_group",
    "files are open to another app's group",
    sh("chgrp 10002 files/voice/*; chmod 660 files/voice/*"),
)
FILE_BECAME_LINK = on_update(
    "file_became_link",
    "one file is a link to a copy elsewhere",
    sh(f"mv {_DRAFT} /data/d; ln -s /data/d {_DRAFT}"),
)
MOVED_ASIDE = on_update(
    "moved_aside",
    "files/ has another name, all is in it",
    sh("mv files files.old; mkdir files; chown $U:$U files; chmod 700 files"),
)
MOVED_INTO_THE_OPEN = on_update(
    "moved_into_the_open",
    "voice messages lie on shared storage, and only there",
    sh("mkdir /sdcard/voice; mv files/voice/* /sdcard/voice/; chmod 666 /sdcard/voice/*"),
)
ADDED_BY_NOBODY = on_update(
    "added_by_nobody",
    "a file and a database appear that nobody wrote",
    sh(
        "echo x > files/strange; cp databases/notes.db databases/strange.db; "
        "chown $U:$U files/strange databases/strange.db"
    ),
)
EMPTY_FILE_GONE = on_update(
    "empty_file_gone", "the empty file that hides pictures is gone", sh("rm files/.nomedia")
)
NO_BACKUP_GONE = on_update("no_backup_gone", "no_backup/ is gone", sh("rm -r no_backup"))
ODD_NAME_GONE = on_update(
    "odd_name_gone", "the file with a line break in its name is gone", sh("rm files/odd/line*")
)

# Databases and preferences
ONE_ROW_CHANGED = on_update(
    "one_row_changed",
    "one message reads otherwise",
    sql("UPDATE message SET content = content || '.' WHERE msgId = 700"),
)
ONE_ROW_TWICE = on_update(
    "one_row_twice",
    "every conversation is there twice",
    sql("INSERT INTO conversation SELECT * FROM conversation"),
)
COLUMN_DROPPED = on_update(
    "column_dropped",
    "the messages have no time any more",
    sql("ALTER TABLE message DROP COLUMN createTime"),
)
SCHEMA_VERSION_RESET = on_update(
    "schema_version_reset",
    "user_version is 0, all rows are there",
    sql("PRAGMA user_version = 0", database="notes.db"),
)
SAME_SCHEMA_NO_ROWS = on_update(
    "same_schema_no_rows",
    "one database was made anew with the same schema",
    sql("DELETE FROM notes; VACUUM", database="notes.db"),
)
PREFERENCE_TYPE_CHANGED = on_update(
    "preference_type_changed",
    "a number became a text that looks the same",
    sh(
        'sed -i \'s|<int name="font_size" value="3" */>|'
        '<string name="font_size">3</string>|\' shared_prefs/settings.xml'
    ),
)
DEVICE_PROTECTED_KEY_GONE = on_update(
    "device_protected_key_gone",
    "one key of device-protected storage is gone",
    sh("sed -i '/wake_at/d' /data/user_de/0/$P/shared_prefs/boot.xml"),
)

# Outside of the app's own directories
EXTERNAL_OF_ANOTHER = on_update(
    "external_of_another",
    "Android/data/X became another package's",
    sh("mv /sdcard/Android/data/$P /sdcard/Android/data/com.other"),
)
SHARED_TIMES_RESET = on_boot(
    "shared_times_reset",
    "all shared pictures and documents are as if from today",
    sh("touch /sdcard/DCIM/Holdfast/* /sdcard/Documents/Holdfast/*"),
)
ONE_LETTER_GONE = on_boot(
    "one_letter_gone",
    "one shared document is gone",
    sh("rm -f /sdcard/Documents/Holdfast/letter-1.pdf"),
)

# Another user's copy
VOICE_OF_WORK_PROFILE_GONE = on_update(
    "voice_of_work_profile_gone",
    "user 10 alone loses the voice messages",
    sh("rm -r /data/user/10/$P/files/voice"),
)
WORK_PROFILE_NOT_REMEMBERED = on_boot(
    "work_profile_not_remembered", "user 10 no longer has the app", _forget_copy
)
PERMISSION_OF_WORK_PROFILE_GONE = on_boot(
    "permission_of_work_profile_gone", "user 10 alone loses a permission", _forget_grants
)

# The package manager's record
INSTALLER_CHANGED = on_boot(
    "installer_changed", "another installer is on record", record(installer="com.other")
)
GRANTED_BY_NOBODY = on_boot(
    "granted_by_nobody",
    "one permission is granted that was not",
    permission("android.permission.READ_SMS"),
)
APP_OP_FLIPPED = on_boot(
    "app_op_flipped", "an app-op at its default is denied", app_op("CAMERA", "ignore")
)
SPECIAL_ACCESS_GIVEN = on_boot(
    "special_access_given",
    "all files are open to the app, and nobody was asked",
    app_op("MANAGE_EXTERNAL_STORAGE", "allow"),
)
SIGNER_SWAPPED = on_boot(
    "signer_swapped", "another signer is on record, the data is the same", _other_signer
)
APP_HIDDEN = on_boot("app_hidden", "the app is hidden", state(lambda s: replace(s, hidden=True)))
APP_SUSPENDED = on_boot(
    "app_suspended", "the app is suspended", state(lambda s: replace(s, suspended=True))
)
ANOTHER_APP_GONE = on_boot(
    "another_app_gone", "an app that is not under test is gone", _another_app_gone
)
OTHER_ID_HANDED_OVER = on_boot(
    "other_id_handed_over",
    "another app id, and the data rightly handed over to it",
    _other_id_and_owner,
)
FIRST_INSTALL_TIME_NEW = on_boot(
    "first_install_time_new",
    "installed today, with all data copied back",
    state(lambda s: replace(s, first_install_time_ms=1_790_000_000_000)),
)

# The device
OTHER_MESSENGER = on_boot(
    "other_messenger", "another app became the default one for messages", _other_role_holder
)
VOLUME_RESET = on_boot(
    "volume_reset", "one setting is another", setting("system", "volume_music", "5")
)
KEYBOARD_LIST_RESET = on_boot(
    "keyboard_list_reset", "one setting is empty", setting("secure", "enabled_input_methods", "")
)

# Later
SECOND_REBOOT_LOSES = on_boot(
    "second_reboot_loses",
    "the second reboot takes the voice messages",
    sh("rm -rf files/voice"),
    boot_number=3,
)
LATE_LOSS = on_boot("late_loss", "half a minute after a boot the voice messages go", _late_loss)
FIRST_UNLOCK_LOSES = on_boot(
    "first_unlock_loses", "the voice messages go when the owner unlocks the phone", _unlocked_loss
)
