"""A system server of a few lines, so that machine and adbd are tested without the real one."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from virtualdevice.seams import DebuggedProcess, KeyAnswer, Machine, ToolCall

__all__ = ["FakeSystem"]

MODERN_FEATURES = (
    "shell_v2", "cmd", "stat_v2", "ls_v2", "fixed_push_mkdir", "abb", "abb_exec",
    "fixed_push_symlink_timestamp", "remount_shell", "track_app", "sendrecv_v2",
    "sendrecv_v2_brotli", "sendrecv_v2_lz4", "sendrecv_v2_zstd", "sendrecv_v2_dry_run_send",
    "delayed_ack",
)  # fmt: skip


@dataclass(kw_only=True)
class FakeSystem:
    """Answers `getprop`, `cmd`, `probe` (which tells its caller, arguments and input) and
    `hang` (until its process is killed)."""

    api: int = 34
    secure: bool = False
    debuggable: bool = True
    accepts_keys: KeyAnswer | None = None
    """What the user answers to an unknown key; None: never anything."""
    properties: dict[str, str] = field(default_factory=dict)
    boots: int = 0
    booted: asyncio.Event = field(default_factory=asyncio.Event)
    machine: Machine | None = None
    hanging: asyncio.Event = field(default_factory=asyncio.Event)
    processes: list[DebuggedProcess] = field(default_factory=list)
    processes_change: asyncio.Event = field(default_factory=asyncio.Event)
    hang_ended: asyncio.Event = field(default_factory=asyncio.Event)
    keys_asked: list[bytes] = field(default_factory=list)
    cancelled: list[str] = field(default_factory=list)
    switched_on: list[str] = field(default_factory=list)
    tool_names: Sequence[str] = ("getprop", "cmd", "probe", "hang", "reboot")

    @property
    def adb_properties(self) -> Mapping[str, str]:
        return {
            "ro.product.name": "fake",
            "ro.product.model": "Fake Phone",
            "ro.product.device": "fakephone",
            "ro.debuggable": "1" if self.debuggable else "0",
            "ro.adb.secure": "1" if self.secure else "0",
        } | self.properties

    @property
    def adb_features(self) -> Sequence[str]:
        if self.api >= 30:
            return MODERN_FEATURES
        return [f for f in MODERN_FEATURES if f != "remount_shell"] if self.api >= 24 else ()

    def adopt(
        self,
        firmware: Path | None,
        *,
        boot_properties: Mapping[str, str],
        optimise: Callable[[], Awaitable[None]],
    ) -> None:
        """It is always the same."""

    async def look_at_disk(self, machine: Machine) -> None:
        """Nothing on it matters here."""

    async def start(self, machine: Machine) -> None:
        self.machine = machine
        self.boots += 1
        self.booted.set()

    async def stop(self) -> None:
        self.machine = None

    async def run_tool(self, call: ToolCall) -> int:
        try:
            return await self._answer(call)
        finally:
            for descriptor in (call.stdin, call.stdout, call.stderr):
                os.close(descriptor)

    async def _answer(self, call: ToolCall) -> int:
        name = call.argv[0].decode()
        words = [word.decode(errors="surrogateescape") for word in call.argv[1:]]
        if name == "getprop":
            os.write(call.stdout, self.get_property(words[0]).encode() + b"\n")
            return 0
        if name == "hang":
            self.hanging.set()
            try:
                await asyncio.Event().wait()
            finally:
                self.cancelled.append(name)
                self.hang_ended.set()
        if name == "cmd" and not words:
            os.write(call.stderr, b"cmd: No service specified; use -l to list all services\n")
            return 20
        caller = call.caller
        text = f"{name} {words} uid={caller.uid} cwd={call.cwd.decode()} pid={call.pid > 0}\n"
        os.write(call.stdout, text.encode(errors="surrogateescape"))
        os.write(call.stderr, b"a complaint\n")
        return int(words[0]) if words and words[0].isdigit() else 0

    def get_property(self, name: str) -> str:
        return self.adb_properties.get(name, "")

    def set_property(self, name: str, value: str) -> None:
        self.properties[name] = value

    async def authorize_adb_key(self, key: bytes, answer: Callable[[KeyAnswer], None]) -> None:
        self.keys_asked.append(key)
        if self.accepts_keys is not None:
            answer(self.accepts_keys)

    async def accept_adb_key(self) -> bool:
        return False

    def debugged_processes(self) -> list[DebuggedProcess]:
        return self.processes

    async def processes_changed(self) -> None:
        await self.processes_change.wait()
        self.processes_change.clear()

    async def framebuffer(self) -> tuple[int, int, bytes]:
        return 2, 1, b"\xff\x00\x00\xff\x00\xff\x00\xff"

    def log(self, tag: str, text: str, *, level: str = "I") -> None:
        """Nobody reads it."""

    def switch_on(self, name: str) -> None:
        self.switched_on.append(name)
