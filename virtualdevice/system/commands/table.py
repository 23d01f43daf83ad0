"""Which commands this Android has, and what runs each."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping

from virtualdevice.system.commands import (
    activity,
    appops,
    dumpsys,
    input_events,
    locksettings,
    logcat,
    package,
    properties,
    providers,
    run_as,
    screenrecord,
    settings,
    small,
    users,
    window,
)
from virtualdevice.system.commands.arguments import CommandRefused
from virtualdevice.system.invocation import Invocation
from virtualdevice.system.phone import Phone
from virtualdevice.system.uiserver.command import app_process

__all__ = ["BEFORE_BOOT", "commands_of", "run_command"]

Command = Callable[[Phone, Invocation], Awaitable[int]]

EVERYWHERE: dict[str, Command] = {
    "pm": package.run_package,
    "am": activity.run_activity,
    "settings": settings.run_settings,
    "getprop": properties.getprop,
    "setprop": properties.setprop,
    "run-as": run_as.run_as,
    "input": input_events.input_events,
    "wm": window.window,
    "screencap": window.screencap,
    "uiautomator": window.uiautomator,
    "dumpsys": dumpsys.dumpsys,
    "logcat": logcat.logcat,
    "log": logcat.log,
    "svc": small.svc,
    "ime": small.ime,
    "monkey": small.monkey,
    "appops": appops.appops,
    "content": providers.content,
    "service": small.service,
    "reboot": small.reboot,
    "start": small.start_or_stop,
    "stop": small.start_or_stop,
    "getenforce": small.getenforce,
    "setenforce": small.nothing,
    "restorecon": small.nothing,
    "app_process": app_process,
    "bugreportz": small.bugreport,
    "screenrecord": screenrecord.screenrecord,
}
CMD_SERVICES: dict[str, Command] = {
    "package": package.run_package,
    "activity": activity.run_activity,
    "settings": settings.run_settings,
    "appops": appops.appops,
    "window": window.window,
    "statusbar": small.nothing,
    "notification": small.nothing,
    "power": small.nothing,
    "wifi": small.nothing,
    "overlay": small.nothing,
    "role": providers.role,
    "device_config": small.nothing,
    "uimode": small.nothing,
    "lock_settings": locksettings.lock_settings,
    "user": users.cmd_user,
    "testharness": small.nothing,
    "alarm": small.alarm,
}
BEFORE_BOOT = frozenset(
    {"getprop", "setprop", "logcat", "log", "reboot", "start", "stop", "cmd", "date"}
)


# Seconds that commands take where each of them starts a Java machine (recorded from an emulated
# Android 5.1.1); the others are programs of their own.
SLOW_S = {
    "am": 0.9, "content": 0.9, "input": 1.1, "monkey": 1.0, "pm": 0.6, "settings": 1.0, "svc": 1.1,
    "wm": 0.9, "screencap": 0.8, "dumpsys": 0.15,
}  # fmt: skip


async def cmd(phone: Phone, call: Invocation) -> int:
    """`cmd SERVICE WORDS…` (from 7.0)."""
    if not call.arguments:
        await call.error("cmd: No service specified; use -l to list all services")
        return 20
    name = call.arguments[0]
    if name == "-l":
        await call.out(
            "\n".join(["Currently running services:", *(f"  {s}" for s in CMD_SERVICES)])
        )
        return 0
    if name not in CMD_SERVICES or not phone.booted:
        await call.error(f"cmd: Can't find service: {name}")
        return 20
    call.arguments = call.arguments[1:]
    return await CMD_SERVICES[name](phone, call)


def commands_of(api: int) -> Mapping[str, Command]:
    """By name; older Androids have fewer."""
    found = dict(EVERYWHERE)
    if api >= 23:
        found["date"] = small.date
    if api >= 24:
        found["cmd"] = cmd
    if api >= 26:
        found["locksettings"] = locksettings.lock_settings
    if api >= 28:
        found["device_config"] = small.nothing
    return found


async def run_command(phone: Phone, call: Invocation) -> int:
    """Its exit status; a reader that went away ends a command quietly, as SIGPIPE would."""
    command = commands_of(phone.api).get(call.name)
    try:
        if command is None:
            await call.error(f"{call.name}: not found")
            return 127
        if not phone.booted and call.name not in BEFORE_BOOT:
            await call.error("Error: Could not access the Package Manager.  Is the system running?")
            return 1
        if "system_server_hangs" in phone.until_reboot:
            await asyncio.Event().wait()
        if phone.defects.has("slow_phone"):
            await asyncio.sleep(SLOW_S.get(call.name, 0.05))
        return await command(phone, call)
    except CommandRefused as refused:
        await refused.tell(call)
        return refused.status
    except BrokenPipeError:
        return 141
