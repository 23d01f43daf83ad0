"""One virtual device as a process: machine, adbd and system server, and what a reboot does."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass
from pathlib import Path

from virtualdevice.adbd.daemon import AdbDaemon
from virtualdevice.machine.assembly import machine_spec
from virtualdevice.machine.machine import DeviceMachine
from virtualdevice.seams import BootMode, SystemServer, ToolCall

__all__ = ["DeviceEndpoints", "VirtualDevice"]


@dataclass(frozen=True, kw_only=True, slots=True)
class DeviceEndpoints:
    """Where a device that runs is reached, all on 127.0.0.1."""

    adb_port: int
    fastboot_port: int
    serialno: str


class VirtualDevice:
    """Start it, let it run, stop it. All of it lives on one event loop."""

    def __init__(
        self,
        system: SystemServer,
        *,
        state: Path,
        serialno: str,
        adb_port: int = 0,
        fastboot_port: int = 0,
    ) -> None:
        self._system = system
        self._serialno = serialno
        self._ports = (adb_port, fastboot_port)
        self._machine = DeviceMachine(
            machine_spec(system, state=state, serialno=serialno),
            run_tool=self._run_tool,
            reboot=self._begin_reboot,
            on_death=lambda: self._begin_reboot(BootMode.SYSTEM),
        )
        self._adbd = AdbDaemon(self._machine, system, request_reboot=self._begin_reboot)
        self._rebooting: asyncio.Task[None] | None = None
        self._mode = BootMode.SYSTEM

    @property
    def machine(self) -> DeviceMachine:
        return self._machine

    async def start(self) -> DeviceEndpoints:
        """Boot into the system; returns when it has booted."""
        adb_port = await self._adbd.listen(self._ports[0])
        await self._boot(BootMode.SYSTEM)
        return DeviceEndpoints(adb_port=adb_port, fastboot_port=0, serialno=self._serialno)

    async def stop(self, *, erase: bool = False) -> None:
        """`erase`: leave nothing on the disk."""
        if self._rebooting is not None:
            self._rebooting.cancel()
            await asyncio.gather(self._rebooting, return_exceptions=True)
        await self._adbd.close()
        if self._mode is BootMode.SYSTEM and self._machine.alive:
            await self._system.stop()
        if erase and self._machine.alive:
            with contextlib.suppress(OSError):
                await self._machine.erase()
        await self._machine.stop()

    async def _run_tool(self, call: ToolCall) -> int:
        return await self._system.run_tool(call)

    async def _boot(self, mode: BootMode) -> None:
        """adbd is up before the system server is, as on a phone."""
        self._mode = mode
        await self._machine.boot()
        self._adbd.come_up(mode)
        if mode is BootMode.SYSTEM:
            await self._system.start(self._machine)

    def _begin_reboot(self, mode: BootMode) -> None:
        """Nothing if the device is on its way down already."""
        if self._rebooting is None or self._rebooting.done():
            self._rebooting = asyncio.ensure_future(self._reboot(mode))

    async def _reboot(self, mode: BootMode) -> None:
        await self._adbd.go_down()
        if self._mode is BootMode.SYSTEM:
            await self._system.stop()
        await self._machine.stop()
        if mode is not BootMode.OFF:
            await self._boot(mode)
