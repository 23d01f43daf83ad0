"""`content`, the shell's way to content providers, and `cmd role`, that to default apps.

What other apps keep (messages, contacts, calls, appointments) is here no more than a count of rows,
kept with the package manager's records, as roles are.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from virtualdevice.system.commands.arguments import CommandRefused, IllegalArgument, Words
from virtualdevice.system.commands.user_words import one_user, user_named
from virtualdevice.system.invocation import Invocation
from virtualdevice.system.media import INDEX_LOST, media_rows
from virtualdevice.system.packages.registry import extra_key
from virtualdevice.system.phone import Phone
from virtualdevice.system.settings import NAMESPACES

__all__ = ["content", "role"]

NAME_IS = re.compile(r"name\s*=\s*['\"](.*)['\"]")
DATA_IS = re.compile(r"_data\s*=\s*['\"](.*)['\"]")
SETTINGS = "content://settings/"
MEDIA = "content://media/external/"
KINDS = {
    "file": (),
    "images/media": (".jpg", ".jpeg", ".png", ".gif", ".webp"),
    "video/media": (".mp4", ".3gp"),
    "audio/media": (".mp3", ".ogg", ".m4a"),
}
"""The media provider's tables, and what files each of them is for; all of them if none is named."""
COUNTED = (
    "content://sms",
    "content://com.android.contacts/raw_contacts",
    "content://call_log/calls",
    "content://com.android.calendar/events",
)


VERBS = ("insert", "update", "delete", "query", "call", "read", "write", "gettype")
BIND_PARTS = 3


def _usage(problem: str) -> CommandRefused:
    """Its words are wrong: told on stdout, with status 0."""
    text = f"usage: adb shell content [subcommand] [options]\n\n[ERROR] {problem}"
    return CommandRefused(text, status=0, on_stdout=True)


async def content(phone: Phone, call: Invocation) -> int:
    """`content query` of settings, shared storage's files and counted rows; `content insert` of
    the latter; a scan by `content call`. Other providers are empty."""
    words = Words(call.arguments)
    verb = words.next()
    given: dict[str, str] = {}
    binds: list[str] = []
    try:
        while (option := words.option()) is not None:
            given[option] = words.value(option)
            if option == "--bind":
                binds.append(given[option])
    except IllegalArgument as problem:
        raise _usage(problem.message) from problem
    if verb not in VERBS:
        raise _usage(f"Unsupported operation: {verb or 'null'}")
    if "--uri" not in given:
        raise _usage("Content provider URI not specified. Did you specify --uri argument?")
    uri = given.get("--uri", "").rstrip("/")
    user_id = user_named(phone, given.get("--user", "0")) or 0
    if not uri.startswith(SETTINGS) and not phone.user_controller.is_unlocked(user_id):
        name = uri.removeprefix("content://").partition("/")[0]
        await call.error(
            f"Error while accessing provider:{name}\n"
            f"java.lang.IllegalStateException: Could not find provider: {name}"
        )
        return 0
    if verb == "insert" and _namespace(uri):
        await _insert_setting(phone, _namespace(uri), _bound(binds), user_id)
        return 0
    if verb == "insert" and uri in COUNTED:
        key = extra_key(f"rows {uri}", user_id)
        rows = int(phone.parts.registry.extra.get(key, "0"))
        phone.parts.registry.extra[key] = str(rows + 1)
        await phone.parts.save_packages()
        return 0
    if verb == "call" and uri == "content://media":
        phone.parts.registry.extra.pop(INDEX_LOST, None)
        await call.out("Result: Bundle[{}]")
        return 0
    if verb != "query":
        return 0
    lines = [f"Row: {n} {row}" for n, row in enumerate(await _rows(phone, uri, given, user_id))]
    await call.out("\n".join(lines) if lines else "No result found.")
    return 0


async def _rows(phone: Phone, uri: str, given: Mapping[str, str], user_id: int) -> list[str]:
    if uri.startswith(MEDIA):
        return await _media(phone, uri.removeprefix(MEDIA), given, user_id)
    if uri in COUNTED:
        count = int(phone.parts.registry.extra.get(extra_key(f"rows {uri}", user_id), "0"))
        return [f"_id={n + 1}" for n in range(count)]
    namespace = _namespace(uri)
    return _settings_rows(phone, namespace, given, user_id) if namespace else []


def _namespace(uri: str) -> str:
    """The settings' table that a URI means; empty if it means none."""
    namespace = uri.removeprefix(SETTINGS).split("/")[0]
    return namespace if uri.startswith(SETTINGS) and namespace in NAMESPACES else ""


def _settings_rows(
    phone: Phone, namespace: str, given: Mapping[str, str], user_id: int
) -> list[str]:
    """Of --where, only `name='NAME'`."""
    wanted = NAME_IS.fullmatch(given.get("--where", "").strip())
    columns = given.get("--projection", "_id:name:value").split(":")
    lines = []
    for number, (key, value) in enumerate(phone.parts.settings.items(namespace, user_id)):
        if wanted is None or key == wanted[1]:
            row = {"_id": str(number + 1), "name": key, "value": value}
            lines.append(", ".join(f"{name}={row.get(name, 'NULL')}" for name in columns))
    return lines


async def _insert_setting(
    phone: Phone, namespace: str, bound: Mapping[str, str], user_id: int
) -> None:
    phone.parts.settings.put(namespace, bound.get("name", ""), bound.get("value", ""), user_id)
    phone.turn_as_set()
    await phone.parts.settings.save(phone.parts.machine)


def _bound(words: Sequence[str]) -> Mapping[str, str]:
    """`NAME:TYPE:VALUE`, as --bind has them."""
    parts = (word.split(":", 2) for word in words)
    return {part[0]: part[2] for part in parts if len(part) == BIND_PARTS}


async def _media(phone: Phone, table: str, given: Mapping[str, str], user_id: int) -> list[str]:
    """The columns _id and _data; of --where, only `_data='PATH'`."""
    if table not in KINDS or phone.parts.registry.extra.get(INDEX_LOST):
        return []
    wanted = DATA_IS.fullmatch(given.get("--where", "").strip())
    columns = given.get("--projection", "_id:_data").split(":")
    lines = []
    async for row_id, path in media_rows(phone.parts.files, user_id):
        if wanted is not None and path != wanted[1]:
            continue
        if KINDS[table] and not path.lower().endswith(KINDS[table]):
            continue
        row = {"_id": str(row_id), "_data": path}
        lines.append(", ".join(f"{name}={row.get(name, 'NULL')}" for name in columns))
    return lines


async def role(phone: Phone, call: Invocation) -> int:
    """`cmd role holders|add-role-holder|remove-role-holder [--user N] ROLE [PACKAGE]`; one holder
    at most."""
    words = Words(call.arguments)
    verb = words.next()
    user_id = one_user(phone, words)
    name = words.required("Error: Role name not specified.")
    extra, key = phone.parts.registry.extra, extra_key(f"role {name}", user_id)
    if verb == "holders":
        holder = extra.get(key, "")
        if holder:
            await call.out(holder)
        return 0
    package = words.required("Error: Package name not specified.")
    if verb == "add-role-holder" and phone.parts.registry.installed(package, user_id) is not None:
        extra[key] = package
    elif verb == "remove-role-holder" and extra.get(key) == package:
        del extra[key]
    else:
        raise CommandRefused(f"Error: {verb} of {package} as {name} failed")
    await phone.parts.save_packages()
    return 0
