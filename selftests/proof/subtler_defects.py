"""More defects that come as an outside file: each loses something that is easily overlooked.

python -m selftests.proof --only --defect-file selftests/proof/subtler_defects.py
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace

from selftests.proof.harms import Harm, on_boot, on_update, setting, sh, sql, state
from virtualdevice.system.defects import Boot, Defect, Parts, Update
from virtualdevice.system.packages.records import PackageRecord


def _extra(key: str, value: str = "") -> Harm:
    """Of what is kept with the package manager's records: another value, or none."""

    async def harm(parts: Parts, app: PackageRecord) -> None:
        if value:
            parts.registry.extra[key] = value
        else:
            parts.registry.extra.pop(key, None)

    return harm


def _setting_of_work_profile(namespace: str, key: str, value: str) -> Harm:
    async def harm(parts: Parts, app: PackageRecord) -> None:
        parts.settings.put(namespace, key, value, 10)

    return harm


async def _rename_work_profile(parts: Parts, app: PackageRecord) -> None:
    if (user := parts.users.get(10)) is not None:
        parts.users.put(replace(user, name="Somebody"))


async def _renumber_another(parts: Parts, app: PackageRecord) -> None:
    other = parts.registry.get("com.example.store")
    if other is not None:
        parts.registry.put(replace(other, app_id=18889))


def _from_a_store(name: str, about: str, harm: Harm) -> Defect:
    async def after_update(parts: Parts, update: Update) -> None:
        if update.after.installer and update.after.installer != "com.android.shell":
            await harm(parts, update.after)

    return Defect(name=name, about=about, after_update=after_update)


def _once_opened(name: str, about: str, harm: Harm) -> Defect:
    def opened(app: PackageRecord) -> bool:
        return not app.user().not_launched

    return _if(name, about, harm, opened)


def _if(name: str, about: str, harm: Harm, fits: Callable[[PackageRecord], bool]) -> Defect:
    async def after_update(parts: Parts, update: Update) -> None:
        app = parts.registry.get(update.after.name) or update.after
        if fits(app):
            await harm(parts, app)

    return Defect(name=name, about=about, after_update=after_update)


_SECRETS = "files/.vault"
_PICTURE = "files/image2/01/img-1.jpg"

# Files of the app
HIDDEN_ONLY = on_update("hidden_only", "hidden files alone are gone", sh(f"rm -r {_SECRETS}"))
LARGE_ONLY = on_update(
    "large_only", "files above 1 MiB are gone", sh("find . -type f -size +2048 -exec rm {} +")
)
LINK_ELSEWHERE = on_update(
    "link_elsewhere",
    "a symlink leads to another file",
    sh("rm files/newest; ln -s voice/msg-1.amr files/newest; chown -h $U:$U files/newest"),
)
LINK_GONE = on_update("link_gone", "a symlink is gone", sh("rm files/album"))
LINK_BECAME_COPY = on_update(
    "link_became_copy",
    "a symlink became a copy of what it led to",
    sh("rm files/newest; cp files/voice/msg-5.amr files/newest; chown $U:$U files/newest"),
)
LINK_ADDED = on_update(
    "link_added",
    "a symlink appears that nobody made",
    sh("ln -s /data/local/tmp files/out; chown -h $U:$U files/out"),
)
TWO_SWAPPED = on_update(
    "two_swapped",
    "two files have each other's names",
    sh("cd files/voice; mv msg-1.amr t; mv msg-2.amr msg-1.amr; mv t msg-2.amr"),
)
ZEROED = on_update(
    "zeroed",
    "a picture is a hole of its size, its time as before",
    sh(
        f"F={_PICTURE}; touch -r $F /data/t; S=$(stat -c %s $F); : > $F; truncate -s $S $F; "
        "touch -r /data/t $F"
    ),
)
NAME_MANGLED = on_update(
    "name_mangled",
    "a name that is no ASCII became question marks",
    sh("cd files/odd; for f in 微*; do mv $f '???????.txt'; done"),
)
MOVED_TO_CACHE = on_update(
    "moved_to_cache", "voice messages lie in the cache now", sh("mv files/voice cache/voice")
)
TIMES_OF_ONE_FOLDER = on_update(
    "times_of_one_folder",
    "one folder's files are as if from 2020",
    sh("touch -d 2020-01-01T00:00:00 files/voice/*"),
)
TIMES_OF_DATABASES = on_update(
    "times_of_databases", "the databases are as if from now", sh("touch databases/*")
)
WRITABLE_FOR_ALL = on_update(
    "writable_for_all", "any app may write one file", sh("chmod o+w files/voice/msg-1.amr")
)
HOME_CAN_BE_ENTERED = on_update(
    "home_can_be_entered", "any app may enter the app's directory", sh("chmod 711 .")
)
PREFERENCE_ASIDE = on_update(
    "preference_aside",
    "preferences lie in their backup's place alone, as a write that was cut leaves them",
    sh("mv shared_prefs/settings.xml shared_prefs/settings.xml.old"),
)
ONE_OF_A_SET = on_update(
    "one_of_a_set",
    "a preference that is a set has one entry less",
    sh("sed -i '0,/<string>chat-/{/<string>chat-/d}' shared_prefs/account.xml"),
)
LOG_CUT = on_update(
    "log_cut",
    "a database's log is cut in half",
    sh("truncate -s 2000 databases/EnMicroMsg.db-wal"),
)

# Databases
MIGRATED_AND_EMPTIED = on_update(
    "migrated_and_emptied",
    "a migration added a column and emptied another",
    sql("ALTER TABLE message ADD COLUMN more; UPDATE message SET content = NULL"),
)
INDEX_DROPPED = on_update("index_dropped", "an index is gone", sql("DROP INDEX byTalker"))
TRIGGER_PLANTED = on_update(
    "trigger_planted",
    "the next note will delete all others",
    sql("CREATE TRIGGER t AFTER INSERT ON notes BEGIN DELETE FROM notes; END", database="notes.db"),
)
SCHEMA_VERSION_RAISED = on_update(
    "schema_version_raised",
    "user_version is one that the app does not know",
    sql("PRAGMA user_version = 9", database="notes.db"),
)

# Shared storage
ANOTHER_ALBUM = on_boot(
    "another_album",
    "a shared picture lies in another folder",
    sh("F=/sdcard/DCIM/Holdfast/IMG-1.jpg; [ ! -e $F ] || mv $F /sdcard/Pictures/"),
)

# Another user
OWNERS_FILES_FOR_ALL = on_update(
    "owners_files_for_all",
    "user 10 has the files of user 0",
    sh(
        "T=/data/user/10/$P; rm -r $T/files; cp -a files $T/; "
        "chown -R $((1000000+U)):$((1000000+U)) $T/files"
    ),
)
DEVICE_STORAGE_OF_WORK_PROFILE = on_update(
    "device_storage_of_work_profile",
    "user 10 alone loses device-protected data",
    sh("rm -r /data/user_de/10/$P/files"),
)
ROLE_OF_WORK_PROFILE = on_boot(
    "role_of_work_profile",
    "user 10 has no default browser any more",
    _extra("role android.app.role.BROWSER of user 10"),
)
CALLS_OF_WORK_PROFILE = on_boot(
    "calls_of_work_profile",
    "user 10 has no list of calls any more",
    _extra("rows content://call_log/calls of user 10"),
)
FONT_OF_WORK_PROFILE = on_boot(
    "font_of_work_profile",
    "user 10's letters have another size",
    _setting_of_work_profile("system", "font_scale", "1.0"),
)
WORK_PROFILE_RENAMED = on_boot(
    "work_profile_renamed", "user 10 has another name", _rename_work_profile
)

# Rights, and the device
KEPT_ASLEEP = on_boot(
    "kept_asleep",
    "the app is stopped: no alarm or message reaches it",
    state(lambda s: replace(s, stopped=True)),
)
ANOTHER_APP_RENUMBERED = on_boot(
    "another_app_renumbered", "another app has another id", _renumber_another
)
READER_LET_IN = on_boot(
    "reader_let_in",
    "an accessibility service was allowed by nobody",
    setting("secure", "enabled_accessibility_services", "com.other/.Reader"),
)
SCREENING_BY_ANOTHER = on_boot(
    "screening_by_another",
    "another app screens calls now",
    _extra("role android.app.role.CALL_SCREENING", "com.other"),
)

# Some ways only
STORE_ONLY = _from_a_store(
    "store_only", "an update by a store takes the voice messages", sh("rm -rf files/voice")
)
OPENED_ONLY = _once_opened(
    "opened_only",
    "an update of an app that was opened takes the voice messages",
    sh("rm -rf files/voice"),
)


def _new_firmware(name: str, about: str, harm: Harm) -> Defect:
    async def at_boot(parts: Parts, boot: Boot) -> None:
        for app in [r for r in parts.registry if boot.upgraded and not r.is_system]:
            await harm(parts, app)

    return Defect(name=name, about=about, at_boot=at_boot)


async def _late_loss(parts: Parts, app: PackageRecord) -> None:
    async def later() -> None:
        await asyncio.sleep(_LATE_S)
        await sh("rm -rf files/voice")(parts, app)

    _LATER.append(asyncio.get_running_loop().create_task(later()))


_LATE_S = 20.0
_LATER: list[asyncio.Task[None]] = []

# New firmware only
FIRMWARE_TAKES_MESSAGES = _new_firmware(
    "firmware_takes_messages", "new firmware takes the text messages", _extra("rows content://sms")
)
FIRMWARE_TAKES_WORK_VOICE = _new_firmware(
    "firmware_takes_work_voice",
    "new firmware takes the voice messages of user 10 alone",
    sh("rm -rf /data/user/10/$P/files/voice"),
)
FIRMWARE_TAKES_VOICE_LATE = _new_firmware(
    "firmware_takes_voice_late",
    "the voice messages go when new firmware has been up for a while",
    _late_loss,
)
