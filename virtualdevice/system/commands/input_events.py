"""The `input` command.

Sources: Input.java of 6.0, 10 and 11, InputShellCommand from 12 on.
"""

from __future__ import annotations

import asyncio

from virtualdevice.system.commands.arguments import CommandRefused, IllegalArgument, Words, throwing
from virtualdevice.system.commands.old_program import run_old_program
from virtualdevice.system.invocation import Invocation
from virtualdevice.system.phone import Phone
from virtualdevice.system.screen.keys import key_code

__all__ = ["input_events"]

SOURCES = frozenset(
    """dpad keyboard mouse touchpad gamepad touchnavigation joystick touchscreen stylus trackball
    gesture""".split()  # noqa: SIM905
)
SINCE = {
    "text": 21, "keyevent": 21, "tap": 21, "swipe": 21, "press": 21, "roll": 21,
    "draganddrop": 26, "motionevent": 29, "keycombination": 31,
}  # fmt: skip
BASE_COMMAND_API, SERVICE_API = 29, 31
USAGE = "Usage: input [<source>] <command> [<arg>...]"
OLD_USAGE = "usage: input ..."


async def input_events(phone: Phone, call: Invocation) -> int:
    """`input [SOURCE] [-d DISPLAY] text|keyevent|tap|swipe|draganddrop|motionevent|press …`."""
    if phone.api >= SERVICE_API:
        return await _by_service(phone, call)
    return await run_old_program(call, USAGE, lambda: _by_java(phone, call))


async def _by_service(phone: Phone, call: Invocation) -> int:
    """Even what it does not know ends with status 0."""
    with throwing(phone.api, call):
        verb = await _run(phone, Words(call.arguments))
    if verb is None:
        return 0
    await call.out(USAGE if verb in ("", "help", "-h") else f"Unknown command: {verb}")
    return 0


async def _by_java(phone: Phone, call: Invocation) -> None:
    words = Words(call.arguments)
    try:
        verb = await _run(phone, words)
    except IllegalArgument as problem:
        if phone.api >= BASE_COMMAND_API:
            raise
        name = next(word for word in call.arguments if word not in SOURCES)
        text = f"Error: Invalid arguments for command: {name}"
        raise CommandRefused(f"{text}\n{OLD_USAGE}") from problem
    if verb == "":
        await call.error(OLD_USAGE)
    elif verb is not None and phone.api >= BASE_COMMAND_API:
        raise IllegalArgument(f"Error: Unknown command: {verb}")
    elif verb is not None:
        raise CommandRefused(f"Error: Unknown command: {verb}\n{OLD_USAGE}")


async def _run(phone: Phone, words: Words) -> str | None:
    """None if it was done, else the verb that is not known."""
    verb = words.next() or ""
    if verb in SOURCES:
        verb = words.demanded()
    if verb == "-d" and phone.api >= BASE_COMMAND_API:
        words.demanded()
        verb = words.demanded()
    if SINCE.get(verb, 99) > phone.api:
        return verb
    _do(phone, verb, words)
    await asyncio.sleep(0)
    return None


def _do(phone: Phone, verb: str, words: Words) -> None:
    fingers = phone.fingers
    if verb == "text":
        fingers.type_text(words.demanded().replace("%s", " "))
    elif verb == "keyevent":
        _keys(phone, words)
    elif verb == "tap":
        fingers.tap(_pixels(verb, words), _pixels(verb, words))
    elif verb in ("swipe", "draganddrop"):
        x1, y1, x2, y2 = (_pixels(verb, words) for _ in range(4))
        if len(words):
            _pixels(verb, words)  # the time that it takes
        fingers.swipe((x1, y1), (x2, y2))


def _keys(phone: Phone, words: Words) -> None:
    """A key that nobody knows is KEYCODE_UNKNOWN: pressed, and without effect."""
    names = [words.demanded()]
    while names[-1].startswith("--"):
        names.append(words.demanded())
    names += words.rest()
    for name in names:
        code = None if name.startswith("--") else key_code(name)
        if code is not None:
            phone.fingers.press(code)


def _pixels(verb: str, words: Words) -> int:
    word = words.demanded()
    try:
        return round(float(word))
    except ValueError as error:
        raise IllegalArgument(f"Error: Invalid arguments for command: {verb}") from error
