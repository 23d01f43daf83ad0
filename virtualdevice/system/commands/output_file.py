"""Files that a command writes for whoever called it, as that user."""

from __future__ import annotations

from virtualdevice.system.invocation import Invocation
from virtualdevice.system.phone import Phone

__all__ = ["write_output"]


async def write_output(phone: Phone, call: Invocation, path: str, data: bytes) -> bool:
    """Whether there was room; if not, the file is empty. OSError if it cannot be opened."""
    fits = call.caller.uid == 0 or len(data) <= (await phone.parts.machine.space()).free_bytes
    await phone.parts.files.write(
        call.path(path),
        data if fits else b"",
        mode=0o644,
        uid=call.caller.uid,
        gid=call.caller.gid,
    )
    return fits
