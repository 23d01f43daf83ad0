"""Users who come and go (UserManagerService), with what the package manager does about them."""

from __future__ import annotations

from dataclasses import dataclass, replace

from holdfast.errors import ConfigurationError
from virtualdevice.system.packages.preloads import preload_state
from virtualdevice.system.packages.records import uid_of
from virtualdevice.system.packages.removal import Remover
from virtualdevice.system.parts import Parts
from virtualdevice.system.users.controller import UserController
from virtualdevice.system.users.records import SYSTEM_USER, UserFlag, UserKind, UserRecord

__all__ = ["UserChanges", "UserRefusal", "UserWish", "most_users"]

DEFAULT_MOST_USERS = 4
FIRST_APP_ID = 10000
KIND_LIMITS = {UserKind.GUEST: 1, UserKind.MANAGED: 1, UserKind.CLONE: 1, UserKind.PRIVATE: 1}


@dataclass(frozen=True, kw_only=True, slots=True)
class UserWish:
    """What somebody who makes a user asks for. `parent_id` is a profile's."""

    name: str
    kind: UserKind = UserKind.SECONDARY
    parent_id: int | None = None
    ephemeral: bool = False
    credential: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class UserRefusal:
    """Why there may be no such user; `code` is UserManager.USER_OPERATION_ERROR_…"""

    text: str
    code: int = 6


def most_users(parts: Parts) -> int:
    """How many a build has room for; one where the host gives the device no ids for a second."""
    if not parts.machine.can_own(uid_of(parts.users.next_id(), FIRST_APP_ID)):
        return 1
    text = parts.properties.get("fw.max_users")
    return int(text) if text.isdigit() else DEFAULT_MOST_USERS


class UserChanges:
    """Creating and removing users of one phone."""

    def __init__(self, parts: Parts, *, controller: UserController, remover: Remover) -> None:
        self._parts = parts
        self._controller = controller
        self._remover = remover

    async def make_those_of_the_build(self) -> None:
        """What a personality declares is there when a phone is new: its lock, and its users."""
        parts, personality = self._parts, self._parts.personality
        owner = parts.users.get(SYSTEM_USER)
        if not parts.users.is_new or owner is None:
            return
        parts.users.put(replace(owner, credential=personality.credential))
        for facts in personality.users:
            wish = UserWish(
                name=facts.name,
                kind=facts.kind,
                parent_id=SYSTEM_USER if facts.kind.is_profile else None,
                credential=facts.credential,
            )
            made = await self.create(wish)
            if isinstance(made, UserRefusal):
                raise ConfigurationError(f"users: {facts.name!r} cannot be: {made.text}")

    async def remove_ephemeral(self) -> None:
        """Nobody's stay on the phone is to last over a reboot who came for a while."""
        for user in self._parts.users:
            if UserFlag.EPHEMERAL in user.more_flags:
                await self.remove(user.user_id)

    def _why_not(self, wish: UserWish) -> UserRefusal | None:
        """UserManagerService.createUserInternalUncheckedNoTracing."""
        users, limit = self._parts.users, KIND_LIMITS.get(wish.kind)
        alike = [u for u in users if (u.kind, u.parent_id) == (wish.kind, wish.parent_id)]
        no_room = len(alike) >= (limit or len(users.ids) + 1) or most_users(self._parts) == 1
        if wish.kind.is_profile or wish.parent_id is not None:
            parent = None if wish.parent_id is None else users.get(wish.parent_id)
            if parent is None:
                text = f"Cannot find user data for parent user {wish.parent_id}"
                return UserRefusal(text=text, code=1)
            if no_room or parent.kind.is_profile or not wish.kind.is_profile:
                kind = f"android.os.usertype.{wish.kind.value}"
                whose = f"of type {kind} for user {wish.parent_id}"
                return UserRefusal(text=f"Cannot add more profiles {whose}")
            return None
        people = [u for u in users if not u.kind.is_profile and u.kind is not UserKind.GUEST]
        if wish.kind is not UserKind.GUEST and len(people) >= most_users(self._parts):
            return UserRefusal(text="Cannot add user. Maximum user limit is reached.")
        if no_room:
            text = f"Cannot add more users of type android.os.usertype.{wish.kind.value}."
            return UserRefusal(text=f"{text} Maximum number of that type already exists.")
        return None

    async def create(self, wish: UserWish) -> UserRecord | UserRefusal:
        """The new user, who does not run yet."""
        parts = self._parts
        refusal = self._why_not(wish)
        if refusal is not None:
            parts.log.write("UserManagerService", refusal.text, level="E", buffer="system")
            return refusal
        user = UserRecord(
            user_id=parts.users.next_id(),
            name=wish.name,
            kind=wish.kind,
            more_flags=UserFlag.EPHEMERAL if wish.ephemeral else UserFlag.NONE,
            parent_id=wish.parent_id,
            serial_number=parts.users.next_serial_number(),
            created_ms=parts.now_ms(),
            credential=wish.credential,
        )
        parts.users.put(user)
        await parts.storage.prepare(user.user_id)
        parts.settings.add_user(user.user_id)
        await parts.settings.save(parts.machine)
        await self._install_system_packages(user.user_id)
        await parts.users.save(parts.machine)
        await parts.save_packages()
        return user

    async def _install_system_packages(self, user_id: int) -> None:
        """A new user has what the image brings, and none of what others installed."""
        parts = self._parts
        for record in parts.registry:
            if not record.is_system:
                continue
            state = preload_state(parts.personality, record)
            if parts.api >= 33:
                state = replace(state, first_install_time_ms=parts.now_ms() // 1000 * 1000)
            given = record.with_user(user_id, state)
            if parts.keeps_data(record):
                given = await parts.storage.create(given, user_id)
            parts.registry.put(given)

    async def remove(self, user_id: int) -> bool:
        """False for user 0, for who has the screen, and for nobody. Profiles go with their
        parent, and apps with the last user who had them."""
        parts = self._parts
        if user_id in (SYSTEM_USER, self._controller.current_id) or not parts.users.get(user_id):
            return False
        for profile in parts.users.profiles_of(user_id):
            await self.remove(profile.user_id)
        await self._controller.stop(user_id)
        await self._controller.forget(user_id)
        parts.users.remove(user_id)
        parts.settings.remove_user(user_id)
        parts.registry.forget_user(user_id)
        for record in parts.registry:
            if not record.is_system and not record.user_ids and record.code_present:
                await self._remover.remove(record, keep_data=False)
        await parts.storage.destroy_user(user_id)
        await parts.users.save(parts.machine)
        await parts.save_packages()
        return True
