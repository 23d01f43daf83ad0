"""A command of Android's own while it runs: its words, its caller, its three streams."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence

from virtualdevice.seams import Credentials, Space, ToolCall
from virtualdevice.system.streams import peer_is_gone, read_chunks, read_exactly, write_all

__all__ = ["ROOT_UID", "SHELL_UID", "SYSTEM_UID", "Invocation"]

ROOT_UID, SYSTEM_UID, SHELL_UID = 0, 1000, 2000


class Invocation:
    """What a command's code sees of a ToolCall. Words that are no UTF-8 carry surrogates."""

    def __init__(
        self, call: ToolCall, *, space: Callable[[], Awaitable[Space]] | None = None
    ) -> None:
        """`space` tells whether a file that the output goes into may grow."""
        self._call = call
        self._space = space
        words = [os.fsdecode(word) for word in call.argv]
        self.name = words[0].rsplit("/", 1)[-1]
        self.arguments: Sequence[str] = words[1:]
        self.cwd = os.fsdecode(call.cwd)

    @property
    def caller(self) -> Credentials:
        return self._call.caller

    @property
    def pid(self) -> int:
        return self._call.pid

    @property
    def stdin(self) -> int:
        return self._call.stdin

    @property
    def stdout(self) -> int:
        return self._call.stdout

    @property
    def stderr(self) -> int:
        return self._call.stderr

    @property
    def is_privileged(self) -> bool:
        """Root, system or shell: who may use what the platform keeps from apps."""
        return self._call.caller.uid in (ROOT_UID, SYSTEM_UID, SHELL_UID)

    def environment(self, name: str) -> str:
        return os.fsdecode(self._call.environment.get(os.fsencode(name), b""))

    def path(self, text: str) -> str:
        """An absolute path on the device for what the caller wrote."""
        return os.path.normpath(os.path.join(self.cwd, text))  # noqa: PTH118 - on the device

    async def out(self, text: str) -> None:
        """To stdout, with its newline if it has none at the end."""
        await self.write(text if text.endswith("\n") else text + "\n")

    async def error(self, text: str) -> None:
        """To stderr, with its newline if it has none at the end."""
        line = text if text.endswith("\n") else text + "\n"
        await self._write(self.stderr, os.fsencode(line))

    async def write(self, text: str | bytes) -> None:
        """To stdout as it is."""
        await self._write(self.stdout, os.fsencode(text) if isinstance(text, str) else text)

    async def _write(self, descriptor: int, data: bytes) -> None:
        """Into a file on a disk without room nothing goes, and as with Java's System.out nobody is
        told so."""
        limited = descriptor in self._call.on_disk and self.caller.uid != ROOT_UID
        if limited and self._space is not None and len(data) > (await self._space()).free_bytes:
            return
        await write_all(descriptor, data)

    async def read(self, size_bytes: int) -> bytes:
        return await read_exactly(self.stdin, size_bytes)

    def chunks(self) -> AsyncIterator[bytes]:
        return read_chunks(self.stdin)

    @property
    def interrupted(self) -> asyncio.Event:
        """Set when the caller's process was told to come to an end (see ToolCall)."""
        return self._call.interrupted

    @property
    def caller_is_gone(self) -> bool:
        """Whether nobody reads the output any more: adb closed the stream."""
        return peer_is_gone(self.stdout)

    def close(self) -> None:
        for descriptor in {self.stdin, self.stdout, self.stderr}:
            os.close(descriptor)
