"""`am` and `cmd activity`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from enum import Enum

from virtualdevice.system.activities import Intent, full_class, short_component
from virtualdevice.system.commands.activity_users import USER_VERBS
from virtualdevice.system.commands.arguments import CommandRefused, Words, throwing
from virtualdevice.system.commands.intents import StartOptions, read_intent
from virtualdevice.system.commands.old_program import run_old_program
from virtualdevice.system.commands.user_words import user_named
from virtualdevice.system.invocation import Invocation
from virtualdevice.system.language import resource_qualifier
from virtualdevice.system.packages.records import PackageRecord
from virtualdevice.system.phone import Phone
from virtualdevice.system.screen.surface import SurfaceKind

__all__ = ["run_activity"]

HOME = "android.intent.category.HOME"
NEW_TASK = 0x10000000


async def start(phone: Phone, call: Invocation, words: Words) -> int:
    options = StartOptions()
    intent = read_intent(words, options)
    user_id = user_named(phone, options.user)
    if user_id is None:
        raise CommandRefused("Error: Can't start service with user 'all'")
    record = _target(phone, intent, user_id)
    if options.stop_first and (intent.component or record is not None):
        name = record.name if record is not None else full_class(intent.component)[0]
        await call.out(f"Stopping: {name}")
        await phone.activities.stop_package(name, user_id)
    await call.out(f"Starting: {intent}")
    if HOME in intent.categories:
        phone.screen.go_home()
        return 0
    if await phone.open_document(intent):
        return await _started(phone, call, options, Launch.COLD)
    if record is None:
        return await _not_started(phone, call, intent, options)
    launch = _launch(phone, record.name, user_id)
    await phone.activities.open_package(record, user_id)
    return await _started(phone, call, options, launch)


class Launch(Enum):
    """How an activity came to the front."""

    COLD = "COLD"
    WARM = "WARM"
    HOT = "HOT"
    NONE = "UNKNOWN (0)"
    """It was there already."""


def _launch(phone: Phone, name: str, user_id: int) -> Launch:
    """Of a task that is there only what is shown changes (ActivityStarter: standard launch mode,
    the same intent as the task's)."""
    for surface in phone.screen.surfaces[1:]:
        same = (surface.package, surface.user_id) == (name, user_id)
        if same and surface.kind is SurfaceKind.ACTIVITY:
            return Launch.NONE if surface is phone.screen.top_activity else Launch.HOT
    runs = phone.activities.processes.pid_of(name, user_id) is not None
    return Launch.WARM if runs else Launch.COLD


TO_FRONT = "Warning: Activity not started, its current task has been brought to the front"
DELIVERED = (
    "Warning: Activity not started, intent has been delivered to currently running top-most "
    "instance."
)


async def _started(phone: Phone, call: Invocation, options: StartOptions, launch: Launch) -> int:
    """Warnings go where -W's answer goes, without -W to stderr."""
    if launch in (Launch.HOT, Launch.NONE):
        told_apart = phone.api >= TOP_TOLD_API and launch is Launch.NONE
        await _tell(call, options, DELIVERED if told_apart else TO_FRONT)
    if options.wait:
        total = {Launch.COLD: 183, Launch.WARM: 97, Launch.HOT: 61, Launch.NONE: 0}[launch]
        lines = ["Status: ok"]
        if phone.api >= LAUNCH_STATE_API:
            lines.append(f"LaunchState: {launch.value}")
        lines.append(f"Activity: {short_component(phone.screen.top_activity.component)}")
        lines += [f"ThisTime: {total}"] if phone.api < NO_THIS_TIME_API else []
        lines += [f"TotalTime: {total}", f"WaitTime: {total + 24}", "Complete"]
        await call.out("\n".join(lines))
    return 0


async def _tell(call: Invocation, options: StartOptions, text: str) -> None:
    await (call.out(text) if options.wait else call.error(text))


async def _not_started(
    phone: Phone, call: Invocation, intent: Intent, options: StartOptions
) -> int:
    """Only from 15 on does the status tell."""
    if intent.component:
        package, name = full_class(intent.component)
        text = f"Error type 3\nError: Activity class {{{package}/{name}}} does not exist."
    else:
        unresolved = replace(intent, flags=intent.flags | NEW_TASK)
        shown = str(unresolved).removeprefix("Intent ")
        text = f"Error: Activity not started, unable to resolve Intent {shown}"
    await _tell(call, options, text)
    return 1 if phone.api >= START_STATUS_API else 0


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


def _user(phone: Phone, words: Words) -> int | None:
    """That of `--user`, None for all of them; other options are not known."""
    user_id = None
    while (option := words.option()) is not None:
        if option != "--user":
            raise CommandRefused(f"Error: Unknown option: {option}", status=255)
        user_id = user_named(phone, words.value(option))
    return user_id


async def force_stop(phone: Phone, call: Invocation, words: Words) -> int:
    chosen = _user(phone, words)
    name = words.demanded()
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
    chosen = _user(phone, words)
    name = words.demanded()
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


async def start_service(phone: Phone, call: Invocation, words: Words) -> int:
    """Services are not modelled: one of an installed app is taken to be there."""
    options = StartOptions()
    intent = read_intent(words, options)
    user_id = user_named(phone, options.user)
    if user_id is None:
        raise CommandRefused("Error: Can't start activity with user 'all'", status=255)
    await call.out(f"Starting service: {intent}")
    name = full_class(intent.component)[0] if intent.component else intent.package
    if name is None or phone.parts.registry.installed(name, user_id) is None:
        raise CommandRefused("Error: Not found; no service started.", status=255)
    return 0


async def wait_for_broadcasts(phone: Phone, call: Invocation, words: Words) -> int:
    while (option := words.option()) is not None:
        if option != "--flush-broadcast-loopers" or phone.api < 34:
            raise CommandRefused(f"Error: Unknown option: {option}", status=255)
    await call.out("All broadcast queues are idle!")
    return 0


async def nothing(phone: Phone, call: Invocation, words: Words) -> int:
    words.rest()
    return 0


Verb = Callable[[Phone, Invocation, Words], Awaitable[int]]
VERBS: dict[str, tuple[Verb, int]] = {
    "start": (start, 21),
    "start-activity": (start, 26),
    "force-stop": (force_stop, 21),
    "kill": (kill, 21),
    "kill-all": (nothing, 21),
    "broadcast": (broadcast, 21),
    "get-config": (get_config, 21),
    "instrument": (instrument, 21),
    "startservice": (start_service, 21),
    "start-service": (start_service, 26),
    "start-foreground-service": (start_service, 26),
    "wait-for-broadcast-idle": (wait_for_broadcasts, 26),
    "idle-maintenance": (nothing, 21),
    **USER_VERBS,
}
"""By name, with the version that brought each."""
SERVICE_API = 26
"""From then on `am` is `cmd activity`; before it is Java's own and ends with status 0."""
NO_THIS_TIME_API, LAUNCH_STATE_API, TOP_TOLD_API, START_STATUS_API = 28, 29, 28, 35
USAGE = "usage: am [subcommand] [options]"
HELP = "Activity manager (activity) commands:\n  help\n      Print this help text."


async def run_activity(phone: Phone, call: Invocation) -> int:
    if call.name != "am" or phone.api >= SERVICE_API:
        return await _by_service(phone, call)
    if call.arguments[:1] == ["instrument"]:
        return await _by_java(phone, call)
    return await run_old_program(call, USAGE, lambda: _by_java(phone, call))


def _verb(phone: Phone, name: str) -> Verb | None:
    verb, since = VERBS.get(name, (None, 0))
    return verb if phone.api >= since else None


async def _by_java(phone: Phone, call: Invocation) -> int:
    words = Words(call.arguments)
    name = words.next()
    verb = _verb(phone, name or "")
    if name is None:
        await call.out(USAGE)
        return 0
    if verb is None:
        raise CommandRefused(f"{USAGE}\n\nError: unknown command '{name}'")
    return await verb(phone, call, words)


async def _by_service(phone: Phone, call: Invocation) -> int:
    words = Words(call.arguments)
    name = words.next()
    verb = _verb(phone, name or "")
    if name in (None, "help", "-h"):
        await call.out(HELP)
        return 255
    if verb is None or (phone.api < SERVICE_API and name not in FIRST_OF_SERVICE):
        await call.out(f"Unknown command: {name}")
        return 255
    with throwing(phone.api, call):
        return await verb(phone, call, words)


FIRST_OF_SERVICE = ("force-stop", "kill", "kill-all", "is-user-stopped")
"""What `cmd activity` of 7 knows."""
