"""wm, screencap, uiautomator: the screen from the shell."""

from __future__ import annotations

from virtualdevice.system.commands.arguments import CommandRefused, Words, throwing
from virtualdevice.system.commands.old_program import run_old_program
from virtualdevice.system.commands.output_file import write_output
from virtualdevice.system.invocation import Invocation
from virtualdevice.system.phone import Phone

__all__ = ["screencap", "uiautomator", "window"]

WM_USAGE = "usage: wm [subcommand] [options]"
WM_HELP = "Window manager (window) commands:\n  help\n      Print this help text."
KEYGUARD_API, WINDOW_SERVICE_API = 23, 28
LEAST_DENSITY = 72
ROTATION_API, ROTATION_ASKED_API = 29, 31
ROTATION_VERB = {29: "set-user-rotation", 30: "set-user-rotation"}
WM_ACCEPTED = {
    "overscan": range(21, 30), "scaling": range(23, 99), "tracing": range(28, 99),
    "set-fix-to-user-rotation": range(29, 31), "fixed-to-user-rotation": range(31, 99),
    "set-ignore-orientation-request": range(31, 99),
}  # fmt: skip
"""Verbs without any effect that could be seen here, and the versions that know them."""


async def window(phone: Phone, call: Invocation) -> int:
    """`wm size|density|dismiss-keyguard|…`: a program of Java's to 8.1 (Wm.java), a service's
    command after (WindowManagerShellCommand)."""
    if phone.api < WINDOW_SERVICE_API:
        return await run_old_program(call, WM_USAGE, lambda: _window(phone, call))
    with throwing(phone.api, call):
        return await _window(phone, call)


async def _window(phone: Phone, call: Invocation) -> int:
    words = Words(call.arguments)
    verb = words.next()
    if verb == "size":
        return await _size(phone, call, words)
    if verb == "density":
        return await _density(phone, call, words)
    if verb == "dismiss-keyguard" and phone.api >= KEYGUARD_API:
        phone.screen.dismiss_keyguard()
        return 0
    if verb == ROTATION_VERB.get(phone.api, "user-rotation") and phone.api >= ROTATION_API:
        return await _user_rotation(phone, call, words)
    if verb is not None and phone.api in WM_ACCEPTED.get(verb, ()):
        return 0
    if phone.api < WINDOW_SERVICE_API:
        if verb is None:
            await call.out(WM_USAGE)
            return 0
        raise CommandRefused(f"{WM_USAGE}\n\nError: unknown command '{verb}'")
    await call.out(WM_HELP if verb in (None, "help", "-h") else f"Unknown command: {verb}")
    return 255


async def _size(phone: Phone, call: Invocation, words: Words) -> int:
    value, screen, facts = words.next(), phone.screen, phone.personality.screen
    if value == "reset":
        screen.size_override = None
    elif value is not None and value != "-d":
        width, _, height = value.partition("x")
        if not width or not height:
            raise CommandRefused(f"Error: bad size {value}", status=255)
        screen.size_override = (_dimension(phone, width), _dimension(phone, height))
    else:
        lines = [f"Physical size: {facts.width_px}x{facts.height_px}"]
        if screen.size_override:
            lines.append("Override size: {}x{}".format(*screen.size_override))
        await call.out("\n".join(lines))
    return 0


async def _density(phone: Phone, call: Invocation, words: Words) -> int:
    value, screen, facts = words.next(), phone.screen, phone.personality.screen
    if value == "reset":
        screen.density_override = None
    elif value is not None and value != "-d":
        density = _whole(value)
        if density < LEAST_DENSITY:
            raise CommandRefused(f"Error: density must be >= {LEAST_DENSITY}", status=255)
        screen.density_override = density
    else:
        lines = [f"Physical density: {facts.density_dpi}"]
        if screen.density_override:
            lines.append(f"Override density: {screen.density_override}")
        await call.out("\n".join(lines))
    return 0


async def _user_rotation(phone: Phone, call: Invocation, words: Words) -> int:
    """`free`, or `lock` with a number of quarter turns; nothing asks, from 12 on."""
    settings = phone.parts.settings
    asks = phone.api >= ROTATION_ASKED_API
    mode = words.next() if asks else words.demanded()
    if mode == "-d" and asks:
        words.demanded()
        mode = words.next()
    number = words.next()
    if mode is None:
        free = settings.get("system", "accelerometer_rotation") == "1"
        await call.out("free" if free else f"lock {phone.screen.rotation}")
        return 0
    if mode not in ("free", "lock"):
        what = "argument needs to be either -d, free or lock." if asks else ""
        what = what or "lock mode needs to be either free or lock."
        raise CommandRefused(f"Error: {what}", status=255)
    settings.put("system", "accelerometer_rotation", "1" if mode == "free" else "0")
    if mode == "lock":
        turned = number or (str(phone.screen.rotation) if asks else "0")
        settings.put("system", "user_rotation", str(_whole(turned) % 4))
        phone.turn_as_set()
    await settings.save(phone.parts.machine)
    return 0


def _dimension(phone: Phone, text: str) -> int:
    """Pixels, be it that they are given as dp."""
    if not text.endswith("dp"):
        return _whole(text.removesuffix("px"))
    density = phone.screen.density_override or phone.personality.screen.density_dpi
    return _whole(text.removesuffix("dp")) * density // 160


def _whole(text: str) -> int:
    try:
        return int(text)
    except ValueError as error:
        problem = f'java.lang.NumberFormatException: For input string: "{text}"'
        raise CommandRefused(f"Error: bad number {problem}", status=255) from error


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
