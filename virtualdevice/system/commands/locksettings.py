"""`locksettings`: the lock credential from the shell (LockSettingsShellCommand).

A pattern is given as the digits of its cells; here it is typed like a PIN.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from virtualdevice.system.commands.arguments import CommandRefused, Words
from virtualdevice.system.commands.user_words import user_named
from virtualdevice.system.invocation import Invocation
from virtualdevice.system.phone import Phone
from virtualdevice.system.users.records import UserRecord

__all__ = ["lock_settings"]

FAILED = 255
SHORTEST = 4
VERIFY_API = 27


@dataclass(frozen=True, kw_only=True, slots=True)
class _Request:
    user: UserRecord
    old: str
    new: str


SET_TEXTS: dict[str, Callable[[str], str]] = {
    "set-pattern": lambda new: f"Pattern set to '{new}'",
    "set-pin": lambda new: f"Pin set to '{new}'",
    "set-password": lambda new: f"Password set to '{new}'",
}


def _read(phone: Phone, verb: str, words: Words) -> _Request:
    old, user_id = "", phone.user_controller.current_id
    while (option := words.option()) is not None:
        if option == "--old":
            old = words.value(option)
        elif option == "--user":
            named = user_named(phone, words.value(option))
            user_id = user_id if named is None else named
        else:
            raise CommandRefused(f"Unknown option: {option}", status=FAILED)
    user = phone.parts.users.get(user_id)
    if user is None:
        raise CommandRefused(f"Error while executing command: {verb}", status=FAILED)
    return _Request(user=user, old=old, new=words.next() or "")


async def lock_settings(phone: Phone, call: Invocation) -> int:
    words = Words(call.arguments)
    verb = words.next()
    if verb is None or verb == "help":
        await call.out("lockSettings service commands:")
        return 0
    request = _read(phone, verb, words)
    if verb == "get-disabled":
        await call.out("false" if request.user.credential else _disabled(phone))
        return 0
    if verb == "set-disabled":
        await call.out(f"Lock screen disabled set to {request.new or 'false'}")
        return 0
    problem = _wrong_credential(phone, request)
    if problem:
        await call.out(problem)
        return FAILED
    return await _carry_out(phone, call, verb, request)


def _disabled(phone: Phone) -> str:
    return "true" if phone.personality.screen.lock.value == "none" else "false"


def _wrong_credential(phone: Phone, request: _Request) -> str:
    """Nothing if the old credential is right."""
    user = request.user
    parent = phone.parts.users.get(user.parent_id) if user.parent_id is not None else None
    if not user.credential and parent is not None and parent.credential:
        return "Profile uses unified challenge"
    if user.credential and request.old != user.credential:
        return f"Old password '{request.old}' didn't match"
    if request.old and not user.credential:
        return "Old password provided but user has no password"
    return ""


async def _carry_out(phone: Phone, call: Invocation, verb: str, request: _Request) -> int:
    if verb == "verify" and phone.api >= VERIFY_API:
        await phone.user_controller.unlock(request.user.user_id)
        await call.out("Lock credential verified successfully")
        return 0
    if verb == "clear":
        text, new = "Lock credential cleared", ""
    elif verb in SET_TEXTS:
        text, new = SET_TEXTS[verb](request.new), request.new
        if len(new) < SHORTEST or (verb != "set-password" and not new.isdigit()):
            await call.error(f"Error while executing command: {verb}")
            return FAILED
    else:
        await call.error(f"Unknown command: {verb}")
        return 0
    phone.parts.users.put(replace(request.user, credential=new))
    await phone.parts.users.save(phone.parts.machine)
    await call.out(text)
    return 0
