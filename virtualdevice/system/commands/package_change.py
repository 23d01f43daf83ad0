"""`pm uninstall`, `clear`, `grant`, `revoke`, `enable`, `disable`, …"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from holdfast.apk.decision import Door
from virtualdevice.system.commands.arguments import Words
from virtualdevice.system.commands.package_install import check_user_is_there, read_size
from virtualdevice.system.commands.package_words import (
    is_java,
    one_user_named,
    pm_refused,
    pm_threw,
)
from virtualdevice.system.commands.user_words import user_named
from virtualdevice.system.invocation import SHELL_UID, Invocation
from virtualdevice.system.packages.permissions import why_unchangeable
from virtualdevice.system.packages.records import PackageRecord
from virtualdevice.system.packages.rules import InstallOptions
from virtualdevice.system.packages.session import SessionError
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
SHELL_MAY_SET = (0, 1, 3)
SERVICE_API, VERSION_API, CACHE_ONLY_API = 24, 26, 33


BOOTED_ONLY_API = 36
KNOWN_USERS_API = 35


async def uninstall(phone: Phone, call: Invocation, words: Words) -> int:
    """A name of a split after the package's removes that alone."""
    if phone.api >= BOOTED_ONLY_API and not phone.booted:
        raise pm_refused(phone, call, "Error: device is still booting.")
    keep_data, user, version = False, "all", -1
    while (option := words.option()) is not None:
        if option == "-k":
            keep_data = True
        elif option == "--user":
            user = words.value(option)
            if phone.api >= KNOWN_USERS_API:
                check_user_is_there(phone, call, user_named(phone, user))
        elif option == "--versionCode" and phone.api >= VERSION_API:
            version = read_size(phone, call, words.value(option))
        else:
            raise pm_refused(phone, call, f"Error: Unknown option: {option}")
    name = words.next()
    if name is None:
        what = "package name not specified" if phone.api >= SERVICE_API else "no package specified"
        raise pm_refused(phone, call, f"Error: {what}")
    splits = words.rest()
    if splits and phone.api >= SERVICE_API:
        return await _remove_splits(phone, call, name, splits)
    user_id = user_named(phone, user)
    record = phone.parts.registry.installed(name, user_id or 0)
    if user_id is not None and record is None:
        text = f"Failure [not installed for {user_id}]"
        old = f"Failure - not installed for {user_id}"
        raise pm_refused(phone, call, text if phone.api >= SERVICE_API else old)
    if record is not None and version not in (-1, record.version_code):
        raise pm_refused(phone, call, "Failure [DELETE_FAILED_INTERNAL_ERROR]")
    answer = await phone.remover.uninstall(name, keep_data=keep_data, user_id=user_id)
    if answer != "Success":
        raise pm_refused(phone, call, f"Failure [{answer}]")
    await call.out("Success")
    return 0


async def _remove_splits(phone: Phone, call: Invocation, name: str, splits: Sequence[str]) -> int:
    """A session that inherits the package and takes the splits out of it."""
    session = await phone.sessions.create(
        InstallOptions(given=True, replace=True, inherit_from=name), owner_uid=call.caller.uid
    )
    try:
        await phone.sessions.open(session.id, caller_uid=call.caller.uid)
        for split in splits:
            await phone.sessions.remove_split(session, split)
    except SessionError as problem:
        raise pm_threw(phone, call, problem.kind, str(problem)) from problem
    answer = await phone.sessions.commit(
        session, door=Door.SESSION_SHELL, caller_uid=call.caller.uid
    )
    if not answer.succeeded:
        raise pm_refused(phone, call, answer.line(phone.api, by_session=True))
    await call.out("Success")
    return 0


async def clear(phone: Phone, call: Invocation, words: Words) -> int:
    user_id, cache_only = 0, False
    while (option := words.option()) is not None:
        if option == "--user":
            user_id = one_user_named(phone, call, words.value(option))
        elif option == "--cache-only" and phone.api >= CACHE_ONLY_API:
            cache_only = True
        elif phone.api >= CACHE_ONLY_API:
            raise pm_refused(phone, call, f"Error: Unknown option: {option}")
    name = _package_name(phone, call, words)
    record = phone.parts.registry.installed(name, user_id)
    if cache_only and record is not None:
        await phone.parts.storage.clear_caches(record, user_id)
    elif record is None or not await phone.remover.clear(name, user_id):
        raise pm_refused(phone, call, "Failed", on_stdout=False)
    await call.out("Success")
    return 0


def _user_option(phone: Phone, call: Invocation, words: Words) -> int:
    user_id = 0
    while (option := words.option()) is not None:
        if option == "--user":
            user_id = one_user_named(phone, call, words.value(option))
    return user_id


def _package_name(
    phone: Phone, call: Invocation, words: Words, what: str = "no package specified"
) -> str:
    name = words.next()
    if name is None:
        raise pm_refused(phone, call, f"Error: {what}", on_stdout=False)
    return name


def _known(phone: Phone, call: Invocation, name: str, user_id: int = 0) -> PackageRecord:
    record = phone.parts.registry.installed(name, user_id)
    if record is None:
        raise pm_threw(phone, call, "IllegalArgumentException", f"Unknown package: {name}")
    return record


async def grant_or_revoke(phone: Phone, call: Invocation, words: Words, *, grant: bool) -> int:
    """Runtime permissions that the app asks for; all others are refused in the version's words."""
    user_id = _user_option(phone, call, words)
    name = _package_name(phone, call, words)
    permission = words.next()
    if permission is None:
        raise pm_refused(phone, call, "Error: no permission specified", on_stdout=False)
    record = phone.parts.registry.installed(name, user_id)
    if record is None:
        return await _grant_to_nobody(phone, call, name)
    problem = why_unchangeable(permission, record, api=phone.api)
    if problem and is_java(phone, call):
        text = f"Operation not allowed: java.lang.SecurityException: {problem}"
        raise pm_refused(phone, call, text)
    if problem:
        raise pm_threw(phone, call, "SecurityException", problem)
    if permission not in record.requested_permissions:
        return 0  # from 15 on the log alone tells
    state = record.user(user_id)
    held = tuple(p for p in state.runtime_permissions if p != permission)
    changed = replace(state, runtime_permissions=(*held, permission) if grant else held)
    phone.parts.registry.put(record.with_user(user_id, changed))
    await phone.parts.save_packages()
    return 0


async def _grant_to_nobody(phone: Phone, call: Invocation, name: str) -> int:
    """From 11 to 14 the permission manager only logs that there is no such package."""
    if phone.api >= 35:
        await call.error("Error: package not found")
        raise pm_refused(phone, call, "Failure [package not found]")
    if phone.api >= 30:
        return 0
    text = f"Unknown package: {name}"
    if is_java(phone, call):
        raise pm_refused(phone, call, f"Bad argument: java.lang.IllegalArgumentException: {text}")
    raise pm_threw(phone, call, "IllegalArgumentException", text)


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
    user_id = _user_option(phone, call, words)
    name = _package_name(phone, call, words, "no package or component specified")
    record = _known(phone, call, name, user_id)
    state = ENABLED_STATES[verb]
    if call.caller.uid == SHELL_UID and not record.test_only:
        problem = _why_shell_may_not(phone, call, record, state)
        if problem:
            raise pm_threw(phone, call, "SecurityException", problem)
    changed = replace(record.user(user_id), enabled=state)
    phone.parts.registry.put(record.with_user(user_id, changed))
    await phone.parts.save_packages()
    await phone.activities.package_changed(name)
    await call.out(f"Package {name} new state: {STATE_NAMES[state]}")
    return 0


def _why_shell_may_not(phone: Phone, call: Invocation, record: PackageRecord, state: int) -> str:
    """Before 7.0 it lacks the permission; after, it may only choose between enabled, default and
    disabled by the user."""
    if phone.api < 24:
        return (
            f"Permission Denial: attempt to change component state from pid={call.pid}, "
            f"uid={call.caller.uid}, package uid={record.app_id}"
        )
    if state in SHELL_MAY_SET:
        return ""
    component = f"{record.name}/null" if phone.api < 33 else "null"
    return f"Shell cannot change component state for {component} to {state}"


async def enable(phone: Phone, call: Invocation, words: Words) -> int:
    return await set_enabled(phone, call, words, verb="enable")


async def disable(phone: Phone, call: Invocation, words: Words) -> int:
    return await set_enabled(phone, call, words, verb="disable")


async def disable_user(phone: Phone, call: Invocation, words: Words) -> int:
    return await set_enabled(phone, call, words, verb="disable-user")


async def disable_until_used(phone: Phone, call: Invocation, words: Words) -> int:
    return await set_enabled(phone, call, words, verb="disable-until-used")


async def default_state(phone: Phone, call: Invocation, words: Words) -> int:
    return await set_enabled(phone, call, words, verb="default-state")


async def set_installer(phone: Phone, call: Invocation, words: Words) -> int:
    name, installer = words.next(), words.next()
    if name is None or installer is None:
        text = "ust provide both target and installer package names"
        if is_java(phone, call):
            raise pm_threw(phone, call, "IllegalArgumentException", f"m{text}")
        raise pm_refused(phone, call, f"M{text}", on_stdout=False)
    for what, each in (("target", name), ("installer", installer)):
        if phone.parts.registry.present(each) is None:
            text = f"Unknown {what} package: {each}"
            raise pm_threw(phone, call, "IllegalArgumentException", text)
    record = _known(phone, call, name)
    phone.parts.registry.put(replace(record, installer=installer))
    await phone.parts.save_packages()
    await call.out("Success")
    return 0


async def suspend(phone: Phone, call: Invocation, words: Words, *, suspended: bool = True) -> int:
    """From 12 on of several packages at once; one that is not there is told to be as before."""
    user_id = 0
    while (option := words.option()) is not None:
        if option == "--user":
            user_id = one_user_named(phone, call, words.value(option))
        elif option in SUSPEND_EXTRAS and phone.api >= 28:
            words.value(option)
            words.value(option)
        elif option == "--dialogMessage" and phone.api >= 28:
            words.value(option)
        else:
            raise pm_refused(phone, call, f"Error: Unknown option: {option}")
    names = words.rest()[: None if phone.api >= 31 else 1]
    if not names:
        raise pm_refused(phone, call, "Error: package name not specified")
    for name in names:
        record = phone.parts.registry.installed(name, user_id)
        if record is None:
            text = f"java.lang.IllegalArgumentException: Unknown target package: {name}"
            raise pm_refused(phone, call, text)
        changed = replace(record.user(user_id), suspended=suspended)
        phone.parts.registry.put(record.with_user(user_id, changed))
        await call.out(f"Package {name} new suspended state: {str(suspended).lower()}")
    await phone.parts.save_packages()
    return 0


SUSPEND_EXTRAS = frozenset({"--ael", "--aes", "--aed", "--lel", "--les", "--led"})


async def hide(phone: Phone, call: Invocation, words: Words, *, hidden: bool = True) -> int:
    """Root's: the user is as if without it, and its data stays."""
    user_id = _user_option(phone, call, words)
    name = _package_name(phone, call, words, "no package or component specified")
    record = phone.parts.registry.get(name)
    if call.caller.uid == SHELL_UID:
        text = f"Neither user {SHELL_UID} nor current process has android.permission.MANAGE_USERS."
        raise pm_threw(phone, call, "SecurityException", text)
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
