"""The `appops` command: AppOpsCommand.java to 6.0, AppOpsService's own from 7.0 on."""

from __future__ import annotations

from dataclasses import replace

from virtualdevice.system.commands.arguments import CommandRefused, Words, throwing
from virtualdevice.system.commands.old_program import run_old_program
from virtualdevice.system.commands.user_words import user_named
from virtualdevice.system.invocation import SHELL_UID, Invocation
from virtualdevice.system.phone import Phone

__all__ = ["appops"]

SERVICE_API = 24
USAGE = "usage: adb shell appops set [--user USER_ID] PACKAGE OP MODE"
HELP = "AppOps service (appops) commands:\n  help\n    Print this help text."
MODES = ("allow", "deny", "ignore", "default", "foreground")


async def appops(phone: Phone, call: Invocation) -> int:
    """`appops get|set|reset PACKAGE [OP [MODE]]`."""
    if phone.api < SERVICE_API:
        return await run_old_program(call, USAGE, lambda: _appops(phone, call))
    with throwing(phone.api, call):
        return await _appops(phone, call)


async def _appops(phone: Phone, call: Invocation) -> int:
    words = Words(call.arguments)
    verb = words.next()
    if verb == "reset":
        return await _reset(phone)
    if verb in ("get", "set"):
        return await _get_or_set(phone, call, words, changes=verb == "set")
    if phone.api < SERVICE_API:
        raise CommandRefused(USAGE)
    await call.out(HELP if verb in (None, "help", "-h") else f"Unknown command: {verb}")
    return 255


async def _reset(phone: Phone) -> int:
    for each in phone.parts.registry:
        states = {n: replace(state, app_ops={}) for n, state in each.users.items()}
        phone.parts.registry.put(replace(each, users=states))
    await phone.parts.save_packages()
    return 0


async def _get_or_set(phone: Phone, call: Invocation, words: Words, *, changes: bool) -> int:
    user_id: int | None = phone.user_controller.current_id
    given: list[str] = []
    while (word := words.next()) is not None:
        if word == "--user":
            user_id = user_named(phone, words.demanded())
        else:
            given.append(word)
    for what, needed in (("Package name", True), ("Operation", changes), ("Mode", changes)):
        place = ("Package name", "Operation", "Mode").index(what)
        if needed and len(given) <= place:
            raise CommandRefused(f"Error: {what} not specified.", status=255)
    name, operation, mode = (*given, None, None)[:3]
    record = phone.parts.registry.installed(name or "", user_id or 0)
    if record is None:
        raise CommandRefused(f"Error: No UID for {name} in user {user_id}", status=255)
    if phone.api < 23 and not changes and call.caller.uid == SHELL_UID:
        raise CommandRefused(
            "java.lang.SecurityException: uid 2000 does not have "
            "android.permission.GET_APP_OPS_STATS."
        )
    state = record.user(user_id or 0)
    if changes and operation is not None and mode is not None:
        if mode not in MODES and not mode.isdigit():
            raise CommandRefused(f"Error: Mode {mode} is not valid", status=255)
        changed = replace(state, app_ops={**state.app_ops, operation: mode})
        phone.parts.registry.put(record.with_user(user_id or 0, changed))
        await phone.parts.save_packages()
        return 0
    ops = [f"{op}: {how}" for op, how in state.app_ops.items() if operation in (None, op)]
    await call.out("\n".join(ops) if ops else "No operations.")
    return 0
