"""logcat and log."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Callable
from datetime import UTC, datetime

from virtualdevice.system.commands.arguments import CommandRefused, Words
from virtualdevice.system.commands.output_file import write_output
from virtualdevice.system.invocation import Invocation
from virtualdevice.system.log_buffer import LogFormat, LogLine, Priorities, format_line
from virtualdevice.system.phone import Phone

__all__ = ["log", "logcat"]

DEFAULT_BUFFERS = ("main", "system", "crash")
ALL_BUFFERS = ("main", "system", "crash", "events", "radio")
OTHER_BUFFERS = ("kernel", "security", "stats")
LEVELS = {"v": "V", "d": "D", "i": "I", "w": "W", "e": "E", "f": "F"}
POLL_S = 0.25


FORMATS = frozenset(LogFormat)
MODIFIERS = frozenset(
    "color colour descriptive epoch monotonic printable uid usec UTC year zone".split()  # noqa: SIM905
)
"""What may stand beside a format; nothing of it changes what is printed here."""
TIME = re.compile(r"(?:(\d{4})-)?(\d\d)-(\d\d) (\d\d):(\d\d):(\d\d(?:\.\d+)?)")
SIZE = re.compile(r"(\d+)([kKmMgG]?)")
UNITS = {"": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30}
FLAGS = {
    "-d": "dump", "--dump": "dump", "-c": "clear", "--clear": "clear", "-g": "sizes",
    "--buffer-size": "sizes", "-s": "silent", "-S": "statistics", "--statistics": "statistics",
    "-p": "statistics", "--prune": "statistics", "-L": "last_kernel", "--last": "last_kernel",
    "-D": "", "--dividers": "", "-B": "", "--binary": "", "--print": "", "--wrap": "",
}  # fmt: skip
KIBIBYTES_API = 30


def _wrong(text: str) -> CommandRefused:
    return CommandRefused(f"logcat: {text}")


class LogcatOptions:
    """What logcat was asked for (logcat.cpp)."""

    def __init__(self, words: Words, *, api: int, now_s: float) -> None:
        self.flags: set[str] = set()
        self.buffers: tuple[str, ...] = ()
        self.format = LogFormat.THREADTIME if api >= 24 else LogFormat.BRIEF
        self.last: int | None = None
        self.since_s = 0.0
        self.most: int | None = None
        self.pid: int | None = None
        self.pattern: re.Pattern[str] | None = None
        self.new_size_bytes = 0
        self.file = ""
        self._now_s = now_s
        filters: list[str] = []
        while len(words):
            word = words.next() or ""
            if word.startswith("-"):
                self._take(word, words)
            else:
                filters += word.split()
        self.buffers = self.buffers or DEFAULT_BUFFERS
        self.priorities = Priorities(filters, silent="silent" in self.flags)

    def _take(self, word: str, words: Words) -> None:
        name, equals, inline = word.partition("=") if word.startswith("--") else (word, "", "")
        if name in FLAGS and not equals:
            self.flags.add(FLAGS[name])
            return
        if name not in VALUED:
            raise _wrong(f"Unknown option '{word}'.")
        value = inline if equals else words.next()
        if value is None:
            raise _wrong(f"Option '{word}' needs an argument.")
        VALUED[name](self, value, name)

    def add_buffers(self, names: str, _: str) -> None:
        for name in names.split(","):
            known = {"all": ALL_BUFFERS, "default": DEFAULT_BUFFERS}.get(name, (name,))
            if name not in (*ALL_BUFFERS, *OTHER_BUFFERS, "all", "default"):
                raise _wrong(f"Unknown -b buffer '{name}'.")
            self.buffers = (*self.buffers, *known)

    def set_format(self, names: str, _: str) -> None:
        for name in names.split(","):
            if name in FORMATS:
                self.format = LogFormat(name)
            elif name not in MODIFIERS:
                raise _wrong(f"Invalid -v '{name}'.")

    def set_tail(self, value: str, name: str) -> None:
        """The last lines, or those since a time; -t stops after them."""
        if name == "-t":
            self.flags.add("dump")
        if value.isdigit():
            self.last = max(1, int(value))
            return
        since_s = _time(value, self._now_s)
        if since_s is None:
            raise _wrong(f"{name} '{value}' not in time format.")
        self.since_s = since_s

    def set_size(self, value: str, _: str) -> None:
        match = SIZE.fullmatch(value)
        if match is None or int(match[1]) == 0:
            raise _wrong("-G must be specified as <num><multiplier>.")
        self.new_size_bytes = int(match[1]) * UNITS[match[2].lower()]

    def set_most(self, value: str, name: str) -> None:
        if not value.isdigit() or int(value) == 0:
            raise _wrong(f"{name} '{value}' isn't an integer greater than zero.")
        self.most = int(value)

    def set_pattern(self, value: str, _: str) -> None:
        try:
            self.pattern = re.compile(value)
        except re.error as error:
            raise _wrong(str(error)) from error

    def set_pid(self, value: str, _: str) -> None:
        if not value.isdigit():
            raise _wrong(f"pid '{value}' out of range.")
        self.pid = int(value)

    def set_file(self, value: str, _: str) -> None:
        self.file = value

    def nothing(self, value: str, name: str) -> None:
        """Of how files take turns nothing is kept here."""

    def admits(self, line: LogLine) -> bool:
        return (
            self.priorities.admit(line)
            and line.time_s >= self.since_s
            and (self.pid is None or line.pid == self.pid)
            and (self.pattern is None or self.pattern.search(line.text) is not None)
        )

    @property
    def ends(self) -> bool:
        """Whether nothing is followed."""
        return bool(self.flags & {"dump", "last_kernel"})


VALUED: dict[str, Callable[[LogcatOptions, str, str], None]] = {
    "-b": LogcatOptions.add_buffers,
    "--buffer": LogcatOptions.add_buffers,
    "-v": LogcatOptions.set_format,
    "--format": LogcatOptions.set_format,
    "-t": LogcatOptions.set_tail,
    "-T": LogcatOptions.set_tail,
    "--tail": LogcatOptions.set_tail,
    "-G": LogcatOptions.set_size,
    "--buffer-size": LogcatOptions.set_size,
    "-m": LogcatOptions.set_most,
    "--max-count": LogcatOptions.set_most,
    "-e": LogcatOptions.set_pattern,
    "--regex": LogcatOptions.set_pattern,
    "--pid": LogcatOptions.set_pid,
    "-f": LogcatOptions.set_file,
    "--file": LogcatOptions.set_file,
    "-n": LogcatOptions.nothing,
    "-r": LogcatOptions.nothing,
    "-P": LogcatOptions.nothing,
    "--uid": LogcatOptions.nothing,
    "--id": LogcatOptions.nothing,
}


def _time(text: str, now_s: float) -> float | None:
    """Seconds since the epoch; a time without a year is one of this year. The phone keeps UTC."""
    match = TIME.fullmatch(text)
    if match is None:
        return float(text) if re.fullmatch(r"\d+\.\d+", text) else None
    year = int(match[1] or time.gmtime(now_s).tm_year)
    month, day, hour, minute = (int(match[n]) for n in (2, 3, 4, 5))
    try:
        return datetime(year, month, day, hour, minute, tzinfo=UTC).timestamp() + float(match[6])
    except ValueError:
        return None


async def logcat(phone: Phone, call: Invocation) -> int:
    """Prints what is there; without -d it follows until the reader goes away."""
    buffer = phone.parts.log
    options = LogcatOptions(Words(call.arguments), api=phone.api, now_s=phone.parts.clock())
    if options.new_size_bytes or options.flags & {"clear", "sizes", "statistics"}:
        await _about_buffers(phone, call, options)
        return 0
    if "last_kernel" in options.flags:
        return 0
    started: set[str] = set()
    count = buffer.count
    lines = [line for line in buffer.lines(options.buffers) if options.admits(line)]
    lines = lines[-options.last :] if options.last else lines
    left = options.most
    while True:
        lines = lines[:left]
        left = None if left is None else left - len(lines)
        await _print(phone, call, lines, options, started)
        if options.ends or left == 0:
            return 0
        await _wait(phone, call)
        if call.caller_is_gone:
            return 0
        lines = buffer.lines(options.buffers, since_count=count)
        count = buffer.count
        lines = [line for line in lines if options.admits(line)]


async def _about_buffers(phone: Phone, call: Invocation, options: LogcatOptions) -> None:
    """Clear them, set their sizes, tell their sizes."""
    buffer = phone.parts.log
    if "clear" in options.flags:
        buffer.clear(options.buffers)
    for name in options.buffers:
        if options.new_size_bytes:
            buffer.sizes_bytes[name] = options.new_size_bytes
        if "sizes" in options.flags:
            size_kib = buffer.sizes_bytes.get(name, DEFAULT_SIZE_BYTES) >> 10
            await call.out(SIZE_LINE[phone.api >= KIBIBYTES_API].format(name=name, size=size_kib))


DEFAULT_SIZE_BYTES = 256 << 10
SIZE_LINE = {
    False: "{name}: ring buffer is {size}Kb (1Kb consumed), max entry is 5120b, "
    "max payload is 4076b",
    True: "{name}: ring buffer is {size} KiB (1 KiB consumed, 1 KiB readable), "
    "max entry is 5120 B, max payload is 4068 B",
}


async def _wait(phone: Phone, call: Invocation) -> None:
    """Until something is written, looking from time to time whether anybody reads on."""
    while not call.caller_is_gone:
        try:
            await asyncio.wait_for(phone.parts.log.wait_for_more(), POLL_S)
        except TimeoutError:
            continue
        return


async def _print(
    phone: Phone,
    call: Invocation,
    lines: list[LogLine],
    options: LogcatOptions,
    started: set[str],
) -> None:
    text = []
    for line in lines:
        if line.buffer not in started:
            started.add(line.buffer)
            text.append(f"--------- beginning of {line.buffer}")
        text.append(format_line(line, options.format))
    if options.file and options.ends:
        data = "".join(f"{line}\n" for line in text).encode()
        try:
            await write_output(phone, call, options.file, data)
        except OSError as error:
            raise _wrong(f"Couldn't open output file: {error.strerror}") from error
    elif text:
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
