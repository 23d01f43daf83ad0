"""What Android, the media index and SQLite do by themselves in an update or a boot: written like
defects, and no check may turn red over one."""

from __future__ import annotations

from dataclasses import replace

from selftests.proof.harms import app_op, on_boot, on_update, setting, sh, sql
from virtualdevice.system.defects import Parts
from virtualdevice.system.packages.records import PackageRecord


async def _another_app_came(parts: Parts, app: PackageRecord) -> None:
    if parts.registry.get("com.example.preloaded") is None:
        store = next(r for r in parts.registry if r.is_system)
        parts.registry.put(replace(store, name="com.example.preloaded", app_id=18890))


async def _older_owners_name(parts: Parts, app: PackageRecord) -> None:
    """The first user's name is a word of Android's, in the language of the day."""
    if (user := parts.users.get(0)) is not None:
        parts.users.put(replace(user, name="Besitzer"))


CODE_CACHE_EMPTIED = on_update("code_cache", "code_cache is emptied", sh("rm -rf code_cache/*"))
CACHE_EMPTIED = on_boot(
    "cache", "caches are emptied for space", sh("rm -rf cache /data/user_de/0/$P/cache")
)
CACHE_FILLED = on_update(
    "cache_filled",
    "caches are filled",
    sh(
        "mkdir -p cache; echo x > cache/a; mkdir -p /sdcard/Android/data/$P/cache; "
        "echo x > /sdcard/Android/data/$P/cache/a"
    ),
)
CHECKPOINT = on_update("checkpoint", "a write-ahead log was merged", sql("SELECT 1"))
VACUUM = on_update("vacuum", "a database was packed", sql("VACUUM", database="notes.db"))
ANALYZE = on_update("analyze", "SQLite took its statistics", sql("ANALYZE"))
SHARED_MEMORY = on_update(
    "shared_memory",
    "SQLite left its shared memory and an empty journal",
    sh(
        "for f in EnMicroMsg.db-shm notes.db-journal; do : > databases/$f; "
        "chown $U:$U databases/$f; chmod 600 databases/$f; done"
    ),
)
TIMES_OF_DIRECTORIES = on_update(
    "times_of_directories", "directories have new times", sh("touch . files databases files/image2")
)
READ_TIMES = on_update("read_times", "files were read", sh("touch -a files/voice/*"))
CODE_LINK = on_update("code_link", "lib leads to the new code", sh("ln -sfn /data/app/x/lib lib"))
PROFILES = on_update(
    "profiles",
    "the runtime wrote down what is used",
    sh("mkdir -p /data/misc/profiles/cur/0/$P; echo x > /data/misc/profiles/cur/0/$P/primary.prof"),
)
THUMBNAILS = on_boot(
    "thumbnails",
    "the gallery made thumbnails",
    sh("mkdir -p /sdcard/DCIM/.thumbnails; echo x > /sdcard/DCIM/.thumbnails/1.jpg"),
)
NEW_PICTURE = on_boot(
    "new_picture", "a picture arrives", sh("echo x > /sdcard/Pictures/screenshot.png")
)
ALLOWED_BY_USE = on_boot("allowed_by_use", "an app-op is noted", app_op("WAKE_LOCK", "allow"))
BOOT_COUNT = on_boot("boot_count", "Android counts", setting("global", "boot_count", "7"))
ANOTHER_APP = on_boot("another_app", "the system has an app more", _another_app_came)
OWNERS_NAME = on_boot("owners_name", "the owner is called otherwise", _older_owners_name)
