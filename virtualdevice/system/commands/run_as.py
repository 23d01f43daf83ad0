"""run-as: a debuggable app's own uid, for the shell user.

Source: system/core/run-as (run-as.c to 5.1, run-as.cpp after).
"""

from __future__ import annotations

from virtualdevice.seams import Credentials
from virtualdevice.system.commands.arguments import CommandRefused
from virtualdevice.system.invocation import ROOT_UID, SHELL_UID, Invocation
from virtualdevice.system.packages.records import PER_USER_RANGE, uid_of
from virtualdevice.system.phone import Phone

__all__ = ["run_as"]

FIRST_APP, LAST_APP = 10000, 19999


async def run_as(phone: Phone, call: Invocation) -> int:
    """`run-as PACKAGE [--user U] [COMMAND…]`; the exit status is the command's."""
    arguments = list(call.arguments)
    if not arguments:
        usage = "run-as <package-name> [--user <uid>] <command> [<args>]"
        await call.error(f"Usage:\n    {usage}" if phone.api < 24 else f"usage: {usage}")
        return 1
    if call.caller.uid not in (ROOT_UID, SHELL_UID):
        who = "only 'shell' or 'root' users can run this program"
        await call.error(f"run-as: {who}")
        return 1
    name = arguments.pop(0)
    user_id = 0
    if arguments[:1] == ["--user"]:
        user_id = _user(phone, arguments[1] if len(arguments) > 1 else "")
        arguments = arguments[2:]
    credentials = await _credentials(phone, name, call.caller, user_id)
    command = [word.encode("utf-8", "surrogateescape") for word in arguments]
    directory = phone.parts.storage.credential_directory(name, user_id)
    shown = f"/data/user/{user_id}/{name}" if phone.api >= 26 else directory
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


def _user(phone: Phone, word: str) -> int:
    """`--user` came with 7.0; before, it is what is to be run."""
    if not word.isdigit() or phone.parts.users.get(int(word)) is None:
        raise CommandRefused(f"run-as: bad user id: {word}")
    return int(word)


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
    old = phone.api < 28
    record = phone.parts.registry.installed(name, user_id)
    if record is None:
        problem = f"Package '{name}' is unknown" if old else f"unknown package: {name}"
        raise CommandRefused(f"run-as: {problem}")
    if not FIRST_APP <= record.app_id <= LAST_APP:
        problem = f"Package '{name}' is not an application"
        raise CommandRefused(f"run-as: {problem if old else f'package not an application: {name}'}")
    if not record.debuggable:
        problem = f"Package '{name}' is not debuggable"
        raise CommandRefused(f"run-as: {problem if old else f'package not debuggable: {name}'}")
    uid = uid_of(user_id, record.app_id)
    await _check_directory(phone, name, user_id, uid=uid)
    groups = caller.groups if caller.uid == SHELL_UID else (1015, 3003)
    return Credentials(uid=uid, gid=uid, groups=groups)


async def _check_directory(phone: Phone, name: str, user_id: int, *, uid: int) -> None:
    """The data directory has to be there and the app's own."""
    old = phone.api < 28
    directory = phone.parts.storage.credential_directory(name, user_id)
    shown = f"/data/user/{user_id}/{name}"
    stat = await phone.parts.files.stat(directory)
    if not phone.user_controller.is_unlocked(user_id) or stat is None:
        corrupt = f"Package '{name}' has corrupt installation"
        new = f"couldn't stat {shown}: No such file or directory"
        raise CommandRefused(f"run-as: {corrupt if old else new}")
    if stat.uid == uid:
        return
    if phone.api >= 30:
        wrong = f"{stat.uid}/{stat.gid}, not {uid}"
        raise CommandRefused(f"run-as: {shown} has wrong owner: {wrong}")
    corrupt = f"Package '{name}' has corrupt installation"
    new = f"package has corrupt installation: {name}"
    raise CommandRefused(f"run-as: {corrupt if old else new}")
