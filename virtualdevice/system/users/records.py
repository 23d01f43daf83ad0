"""What a phone remembers of a user: android.content.pm.UserInfo, and the lock credential.

Sources: UserInfo.java and UserTypeFactory.java of each version.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import IntFlag, StrEnum
from typing import Any

__all__ = [
    "SYSTEM_USER",
    "UserFlag",
    "UserKind",
    "UserRecord",
    "flag_names",
    "flags_of",
    "user_from_json",
    "user_to_json",
]

SYSTEM_USER = 0


class UserFlag(IntFlag):
    """UserInfo.FLAG_…"""

    NONE = 0x0
    PRIMARY = 0x1
    ADMIN = 0x2
    GUEST = 0x4
    RESTRICTED = 0x8
    INITIALIZED = 0x10
    MANAGED_PROFILE = 0x20
    DISABLED = 0x40
    QUIET_MODE = 0x80
    EPHEMERAL = 0x100
    DEMO = 0x200
    FULL = 0x400
    SYSTEM = 0x800
    PROFILE = 0x1000
    MAIN = 0x4000


class UserKind(StrEnum):
    """The user types of Android 11, without `android.os.usertype.`; older ones have flags alone."""

    SYSTEM = "full.SYSTEM"
    SECONDARY = "full.SECONDARY"
    GUEST = "full.GUEST"
    RESTRICTED = "full.RESTRICTED"
    DEMO = "full.DEMO"
    MANAGED = "profile.MANAGED"
    CLONE = "profile.CLONE"
    PRIVATE = "profile.PRIVATE"

    @property
    def is_profile(self) -> bool:
        """Whether it lives beside its parent, and never has the screen to itself."""
        return self.value.startswith("profile.")


OWN_FLAGS = {
    UserKind.SYSTEM: UserFlag.PRIMARY | UserFlag.ADMIN,
    UserKind.GUEST: UserFlag.GUEST,
    UserKind.RESTRICTED: UserFlag.RESTRICTED,
    UserKind.DEMO: UserFlag.DEMO,
    UserKind.MANAGED: UserFlag.MANAGED_PROFILE,
}
TYPED_API, MAIN_USER_API = 30, 34


def flags_of(kind: UserKind, api: int) -> UserFlag:
    """What every user of that kind has in that version."""
    flags = OWN_FLAGS.get(kind, UserFlag.NONE)
    if api >= TYPED_API:
        flags |= UserFlag.PROFILE if kind.is_profile else UserFlag.FULL
        if kind is UserKind.SYSTEM:
            flags |= UserFlag.SYSTEM
    if api >= MAIN_USER_API and kind is UserKind.SYSTEM:
        flags |= UserFlag.MAIN
    return flags


def flag_names(flags: UserFlag) -> str:
    """UserInfo.flagsToString: sorted by name, as DebugUtils does."""
    return "|".join(sorted(flag.name or "" for flag in UserFlag if flag and flag in flags))


@dataclass(frozen=True, kw_only=True, slots=True)
class UserRecord:
    """`more_flags` are those beyond what the kind brings. `credential` is what has to be typed
    before CE storage opens; a profile without one of its own is opened with its parent's."""

    user_id: int
    name: str
    kind: UserKind = UserKind.SECONDARY
    more_flags: UserFlag = UserFlag.NONE
    parent_id: int | None = None
    serial_number: int = 0
    created_ms: int = 0
    last_logged_in_ms: int = 0
    last_logged_in_build: str = ""
    credential: str = ""

    def flags(self, api: int) -> UserFlag:
        return flags_of(self.kind, api) | self.more_flags

    def shown(self, api: int) -> str:
        """UserInfo.toString."""
        return f"UserInfo{{{self.user_id}:{self.name}:{self.flags(api):x}}}"


def user_to_json(user: UserRecord) -> dict[str, Any]:
    return asdict(user)


def user_from_json(plain: Mapping[str, Any]) -> UserRecord:
    """The inverse; KeyError, TypeError or ValueError for a broken one."""
    values = {
        **plain,
        "kind": UserKind(plain["kind"]),
        "more_flags": UserFlag(plain["more_flags"]),
    }
    return UserRecord(**values)
