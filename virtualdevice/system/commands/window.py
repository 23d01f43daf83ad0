"""input, wm, screencap, uiautomator: the screen from the shell."""

from __future__ import annotations

import asyncio

from virtualdevice.system.commands.arguments import CommandRefused, Words
from virtualdevice.system.commands.output_file import write_output
from virtualdevice.system.invocation import Invocation
from virtualdevice.system.phone import Phone
from virtualdevice.system.screen.keys import key_code

__all__ = ["input_events", "screencap", "uiautomator", "window"]

SOURCES = frozenset(
    [
        "dpad",
        "keyboard",
        "mouse",
        "touchpad",
        "gamepad",
        "touchnavigation",
        "joystick",
        "touchscreen",
        "stylus",
        "trackball",
        "gesture",
    ]
)


async def input_events(phone: Phone, call: Invocation) -> int:
    """`input [SOURCE] text|keyevent|tap|swipe|draganddrop|motionevent|press …`."""
    words = Words([word for word in call.arguments if word not in SOURCES])
    verb = words.next()
    fingers = phone.fingers
    if verb == "text":
        fingers.type_text(words.required("Error: Invalid arguments").replace("%s", " "))
    elif verb == "keyevent":
        for word in [w for w in words.rest() if not w.startswith("--")]:
            code = key_code(word)
            if code is None:
                raise CommandRefused(f"Error: Invalid arguments for command: {verb}")
            fingers.press(code)
    elif verb == "tap":
        x, y = (_pixels(word) for word in words.rest()[:2])
        fingers.tap(x, y)
    elif verb in ("swipe", "draganddrop"):
        numbers = [_pixels(word) for word in words.rest()]
        if len(numbers) < 4:
            raise CommandRefused(f"Error: Invalid arguments for command: {verb}")
        fingers.swipe((numbers[0], numbers[1]), (numbers[2], numbers[3]))
    elif verb in ("press", "roll", "motionevent", "keycombination"):
        words.rest()
    else:
        await call.error("Usage: input [<source>] <command> [<arg>...]")
        return 1 if phone.api >= 24 else 0
    await asyncio.sleep(0)
    return 0


def _pixels(word: str) -> int:
    try:
        return round(float(word))
    except ValueError as error:
        raise CommandRefused(f"Error: Invalid arguments: {word}") from error


async def window(phone: Phone, call: Invocation) -> int:
    """`wm size|density|dismiss-keyguard|…`."""
    words = Words(call.arguments)
    verb = words.next()
    screen, facts = phone.screen, phone.personality.screen
    if verb == "size":
        value = words.next()
        if value == "reset":
            screen.size_override = None
        elif value is not None:
            width, _, height = value.partition("x")
            screen.size_override = (_pixels(width), _pixels(height))
        else:
            lines = [f"Physical size: {facts.width_px}x{facts.height_px}"]
            if screen.size_override:
                lines.append("Override size: {}x{}".format(*screen.size_override))
            await call.out("\n".join(lines))
        return 0
    if verb == "density":
        value = words.next()
        if value == "reset":
            screen.density_override = None
        elif value is not None:
            screen.density_override = _pixels(value)
        else:
            lines = [f"Physical density: {facts.density_dpi}"]
            if screen.density_override:
                lines.append(f"Override density: {screen.density_override}")
            await call.out("\n".join(lines))
        return 0
    if verb == "dismiss-keyguard" and phone.api < 23:
        raise CommandRefused(f"Error: unknown command '{verb}'")
    if verb == "dismiss-keyguard":
        screen.dismiss_keyguard()
    return 0


async def screencap(phone: Phone, call: Invocation) -> int:
    """A PNG with -p or for a name that ends so; else width, height, format and RGBA. Of a file that
    it could open it does not care what becomes (screencap.cpp)."""
    as_png, path = False, None
    words = Words(call.arguments)
    while (option := words.option()) is not None:
        if option in ("-p", "-j"):
            as_png = True
        elif option == "-d":
            words.value(option)
    path = words.next()
    data = (
        phone.picture_png()
        if as_png or (path or "").endswith(".png")
        else phone.picture_raw(colour_space=phone.api >= 26)
    )
    if path is None:
        await call.write(data)
        return 0
    await _write_file(phone, call, path, data)
    return 0


async def _write_file(phone: Phone, call: Invocation, path: str, data: bytes) -> bool:
    """Whether there was room for it."""
    try:
        return await write_output(phone, call, path, data)
    except OSError as error:
        raise CommandRefused(f"Error opening file: {path} ({error.strerror})") from error


async def uiautomator(phone: Phone, call: Invocation) -> int:
    """`uiautomator dump [--compressed] [FILE]`."""
    words, log = Words(call.arguments), phone.parts.log
    if words.next() != "dump":
        await call.error("Usage: uiautomator <subcommand> [options]")
        return 1
    while words.option() is not None:
        continue
    default = "/sdcard/window_dump.xml"
    path = words.next() or default
    xml = phone.screen.hierarchy(pretty=False, active_only=True, visible_flag=False)
    if path == "/dev/tty":
        await call.write(xml + "UI hierchary dumped to: /dev/tty\n")
        return 0
    if not await _write_file(phone, call, path, xml.encode("utf-8")):
        # AccessibilityNodeInfoDumper tells nobody else.
        log.write("AccessibilityNodeInfoDumper", "failed to dump window to file", level="E")
    shown = "/storage/emulated/legacy/window_dump.xml" if phone.api < 23 else default
    await call.out(f"UI hierchary dumped to: {shown if path == default else path}")
    return 0
