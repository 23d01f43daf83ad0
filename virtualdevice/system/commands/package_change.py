"""`pm uninstall`, `clear`, `grant`, `revoke`, `enable`, `disable`, …"""

from __future__ import annotations

from dataclasses import replace

from virtualdevice.system.commands.arguments import CommandRefused, Words
from virtualdevice.system.commands.user_words import one_user, user_named
from virtualdevice.system.invocation import SHELL_UID, Invocation
from virtualdevice.system.packages.permissions import is_runtime
from virtualdevice.system.packages.records import PackageRecord
from virtualdevice.system.phone import Phone

__all__ = [
    "clear",
    "grant_or_revoke",
    "reset_permissions",
    "set_enabled",
    "set_installer",
    "uninstall",
]

ENABLED_STATES = {
    "default-state": 0,
    "enable": 1,
    "disable": 2,
    "disable-user": 3,
    "disable-until-used": 4,
}
STATE_NAMES = {
    0: "default",
    1: "enabled",
    2: "disabled",
    3: "disabled-user",
    4: "disabled-until-used",
}


async def uninstall(phone: Phone, call: Invocation, words: Words) -> int:
    keep_data, user = False, "all"
    while (option := words.option()) is not None:
        if option == "-k":
            keep_data = True
        elif option == "--user":
            user = words.value(option)
        elif option == "--versionCode":
            words.value(option)
        else:
            raise CommandRefused(f"Error: Unknown option: {option}")
    name = words.required(
        "Error: package name not specified" if phone.api >= 24 else "Error: no package specified"
    )
    user_id = user_named(phone, user)
    if user_id is not None and phone.parts.registry.installed(name, user_id) is None:
        text = f"Failure [not installed for {user}]"
        if phone.api < 24:
            text = f"Failure - not installed for {user}"
        await call.out(text)
        return 1
    answer = await phone.remover.uninstall(name, keep_data=keep_data, user_id=user_id)
    if answer == "Success":
        await call.out("Success")
        return 0
    line = f"Failure [{answer}]"
    if phone.api < 28 and call.name == "pm":
        await call.error(line)
    else:
        await call.out(line)
    return 1 if phone.api >= 22 else 0


async def clear(phone: Phone, call: Invocation, words: Words) -> int:
    user_id = one_user(phone, words)
    name = words.required("Error: no package specified")
    if await phone.remover.clear(name, user_id):
        await call.out("Success")
        return 0
    await call.out("Failed")
    return 1


def _known(phone: Phone, name: str, user_id: int = 0) -> PackageRecord:
    record = phone.parts.registry.installed(name, user_id)
    if record is None:
        raise CommandRefused(f"Error: java.lang.IllegalArgumentException: Unknown package: {name}")
    return record


async def grant_or_revoke(phone: Phone, call: Invocation, words: Words, *, grant: bool) -> int:
    """Runtime permissions that the app asks for; all others are refused in the version's words."""
    user_id = one_user(phone, words)
    name = words.required("Error: no package specified")
    permission = words.required("Error: no permission specified")
    record = _known(phone, name, user_id)
    problem = ""
    if permission not in record.requested_permissions:
        problem = f"Package {name} has not requested permission {permission}"
    elif not is_runtime(permission, api=phone.api) and phone.api >= 23:
        problem = f"Permission {permission} is not a changeable permission type"
    if problem:
        head = (
            "Operation not allowed"
            if phone.api < 30
            else "\nException occurred while executing 'grant':"
        )
        joint = ": " if phone.api < 30 else "\n"
        raise CommandRefused(
            f"{head}{joint}java.lang.SecurityException: {problem}",
            status=255 if phone.api >= 28 else 1,
        )
    state = record.user(user_id)
    held = tuple(p for p in state.runtime_permissions if p != permission)
    changed = replace(state, runtime_permissions=(*held, permission) if grant else held)
    phone.parts.registry.put(record.with_user(user_id, changed))
    await phone.parts.save_packages()
    return 0


async def grant(phone: Phone, call: Invocation, words: Words) -> int:
    return await grant_or_revoke(phone, call, words, grant=True)


async def revoke(phone: Phone, call: Invocation, words: Words) -> int:
    return await grant_or_revoke(phone, call, words, grant=False)


async def reset_permissions(phone: Phone, call: Invocation, words: Words) -> int:
    words.rest()
    for record in phone.parts.registry:
        states = {
            user_id: replace(state, runtime_permissions=())
            for user_id, state in record.users.items()
        }
        phone.parts.registry.put(replace(record, users=states))
    await phone.parts.save_packages()
    return 0


async def set_enabled(phone: Phone, call: Invocation, words: Words, *, verb: str) -> int:
    """A package as a whole; shell may not disable what is debuggable or its own to change."""
    user_id = one_user(phone, words)
    name = words.required("Error: no package or component specified")
    record = _known(phone, name, user_id)
    state = ENABLED_STATES[verb]
    if call.caller.uid == SHELL_UID and (phone.api < 24 or verb == "disable"):
        raise CommandRefused(
            "Error: java.lang.SecurityException: Permission Denial: attempt to change component "
            f"state from pid={call.pid}, uid={call.caller.uid}, package uid={record.app_id}"
        )
    changed = replace(record.user(user_id), enabled=state)
    phone.parts.registry.put(record.with_user(user_id, changed))
    await phone.parts.save_packages()
    await phone.activities.package_changed(name)
    await call.out(f"Package {name} new state: {STATE_NAMES[state]}")
    return 0


async def enable(phone: Phone, call: Invocation, words: Words) -> int:
    return await set_enabled(phone, call, words, verb="enable")


async def disable(phone: Phone, call: Invocation, words: Words) -> int:
    return await set_enabled(phone, call, words, verb="disable")


async def disable_user(phone: Phone, call: Invocation, words: Words) -> int:
    return await set_enabled(phone, call, words, verb="disable-user")


async def set_installer(phone: Phone, call: Invocation, words: Words) -> int:
    record = _known(phone, words.required("Error: no package specified"))
    installer = words.required("Error: no installer specified")
    phone.parts.registry.put(replace(record, installer=installer))
    await phone.parts.save_packages()
    await call.out("Success")
    return 0


async def suspend(phone: Phone, call: Invocation, words: Words, *, suspended: bool = True) -> int:
    user_id = one_user(phone, words)
    record = _known(phone, words.required("Error: no package specified"), user_id)
    changed = replace(record.user(user_id), suspended=suspended)
    phone.parts.registry.put(record.with_user(user_id, changed))
    await phone.parts.save_packages()
    await call.out(f"Package {record.name} new suspended state: {str(suspended).lower()}")
    return 0


async def hide(phone: Phone, call: Invocation, words: Words, *, hidden: bool = True) -> int:
    """Root's: the user is as if without it, and its data stays."""
    user_id = one_user(phone, words)
    name = words.required("Error: no package specified")
    record = phone.parts.registry.get(name)
    if call.caller.uid == SHELL_UID:
        raise CommandRefused(
            f"Error: java.lang.SecurityException: Neither user {SHELL_UID} nor current process has "
            "android.permission.MANAGE_USERS."
        )
    if record is not None and record.user(user_id).installed:
        changed = replace(record.user(user_id), hidden=hidden)
        phone.parts.registry.put(record.with_user(user_id, changed))
        await phone.parts.save_packages()
        await phone.activities.package_changed(name)
    shown = record is not None and record.user(user_id).installed and hidden
    await call.out(f"Package {name} new hidden state: {'true' if shown else 'false'}")
    return 0


async def unhide(phone: Phone, call: Invocation, words: Words) -> int:
    return await hide(phone, call, words, hidden=False)


async def unsuspend(phone: Phone, call: Invocation, words: Words) -> int:
    return await suspend(phone, call, words, suspended=False)
