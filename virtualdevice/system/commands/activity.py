"""`am` and `cmd activity`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace

from virtualdevice.system.activities import Intent, full_class
from virtualdevice.system.commands.arguments import CommandRefused, Words
from virtualdevice.system.commands.intents import StartOptions, read_intent
from virtualdevice.system.invocation import Invocation
from virtualdevice.system.packages.records import PackageRecord
from virtualdevice.system.phone import Phone

__all__ = ["run_activity"]

HOME = "android.intent.category.HOME"
NEW_TASK = 0x10000000


async def start(phone: Phone, call: Invocation, words: Words) -> int:
    options = StartOptions()
    intent = read_intent(words, options)
    await call.out(f"Starting: {intent}")
    if HOME in intent.categories:
        phone.screen.go_home()
        return 0
    opened = await phone.open_document(intent)
    if opened:
        return await _started(phone, call, options)
    record = _target(phone, intent)
    if record is None:
        return await _not_started(phone, call, intent)
    if options.stop_first:
        await phone.activities.stop_package(record.name)
    await phone.activities.open_package(record)
    return await _started(phone, call, options)


async def _started(phone: Phone, call: Invocation, options: StartOptions) -> int:
    if options.wait:
        top = phone.screen.top_activity
        lines = ["Status: ok"]
        if phone.api >= 29:
            lines.append("LaunchState: COLD")
        lines.append(f"Activity: {top.component}")
        lines += ["ThisTime: 183"] if phone.api < 29 else []
        lines += ["TotalTime: 183", "WaitTime: 207", "Complete"]
        await call.out("\n".join(lines))
    return 0


async def _not_started(phone: Phone, call: Invocation, intent: Intent) -> int:
    if intent.component:
        package, name = full_class(intent.component)
        text = f"Error type 3\nError: Activity class {{{package}/{name}}} does not exist."
    else:
        unresolved = replace(intent, flags=intent.flags | NEW_TASK)
        shown = str(unresolved).removeprefix("Intent ")
        text = f"Error: Activity not started, unable to resolve Intent {shown}"
    if phone.api < 24:
        await call.out(text)
        return 0
    await call.error(text)
    return 1


def _target(phone: Phone, intent: Intent) -> PackageRecord | None:
    """The app whose launcher activity an intent means; other activities are not modelled."""
    registry = phone.parts.registry
    if intent.component:
        package, name = full_class(intent.component)
        record = registry.installed(package)
        if record is not None and phone.activities.launcher_activity(record) == name:
            return record
        return None
    if intent.package:
        record = registry.installed(intent.package)
        return record if record is not None and record.launcher_activity else None
    return None


async def force_stop(phone: Phone, call: Invocation, words: Words) -> int:
    while (option := words.option()) is not None:
        if option == "--user":
            words.value(option)
    name = words.required("Error: Argument required")
    record = phone.parts.registry.installed(name)
    await phone.activities.stop_package(name)
    if record is not None:
        phone.parts.registry.put(record.with_user(0, replace(record.user(), stopped=True)))
    return 0


async def kill(phone: Phone, call: Invocation, words: Words) -> int:
    while (option := words.option()) is not None:
        if option == "--user":
            words.value(option)
    name = words.required("Error: Argument required")
    if phone.screen.top_activity.package != name:  # only what is in the background
        await phone.activities.processes.kill(name)
    return 0


async def broadcast(phone: Phone, call: Invocation, words: Words) -> int:
    intent = read_intent(words, StartOptions())
    shown = replace(intent, flags=intent.flags | 0x400000) if phone.api >= 26 else intent
    await call.out(f"Broadcasting: {shown}")
    result, data = phone.deliver_broadcast(intent)
    await call.out(f"Broadcast completed: result={result}" + (f', data="{data}"' if data else ""))
    return 0


async def get_current_user(phone: Phone, call: Invocation, words: Words) -> int:
    if phone.api < 24:
        raise CommandRefused("Error: unknown command 'get-current-user'")
    await call.out("0")
    return 0


async def started_user_state(phone: Phone, call: Invocation, words: Words) -> int:
    user = words.required("Error: Argument required")
    if user != "0":
        await call.out("User is not started: " + user)
        return 0
    await call.out("RUNNING_LOCKED" if phone.credential_storage_locked else "RUNNING_UNLOCKED")
    return 0


async def get_config(phone: Phone, call: Invocation, words: Words) -> int:
    language, _, region = phone.personality.locale.partition("-")
    abis = ",".join(phone.personality.build.abi_list)
    config = f"{language}-r{region}-port-notnight-v{phone.api}"
    await call.out(f"config: {config}\nabi: {abis}")
    return 0


async def instrument(phone: Phone, call: Invocation, words: Words) -> int:
    component = words.rest()[-1] if len(words) else ""
    package, name = full_class(component)
    await call.out(
        "INSTRUMENTATION_STATUS: id=ActivityManagerService\n"
        "INSTRUMENTATION_STATUS: Error=Unable to find instrumentation info for: "
        f"ComponentInfo{{{package}/{name}}}\n"
        "INSTRUMENTATION_STATUS_CODE: -1"
    )
    await call.error(f"android.util.AndroidException: INSTRUMENTATION_FAILED: {package}/{name}")
    return 1 if phone.api >= 24 else 0


async def nothing(phone: Phone, call: Invocation, words: Words) -> int:
    words.rest()
    return 0


Verb = Callable[[Phone, Invocation, Words], Awaitable[int]]
VERBS: dict[str, Verb] = {
    "start": start,
    "start-activity": start,
    "force-stop": force_stop,
    "kill": kill,
    "kill-all": nothing,
    "broadcast": broadcast,
    "get-current-user": get_current_user,
    "get-started-user-state": started_user_state,
    "get-config": get_config,
    "instrument": instrument,
    "startservice": nothing,
    "start-service": nothing,
    "wait-for-broadcast-idle": nothing,
    "idle-maintenance": nothing,
}


async def run_activity(phone: Phone, call: Invocation) -> int:
    words = Words(call.arguments)
    verb = words.next()
    if verb is None:
        await call.error("usage: am [subcommand] [options]")
        return 1
    if verb not in VERBS:
        text = f"Error: unknown command '{verb}'" if phone.api < 26 else f"Unknown command: {verb}"
        await call.error(text)
        return 1 if phone.api < 26 else 255
    return await VERBS[verb](phone, call, words)
