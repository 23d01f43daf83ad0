"""Uninstalling and clearing."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace

from virtualdevice.system.defects import Defects
from virtualdevice.system.packages.attribution import forget_installer
from virtualdevice.system.packages.code import top_of
from virtualdevice.system.packages.preloads import factory_record
from virtualdevice.system.packages.records import PackageRecord, PackageUserState
from virtualdevice.system.packages.rollbacks import Rollbacks
from virtualdevice.system.parts import Parts

__all__ = ["Remover"]

ROLLBACKS_SINCE = 29
STATES_KEPT_SINCE, NO_INODE = 35, -1


class Remover:
    """What `pm uninstall`, `pm clear` and the installer's own reinstalling come down to."""

    def __init__(
        self, parts: Parts, *, defects: Defects, on_change: Callable[[str], Awaitable[None]]
    ) -> None:
        self._parts = parts
        self._defects = defects
        self._on_change = on_change

    async def uninstall(self, name: str, *, keep_data: bool, user_id: int | None = None) -> str:
        """`Success`, or what `pm uninstall` says instead, without the brackets of each version."""
        record = self._parts.registry.get(name)
        if record is None or (keep_data and not record.code_present):
            return "DELETE_FAILED_INTERNAL_ERROR"
        if user_id is not None and (record.is_system or len(record.user_ids) > 1):
            await self._remove_for_user(record, user_id, keep_data=keep_data)
            return "Success"
        if record.is_system and record.preload is None:
            return "DELETE_FAILED_INTERNAL_ERROR"
        await self.remove(record, keep_data=keep_data)
        return "Success"

    async def _remove_for_user(
        self, record: PackageRecord, user_id: int, *, keep_data: bool
    ) -> None:
        """Others still have it, or the image brings it: only this user's state and data go.

        clearPackageStateForUserLIF does not look at DELETE_KEEP_DATA to 10, and to 14 the state of
        that user forgets its inode and its time although the data stays.
        """
        parts, before = self._parts, record.user(user_id)
        kept = keep_data and parts.api >= 30
        if not kept:
            await parts.storage.destroy(record.name, user_id)
        keeps_state = kept and parts.api >= STATES_KEPT_SINCE
        gone = 0 if parts.api < STATES_KEPT_SINCE else NO_INODE
        keeps_time = parts.api < 33 or keeps_state
        state = PackageUserState(
            installed=False,
            ce_inode=before.ce_inode if keeps_state else gone,
            de_inode=before.de_inode if keeps_state else gone,
            first_install_time_ms=before.first_install_time_ms if keeps_time else 0,
            runtime_permissions=before.runtime_permissions if keeps_state else (),
        )
        parts.registry.put(record.with_user(user_id, state))
        await parts.save_packages()
        parts.log.write(
            "ActivityManager",
            f"Broadcasting android.intent.action.PACKAGE_REMOVED dat=package:{record.name}",
            buffer="system",
        )
        await self._on_change(record.name)

    async def remove(self, record: PackageRecord, *, keep_data: bool) -> None:
        """The package goes; with `keep_data` its identity and data stay."""
        parts = self._parts
        if record.preload is not None:
            await self._back_to_preload(record)
        else:
            if record.code_present:
                top = top_of(record.code_path)
                await parts.files.remove_tree(top)
            if keep_data:
                parts.registry.put(replace(record, code_present=False, users=self._kept(record)))
            else:
                for user_id in record.users:
                    await parts.storage.destroy(record.name, user_id)
                parts.registry.remove(record.name)
                forget_installer(parts.registry, record.name, api=parts.api)
        if parts.api >= ROLLBACKS_SINCE:
            await Rollbacks(parts).forget(record.name)
        await self._defects.after_removal(parts, record, keep_data)
        await parts.save_packages()
        parts.log.write(
            "ActivityManager",
            f"Broadcasting android.intent.action.PACKAGE_REMOVED dat=package:{record.name}",
            buffer="system",
        )
        await self._on_change(record.name)

    async def _back_to_preload(self, record: PackageRecord) -> None:
        """Uninstall the updates of a system app; data goes if the factory version is older."""
        parts, preload = self._parts, record.preload
        if preload is None:
            return
        await parts.files.remove_tree(top_of(record.code_path))
        factory = factory_record(parts.personality, record)
        if preload.version_code < record.version_code:
            for user_id in record.users:
                await parts.storage.destroy(record.name, user_id)
            for user_id in record.user_ids:
                factory = await parts.storage.create(factory, user_id)
        parts.registry.put(factory)

    def _kept(self, record: PackageRecord) -> Mapping[int, PackageUserState]:
        """States of a package without code: from 15 on users no longer count as having it."""
        return {
            user_id: replace(
                state, stopped=True, installed=state.installed and self._parts.api < 35
            )
            for user_id, state in record.users.items()
        }

    async def clear(self, name: str, user_id: int = 0) -> bool:
        """Data and runtime permissions go; identity stays. False if that user has no such
        package."""
        parts = self._parts
        record = parts.registry.installed(name, user_id)
        if record is None:
            return False
        await parts.storage.clear(record, user_id)
        state = replace(record.user(user_id), runtime_permissions=(), stopped=True)
        parts.registry.put(record.with_user(user_id, state))
        await parts.save_packages()
        await self._on_change(name)
        return True
