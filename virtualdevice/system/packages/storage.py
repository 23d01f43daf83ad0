"""installd's and vold's work: the directories in which apps keep what a user would miss."""

from __future__ import annotations

from dataclasses import replace

from virtualdevice.seams import Machine
from virtualdevice.system.packages.records import PackageRecord, uid_of

__all__ = ["AppStorage", "credential_root", "device_root", "shared_root"]

SYSTEM_UID = 1000
EXTERNAL_GID = 1015  # sdcard_rw
CACHE_GID_OFFSET = 10000  # AID_CACHE_GID_START - AID_APP_START
EXTERNAL_MODE = 0o2777  # on a phone a FUSE or sdcardfs daemon decides who may
FIRST_DE_API = 24
PEOPLES_FOLDERS = ("/Download", "/DCIM", "/Pictures", "/Android")


def credential_root(user_id: int) -> str:
    """Where CE storage of all apps lies; `/data/user/0` is the same place as `/data/data`."""
    return "/data/data" if user_id == 0 else f"/data/user/{user_id}"


def device_root(user_id: int) -> str:
    """Where DE storage of all apps lies; from API 24."""
    return f"/data/user_de/{user_id}"


def shared_root(user_id: int) -> str:
    """What lies behind `/storage/emulated/USER`: CE storage too."""
    return f"/data/media/{user_id}"


class AppStorage:
    """Each user's data directories, on the real filesystem of the device."""

    def __init__(self, machine: Machine, api: int) -> None:
        self._files = machine.files
        self._api = api

    def credential_directory(self, name: str, user_id: int = 0) -> str:
        """CE storage: readable after the first unlock."""
        return f"{credential_root(user_id)}/{name}"

    def device_directory(self, name: str, user_id: int = 0) -> str:
        """DE storage: readable before; from API 24."""
        return f"{device_root(user_id)}/{name}"

    def external_directories(self, name: str, user_id: int = 0) -> list[str]:
        """Android/data, Android/media and Android/obb of an app."""
        android = f"{shared_root(user_id)}/Android"
        return [f"{android}/{kind}/{name}" for kind in ("data", "media", "obb")]

    def private_directories(self, name: str, user_id: int = 0) -> list[str]:
        """CE, and DE where this Android has it."""
        directories = [self.credential_directory(name, user_id)]
        if self._api >= FIRST_DE_API:
            directories.append(self.device_directory(name, user_id))
        return directories

    async def prepare(self, user_id: int = 0) -> None:
        """The directories that a user has before any app is there."""
        roots = {
            "/data/app": 0o771,
            credential_root(user_id): 0o771,
            f"/data/system/users/{user_id}": 0o775,
        }
        if self._api >= FIRST_DE_API:
            roots[device_root(user_id)] = 0o771
        for path, mode in roots.items():
            await self._files.make_directory(
                path, mode=mode, uid=SYSTEM_UID, gid=SYSTEM_UID, parents=True
            )
        # What a person keeps is below; a phone makes these when it is set up.
        kinds = [f"/Android/{kind}" for kind in ("data", "media", "obb")]
        for path in ("", *PEOPLES_FOLDERS, *kinds):
            await self._files.make_directory(
                shared_root(user_id) + path,
                mode=EXTERNAL_MODE,
                uid=0,
                gid=EXTERNAL_GID,
                parents=True,
            )

    async def destroy_user(self, user_id: int) -> None:
        """All that a removed user had (UserDataPreparer.destroyUserData)."""
        for path in (
            credential_root(user_id),
            device_root(user_id),
            shared_root(user_id),
            f"/data/system/users/{user_id}",
        ):
            await self._files.remove_tree(path)

    def data_mode(self, target_sdk: int) -> int:
        """0700 for an app that targets 24 on 24 and later; older ones can be looked through."""
        return 0o700 if self._api >= FIRST_DE_API and target_sdk >= 24 else 0o751

    async def create(self, record: PackageRecord, user_id: int = 0) -> PackageRecord:
        """Make the private directories; the record with their inodes (0 where there is none)."""
        uid = uid_of(user_id, record.app_id)
        inodes = [0, 0]
        for place, path in enumerate(self.private_directories(record.name, user_id)):
            mode = self.data_mode(record.target_sdk)
            await self._files.make_directory(path, mode=mode, uid=uid, gid=uid, parents=True)
            if self._api >= FIRST_DE_API:
                for name in ("cache", "code_cache"):
                    await self._make_cache(f"{path}/{name}", uid)
            stat = await self._files.stat(path)
            inodes[place] = stat.inode if stat else 0
        state = replace(record.user(user_id), ce_inode=inodes[0], de_inode=inodes[1])
        return record.with_user(user_id, state)

    async def _make_cache(self, path: str, uid: int) -> None:
        await self._files.make_directory(path, mode=0o2771, uid=uid, gid=uid + CACHE_GID_OFFSET)

    async def destroy(self, name: str, user_id: int = 0) -> None:
        """All that an uninstall takes: private and external directories."""
        await self.destroy_private(name, user_id)
        for path in self.external_directories(name, user_id):
            await self._files.remove_tree(path)

    async def destroy_private(self, name: str, user_id: int = 0) -> None:
        for path in self.private_directories(name, user_id):
            await self._files.remove_tree(path)

    async def clear(self, record: PackageRecord, user_id: int = 0) -> None:
        """`pm clear`: contents go, the directories and the obb stay."""
        for path in self.private_directories(record.name, user_id):
            await self._files.empty_directory(path)
        for path in self.external_directories(record.name, user_id)[:2]:
            await self._files.empty_directory(path)
        await self.create(record, user_id)

    async def clear_caches(self, record: PackageRecord, user_id: int = 0) -> None:
        """`pm clear --cache-only`."""
        for path in self.private_directories(record.name, user_id):
            for name in ("cache", "code_cache"):
                if await self._files.stat(f"{path}/{name}") is not None:
                    await self._files.empty_directory(f"{path}/{name}")

    async def empty_code_caches(self, record: PackageRecord) -> None:
        """Those of every user who has it."""
        for user_id in record.user_ids:
            for path in self.private_directories(record.name, user_id):
                if await self._files.stat(f"{path}/code_cache") is not None:
                    await self._files.empty_directory(f"{path}/code_cache")

    async def owner(self, name: str, user_id: int = 0) -> int | None:
        """The uid that owns the CE directory; None if there is none."""
        stat = await self._files.stat(self.credential_directory(name, user_id))
        return stat.uid if stat else None

    async def has_user_data(self, name: str, user_id: int = 0) -> bool:
        """Whether there is anything but caches in the CE directory."""
        home = self.credential_directory(name, user_id)
        for entry in await self._files.list(home):
            if entry in ("cache", "code_cache", "lib"):
                continue
            if await self._files.size_bytes(f"{home}/{entry}"):
                return True
        return False
