"""Every user that this phone knows; outlives a reboot (UserManagerService's userlist.xml)."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

from virtualdevice.seams import Machine
from virtualdevice.system.users.records import (
    SYSTEM_USER,
    UserFlag,
    UserKind,
    UserRecord,
    user_from_json,
    user_to_json,
)

__all__ = ["FIRST_USER_ID", "USERS_FILE", "Roster"]

USERS_FILE = "/data/system/users/userlist.xml"
FIRST_USER_ID = 10
SYSTEM_UID = 1000


class Roster:
    """Who there is. An id that a removed user had is not given again before the next boot."""

    def __init__(self, owner_name: str) -> None:
        self._owner = UserRecord(
            user_id=SYSTEM_USER,
            name=owner_name,
            kind=UserKind.SYSTEM,
            more_flags=UserFlag.INITIALIZED,
        )
        self._users = {SYSTEM_USER: self._owner}
        self._removed: set[int] = set()
        self.is_new = True
        self._next_serial = FIRST_USER_ID

    def __iter__(self) -> Iterator[UserRecord]:
        return iter(list(self._users.values()))

    @property
    def ids(self) -> Sequence[int]:
        return tuple(self._users)

    def get(self, user_id: int) -> UserRecord | None:
        return self._users.get(user_id)

    def put(self, user: UserRecord) -> None:
        self._users[user.user_id] = user

    def profiles_of(self, user_id: int) -> Sequence[UserRecord]:
        return [user for user in self._users.values() if user.parent_id == user_id]

    def next_id(self) -> int:
        """The lowest that is free (getNextAvailableId)."""
        taken = self._users.keys() | self._removed
        return next(n for n in range(FIRST_USER_ID, 1 << 15) if n not in taken)

    def next_serial_number(self) -> int:
        """One that no user of this phone has ever had."""
        self._next_serial += 1
        return self._next_serial - 1

    def remove(self, user_id: int) -> None:
        del self._users[user_id]
        self._removed.add(user_id)

    async def load(self, machine: Machine) -> None:
        """Where there is no list yet, or none that can be read, only user 0 is there."""
        try:
            plain = json.loads(await machine.files.read(USERS_FILE))
            users = [user_from_json(item) for item in plain["users"]]
            self._next_serial = int(plain["next_serial"])
        except (OSError, ValueError, KeyError, TypeError):
            return
        self.is_new = False
        self._users = {SYSTEM_USER: self._owner} | {user.user_id: user for user in users}

    async def save(self, machine: Machine) -> None:
        plain = {
            "users": [user_to_json(user) for user in self._users.values()],
            "next_serial": self._next_serial,
        }
        await machine.files.make_directory(
            "/data/system/users", mode=0o775, uid=SYSTEM_UID, gid=SYSTEM_UID, parents=True
        )
        await machine.files.write(
            USERS_FILE,
            json.dumps(plain, ensure_ascii=False).encode("utf-8", "surrogatepass"),
            mode=0o600,
            uid=SYSTEM_UID,
            gid=SYSTEM_UID,
        )
