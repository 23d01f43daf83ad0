"""`dumpsys user`, as far as users go (UserManagerService.dump).

The formats are those that AOSP's own parsers of it (bedstead's AdbUserParser26 and 30) quote.
"""

from __future__ import annotations

from virtualdevice.system.parts import Parts
from virtualdevice.system.users.changes import most_users
from virtualdevice.system.users.controller import UserController
from virtualdevice.system.users.records import TYPED_API, UserFlag, UserRecord, flag_names

__all__ = ["dump_users"]

CURRENT_USER_API = 30
PARENT_API = 31
STATE_NUMBERS = {"RUNNING_LOCKED": 1, "RUNNING_UNLOCKED": 3}


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


def _head(user: UserRecord, api: int) -> list[str]:
    flags = user.flags(api)
    line = f"  {user.shown(api)} serialNo={user.serial_number}"
    if api < TYPED_API:
        return [line]
    line += f" isPrimary={'true' if UserFlag.PRIMARY in flags else 'false'}"
    if user.parent_id is not None and api >= PARENT_API:
        line += f" parentId={user.parent_id}"
    return [
        line,
        f"    Type: android.os.usertype.{user.kind.value}",
        f"    Flags: {int(flags)} ({flag_names(flags)})",
    ]


def _user_lines(parts: Parts, controller: UserController, user: UserRecord) -> list[str]:
    state, user_id = controller.state(user.user_id), user.user_id
    lines = _head(user, parts.api)
    if parts.api >= 24:
        lines.append(f"    State: {'-1' if state is None else state.value}")
    lines += [
        f"    Created: {_ago(parts, user.created_ms)}",
        f"    Last logged in: {_ago(parts, user.last_logged_in_ms)}",
    ]
    if parts.api >= 24:
        build = user.last_logged_in_build or parts.personality.build.fingerprint
        lines.append(f"    Last logged in fingerprint: {build}")
    if parts.api >= 28:
        lines.append(f"    Start time: {_ago(parts, controller.started_ms.get(user_id, 0))}")
        lines.append(f"    Unlock time: {_ago(parts, controller.unlocked_ms.get(user_id, 0))}")
    if parts.api >= 24:
        lines.append("    Has profile owner: false")
    return [*lines, "    Restrictions:", "      none", "    Effective restrictions:", "      none"]


def dump_users(parts: Parts, controller: UserController) -> str:
    lines = [f"Current user: {controller.current_id}"] if parts.api >= CURRENT_USER_API else []
    lines.append("Users:")
    for user in parts.users:
        lines += _user_lines(parts, controller, user)
    lines += ["", "  Device owner id:-10000"]
    if parts.api >= 26:
        states = ", ".join(
            f"{user_id}={STATE_NUMBERS[state]}"
            for user_id in controller.running
            if (state := controller.state(user_id)) is not None
        )
        lines += ["", "  Device managed: false", f"  Started users state: {{{states}}}"]
    if parts.api >= CURRENT_USER_API:
        most = most_users(parts)
        full = "true" if len(parts.users.ids) >= most else "false"
        lines += ["", f"  Max users: {most} (limit reached: {full})"]
    return "\n".join(lines) + "\n"
