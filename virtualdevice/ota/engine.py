"""update_engine, the daemon: one update at a time, its state, and who follows it.

It works on when the client goes away, and ends with the boot. Source: AOSP system/update_engine,
aosp/update_attempter_android.cc, for the states and what it says.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

from virtualdevice.faults import Phase
from virtualdevice.ota.apply import Progress, SourceLost, UpdateFailed, apply_payload
from virtualdevice.ota.boot_chain import BootChain
from virtualdevice.ota.error_codes import ErrorCode, UpdateStatus
from virtualdevice.ota.operations import fits
from virtualdevice.ota.payload import (
    HEADER_BYTES,
    Manifest,
    PayloadError,
    metadata_size_bytes,
    read_manifest,
)
from virtualdevice.ota.recovery import DeviceFacts
from virtualdevice.ota.sources import FileSource, HttpSource
from virtualdevice.seams import Space

__all__ = ["Completed", "EngineRefused", "Request", "UpdateEngine"]

LOWEST_BATTERY_PERCENT = 15
NOTHING = Progress(status=UpdateStatus.IDLE, share=0.0)


class EngineRefused(Exception):
    """A service-specific error: the call was not for this state."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Request:
    """What `applyPayload` is given. `headers` are its lines."""

    url: str
    offset: int
    size_bytes: int
    headers: Sequence[str]


@dataclass(frozen=True, kw_only=True, slots=True)
class Completed:
    """onPayloadApplicationComplete."""

    code: int
    name: str


Follower = Callable[[Progress | Completed], None]
Open = Callable[[str, int], Awaitable[FileSource | HttpSource]]


class UpdateEngine:
    """`open_source` takes a URL and an offset; `facts` are those of the running build; `pause_s` is
    what each percent takes."""

    def __init__(
        self,
        chain: BootChain,
        *,
        facts: Callable[[], DeviceFacts],
        open_source: Open,
        reach: Callable[[Phase, float], Awaitable[None]],
        space: Callable[[], Awaitable[Space]],
        pause_s: Callable[[], float],
    ) -> None:
        self._chain = chain
        self._facts = facts
        self._open_source = open_source
        self._reach = reach
        self._space = space
        self._pause_s = pause_s
        self._followers: list[Follower] = []
        self._last = NOTHING
        self._task: asyncio.Task[None] | None = None
        self._running = asyncio.Event()
        self._running.set()

    def follow(self, follower: Follower) -> None:
        """It hears at once where things are, and of every change."""
        self._followers.append(follower)
        follower(self._last)

    def forget(self, follower: Follower) -> None:
        with suppress(ValueError):
            self._followers.remove(follower)

    def apply(self, request: Request) -> None:
        """Begin. EngineRefused."""
        if self._last.status is UpdateStatus.UPDATED_NEED_REBOOT:
            raise EngineRefused("An update already applied, waiting for reboot")
        if self._task is not None and not self._task.done():
            raise EngineRefused("Already processing an update, cancel it first.")
        headers = _headers_of(request.headers)
        self._running.set()
        self._task = asyncio.ensure_future(self._update(request, headers))

    def suspend(self) -> None:
        """EngineRefused if there is nothing to suspend."""
        self._need_update("suspend")
        if not self._running.is_set():
            raise EngineRefused("Failed to suspend, it is already suspended")
        self._running.clear()

    def resume(self) -> None:
        self._need_update("resume")
        self._running.set()

    def cancel(self) -> None:
        """Its followers hear kUserCanceled."""
        self._need_update("cancel")
        assert self._task is not None
        self._task.cancel()

    def reset_status(self) -> None:
        """Forget an update that was applied: this slot stays the one that boots."""
        if self._task is not None and not self._task.done():
            raise EngineRefused("Reset not allowed in this state. Cancel the ongoing update first")
        if self._last.status is UpdateStatus.UPDATED_NEED_REBOOT:
            self._chain.undo()
        self._tell(NOTHING)

    async def switch_slot(self, metadata: str | None) -> None:
        """Whether the next boot is that of the update which was applied: with its metadata (a
        path), yes; with None, no. EngineRefused."""
        if self._task is not None and not self._task.done():
            raise EngineRefused("Already processing an update, cancel it first.")
        if metadata is None:
            self._chain.undo()
            self._tell(NOTHING)
            return
        await self._manifest(metadata)
        self._chain.finish(self._chain.target_slot)
        self._tell(Progress(status=UpdateStatus.UPDATED_NEED_REBOOT, share=0.0))

    async def is_applicable(self, metadata: str) -> bool:
        """Whether what the payload would copy is in the running build. EngineRefused."""
        manifest = await self._manifest(metadata)
        return fits(manifest.operations, self._chain.running_image)

    async def allocate(self, metadata: str) -> int:
        """The bytes that are missing; 0 when there is room. EngineRefused."""
        manifest = await self._manifest(metadata)
        free = (await self._space()).free_bytes
        return manifest.target_bytes if manifest.target_bytes > free else 0

    async def _manifest(self, path: str) -> Manifest:
        """Of a file on the device that begins as a payload does."""
        try:
            source = await self._open_source(f"file://{path}", 0)
        except SourceLost as lost:
            raise EngineRefused(f"Failed to open {path}") from lost
        try:
            size, _ = metadata_size_bytes(await source.read(0, HEADER_BYTES))
            return read_manifest(await source.read(0, size))
        except (PayloadError, SourceLost) as error:
            raise EngineRefused(f"Failed to parse payload header: {error}") from error
        finally:
            source.close()

    async def stop(self) -> None:
        """The boot ends, and nobody hears of it."""
        self._followers.clear()
        self._running.set()
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None
        self._last = NOTHING

    def _need_update(self, what: str) -> None:
        if self._task is None or self._task.done():
            raise EngineRefused(f"No ongoing update to {what}.")

    async def _update(self, request: Request, headers: Mapping[str, str]) -> None:
        try:
            await self._carry_out(request, headers)
        except asyncio.CancelledError:
            self._end(ErrorCode.USER_CANCELED)
        except UpdateFailed as failed:
            self._end(ErrorCode(failed.code))
        except SourceLost:
            self._end(ErrorCode.DOWNLOAD_TRANSFER_ERROR)
        else:
            self._end(ErrorCode.SUCCESS)

    async def _carry_out(self, request: Request, headers: Mapping[str, str]) -> None:
        facts = self._facts()
        await self._told(Progress(status=UpdateStatus.UPDATE_AVAILABLE, share=0.0))
        if facts.battery_percent < LOWEST_BATTERY_PERCENT:
            raise UpdateFailed(ErrorCode.ERROR, "the battery is low")
        slot = self._chain.target_slot
        source = await self._open_source(request.url, request.offset)
        try:
            await apply_payload(
                source,
                headers=headers,
                chain=self._chain,
                slot=slot,
                public_key=facts.public_key,
                build_time_s=facts.build_time_s,
                space=self._space,
                tell=self._told,
                reach=self._reach,
            )
        finally:
            source.close()
        await self._told(Progress(status=UpdateStatus.FINALIZING, share=0.0))
        await self._reach(Phase.COMMIT, 0.0)
        await self._told(Progress(status=UpdateStatus.FINALIZING, share=1.0))
        self._chain.finish(slot)
        await self._reach(Phase.COMMIT, 1.0)

    async def _told(self, progress: Progress) -> None:
        """Tell, and wait where it is suspended, or slow."""
        self._tell(progress)
        pause_s = self._pause_s()
        if pause_s:
            await asyncio.sleep(pause_s)
        await self._running.wait()

    def _tell(self, news: Progress | Completed) -> None:
        if isinstance(news, Progress):
            self._last = news
        for follower in list(self._followers):
            follower(news)

    def _end(self, code: ErrorCode) -> None:
        done = code is ErrorCode.SUCCESS
        status = UpdateStatus.UPDATED_NEED_REBOOT if done else UpdateStatus.IDLE
        self._tell(Progress(status=status, share=0.0))
        self._tell(Completed(code=int(code), name=code.shown))


def _headers_of(lines: Sequence[str]) -> Mapping[str, str]:
    found: dict[str, str] = {}
    for line in lines:
        key, equals, value = line.partition("=")
        if not equals:
            raise EngineRefused(f"Passed invalid header: {line}")
        if key in found:
            raise EngineRefused(f"Passed repeated key: {key}")
        found[key] = value
    return found
