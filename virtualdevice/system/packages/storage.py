"""installd's work: the directories in which an app keeps what its user would miss."""

from __future__ import annotations

from virtualdevice.seams import Machine
from virtualdevice.system.packages.records import PackageRecord

__all__ = ["AppStorage"]

SYSTEM_UID = 1000
EXTERNAL_GID = 1015  # sdcard_rw
CACHE_GID_OFFSET = 10000  # AID_CACHE_GID_START - AID_APP_START
EXTERNAL = "/storage/emulated/0"
EXTERNAL_MODE = 0o2777  # on a phone a FUSE or sdcardfs daemon decides who may


class AppStorage:
    """Data directories of user 0, on the real filesystem of the device.

    `/data/user/0` is the same place as `/data/data`.
    """

    def __init__(self, machine: Machine, api: int) -> None:
        self._files = machine.files
        self._api = api

    def credential_directory(self, name: str) -> str:
        """CE storage: readable after the first unlock."""
        return f"/data/data/{name}"

    def device_directory(self, name: str) -> str:
        """DE storage: readable before; from API 24."""
        return f"/data/user_de/0/{name}"

    def external_directories(self, name: str) -> list[str]:
        return [f"{EXTERNAL}/Android/{kind}/{name}" for kind in ("data", "media", "obb")]

    def private_directories(self, name: str) -> list[str]:
        """CE, and DE where this Android has it."""
        directories = [self.credential_directory(name)]
        return [*directories, self.device_directory(name)] if self._api >= 24 else directories

    async def prepare(self) -> None:
        """The directories that every phone has before any app is there."""
        for path, mode, owner in (
            ("/data/app", 0o771, SYSTEM_UID),
            ("/data/data", 0o771, SYSTEM_UID),
            ("/data/system", 0o775, SYSTEM_UID),
        ):
            await self._files.make_directory(path, mode=mode, uid=owner, gid=owner, parents=True)
        if self._api >= 24:
            await self._files.make_directory(
                "/data/user_de/0", mode=0o771, uid=SYSTEM_UID, gid=SYSTEM_UID, parents=True
            )
        # What a person keeps is below; a phone makes these when it is set up.
        for path in ("", "/Download", "/DCIM", "/Pictures", "/Android"):
            await self._make_external(EXTERNAL + path)
        for kind in ("data", "media", "obb"):
            await self._make_external(f"{EXTERNAL}/Android/{kind}")

    async def _make_external(self, path: str) -> None:
        await self._files.make_directory(
            path, mode=EXTERNAL_MODE, uid=0, gid=EXTERNAL_GID, parents=True
        )

    def data_mode(self, target_sdk: int) -> int:
        """0700 for an app that targets 24 on 24 and later; older ones can be looked through."""
        return 0o700 if self._api >= 24 and target_sdk >= 24 else 0o751

    async def create(self, record: PackageRecord) -> tuple[int, int]:
        """Make the private directories; their inodes (CE, DE; 0 where there is none)."""
        inodes = []
        for path in self.private_directories(record.name):
            await self._files.make_directory(
                path,
                mode=self.data_mode(record.target_sdk),
                uid=record.app_id,
                gid=record.app_id,
                parents=True,
            )
            if self._api >= 24:
                for name in ("cache", "code_cache"):
                    await self._make_cache(f"{path}/{name}", record.app_id)
            stat = await self._files.stat(path)
            inodes.append(stat.inode if stat else 0)
        return inodes[0], inodes[1] if len(inodes) > 1 else 0

    async def _make_cache(self, path: str, app_id: int) -> None:
        await self._files.make_directory(
            path, mode=0o2771, uid=app_id, gid=app_id + CACHE_GID_OFFSET
        )

    async def destroy(self, name: str) -> None:
        """All that an uninstall takes: private and external directories."""
        for path in [*self.private_directories(name), *self.external_directories(name)]:
            await self._files.remove_tree(path)

    async def destroy_private(self, name: str) -> None:
        for path in self.private_directories(name):
            await self._files.remove_tree(path)

    async def clear(self, record: PackageRecord) -> None:
        """`pm clear`: contents go, the directories and the obb stay."""
        for path in self.private_directories(record.name):
            await self._files.empty_directory(path)
        for path in self.external_directories(record.name)[:2]:
            await self._files.empty_directory(path)
        await self.create(record)

    async def empty_code_caches(self, name: str) -> None:
        for path in self.private_directories(name):
            if await self._files.stat(f"{path}/code_cache") is not None:
                await self._files.empty_directory(f"{path}/code_cache")

    async def owner(self, name: str) -> int | None:
        """The uid that owns the CE directory; None if there is none."""
        stat = await self._files.stat(self.credential_directory(name))
        return stat.uid if stat else None

    async def has_user_data(self, name: str) -> bool:
        """Whether there is anything but caches in the CE directory."""
        names = await self._files.list(self.credential_directory(name))
        for entry in names:
            if entry in ("cache", "code_cache", "lib"):
                continue
            if await self._files.size_bytes(f"{self.credential_directory(name)}/{entry}"):
                return True
        return False
