"""`dumpsys user`, as far as users go (UserManagerService.dump)."""

from __future__ import annotations

from virtualdevice.system.parts import Parts
from virtualdevice.system.users.changes import most_users
from virtualdevice.system.users.controller import UserController
from virtualdevice.system.users.records import TYPED_API, UserFlag, UserRecord

__all__ = ["dump_users"]

CURRENT_USER_API = 30


def _ago(parts: Parts, time_ms: int) -> str:
    """TimeUtils.formatDuration of what went by since then."""
    if not time_ms:
        return "<unknown>"
    left = max(0, parts.now_ms() - time_ms)
    words: list[str] = []
    for unit, length_ms in (("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000)):
        count, left = divmod(left, length_ms)
        if count or words:
            words.append(f"{count}{unit}")
    return f"+{''.join(words)}{left}ms ago"


def _flag_names(flags: UserFlag) -> str:
    return "|".join(sorted(flag.name or "" for flag in UserFlag if flag and flag in flags))


def _user_lines(parts: Parts, controller: UserController, user: UserRecord) -> list[str]:
    flags = user.flags(parts.api)
    head = f"  {user.shown(parts.api)} serialNo={user.serial_number}"
    lines = [head]
    if parts.api >= TYPED_API:
        primary = "true" if UserFlag.PRIMARY in flags else "false"
        parent = "" if user.parent_id is None else f" parentId={user.parent_id}"
        lines = [
            f"{head} isPrimary={primary}{parent}",
            f"    Type: android.os.usertype.{user.kind.value}",
            f"    Flags: {int(flags)} ({_flag_names(flags)})",
        ]
    state = controller.state(user.user_id)
    if parts.api >= 24:
        lines.append(f"    State: {'-1' if state is None else state.value}")
    managed = "true" if UserFlag.MANAGED_PROFILE in flags else "false"
    return [
        *lines,
        f"    Created: {_ago(parts, user.created_ms)}",
        f"    Last logged in: {_ago(parts, user.last_logged_in_ms)}",
        *([f"    Has profile owner: {managed}"] if parts.api >= 24 else []),
        "    Restrictions:",
        "      none",
    ]


def dump_users(parts: Parts, controller: UserController) -> str:
    lines = [f"Current user: {controller.current_id}"] if parts.api >= CURRENT_USER_API else []
    lines.append("Users:")
    for user in parts.users:
        lines += _user_lines(parts, controller, user)
    lines += ["", f"  Max users: {most_users(parts)}"]
    return "\n".join(lines) + "\n"
