"""The `settings` command.

Sources: SettingsCmd.java to 7.1, SettingsService of SettingsProvider from 8.0 on.
"""

from __future__ import annotations

from virtualdevice.system.commands.arguments import (
    CommandRefused,
    IllegalArgument,
    Words,
    thrown,
)
from virtualdevice.system.commands.user_words import user_named
from virtualdevice.system.invocation import Invocation
from virtualdevice.system.phone import Phone
from virtualdevice.system.settings import NAMESPACES

__all__ = ["run_settings"]

USAGE = """usage:  settings [--user NUM] get namespace key
        settings [--user NUM] put namespace key value
        settings [--user NUM] delete namespace key
        settings [--user NUM] list namespace

'namespace' is one of {system, secure, global}, case-insensitive"""
HELP = "Settings provider (settings) commands:\n  help\n      Print this help text."
LIST_API, SERVICE_API, EVERY_VERB_FOR_USERS_API, CURRENT_USER_API = 23, 26, 28, 29
"""8.1 was read, and 10; 9 is taken to be as 10 where it lets list and delete have users."""
VALUES = {"get": 1, "delete": 1, "put": 2, "list": 0, "reset": 1}
"""How many words each verb needs behind the namespace."""
MOST_VALUES = {**VALUES, "put": 5, "reset": 2}


class _Wanted:
    """What the words ask for. `--user` may stand anywhere."""

    def __init__(self, phone: Phone, words: Words) -> None:
        self.user_id: int | None = None
        self.verb = self.namespace = ""
        self.values: list[str] = []
        while (word := words.next()) is not None:
            if word == "--user":
                self._take_user(phone, words.demanded())
            elif not self.verb:
                self.verb = word.lower()
                if self.verb not in _verbs(phone.api):
                    raise _invalid(phone, f"Invalid command: {word}")
            elif not self.namespace:
                self.namespace = word.lower()
                if self.namespace not in NAMESPACES:
                    raise _invalid(phone, f"Invalid namespace '{word}'")
            elif len(self.values) == MOST_VALUES[self.verb]:
                if self.verb != "list":
                    raise _invalid(phone, "Too many arguments")
            else:
                self.values.append(word)

    def _take_user(self, phone: Phone, word: str) -> None:
        if self.user_id is not None:
            text = "Invalid user: --user specified more than once"
            raise _invalid(phone, text if phone.api >= CURRENT_USER_API else "Bad arguments")
        self.user_id = user_named(phone, word)
        if self.user_id is None:
            raise _invalid(phone, "Invalid user: all")

    def check(self, phone: Phone) -> None:
        if not self.namespace or len(self.values) < VALUES[self.verb]:
            raise _invalid(phone, "Bad arguments")
        if self.user_id is not None and phone.parts.users.get(self.user_id) is None:
            raise _invalid(phone, f"Invalid user: {self.user_id}")
        no_users = SERVICE_API <= phone.api < EVERY_VERB_FOR_USERS_API
        if no_users and self.user_id is not None and self.verb in ("delete", "list"):
            raise _invalid(phone, "--user not supported for delete and list.")


def _verbs(api: int) -> tuple[str, ...]:
    verbs = ("get", "put", "delete", "list", "reset")
    return verbs if api >= SERVICE_API else verbs[: 4 if api >= LIST_API else 3]


def _invalid(phone: Phone, text: str) -> CommandRefused:
    """The program of old showed its usage, and said no more of words that are too few."""
    if phone.api >= SERVICE_API:
        return CommandRefused(text, status=255)
    return CommandRefused(USAGE if text == "Bad arguments" else f"{text}\n{USAGE}", status=0)


async def run_settings(phone: Phone, call: Invocation) -> int:
    if phone.api < SERVICE_API and len(call.arguments) < (2 if phone.api >= LIST_API else 3):
        raise _invalid(phone, "Bad arguments")
    if not call.arguments or call.arguments[0] in ("help", "-h"):
        await call.out(HELP)
        return 255
    try:
        wanted = _Wanted(phone, Words(call.arguments))
    except IllegalArgument as problem:
        if phone.api < SERVICE_API:
            raise _invalid(phone, "Bad arguments") from problem
        raise thrown(phone.api, call.arguments[0], problem.kind, problem.message) from problem
    wanted.check(phone)
    return await _do(phone, call, wanted)


async def _do(phone: Phone, call: Invocation, wanted: _Wanted) -> int:
    settings, namespace = phone.parts.settings, wanted.namespace
    user_id = wanted.user_id
    if user_id is None:
        user_id = phone.user_controller.current_id if phone.api >= CURRENT_USER_API else 0
    if wanted.verb == "list":
        lines = [f"{key}={value}\n" for key, value in settings.items(namespace, user_id)]
        await call.write("".join(lines))
        return 0
    if wanted.verb == "reset":
        if namespace == "system":
            await call.error("Invalid table; no reset performed")
        return 0
    key = wanted.values[0]
    if wanted.verb == "get":
        value = settings.get(namespace, key, user_id)
        await call.write("null\n" if value is None else f"{value}\n")
        return 0
    if wanted.verb == "delete":
        await call.out(f"Deleted {settings.delete(namespace, key, user_id)} rows")
    else:
        settings.put(namespace, key, wanted.values[1], user_id)
        phone.turn_as_set()
    await settings.save(phone.parts.machine)
    return 0
