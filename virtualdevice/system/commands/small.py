"""Small commands: ime, svc, monkey, appops, service, reboot, and the like."""

from __future__ import annotations

import os
import time

from virtualdevice.seams import BootMode
from virtualdevice.system.commands.arguments import CommandRefused, Words
from virtualdevice.system.commands.dumpsys import MORE_SERVICES, SERVICES
from virtualdevice.system.invocation import ROOT_UID, SHELL_UID, Invocation
from virtualdevice.system.phone import Phone
from virtualdevice.system.properties import reboot_mode

__all__ = ["ime", "monkey", "reboot", "service", "svc"]

FIRST_SET_TIME_API = 28
INPUT_METHODS = ("com.android.inputmethod.latin/.LatinIME",)


async def reboot(phone: Phone, call: Invocation) -> int:
    """`reboot [-p] [MODE]`; init is asked, so an app cannot."""
    if call.caller.uid not in (ROOT_UID, SHELL_UID):
        raise CommandRefused("reboot: Operation not permitted")
    words = Words(call.arguments)
    mode = BootMode.SYSTEM
    while (option := words.option()) is not None:
        if option != "-p":
            raise CommandRefused("usage: reboot [-p] [rebootcommand]")
        mode = BootMode.OFF
    target = words.next()
    if target:
        mode = reboot_mode(target)
    phone.parts.machine.request_reboot(mode)
    return 0


async def svc(phone: Phone, call: Invocation) -> int:
    """`svc power|wifi|data|usb|nfc|bluetooth …`."""
    arguments = list(call.arguments)
    if arguments[:2] == ["power", "reboot"]:
        target = arguments[2] if len(arguments) > 2 else "system"
        phone.parts.machine.request_reboot(reboot_mode(target))
    elif arguments[:2] == ["power", "shutdown"]:
        phone.parts.machine.request_reboot(BootMode.OFF)
    elif arguments[:2] == ["power", "stayon"]:
        value = {"true": "7", "false": "0", "usb": "2", "ac": "1"}.get("".join(arguments[2:3]), "7")
        phone.parts.settings.put("global", "stay_on_while_plugged_in", value)
    elif arguments[:1] == ["wifi"]:
        on = "1" if "enable" in arguments else "0"
        phone.parts.settings.put("global", "wifi_on", on)
    elif not arguments:
        await call.error("Available commands:\n    help\n    power\n    data\n    wifi\n    usb")
        return 1
    return 0


async def ime(phone: Phone, call: Invocation) -> int:
    words = Words(call.arguments)
    verb = words.next()
    settings = phone.parts.settings
    if verb == "list":
        await call.out("\n".join(INPUT_METHODS))
    elif verb in ("enable", "set"):
        name = words.required("Error: no input method ID specified")
        if name not in INPUT_METHODS:
            state = "enabled" if verb == "enable" else "selected"
            await call.out(f"Unknown input method {name} cannot be {state} for user #0")
            return 0 if phone.api < 24 else 1
        if verb == "set":
            settings.put("secure", "default_input_method", name)
            await settings.save(phone.parts.machine)
        await call.out(f"Input method {name}: now {'enabled' if verb == 'enable' else 'selected'}")
    elif verb in ("disable", "reset"):
        await call.out(f"Input method {words.next() or INPUT_METHODS[0]}: now disabled")
    return 0


async def monkey(phone: Phone, call: Invocation) -> int:
    """`monkey -p PACKAGE [-c CATEGORY] COUNT`: opens the app, and does nothing wild."""
    words = Words(call.arguments)
    name = None
    while (option := words.option()) is not None:
        if option == "-p":
            name = words.value(option)
        elif option in ("-c", "-s", "--throttle") or option.startswith("--pct-"):
            words.value(option)
    user_id = phone.user_controller.current_id
    record = phone.parts.registry.installed(name, user_id) if name else None
    if record is None or not record.launcher_activity:
        await call.error("** No activities found to run, monkey aborted.")
        return 252
    await phone.activities.open_package(record, user_id)
    elapsed = "elapsed time=32ms (0ms mobile, 0ms wifi, 32ms not connected)"
    await call.out(f"Events injected: 1\n## Network stats: {elapsed}")
    return 0


async def service(phone: Phone, call: Invocation) -> int:
    """`service list` and `service check NAME`."""
    names = sorted({*SERVICES, *MORE_SERVICES})
    arguments = list(call.arguments)
    if arguments[:1] == ["list"]:
        lines = [f"{n}\t{name}: [android.os.I{name}]" for n, name in enumerate(names)]
        await call.out("\n".join([f"Found {len(names)} services:", *lines]))
    elif arguments[:1] == ["check"] and len(arguments) > 1:
        found = arguments[1] in names and phone.booted
        await call.out(f"Service {arguments[1]}: {'found' if found else 'not found'}")
    else:
        await call.error(
            "Usage: service [-h|-?]\n       service list\n       service check SERVICE"
        )
        return 10
    return 0


async def start_or_stop(phone: Phone, call: Invocation) -> int:
    """Root's `start` and `stop` of init services; without a name the whole framework."""
    if call.caller.uid != ROOT_UID:
        raise CommandRefused("Must be root")
    return 0


async def date(phone: Phone, call: Invocation) -> int:
    """toybox's own, with the time that this phone believes in."""
    words = [b"/system/bin/toybox", b"date", *(os.fsencode(word) for word in call.arguments)]
    if abs(phone.parts.clock() - time.time()) >= 1:
        words[2:2] = [b"-d", b"@%d" % phone.parts.clock()]
    child = await phone.parts.machine.spawn(
        words,
        credentials=call.caller,
        stdin=call.stdin,
        stdout=call.stdout,
        stderr=call.stderr,
    )
    return await child.wait()


async def alarm(phone: Phone, call: Invocation) -> int:
    """AlarmManagerService's own; the shell may set the clock since its package holds SET_TIME."""
    if phone.api < FIRST_SET_TIME_API:
        await call.error("No shell command implementation.")
        return 0
    words = Words(call.arguments)
    verb = words.next()
    if verb == "set-time":
        text = words.next()
        if text is None:
            text = 'java.lang.IllegalArgumentException: Argument expected after "set-time"'
        elif text.isascii() and text.isdigit():
            phone.set_clock(int(text) / 1000)
            return 0
        else:
            text = f'java.lang.NumberFormatException: For input string: "{text}"'
        await call.out(text)
        return 255
    if verb in (None, "help"):
        await call.out("Alarm manager service (alarm) commands:")
    else:
        await call.out(f"Unknown command: {verb}")
    return 255


async def getenforce(phone: Phone, call: Invocation) -> int:
    await call.out("Enforcing" if phone.api >= 23 else "Disabled")
    return 0


async def nothing(phone: Phone, call: Invocation) -> int:
    """Accepted, without any effect that could be seen here."""
    return 0


async def bugreport(phone: Phone, call: Invocation) -> int:
    if call.name == "bugreportz" and "-v" in call.arguments:
        await call.error("1.1")
        return 0
    await call.error("FAIL:bug reports are not available")
    return 1
