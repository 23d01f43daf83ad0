"""`am` and `cmd activity`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace

from virtualdevice.system.activities import Intent, full_class
from virtualdevice.system.commands.activity_users import USER_VERBS
from virtualdevice.system.commands.arguments import CommandRefused, Words
from virtualdevice.system.commands.intents import StartOptions, read_intent
from virtualdevice.system.commands.user_words import user_named, user_option
from virtualdevice.system.invocation import Invocation
from virtualdevice.system.language import resource_qualifier
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
    user_id = user_named(phone, options.user)
    if user_id is None:
        raise CommandRefused("Error: Can't start service with user 'all'")
    record = _target(phone, intent, user_id)
    if record is None:
        return await _not_started(phone, call, intent)
    if options.stop_first:
        await phone.activities.stop_package(record.name, user_id)
    await phone.activities.open_package(record, user_id)
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


def _target(phone: Phone, intent: Intent, user_id: int) -> PackageRecord | None:
    """The app whose launcher activity an intent means; other activities are not modelled. Before
    the first unlock the package manager knows only what can do without CE storage."""
    registry = phone.parts.registry
    if not phone.user_controller.is_unlocked(user_id):
        return None
    if intent.component:
        package, name = full_class(intent.component)
        record = registry.installed(package, user_id)
        if record is not None and phone.activities.launcher_activity(record) == name:
            return record
        return None
    if intent.package:
        record = registry.installed(intent.package, user_id)
        return record if record is not None and record.launcher_activity else None
    return None


async def force_stop(phone: Phone, call: Invocation, words: Words) -> int:
    chosen = user_option(phone, words, default=None)
    name = words.required("Error: Argument required")
    record = phone.parts.registry.present(name)
    if record is None:
        return 0
    for user_id in record.user_ids if chosen is None else (chosen,):
        await phone.activities.stop_package(name, user_id)
        current = phone.parts.registry.get(name) or record
        if current.user(user_id).installed:
            stopped = replace(current.user(user_id), stopped=True)
            phone.parts.registry.put(current.with_user(user_id, stopped))
    return 0


async def kill(phone: Phone, call: Invocation, words: Words) -> int:
    chosen = user_option(phone, words, default=None)
    name = words.required("Error: Argument required")
    if phone.screen.top_activity.package != name:  # only what is in the background
        for user_id in phone.parts.users.ids if chosen is None else (chosen,):
            await phone.activities.processes.kill(name, user_id)
    return 0


async def broadcast(phone: Phone, call: Invocation, words: Words) -> int:
    intent = read_intent(words, StartOptions())
    shown = replace(intent, flags=intent.flags | 0x400000) if phone.api >= 26 else intent
    await call.out(f"Broadcasting: {shown}")
    result, data = phone.deliver_broadcast(intent)
    await call.out(f"Broadcast completed: result={result}" + (f', data="{data}"' if data else ""))
    return 0


async def get_config(phone: Phone, call: Invocation, words: Words) -> int:
    abis = ",".join(phone.personality.build.abi_list)
    config = f"{resource_qualifier(phone.personality.locale)}-port-notnight-v{phone.api}"
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
    user_verb, since = USER_VERBS.get(verb, (None, 0))
    if user_verb is not None and phone.api >= since:
        return await user_verb(phone, call, words)
    if verb not in VERBS:
        text = f"Error: unknown command '{verb}'" if phone.api < 26 else f"Unknown command: {verb}"
        await call.error(text)
        return 1 if phone.api < 26 else 255
    return await VERBS[verb](phone, call, words)
