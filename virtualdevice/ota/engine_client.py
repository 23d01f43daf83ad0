"""`update_engine_client` and `bootctl`: the commands of an A/B device's userdebug build.

Source: AOSP system/update_engine, aosp/update_engine_client_android.cc; system/extras/bootctl.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Mapping, Sequence

from virtualdevice.bootloader.flash import SLOTS, Flash
from virtualdevice.ota.apply import Progress
from virtualdevice.ota.engine import Completed, EngineRefused, Request, UpdateEngine
from virtualdevice.seams import ToolCall

__all__ = ["TOOLS", "run_ota_tool"]

TOOLS = ("bootctl", "update_engine_client")
ROOT_UID, SYSTEM_UID = 0, 1000
PREFIX = "[{level}:update_engine_client_android.cc({line})] "
SERVICE_SPECIFIC = -8
FLAGS_SINCE = {
    24: frozenset({"update", "follow", "suspend", "resume", "cancel", "reset_status", "payload",
                   "offset", "size", "headers"}),
    28: frozenset({"perf_mode"}),
    30: frozenset({"verify", "allocate", "metadata", "merge"}),
    34: frozenset({"switch_slot"}),
}  # fmt: skip
DEFAULT_METADATA = "/data/ota_package/metadata"
DEFAULT_PAYLOAD = "http://127.0.0.1:8080/payload"
USAGE = 64
SLOT_VERBS = frozenset(
    {"set-active-boot-slot", "is-slot-bootable", "is-slot-marked-successful", "get-suffix",
     "set-slot-as-unbootable"}
)  # fmt: skip


class _Wrong(Exception):
    """The words are none that it knows."""


async def run_ota_tool(call: ToolCall, *, engine: UpdateEngine, flash: Flash, api: int) -> int:
    """Its exit status. It closes the call's descriptors."""
    try:
        if call.argv[0] == b"bootctl":
            return _bootctl(call, flash)
        return await _client(call, engine, api)
    except BrokenPipeError:
        return 141
    finally:
        for descriptor in {call.stdin, call.stdout, call.stderr}:
            os.close(descriptor)


def _log(call: ToolCall, text: str, *, line: int, level: str = "INFO") -> None:
    prefix = PREFIX.format(level=level, line=line)
    os.write(call.stderr, f"{prefix}{text}\n".encode())


async def _client(call: ToolCall, engine: UpdateEngine, api: int) -> int:
    words = [os.fsdecode(word) for word in call.argv[1:]]
    if not words:
        _log(call, "Nothing to do. Run with --help for help.", line=144, level="ERROR")
        return 1
    try:
        options = _options(words, api)
    except _Wrong as wrong:
        _log(call, str(wrong), line=154, level="ERROR")
        return 1
    if call.caller.uid not in (ROOT_UID, SYSTEM_UID):
        what = "Failed to get IUpdateEngine binder from service manager: "
        denied = "Status(-1, EX_SECURITY): 'SELinux denied.'"
        _log(call, what + denied, line=170, level="ERROR")
        return 1
    try:
        return await _ask(call, engine, options)
    except EngineRefused as refused:
        _log(
            call, f"Status({SERVICE_SPECIFIC}, EX_SERVICE_SPECIFIC): '1: {refused}'",
            line=263, level="ERROR",
        )  # fmt: skip
        return SERVICE_SPECIFIC & 0xFF


def _options(words: Sequence[str], api: int) -> Mapping[str, str]:
    """`--name` and `--name=value`, as this version knows them."""
    known = {name for since, names in FLAGS_SINCE.items() if api >= since for name in names}
    found: dict[str, str] = {}
    for word in words:
        if not word.startswith("-"):
            raise _Wrong(
                f"Found a positional argument '{word}'. If you want to pass a value to a flag, "
                "pass it as --flag=value."
            )
        name, _, value = word.lstrip("-").partition("=")
        if name not in known:
            raise _Wrong(f"ERROR: unknown command line flag '{name}'")
        found[name] = value
    for name in ("offset", "size"):
        if not found.get(name, "0").isdigit():
            raise _Wrong(f"ERROR: illegal value '{found[name]}' specified for int64 flag '{name}'")
    return found


async def _ask(call: ToolCall, engine: UpdateEngine, options: Mapping[str, str]) -> int:
    """In the order in which the client looks at its flags."""
    plain = {
        "suspend": engine.suspend,
        "resume": engine.resume,
        "cancel": engine.cancel,
        "reset_status": engine.reset_status,
    }
    for name, ask in plain.items():
        if _is_on(options, name):
            ask()
            return 0
    metadata = options.get("metadata", DEFAULT_METADATA)
    if options.get("switch_slot"):
        await engine.switch_slot(metadata if _is_on(options, "switch_slot") else None)
        return 0
    if _is_on(options, "verify"):
        fits = await engine.is_applicable(metadata)
        _log(call, f"Payload is {'' if fits else 'not '}applicable.", line=220)
        return 0
    if _is_on(options, "allocate"):
        missing = await engine.allocate(metadata)
        text = f"Insufficient space; required {missing} bytes."
        _log(call, text if missing else "Successfully allocated space for payload.", line=236)
        return 0
    if _is_on(options, "merge"):
        _log(call, "onPayloadApplicationComplete(ErrorCode::kSuccess (0))", line=100)
        return 0
    news: asyncio.Queue[Progress | Completed] = asyncio.Queue()
    follows = _is_on(options, "follow")
    if follows:
        engine.follow(news.put_nowait)
    try:
        if _is_on(options, "update"):
            engine.apply(
                Request(
                    url=options.get("payload", DEFAULT_PAYLOAD),
                    offset=int(options.get("offset", "0")),
                    size_bytes=int(options.get("size", "0")),
                    headers=[h for h in options.get("headers", "").split("\n") if h],
                )
            )
        return await _followed(call, news) if follows else 0
    finally:
        engine.forget(news.put_nowait)


def _is_on(options: Mapping[str, str], name: str) -> bool:
    return options.get(name, "false") in ("", "true", "1")


async def _followed(call: ToolCall, news: asyncio.Queue[Progress | Completed]) -> int:
    while True:
        told = await news.get()
        if isinstance(told, Completed):
            text = f"onPayloadApplicationComplete(ErrorCode::k{told.name} ({told.code}))"
            _log(call, text, line=100)
            return 0 if told.code == 0 else 1
        status = told.status
        text = f"onStatusUpdate(UPDATE_STATUS_{status.name} ({int(status)}), {told.share:g})"
        _log(call, text, line=92)


def _bootctl(call: ToolCall, flash: Flash) -> int:
    """`bootctl VERB [SLOT]`; slots are numbers."""
    words = [os.fsdecode(word) for word in call.argv[1:]]
    verb = words[0] if words else ""
    current = SLOTS.index(flash.state.current_slot)
    if call.caller.uid != ROOT_UID:
        os.write(call.stderr, b"Error getting bootctrl module.\n")
        return 70
    if verb == "get-current-slot":
        return _say(call, str(current))
    if verb == "get-number-slots":
        return _say(call, str(len(SLOTS)))
    if verb == "mark-boot-successful":
        flash.state.slots[flash.state.current_slot].successful = True
        flash.save()
        return 0
    if verb not in SLOT_VERBS or len(words) != 2 or words[1] not in ("0", "1"):
        os.write(call.stderr, b"bootctl - command-line wrapper for the boot HAL.\n")
        return USAGE
    return _about_slot(call, verb, SLOTS[int(words[1])], flash)


def _about_slot(call: ToolCall, verb: str, slot: str, flash: Flash) -> int:
    """Questions about a slot answer with the exit status too: 0 is yes."""
    facts = flash.state.slots[slot]
    asked: Mapping[str, Callable[[], bool]] = {
        "is-slot-bootable": lambda: not facts.unbootable,
        "is-slot-marked-successful": lambda: facts.successful,
    }
    if verb in asked:
        return 0 if asked[verb]() else 70
    if verb == "get-suffix":
        return _say(call, f"_{slot}")
    if verb == "set-active-boot-slot":
        flash.set_active(slot)
    else:
        facts.unbootable = True
        flash.save()
    return 0


def _say(call: ToolCall, text: str) -> int:
    os.write(call.stdout, f"{text}\n".encode())
    return 0
