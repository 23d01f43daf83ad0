"""`remount` (system/core/fs_mgr/fs_mgr_remount.cpp), a program of userdebug builds from API 30 on.

`adb remount` runs it in a shell; a user build has no such program.
"""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable

from virtualdevice.seams import ToolCall

__all__ = ["FIRST_REMOUNT_API", "REMOUNT", "run_remount"]

REMOUNT = "remount"
FIRST_REMOUNT_API = 30
NOT_ROOT = 3


async def run_remount(call: ToolCall, *, set_writable: Callable[[], Awaitable[None]]) -> int:
    """Its exit status. It closes the call's descriptors."""
    try:
        if call.caller.uid != 0:
            os.write(call.stderr, b'Not running as root. Try "adb root" first.\n')
            return NOT_ROOT
        await set_writable()
        os.write(call.stdout, b"remount succeeded\n")
        return 0
    finally:
        for descriptor in {call.stdin, call.stdout, call.stderr}:
            os.close(descriptor)
