"""How Java's own programs end, such as `am` and `wm` before they became services' commands.

Source: BaseCommand.java of 5.0 to 8.1.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from virtualdevice.system.commands.arguments import CommandRefused, IllegalArgument
from virtualdevice.system.invocation import Invocation

__all__ = ["run_old_program"]


async def run_old_program(
    call: Invocation, usage: str, run: Callable[[], Awaitable[object]]
) -> int:
    """Whatever comes, the status is 0; what is wrong with the words stands below the usage."""
    try:
        await run()
    except IllegalArgument as problem:
        await call.error(f"{usage}\n\n{problem}")
    except CommandRefused as refused:
        await refused.tell(call)
    return 0
