"""pm's part of users: creating, removing and listing them; and `cmd user`.

Sources: Pm.java to 8.1, PackageManagerShellCommand and UserManagerServiceShellCommand after.
"""

from __future__ import annotations

from virtualdevice.system.commands.arguments import CommandRefused, Words
from virtualdevice.system.invocation import Invocation
from virtualdevice.system.phone import Phone
from virtualdevice.system.users.changes import UserRefusal, UserWish, most_users
from virtualdevice.system.users.records import UserKind, UserRecord, flag_names

__all__ = ["cmd_user", "create_user", "max_running_users", "max_users", "remove_user", "user_lines"]

KIND_OPTIONS = {
    "--managed": (UserKind.MANAGED, 21),
    "--restricted": (UserKind.RESTRICTED, 21),
    "--guest": (UserKind.GUEST, 24),
    "--demo": (UserKind.DEMO, 26),
}
EPHEMERAL_API, USER_TYPE_API, FOR_TESTING_API = 24, 30, 33
TYPE_PREFIX = "android.os.usertype."
JAVA_PM = range(22, 28)
"""Versions whose `pm create-user` ends with status 1 even when the user was created."""
CREATED_ANYWAY = {"--pre-create-only", "--for-testing"}
WAITING = {"--set-ephemeral-if-in-use", "-w", "--wait"}
MOST_RUNNING = 3
VISIBLE_API = 34


def _wish(phone: Phone, words: Words) -> UserWish:
    kind, parent, ephemeral = UserKind.SECONDARY, None, False
    while (option := words.option()) is not None:
        if option == "--profileOf":
            number = words.next() or ""
            if not number.isdigit():
                raise CommandRefused("Error: no USER_ID specified")
            parent = int(number)
        elif option in KIND_OPTIONS and phone.api >= KIND_OPTIONS[option][1]:
            kind = KIND_OPTIONS[option][0]
        elif option == "--ephemeral" and phone.api >= EPHEMERAL_API:
            ephemeral = True
        elif option == "--user-type" and phone.api >= USER_TYPE_API:
            kind = _kind(words.value(option))
        elif option not in CREATED_ANYWAY or phone.api < USER_TYPE_API:
            raise CommandRefused(f"Error: unknown option {option}")
    name = words.required("Error: no user name specified.")
    return UserWish(name=name, kind=kind, parent_id=parent, ephemeral=ephemeral)


def _kind(word: str) -> UserKind:
    try:
        return UserKind(word.removeprefix(TYPE_PREFIX))
    except ValueError as error:
        raise CommandRefused(
            f"Error: java.lang.IllegalArgumentException: Unknown user type {word}"
        ) from error


async def create_user(phone: Phone, call: Invocation, words: Words) -> int:
    """A profile does not start by this; who made it starts it."""
    user = await phone.user_changes.create(_wish(phone, words))
    if isinstance(user, UserRefusal):
        if phone.api >= USER_TYPE_API:
            text = f"android.os.ServiceSpecificException: {user.text} (code {user.code})"
            await call.error(f"Error: {text}")
        await call.error("Error: couldn't create User.")
        return 1
    await call.out(f"Success: created user id {user.user_id}")
    return 1 if phone.api in JAVA_PM else 0


async def remove_user(phone: Phone, call: Invocation, words: Words) -> int:
    while (option := words.option()) is not None:
        if option not in WAITING or phone.api < USER_TYPE_API:
            raise CommandRefused(f"Error: unknown option {option}")
    word = words.required("Error: no user id specified.")
    if not word.isdigit():
        raise CommandRefused(f"Error: user id '{word}' is not a number.")
    if await phone.user_changes.remove(int(word)):
        await call.out("Success: removed user")
        return 0
    await call.error(f"Error: couldn't remove user id {word}")
    return 1


async def max_users(phone: Phone, call: Invocation, words: Words) -> int:
    await call.out(f"Maximum supported users: {most_users(phone.parts)}")
    return 0


async def max_running_users(phone: Phone, call: Invocation, words: Words) -> int:
    most = min(MOST_RUNNING, most_users(phone.parts))
    await call.out(f"Maximum supported running users: {most}")
    return 0


def user_lines(phone: Phone) -> list[str]:
    """`pm list users`, whose form AOSP's own tests rely on."""
    running = phone.user_controller.running
    return [
        "Users:",
        *(
            f"\t{user.shown(phone.api)}{' running' if user.user_id in running else ''}"
            for user in phone.parts.users
        ),
    ]


def _verbose_line(phone: Phone, number: int, user: UserRecord) -> str:
    words = [f"{number}: id={user.user_id}, name={user.name}, type={user.kind.value}"]
    words.append(f", flags={flag_names(user.flags(phone.api))}")
    if user.parent_id is not None:
        words.append(f" (parentId={user.parent_id})")
    running = phone.user_controller.state(user.user_id) is not None
    current = phone.user_controller.current_id in (user.user_id, user.parent_id)
    if running:
        words.append(" (running)")
    if phone.user_controller.current_id == user.user_id:
        words.append(" (current)")
    if running and current and phone.api >= VISIBLE_API:
        words.append(" (visible)")
    return "".join(words)


async def cmd_user(phone: Phone, call: Invocation) -> int:
    """`cmd user list [-v] [--all]` (from 11)."""
    words = Words(call.arguments)
    verb = words.next()
    if verb != "list":
        known = verb in (None, "help", "-h")
        await call.out("User manager (user) commands:" if known else f"Unknown command: {verb}")
        return 255
    if {"-v", "--verbose"} & set(words.rest()):
        lines = [_verbose_line(phone, n, user) for n, user in enumerate(phone.parts.users)]
        await call.out("\n".join([f"{len(lines)} users:", "", *lines]))
    else:
        await call.out("\n".join(user_lines(phone)))
    return 0
