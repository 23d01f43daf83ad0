"""A process for each app that runs: nothing real, but `ps` shows it and `kill` ends it.

On a phone the app's zygote makes it, and its first argument is the package's name. Here it is a
shell that waits on a pipe which nobody writes into.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import Callable

from virtualdevice.seams import Child, Credentials, Machine
from virtualdevice.system.packages.records import PER_USER_RANGE

__all__ = ["AppProcesses"]

PLACEHOLDER = b'exec -a "$0" /system/bin/sh'
INTERNET_GROUPS = (3003, 9997)  # inet, everybody


class AppProcesses:
    """Those of one boot. `on_end` is told when one ends by itself or is killed from a shell."""

    def __init__(self, machine: Machine, on_end: Callable[[str, int], None]) -> None:
        self._machine = machine
        self._on_end = on_end
        self._running: dict[tuple[str, int], Child] = {}
        self._watches: set[asyncio.Task[None]] = set()
        self._pipe: tuple[int, int] | None = None
        self.changed = asyncio.Event()
        """Set, and replaced, when another set of them runs."""

    def _note_change(self) -> None:
        self.changed.set()
        self.changed = asyncio.Event()

    def running(self) -> list[tuple[str, int]]:
        """Package names with the pid of each of their processes."""
        return [(name, child.pid) for (name, _), child in self._running.items()]

    def pid_of(self, package_name: str, user_id: int = 0) -> int | None:
        """None if it does not run."""
        child = self._running.get((package_name, user_id))
        return child.pid if child is not None else None

    async def start(self, package_name: str, uid: int) -> None:
        """Nothing if that user's runs already."""
        key = package_name, uid // PER_USER_RANGE
        if key in self._running:
            return
        if self._pipe is None:
            self._pipe = os.pipe()
        child = await self._machine.spawn(
            [b"sh", b"-c", PLACEHOLDER, package_name.encode()],
            credentials=Credentials(uid=uid, gid=uid, groups=INTERNET_GROUPS),
            stdin=self._pipe[0],
        )
        self._running[key] = child
        self._note_change()
        watch = asyncio.get_running_loop().create_task(self._watch(key, child))
        self._watches.add(watch)
        watch.add_done_callback(self._watches.discard)

    async def kill(self, package_name: str, user_id: int = 0) -> None:
        """Returns when it is gone; `on_end` is not told."""
        child = self._running.pop((package_name, user_id), None)
        if child is not None:
            self._note_change()
            child.send_signal(signal.SIGKILL)
            await child.wait()

    async def close(self) -> None:
        """Forget them: the device goes down, and all processes with it."""
        self._running.clear()
        for watch in list(self._watches):
            watch.cancel()
        await asyncio.gather(*self._watches, return_exceptions=True)
        for descriptor in self._pipe or ():
            with contextlib.suppress(OSError):
                os.close(descriptor)
        self._pipe = None

    def of_user(self, user_id: int) -> list[str]:
        """The packages of which that user has a process."""
        return [name for name, owner in self._running if owner == user_id]

    async def _watch(self, key: tuple[str, int], child: Child) -> None:
        await child.wait()
        if self._running.get(key) is child:
            del self._running[key]
            self._note_change()
            self._on_end(*key)
