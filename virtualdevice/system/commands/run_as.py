"""run-as: a debuggable app's own uid, for the shell user.

Source: system/core/run-as of each release (run-as.c and package.c to 7.1, run-as.cpp after).
"""

from __future__ import annotations

import re

from virtualdevice.seams import Credentials
from virtualdevice.system.commands.arguments import CommandRefused
from virtualdevice.system.invocation import ROOT_UID, SHELL_UID, Invocation
from virtualdevice.system.packages.records import PER_USER_RANGE, PackageRecord, uid_of
from virtualdevice.system.phone import Phone

__all__ = ["run_as"]

FIRST_APP = 10000
USERS_API = 23
CPP_API = 26
"""From then on the texts are others; up to 9 it looks for each user's data in user 0's place."""
EXPLAINS_API = 29
LARGEST_UID = 0x7FFFFFFF
TEXTS = {
    "unknown": ("Package '{name}' is unknown", "unknown package: {name}"),
    "system": ("Package '{name}' is not an application", "package not an application: {name}"),
    "closed": ("Package '{name}' is not debuggable", "package not debuggable: {name}"),
    "corrupt": (
        "Package '{name}' has corrupt installation",
        "package has corrupt installation: {name}",
    ),
    "negative": ("Negative user id {user} is provided", "negative user id: {user}"),
    "too big": ("User id {user} is too big", "user id too big: {user}"),
}
"""Before 8.0, and since."""


async def run_as(phone: Phone, call: Invocation) -> int:
    """`run-as PACKAGE [--user U] [COMMAND…]`; the exit status is the command's."""
    arguments = list(call.arguments)
    if not arguments:
        await call.error(_usage(phone.api))
        return 1
    if call.caller.uid not in (ROOT_UID, SHELL_UID):
        raise CommandRefused("run-as: only 'shell' or 'root' users can run this program")
    name = arguments.pop(0)
    user_id = 0
    if arguments[:1] == ["--user"] and len(arguments) > 1 and phone.api >= USERS_API:
        user_id = _number(phone, arguments[1])
        arguments = arguments[2:]
    credentials = await _credentials(phone, name, call.caller, user_id)
    command = [word.encode("utf-8", "surrogateescape") for word in arguments]
    directory = phone.parts.storage.credential_directory(name, user_id)
    shown = f"/data/user/{user_id}/{name}" if phone.api >= CPP_API else directory
    child = await phone.parts.machine.spawn(
        command or [b"/system/bin/sh"],
        credentials=credentials,
        cwd=directory.encode(),
        environment=_environment(shown, credentials.uid),
        stdin=call.stdin,
        stdout=call.stdout,
        stderr=call.stderr,
    )
    return await child.wait()


def _usage(api: int) -> str:
    words = "run-as <package-name> [--user <uid>] <command> [<args>]"
    if api >= CPP_API:
        return f"run-as: usage: {words}\n"
    if api >= USERS_API:
        return f"run-as: Usage:\n    {words}"
    return f"run-as: Usage: {words.replace('[--user <uid>] ', '')}\n"


def _refused(phone: Phone, what: str, **facts: object) -> CommandRefused:
    text = TEXTS[what][phone.api >= CPP_API]
    return CommandRefused(f"run-as: {text.format(**facts)}")


def _number(phone: Phone, word: str) -> int:
    """atoi."""
    found = re.match(r"\s*([+-]?\d+)", word)
    user_id = int(found[1]) if found else 0
    if user_id < 0:
        raise _refused(phone, "negative", user=user_id)
    if user_id > LARGEST_UID // PER_USER_RANGE:
        raise _refused(phone, "too big", user=user_id)
    return user_id


def _environment(home: str, uid: int) -> dict[bytes, bytes]:
    user_id, app_id = divmod(uid, PER_USER_RANGE)
    user = f"u{user_id}_a{app_id - FIRST_APP}"
    return {
        b"PATH": b"/sbin:/vendor/bin:/system/sbin:/system/bin:/system/xbin",
        b"HOME": home.encode(),
        b"TMPDIR": b"/data/local/tmp",
        b"ANDROID_ROOT": b"/system",
        b"ANDROID_DATA": b"/data",
        b"EXTERNAL_STORAGE": b"/sdcard",
        b"SHELL": b"/system/bin/sh",
        b"USER": user.encode(),
        b"LOGNAME": user.encode(),
        b"LC_ALL": b"C.UTF-8",
    }


async def _credentials(phone: Phone, name: str, caller: Credentials, user_id: int) -> Credentials:
    record = phone.parts.registry.present(name)
    if record is None:
        raise _refused(phone, "unknown", name=name)
    if record.app_id < FIRST_APP:
        raise _refused(phone, "system", name=name)
    if not record.debuggable:
        raise _refused(phone, "closed", name=name)
    await _check_directory(phone, record, user_id)
    uid = uid_of(user_id, record.app_id)
    groups = caller.groups if caller.uid == SHELL_UID else (1015, 3003)
    return Credentials(uid=uid, gid=uid, groups=groups)


async def _check_directory(phone: Phone, record: PackageRecord, user_id: int) -> None:
    """The data directory has to be there and the app's own. It is looked for by a path that names
    no other user before 10 (`Fix run-as for non-owner users`)."""
    place = 0 if CPP_API <= phone.api < EXPLAINS_API else user_id
    uid = uid_of(user_id, record.app_id)
    stat = await phone.parts.files.stat(
        phone.parts.storage.credential_directory(record.name, place)
    )
    missing = stat is None or not phone.user_controller.is_unlocked(place)
    if not missing and stat is not None and stat.uid == uid:
        return
    if phone.api < EXPLAINS_API:
        raise _refused(phone, "corrupt", name=record.name)
    shown = f"/data/user/{user_id}/{record.name}"
    if missing or stat is None:
        raise CommandRefused(f"run-as: couldn't stat {shown}: No such file or directory")
    wrong = f"{stat.uid}/{stat.gid}, not {uid}"
    raise CommandRefused(f"run-as: {shown} has wrong owner: {wrong}")
