"""Processes on the device, as the device process sees them."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from virtualdevice.machine.messages import as_text
from virtualdevice.machine.zygote_link import ZygoteLink
from virtualdevice.seams import Credentials

__all__ = ["DeviceChild", "Spawner"]

HANG_UP_LIMIT_S = 2


class DeviceChild:
    """One process (virtualdevice.seams.Child)."""

    def __init__(self, pid: int, ending: asyncio.Future[int], link: ZygoteLink) -> None:
        self._pid = pid
        self._ending = ending
        self._link = link

    @property
    def pid(self) -> int:
        return self._pid

    async def wait(self) -> int:
        return await asyncio.shield(self._ending)

    def send_signal(self, number: int) -> None:
        """To the process; nothing if it ended."""
        self.signal_target(self._pid, number)

    def signal_session(self, number: int) -> None:
        """To its whole process group, which it leads."""
        self.signal_target(-self._pid, number)

    async def hang_up(self) -> None:
        """SIGHUP to the process, which has it when this returns; nothing if it ended."""
        if self._ending.done():
            return
        asked = self._link.ask("kill", pid=self._pid, signal=int(signal.SIGHUP))
        with contextlib.suppress(OSError, TimeoutError):
            await asyncio.wait_for(asked, HANG_UP_LIMIT_S)

    def signal_target(self, target: int, number: int) -> None:
        if self._ending.done() and target > 0:
            return
        signalling = asyncio.ensure_future(self._link.ask("kill", pid=target, signal=number))
        signalling.add_done_callback(lambda done: done.cancelled() or done.exception())


@dataclass(frozen=True, kw_only=True, slots=True)
class Spawner:
    """Starts programs and workers through process 1 of one boot."""

    link: ZygoteLink

    async def program(
        self,
        program: bytes,
        argv: Sequence[bytes],
        *,
        credentials: Credentials,
        environment: Mapping[bytes, bytes],
        cwd: bytes = b"/",
        stdio: tuple[int | None, int | None, int | None] = (None, None, None),
        terminal: bool = False,
        umask: int = 0,
    ) -> tuple[DeviceChild, int | None]:
        """The child, and the master side of its terminal if it has one (the caller's to close)."""
        descriptors, places = _gather(stdio)
        answer, given = await self.link.ask(
            "spawn",
            *descriptors,
            program=as_text(program),
            argv=[as_text(word) for word in argv],
            environment={as_text(k): as_text(v) for k, v in environment.items()},
            cwd=as_text(cwd),
            stdio=places,
            terminal=terminal,
            umask=umask,
            **_identity(credentials),
        )
        child = DeviceChild(answer["pid"], self.link.ending_of(answer["pid"]), self.link)
        if given:
            os.set_blocking(given[0], False)
        return child, given[0] if given else None

    async def worker(
        self,
        name: str,
        words: Sequence[bytes] = (),
        *,
        credentials: Credentials,
        stdio: tuple[int | None, int | None, int | None],
        cwd: bytes = b"/",
        umask: int = 0,
    ) -> DeviceChild:
        """A fork of process 1 that does `name` (zygote_children.WORKERS)."""
        descriptors, places = _gather(stdio)
        answer, _ = await self.link.ask(
            "worker",
            *descriptors,
            name=name,
            words=[as_text(word) for word in words],
            cwd=as_text(cwd),
            stdio=places,
            umask=umask,
            **_identity(credentials),
        )
        return DeviceChild(answer["pid"], self.link.ending_of(answer["pid"]), self.link)


def _gather(stdio: Sequence[int | None]) -> tuple[list[int], list[int | None]]:
    """Descriptors to send, and for each of 0–2 which of them it is."""
    descriptors: list[int] = []
    places: list[int | None] = []
    for descriptor in stdio:
        places.append(None if descriptor is None else len(descriptors))
        if descriptor is not None:
            descriptors.append(descriptor)
    return descriptors, places


def _identity(credentials: Credentials) -> dict[str, object]:
    return {
        "uid": credentials.uid,
        "gid": credentials.gid,
        "groups": list(credentials.groups),
    }
