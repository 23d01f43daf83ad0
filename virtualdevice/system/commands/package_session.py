"""The session commands behind `adb install-multiple`: create, write, commit, abandon, group.

Source: Pm.java to 8.1, PackageManagerShellCommand from 7.0 on.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from holdfast.apk.decision import Door
from virtualdevice.system.commands.arguments import CommandRefused, Words
from virtualdevice.system.commands.package_install import (
    ParsedOptions,
    exception_head,
    free_bytes,
    need_room,
    read_size,
    report_staged,
)
from virtualdevice.system.invocation import Invocation
from virtualdevice.system.packages.room import writing_problem
from virtualdevice.system.packages.session import Session, SessionError
from virtualdevice.system.packages.sessions import is_valid_file_name
from virtualdevice.system.phone import Phone

__all__ = ["abandon", "add_session", "commit", "create", "remove_split", "write"]

APK_LIMIT_BYTES = 2 << 30
Verb = Callable[[Phone, Invocation, Words], Awaitable[int]]


async def create(phone: Phone, call: Invocation, words: Words) -> int:
    parsed = ParsedOptions(words, phone=phone)
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
        problem = SessionError("NumberFormatException", f'For input string: "{text}"')
        raise _thrown(phone, call, problem) from error


def _thrown(phone: Phone, call: Invocation, problem: SessionError) -> CommandRefused:
    """How an exception of the service reaches the person: by Java's `pm` to 8.1, ShellCommand
    to 10 (which tells SecurityException apart) and BasicShellCommandHandler from 11 on."""
    api, text = phone.api, f"java.lang.{problem.kind}: {problem}"
    if api < 24 or (api < 28 and call.name == "pm"):
        return CommandRefused(f"Error: {text}", status=1 if api >= 22 else 0)
    if api < 30 and problem.kind == "SecurityException":
        return CommandRefused(f"Security exception: {problem}\n\n{text}", status=255)
    verb = call.arguments[0]
    return CommandRefused(f"\n{exception_head(api, verb)}\n{text}", status=255)


def _throwing(verb: Verb) -> Verb:
    """A verb whose service may throw at the shell."""

    async def shown(phone: Phone, call: Invocation, words: Words) -> int:
        try:
            return await verb(phone, call, words)
        except SessionError as problem:
            raise _thrown(phone, call, problem) from problem

    return shown


@_throwing
async def write(phone: Phone, call: Invocation, words: Words) -> int:
    """`install-write [-S BYTES] SESSION NAME [PATH|-]`."""
    size_bytes = -1
    while (option := words.option()) is not None:
        if option != "-S":
            raise CommandRefused(f"Unknown option: {option}")
        size_bytes = read_size(words.value(option))
    session = await _session(phone, call, words)
    name = words.required("Error: split name required")
    path = words.next() or "-"
    if not is_valid_file_name(name):
        raise SessionError("IllegalArgumentException", f"Invalid name: {name}")
    if path == "-":
        if size_bytes < 0:
            article = "an" if phone.api >= 30 else "a"
            raise CommandRefused(f"Error: must specify {article} APK size")
        await _need_room_to_write(phone, size_bytes)
        data = await call.read(size_bytes)
        if len(data) < size_bytes:
            raise CommandRefused(f"Error: failed to write; expected {size_bytes} bytes")
    else:
        try:
            data = await phone.parts.files.read(call.path(path), limit_bytes=APK_LIMIT_BYTES)
        except OSError as error:
            raise CommandRefused(f"Error: failed to write; {error}") from error
        await _need_room_to_write(phone, len(data))
    try:
        await phone.sessions.write(session, name, data)
    except FileNotFoundError as error:
        raise CommandRefused(f"Error: failed to write; {error.strerror}") from error
    await call.out(f"Success: streamed {len(data)} bytes")
    return 0


async def _need_room_to_write(phone: Phone, size_bytes: int) -> None:
    free = await free_bytes(phone)
    if size_bytes > free:
        problem = writing_problem(phone.api, size_bytes, free)
        raise CommandRefused(f"Error: failed to write; {problem}")


@_throwing
async def remove_split(phone: Phone, call: Invocation, words: Words) -> int:
    session = await _session(phone, call, words)
    await phone.sessions.remove_split(session, words.required("Error: split name not specified"))
    await call.out("Success")
    return 0


@_throwing
async def commit(phone: Phone, call: Invocation, words: Words) -> int:
    waits = True
    while (option := words.option()) is not None:
        if option == "--staged-ready-timeout":
            waits = words.value(option) != "0"
        elif option in ("--wait", "--no-wait"):
            waits = option == "--wait"
    session = await _session(phone, call, words)
    answer = await phone.sessions.commit(
        session, door=Door.SESSION_SHELL, caller_uid=call.caller.uid
    )
    return await report_staged(phone, call, answer, session.id, waits=waits)


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
