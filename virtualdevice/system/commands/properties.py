"""getprop and setprop."""

from __future__ import annotations

from virtualdevice.seams import BootMode
from virtualdevice.system.invocation import SHELL_UID, Invocation
from virtualdevice.system.phone import Phone
from virtualdevice.system.properties import PropertyRefused, reboot_mode

__all__ = ["getprop", "setprop"]

SHELL_MAY_SET = (
    "debug.",
    "log.",
    "persist.log.",
    "persist.sys.",
    "persist.debug.",
    "test.",
    "sys.",
)


async def getprop(phone: Phone, call: Invocation) -> int:
    """All as `[name]: [value]`, or one value; an absent one is an empty line or the default."""
    arguments = [word for word in call.arguments if word not in ("-T", "-Z")]
    if arguments:
        default = arguments[1] if len(arguments) > 1 else ""
        await call.out(phone.parts.properties.get(arguments[0], default) + "\n")
        return 0
    lines = [f"[{name}]: [{value}]" for name, value in phone.parts.properties.items()]
    await call.out("\n".join(lines))
    return 0


async def setprop(phone: Phone, call: Invocation) -> int:
    if len(call.arguments) != 2:
        await call.error("usage: setprop NAME VALUE")
        return 1
    name, value = call.arguments
    allowed = call.caller.uid != SHELL_UID or name.startswith(SHELL_MAY_SET)
    if name == "sys.powerctl" and call.caller.uid == 0:
        action, _, target = value.partition(",")
        mode = BootMode.OFF if action == "shutdown" else reboot_mode(target or "system")
        phone.parts.machine.request_reboot(mode)
        return 0
    try:
        if not allowed:
            raise PropertyRefused(name)
        phone.parts.properties.set(name, value)
    except PropertyRefused:
        if phone.api < 26:
            return 0  # the toolbox of the time asked init and never heard of its refusal
        await call.error(f"Failed to set property '{name}' to '{value}'.")
        return 1
    if name.startswith("persist."):
        await phone.parts.properties.save(phone.parts.machine)
    return 0
