"""am's part of users: starting, stopping, switching to them (Am.java, ActivityManagerShellCommand).

The numbers of refusals are ActivityManager.USER_OP_….
"""

from __future__ import annotations

from virtualdevice.system.commands.arguments import CommandRefused, IllegalArgument, Words
from virtualdevice.system.invocation import Invocation
from virtualdevice.system.phone import Phone
from virtualdevice.system.users.records import SYSTEM_USER

__all__ = ["USER_VERBS"]

UNKNOWN_USER, IS_CURRENT, IS_SYSTEM = -1, -2, -3
SWITCH_SAYS_API = 30


def _number(words: Words) -> int:
    """Integer.parseInt; IllegalArgument is its exception's parent."""
    word = words.demanded()
    try:
        return int(word)
    except ValueError as error:
        raise IllegalArgument(
            f'For input string: "{word}"', kind="NumberFormatException"
        ) from error


def _skip_options(words: Words, known: set[str]) -> set[str]:
    given = set()
    while (option := words.option()) is not None:
        if option not in known:
            raise CommandRefused(f"Error: unknown option: {option}", status=255)
        given.add(option)
    return given


async def start_user(phone: Phone, call: Invocation, words: Words) -> int:
    _skip_options(words, {"-w"})
    if await phone.user_controller.start(_number(words)):
        await call.out("Success: user started")
    else:
        await call.error("Error: could not start user")
    return 0


async def switch_user(phone: Phone, call: Invocation, words: Words) -> int:
    _skip_options(words, {"-w"} if phone.api >= SWITCH_SAYS_API else set())
    user_id = _number(words)
    if await phone.switch_user(user_id):
        return 0
    if phone.api < SWITCH_SAYS_API:
        return 0
    await call.out(f"Error: Failed to switch to user {user_id}")
    return 1


async def stop_user(phone: Phone, call: Invocation, words: Words) -> int:
    _skip_options(words, {"-w", "-f"})
    user_id = _number(words)
    refusal = _why_it_cannot_stop(phone, user_id)
    if refusal is None:
        await phone.stop_user(user_id)
        return 0
    code, text = refusal
    await call.error(f"Switch failed: {code} ({text})")
    return 255


def _why_it_cannot_stop(phone: Phone, user_id: int) -> tuple[int, str] | None:
    if user_id == SYSTEM_USER:
        return IS_SYSTEM, "System user cannot be stopped"
    if user_id == phone.user_controller.current_id:
        return IS_CURRENT, "Can't stop current user"
    if phone.parts.users.get(user_id) is None:
        return UNKNOWN_USER, f"Unknown user {user_id}"
    return None


async def is_user_stopped(phone: Phone, call: Invocation, words: Words) -> int:
    stopped = phone.user_controller.state(_number(words)) is None
    await call.out("true" if stopped else "false")
    return 0


async def unlock_user(phone: Phone, call: Invocation, words: Words) -> int:
    """`unlock-user USER TOKEN SECRET`: without a credential `!` stands for both. The secret of a
    credential is none that a shell could know."""
    user_id = _number(words)
    user = phone.parts.users.get(user_id)
    if user is not None and not user.credential and await phone.user_controller.unlock(user_id):
        await call.out("Success: user unlocked")
    else:
        await call.error("Error: could not unlock user")
    return 0


async def get_current_user(phone: Phone, call: Invocation, words: Words) -> int:
    await call.out(str(phone.user_controller.current_id))
    return 0


async def started_user_state(phone: Phone, call: Invocation, words: Words) -> int:
    user_id = _number(words)
    state = phone.user_controller.state(user_id)
    await call.out(f"User is not started: {user_id}" if state is None else state.value)
    return 0


USER_VERBS = {
    "start-user": (start_user, 21),
    "switch-user": (switch_user, 21),
    "stop-user": (stop_user, 21),
    "is-user-stopped": (is_user_stopped, 23),
    "unlock-user": (unlock_user, 24),
    "get-current-user": (get_current_user, 24),
    "get-started-user-state": (started_user_state, 24),
}
"""By name, with the version that brought each."""
