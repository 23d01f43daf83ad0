"""Which users run, who has the screen, and whose CE storage is open (am's UserController)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from enum import StrEnum

from virtualdevice.system.defects import Defects
from virtualdevice.system.parts import Parts
from virtualdevice.system.users.locking import close_storage, is_encrypted, open_storage
from virtualdevice.system.users.records import SYSTEM_USER, UserFlag, UserRecord

__all__ = ["UserController", "UserState"]


class UserState(StrEnum):
    """UserState.stateToString, as far as a state lasts."""

    LOCKED = "RUNNING_LOCKED"
    UNLOCKED = "RUNNING_UNLOCKED"


class UserController:
    """Of one boot. A user who does not run has no state, and no time of starting and unlocking
    (ms since the Unix epoch)."""

    def __init__(self, parts: Parts, *, defects: Defects) -> None:
        self._parts = parts
        self._defects = defects
        self._states: dict[int, UserState] = {}
        self.current_id = SYSTEM_USER
        self.started_ms: dict[int, int] = {}
        self.unlocked_ms: dict[int, int] = {}

    @property
    def running(self) -> Sequence[int]:
        return tuple(self._states)

    def state(self, user_id: int) -> UserState | None:
        return self._states.get(user_id)

    def is_unlocked(self, user_id: int) -> bool:
        return self._states.get(user_id) is UserState.UNLOCKED

    async def boot(self) -> None:
        """User 0 and its profiles start; all others wait until somebody starts them."""
        for user in self._parts.users:
            if user.user_id != SYSTEM_USER and is_encrypted(self._parts):
                await close_storage(self._parts, user.user_id, runs=False)
        await self.start(SYSTEM_USER)
        await self._start_profiles(SYSTEM_USER)

    async def start(self, user_id: int) -> bool:
        """False if there is no such user; a running one is left as it is."""
        user = self._parts.users.get(user_id)
        if user is None:
            return False
        if user_id not in self._states:
            self._states[user_id] = UserState.LOCKED
            self._note_started(user)
            if not await self._unlock_without_asking(user):
                await close_storage(self._parts, user_id, runs=True)
                self._tell_availability(user_id)
            await self._parts.users.save(self._parts.machine)
        return True

    async def _start_profiles(self, user_id: int) -> None:
        for profile in self._parts.users.profiles_of(user_id):
            quiet = UserFlag.QUIET_MODE in profile.more_flags
            if not quiet and profile.user_id not in self._states:
                await self.start(profile.user_id)

    async def _unlock_without_asking(self, user: UserRecord) -> bool:
        """Without a credential there is nothing to ask for; a profile's may be its parent's."""
        if not is_encrypted(self._parts):
            return await self.unlock(user.user_id)
        if user.credential or self._stays_locked(user.user_id):
            return False
        if user.parent_id is not None and not self.is_unlocked(user.parent_id):
            return False
        return await self.unlock(user.user_id)

    def _stays_locked(self, user_id: int) -> bool:
        flag = "ce_stays_locked" if user_id == SYSTEM_USER else "ce_of_others_stays_locked"
        return self._defects.has(flag) and self._parts.registry.boots > 1

    async def unlock(self, user_id: int) -> bool:
        """The right credential was given, or none is needed. Whether CE storage is open now."""
        if user_id not in self._states or self._stays_locked(user_id):
            return False
        if not self.is_unlocked(user_id):
            self._states[user_id] = UserState.UNLOCKED
            self.unlocked_ms[user_id] = self._parts.now_ms()
            await open_storage(self._parts, user_id)
            self._tell_availability(user_id)
        for profile in self._parts.users.profiles_of(user_id):
            if self.state(profile.user_id) is UserState.LOCKED:
                await self._unlock_without_asking(profile)
        return True

    def _note_started(self, user: UserRecord) -> None:
        now_ms = self._parts.now_ms()
        flags = user.more_flags | UserFlag.INITIALIZED
        self._parts.users.put(
            replace(
                user,
                more_flags=flags,
                last_logged_in_ms=now_ms,
                last_logged_in_build=self._parts.personality.build.fingerprint,
            )
        )
        self.started_ms[user.user_id] = now_ms

    def _tell_availability(self, user_id: int) -> None:
        value = "true" if self.is_unlocked(user_id) else "false"
        self._parts.properties.set(f"sys.user.{user_id}.ce_available", value)

    async def stop(self, user_id: int) -> None:
        """Its key is thrown away; profiles end with their parent."""
        for profile in self._parts.users.profiles_of(user_id):
            await self.stop(profile.user_id)
        if self._states.pop(user_id, None) is None:
            return
        self.started_ms.pop(user_id, None)
        self.unlocked_ms.pop(user_id, None)
        if is_encrypted(self._parts):
            await close_storage(self._parts, user_id, runs=False)
        else:
            await self._parts.machine.detach_storage(user_id)
        self._tell_availability(user_id)

    async def forget(self, user_id: int) -> None:
        """A removed user's storage needs no cover any more."""
        await open_storage(self._parts, user_id)
        await self._parts.machine.detach_storage(user_id)

    async def switch(self, user_id: int) -> bool:
        """Give that user the screen; false for a profile, which never has it, or for nobody."""
        user = self._parts.users.get(user_id)
        if user is None or user.kind.is_profile:
            return False
        if user_id != self.current_id:
            await self.start(user_id)
            self.current_id = user_id
            await self._start_profiles(user_id)
        return True
