"""The `settings` command."""

from __future__ import annotations

from virtualdevice.system.commands.arguments import CommandRefused, Words
from virtualdevice.system.commands.user_words import one_user
from virtualdevice.system.invocation import Invocation
from virtualdevice.system.phone import Phone
from virtualdevice.system.settings import NAMESPACES

__all__ = ["run_settings"]

USAGE = """usage:  settings [--user NUM] get namespace key
        settings [--user NUM] put namespace key value
        settings [--user NUM] delete namespace key
        settings [--user NUM] list namespace

'namespace' is one of {system, secure, global}, case-insensitive"""


async def run_settings(phone: Phone, call: Invocation) -> int:
    words = Words(call.arguments)
    user_id = one_user(phone, words)
    verb = words.next()
    if verb not in ("get", "put", "delete", "list", "reset"):
        await call.error(USAGE)
        return 1
    user_id = one_user(phone, words, default=user_id)
    if phone.parts.users.get(user_id) is None:
        raise CommandRefused(f"Invalid user: {user_id}", status=255)
    namespace = (words.next() or "").lower()
    if namespace not in NAMESPACES:
        raise CommandRefused(f"Invalid namespace '{namespace}'\n{USAGE}")
    settings = phone.parts.settings
    if verb == "list":
        lines = [f"{key}={value}" for key, value in settings.items(namespace, user_id)]
        await call.out("\n".join(lines) if lines else "")
        return 0
    if verb == "reset":
        return 0
    key = words.required(f"Bad arguments\n{USAGE}")
    if verb == "get":
        value = settings.get(namespace, key, user_id)
        await call.out("null" if value is None else value + "\n")
        return 0
    if verb == "delete":
        await call.out(f"Deleted {settings.delete(namespace, key, user_id)} rows")
    else:
        settings.put(namespace, key, words.required(f"Bad arguments\n{USAGE}"), user_id)
        phone.turn_as_set()
    await settings.save(phone.parts.machine)
    return 0
