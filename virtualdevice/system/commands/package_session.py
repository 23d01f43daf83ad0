"""The session commands behind `adb install-multiple`: create, write, commit, abandon, group.

Source: Pm.java to 8.1, PackageManagerShellCommand from 7.0 on.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from holdfast.apk.decision import Door
from virtualdevice.system.commands.arguments import CommandRefused, IllegalArgument, Words
from virtualdevice.system.commands.package_install import (
    ParsedOptions,
    free_bytes,
    need_room,
    read_size,
    report_staged,
)
from virtualdevice.system.commands.package_words import is_java, pm_refused, pm_threw
from virtualdevice.system.invocation import Invocation
from virtualdevice.system.packages.answers import InstallAnswer
from virtualdevice.system.packages.room import writing_problem
from virtualdevice.system.packages.session import Session, SessionError
from virtualdevice.system.packages.sessions import is_valid_file_name
from virtualdevice.system.phone import Phone

__all__ = ["abandon", "add_session", "commit", "create", "remove_split", "write"]

APK_LIMIT_BYTES = 2 << 30
SERVICE_API, PATHS_API, SHELL_OPENS_API, WAITING_API, AN_APK_API = 24, 26, 28, 30, 34
Verb = Callable[[Phone, Invocation, Words], Awaitable[int]]


async def create(phone: Phone, call: Invocation, words: Words) -> int:
    parsed = ParsedOptions(phone, call, words)
    await need_room(phone, call, "install-create", parsed.size_bytes)
    session = await phone.sessions.create(
        parsed.options, owner_uid=call.caller.uid, size_bytes=parsed.size_bytes
    )
    await call.out(f"Success: created install session [{session.id}]")
    return 0


async def _session(phone: Phone, call: Invocation, words: Words) -> Session:
    number = _number(phone, call, words.required("Error: Session id required"))
    return await phone.sessions.open(number, caller_uid=call.caller.uid)


def _number(phone: Phone, call: Invocation, text: str) -> int:
    """Integer.parseInt."""
    try:
        return int(text)
    except ValueError as error:
        raise SessionError("NumberFormatException", f'For input string: "{text}"') from error


def _throwing(verb: Verb) -> Verb:
    """A verb whose service may throw at the shell."""

    async def shown(phone: Phone, call: Invocation, words: Words) -> int:
        try:
            return await verb(phone, call, words)
        except SessionError as problem:
            raise pm_threw(phone, call, problem.kind, str(problem)) from problem

    return shown


@_throwing
async def write(phone: Phone, call: Invocation, words: Words) -> int:
    """`install-write [-S BYTES] SESSION NAME [PATH|-]`. A stream that ends early is written as far
    as it goes; the commit finds it out."""
    size_bytes = -1
    while (option := words.option()) is not None:
        if option != "-S":
            raise IllegalArgument(f"Unknown option: {option}")
        size_bytes = read_size(phone, call, words.value(option))
    session = await _session(phone, call, words)
    name = words.required("Error: split name required")
    path = words.next() or "-"
    if not is_valid_file_name(name):
        raise SessionError("IllegalArgumentException", f"Invalid name: {name}")
    data, size_bytes = await _written(phone, call, path, size_bytes)
    try:
        await phone.sessions.write(session, name, data)
    except FileNotFoundError as error:
        raise _not_written(phone, call, error.strerror) from error
    shown = len(data) if phone.api < SHELL_OPENS_API else size_bytes
    await call.out(f"Success: streamed {shown} bytes")
    return 0


def _not_written(phone: Phone, call: Invocation, why: object) -> CommandRefused:
    """`cmd package` of 7.0 to 8.1 says it on stdout."""
    text = f"Error: failed to write; {why}"
    return pm_refused(phone, call, text, on_stdout=phone.api < SHELL_OPENS_API)


async def _written(phone: Phone, call: Invocation, path: str, size_bytes: int) -> tuple[bytes, int]:
    """What is to be written, and how much that is said to be."""
    old = phone.api < SHELL_OPENS_API
    if path != "-":
        if phone.api < PATHS_API and not is_java(phone, call):
            raise pm_refused(phone, call, "Error: APK content must be streamed")
        try:
            data = await phone.parts.files.read(call.path(path), limit_bytes=APK_LIMIT_BYTES)
        except OSError as error:
            if old:
                raise _not_written(phone, call, f"{path} ({error.strerror})") from error
            hint = "Consider using a file under /data/local/tmp/"
            text = f"Error: Unable to open file: {path}\n{hint}"
            raise pm_refused(phone, call, text, status=255, on_stdout=False) from error
        size_bytes = len(data)
    if size_bytes <= 0 and not is_java(phone, call):
        article = "an" if phone.api >= AN_APK_API else "a"
        raise pm_refused(phone, call, f"Error: must specify {article} APK size", on_stdout=old)
    await _need_room_to_write(phone, call, size_bytes)
    return (data if path != "-" else await call.read(max(0, size_bytes))), size_bytes


async def _need_room_to_write(phone: Phone, call: Invocation, size_bytes: int) -> None:
    free = await free_bytes(phone)
    if size_bytes > free:
        raise _not_written(phone, call, writing_problem(phone.api, size_bytes, free))


@_throwing
async def remove_split(phone: Phone, call: Invocation, words: Words) -> int:
    session = await _session(phone, call, words)
    name = words.next()
    if name is None:
        raise pm_refused(phone, call, "Error: split name not specified")
    await phone.sessions.remove_split(session, name)
    await call.out("Success")
    return 0


@_throwing
async def commit(phone: Phone, call: Invocation, words: Words) -> int:
    waits = True
    while phone.api >= WAITING_API and (option := words.option()) is not None:
        if option == "--staged-ready-timeout" and phone.api > WAITING_API:
            waits = words.value(option) != "0"
        elif phone.api > WAITING_API:
            raise IllegalArgument(f"Unknown option: {option}")
        elif option in ("--wait", "--no-wait"):
            waits = option == "--wait"
    session = await _session(phone, call, words)
    answer = await phone.sessions.commit(
        session, door=Door.SESSION_SHELL, caller_uid=call.caller.uid
    )
    if not answer.succeeded and SERVICE_API <= phone.api < WAITING_API:
        raise _with_its_status(phone, call, answer)
    return await report_staged(phone, call, answer, session.id, waits=waits)


def _with_its_status(phone: Phone, call: Invocation, answer: InstallAnswer) -> CommandRefused:
    """From 7.0 to 10 the public status is the command's own."""
    line = answer.line(phone.api, by_session=True)
    return CommandRefused(line, status=answer.status, on_stdout=not is_java(phone, call))


@_throwing
async def abandon(phone: Phone, call: Invocation, words: Words) -> int:
    await phone.sessions.abandon(await _session(phone, call, words))
    await call.out("Success")
    return 0


@_throwing
async def add_session(phone: Phone, call: Invocation, words: Words) -> int:
    """`install-add-session PARENT CHILD…` (from 10)."""
    parent_id = _number(phone, call, words.required("Error: Session id required"))
    children = [_number(phone, call, text) for text in words.rest()]
    if not children:
        await call.out("Error: At least two sessions are required.")
        return 1
    parent = await phone.sessions.open(parent_id, caller_uid=call.caller.uid)
    if not parent.options.multi_package:
        await call.error("Error: parent session ID is not a multi-package session")
        return 1
    for child_id in children:
        await phone.sessions.add_child(parent, child_id)
    await call.out("Success")
    return 0
