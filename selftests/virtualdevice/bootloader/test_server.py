"""The fastboot port between two openings."""

from __future__ import annotations

import asyncio
import socket

from virtualdevice.bootloader.server import _bound_again


def test_a_port_that_a_program_still_holds_while_it_starts_is_waited_for() -> None:
    async def work() -> int:
        held = socket.create_server(("127.0.0.1", 0))
        port: int = held.getsockname()[1]
        asyncio.get_running_loop().call_later(0.1, held.close)
        with await _bound_again(port) as again:
            bound: int = again.getsockname()[1]
        return bound - port

    assert asyncio.run(work()) == 0
