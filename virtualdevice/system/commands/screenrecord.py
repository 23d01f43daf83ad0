"""`screenrecord FILE`: the screen as a film, until its time is over or somebody interrupts it.

Source of options, bounds, texts and statuses: frameworks/av, cmds/screenrecord/screenrecord.cpp.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
from dataclasses import dataclass

from virtualdevice.system.commands.arguments import CommandRefused, Words
from virtualdevice.system.commands.output_file import write_output
from virtualdevice.system.invocation import Invocation
from virtualdevice.system.phone import Phone
from virtualdevice.system.screen.film import Film, Moment

__all__ = ["screenrecord"]

LONGEST_S = 180
ANY_LENGTH_API = 34
"""From here on a film may be longer, and 0 means without end."""
LEAST_BITS, MOST_BITS = 100_000, 200_000_000
LOOKS_EVERY_S = 0.1
WITH_VALUE = frozenset({"--size", "--bit-rate", "--time-limit", "--display-id", "--codec-name"})
WITHOUT_VALUE = frozenset({"--verbose", "--bugreport", "--rotate", "--show-frame-time"})
_USAGE = 2


@dataclass(slots=True)
class _Wanted:
    limit_s: float = LONGEST_S
    size: tuple[int, int] | None = None


async def screenrecord(phone: Phone, call: Invocation) -> int:
    words = Words(call.arguments)
    wanted = _Wanted()
    while (option := words.option()) is not None:
        _take(phone, wanted, option, words)
    if len(words) != 1:
        raise CommandRefused("Must specify output file (see --help).", status=_USAGE)
    name = words.required("")
    await _write(phone, call, name, b"")
    frame = phone.screen.frame
    width, height = wanted.size or (frame.width_px, frame.height_px)
    film = Film()
    length_s = await _watch(phone, call, film, wanted.limit_s)
    size = (width // 2 * 2, height // 2 * 2)  # what the encoder takes
    content = await asyncio.to_thread(film.mp4, length_s=length_s, size=size)
    await _write(phone, call, name, content)
    return 0


def _take(phone: Phone, wanted: _Wanted, option: str, words: Words) -> None:
    name, equals, value = option.partition("=")
    if name in WITHOUT_VALUE and not equals:
        return
    if name not in WITH_VALUE:
        raise CommandRefused(f"screenrecord: unrecognized option '{option}'", status=_USAGE)
    if not equals:
        value = words.required(f"screenrecord: option '{name}' requires an argument")
    if name == "--time-limit":
        wanted.limit_s = _limit_s(phone, value)
    elif name == "--bit-rate":
        _check_bit_rate(value)
    elif name == "--size":
        wanted.size = _size(value)


def _limit_s(phone: Phone, value: str) -> float:
    found = re.match(r"\s*(\d+)", value)
    limit_s = int(found[1]) if found else 0
    if phone.api >= ANY_LENGTH_API and found:
        return limit_s or float("inf")
    if not 1 <= limit_s <= LONGEST_S:
        words = f"Time limit {limit_s}s outside acceptable range [1,{LONGEST_S}]"
        raise CommandRefused(words, status=_USAGE)
    return limit_s


def _check_bit_rate(value: str) -> None:
    """A film may take less than it is allowed."""
    found = re.match(r"(\d+)([Mm]?)", value)
    bits = int(found[1]) * (1_000_000 if found[2] else 1) if found else 0
    if not LEAST_BITS <= bits <= MOST_BITS:
        words = f"Bit rate {bits}bps outside acceptable range [{LEAST_BITS},{MOST_BITS}]"
        raise CommandRefused(words, status=_USAGE)


def _size(value: str) -> tuple[int, int]:
    found = re.fullmatch(r"(\d+)x(\d+)", value)
    if found is None:
        words = f"Invalid size '{value}', must be width x height"
        raise CommandRefused(words, status=_USAGE)
    width, height = int(found[1]), int(found[2])
    if not width or not height:
        words = f"Invalid size {width}x{height}, width and height may not be zero"
        raise CommandRefused(words, status=_USAGE)
    return width, height


async def _watch(phone: Phone, call: Invocation, film: Film, limit_s: float) -> float:
    """How many seconds it took."""
    loop = asyncio.get_running_loop()
    began_s, screen = loop.time(), phone.screen
    while True:
        passed_s = loop.time() - began_s
        moment = Moment(layers=screen.layers(), frame=screen.frame, is_on=screen.is_on)
        film.see(passed_s, moment)
        if call.interrupted.is_set() or passed_s >= limit_s:
            return min(passed_s, limit_s)
        with contextlib.suppress(TimeoutError):
            rest_s = max(0.0, min(LOOKS_EVERY_S, limit_s - passed_s))
            await asyncio.wait_for(call.interrupted.wait(), rest_s)


async def _write(phone: Phone, call: Invocation, name: str, data: bytes) -> None:
    try:
        await write_output(phone, call, name, data)
    except OSError as error:
        raise CommandRefused(f"Unable to open '{name}': {error.strerror}") from error
