"""logcat and log."""

from __future__ import annotations

import asyncio

from virtualdevice.system.commands.arguments import Words
from virtualdevice.system.invocation import Invocation
from virtualdevice.system.log_buffer import LogFormat, LogLine, Priorities, format_line
from virtualdevice.system.phone import Phone

__all__ = ["log", "logcat"]

DEFAULT_BUFFERS = ("main", "system", "crash")
ALL_BUFFERS = ("main", "system", "crash", "events", "radio")
LEVELS = {"v": "V", "d": "D", "i": "I", "w": "W", "e": "E", "f": "F"}
POLL_S = 0.25


class LogcatOptions:
    def __init__(self, words: Words, *, api: int) -> None:
        self.dump = self.clear = self.sizes = self.silent = False
        self.buffers: tuple[str, ...] = ()
        self.format = LogFormat.THREADTIME if api >= 24 else LogFormat.BRIEF
        self.last: int | None = None
        filters: list[str] = []
        while len(words):
            word = words.next() or ""
            if word.startswith("-"):
                self._take(word, words)
            else:
                filters += word.split()
        self.buffers = self.buffers or DEFAULT_BUFFERS
        self.priorities = Priorities(filters, silent=self.silent)

    def _take(self, word: str, words: Words) -> None:
        name, _, inline = word.partition("=") if word.startswith("--") else (word, "", "")
        if name in ("-d", "--dump"):
            self.dump = True
        elif name in ("-c", "--clear"):
            self.clear = True
        elif name in ("-g", "--buffer-size"):
            self.sizes = True
        elif name == "-s":
            self.silent = True
        elif name in ("-b", "--buffer"):
            self._add_buffers(inline or words.value(word))
        elif name in ("-v", "--format"):
            self._set_format(inline or words.value(word))
        elif name in ("-t", "-T", "--tail"):
            value = inline or words.value(word)
            self.dump = self.dump or name == "-t"
            self.last = int(value) if value.isdigit() else None
        elif name in ("--pid", "-e", "--regex", "-m", "-n", "-r", "-f", "-G"):
            _ = inline or words.value(word)

    def _add_buffers(self, names: str) -> None:
        wanted = ALL_BUFFERS if "all" in names.split(",") else tuple(names.split(","))
        wanted = tuple(
            n for name in wanted for n in (DEFAULT_BUFFERS if name == "default" else (name,))
        )
        self.buffers = (*self.buffers, *wanted)

    def _set_format(self, name: str) -> None:
        if name in set(LogFormat):
            self.format = LogFormat(name)


async def logcat(phone: Phone, call: Invocation) -> int:
    """Prints what is there; without -d it follows until the reader goes away."""
    options = LogcatOptions(Words(call.arguments), api=phone.api)
    buffer = phone.parts.log
    if options.clear:
        buffer.clear(options.buffers)
        return 0
    if options.sizes:
        for name in options.buffers:
            await call.out(
                f"{name}: ring buffer is 256Kb (1Kb consumed), max entry is 5120b, "
                "max payload is 4076b"
            )
        return 0
    started: set[str] = set()
    count = buffer.count
    lines = [line for line in buffer.lines(options.buffers) if options.priorities.admit(line)]
    await _print(call, lines[-options.last :] if options.last else lines, options, started)
    while not options.dump:
        await _wait(phone, call)
        if call.caller_is_gone:
            return 0
        lines = buffer.lines(options.buffers, since_count=count)
        count = buffer.count
        lines = [line for line in lines if options.priorities.admit(line)]
        await _print(call, lines, options, started)
    return 0


async def _wait(phone: Phone, call: Invocation) -> None:
    """Until something is written, looking from time to time whether anybody reads on."""
    while not call.caller_is_gone:
        try:
            await asyncio.wait_for(phone.parts.log.wait_for_more(), POLL_S)
        except TimeoutError:
            continue
        return


async def _print(
    call: Invocation, lines: list[LogLine], options: LogcatOptions, started: set[str]
) -> None:
    text = []
    for line in lines:
        if line.buffer not in started:
            started.add(line.buffer)
            text.append(f"--------- beginning of {line.buffer}")
        text.append(format_line(line, options.format))
    if text:
        await call.out("\n".join(text))


async def log(phone: Phone, call: Invocation) -> int:
    """`log [-p LEVEL] [-t TAG] TEXT…`."""
    words = Words(call.arguments)
    level, tag = "I", "log"
    while (option := words.option()) is not None:
        if option == "-p":
            level = LEVELS.get(words.value(option).lower()[:1], "I")
        elif option == "-t":
            tag = words.value(option)
    phone.parts.log.write(tag, " ".join(words.rest()), level=level, pid=call.pid)
    return 0
