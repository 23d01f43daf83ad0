"""`adb sideload`, from the device's end (minadbd): it asks for blocks, in any order it likes."""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable
from pathlib import Path

from virtualdevice.adbd.service_stream import ServiceStream

__all__ = ["SIZE_LIMIT_BYTES", "parse_sideload_host", "take_package"]

SIZE_LIMIT_BYTES = 8 << 30
LARGEST_BLOCK_BYTES = 1 << 20
DONE, FAILED = b"DONEDONE", b"FAILFAIL"


def parse_sideload_host(argument: bytes) -> tuple[int, int] | None:
    """`SIZE:BLOCK`, in bytes; None if it is not that."""
    size_text, _, block_text = argument.partition(b":")
    if not size_text.isdigit() or not block_text.isdigit():
        return None
    size, block = int(size_text), int(block_text)
    if not 0 < size <= SIZE_LIMIT_BYTES or not 0 < block <= LARGEST_BLOCK_BYTES:
        return None
    return size, block


async def take_package(
    stream: ServiceStream,
    target: Path,
    *,
    size_bytes: int,
    block_bytes: int,
    received: Callable[[float], Awaitable[None]],
    install: Callable[[Path], Awaitable[bool]],
) -> bool:
    """Fetch the whole package into `target`, install it, and tell the host. False also for a host
    that stops half-way."""
    stream.accept()
    blocks = math.ceil(size_bytes / block_bytes)
    with target.open("wb") as file:
        for number in range(blocks):
            await received(number / blocks)
            await stream.write(b"%08d" % number)
            wanted = min(block_bytes, size_bytes - number * block_bytes)
            block = bytearray()
            while len(block) < wanted:
                data = await stream.read()
                if not data:
                    return False
                block += data
            file.write(block[:wanted])
    await received(1.0)
    accepted = await install(target)
    await stream.write(DONE if accepted else FAILED)
    return accepted
