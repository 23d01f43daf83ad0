"""One virtual device as a process: machine, adbd and system server, and what a reboot does."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from virtualdevice.adbd.daemon import AdbDaemon
from virtualdevice.bootloader.flash import Flash
from virtualdevice.bootloader.recovery import judge_package
from virtualdevice.bootloader.server import FastbootServer
from virtualdevice.bootloader.variables import BoardFacts
from virtualdevice.faults import Fault, FaultKind, LinkWatch
from virtualdevice.machine.assembly import machine_spec
from virtualdevice.machine.host import HostCannot
from virtualdevice.machine.machine import DeviceMachine
from virtualdevice.seams import BootMode, SystemServer, ToolCall

__all__ = ["DeviceEndpoints", "VirtualDevice"]

FASTBOOT_MODES = frozenset({BootMode.BOOTLOADER, BootMode.FASTBOOTD})
NOT_FOUND = 127


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
        faults: Sequence[Fault] = (),
    ) -> None:
        self._system = system
        self._serialno = serialno
        self._state = state
        self._ports = (adb_port, fastboot_port)
        self._machine = DeviceMachine(
            machine_spec(system, state=state, serialno=serialno),
            run_tool=self._run_tool,
            reboot=self._begin_reboot,
            on_death=lambda: self._begin_reboot(BootMode.SYSTEM),
        )
        self._adbd = AdbDaemon(
            self._machine,
            system,
            request_reboot=self._begin_reboot,
            packages=self,
            watch=LinkWatch(faults),
        )
        self._faults = frozenset(fault.kind for fault in faults)
        self._boots = 0
        self._system_runs = False
        self._flash = Flash(
            state / "flash",
            api=system.api,
            slotted=system.get_property("ro.build.ab_update") == "true",
            unlocked=system.get_property("ro.boot.flash.locked") != "1",
        )
        board = BoardFacts(product=self._product, serialno=serialno)
        self._fastboot = FastbootServer(self._flash, board, leave=self._begin_reboot)
        self._rebooting: asyncio.Task[None] | None = None
        self._wanted: BootMode | None = None
        self._going_down = False
        self._mode = BootMode.OFF
        self._failed: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    @property
    def _product(self) -> str:
        return self._system.adb_properties.get("ro.product.device", "")

    @property
    def machine(self) -> DeviceMachine:
        return self._machine

    async def start(self) -> DeviceEndpoints:
        """Boot into the system; returns when it has booted."""
        adb_port = await self._adbd.listen(self._ports[0])
        fastboot_port = self._fastboot.reserve(self._ports[1])
        await self._boot(BootMode.SYSTEM)
        return DeviceEndpoints(
            adb_port=adb_port, fastboot_port=fastboot_port, serialno=self._serialno
        )

    async def failure(self) -> None:
        """Raises, should a later boot fail, what it failed with; else never returns."""
        await asyncio.shield(self._failed)

    async def stop(self) -> None:
        """No process of the device is left; its disk is."""
        if self._rebooting is not None:
            self._rebooting.cancel()
            await asyncio.gather(self._rebooting, return_exceptions=True)
        await self._adbd.close()
        await self._fastboot.close()
        self._fastboot.release()
        await self._stop_system()
        await self._machine.stop()
        self._failed.cancel()

    async def save_snapshot(self, name: str) -> None:
        """Keep what is on /data under a name; the device restarts."""
        await self._restart_with(lambda: self._machine.layers.save(name))

    async def restore_snapshot(self, name: str) -> None:
        """Bring /data back to what it was; the device restarts. NoSuchSnapshot."""
        await self._restart_with(lambda: self._machine.layers.restore(name))
        await asyncio.get_running_loop().run_in_executor(None, self._machine.layers.discard_unused)

    async def _restart_with(self, change: Callable[[], None]) -> None:
        if self._rebooting is not None:
            await asyncio.gather(self._rebooting, return_exceptions=True)
        await self._go_down()
        try:
            change()
        finally:
            await self._boot(BootMode.SYSTEM)

    def folder(self) -> Path:
        """Where recovery puts a sideloaded package."""
        place = self._state / "sideload"
        place.mkdir(exist_ok=True)
        return place

    def judge(self, package: Path) -> bool:
        """What recovery thinks of it; its log says why."""
        verdict = judge_package(package, device=self._product)
        (self.folder() / "last_install").write_text(
            f"{verdict.reason or 'Install completed with status 0.'}\n", encoding="utf-8"
        )
        return verdict.accepted

    async def _run_tool(self, call: ToolCall) -> int:
        """Android's commands are there only while Android runs."""
        if self._mode is BootMode.SYSTEM:
            return await self._system.run_tool(call)
        os.write(call.stderr, call.argv[0] + b": inaccessible or not found\n")
        for descriptor in (call.stdin, call.stdout, call.stderr):
            os.close(descriptor)
        return NOT_FOUND

    async def _boot(self, mode: BootMode) -> None:
        """adbd is up before the system server is, as on a phone."""
        self._mode = mode
        self._boots += 1
        if self._stays_dark():
            return
        if mode in FASTBOOT_MODES:
            await self._fastboot.open(mode)
        elif mode is not BootMode.OFF:
            await self._machine.boot(erase_data=self._flash.state.erase_data)
            if self._flash.state.erase_data:
                self._flash.state.erase_data = False
                self._flash.save()
            self._adbd.come_up(mode)
            if mode is BootMode.SYSTEM:
                self._system_runs = True
                await self._system.start(self._machine)
        if FaultKind.BOOT_LOOP in self._faults and self._boots > 1:
            self._begin_reboot(mode)

    async def _stop_system(self) -> None:
        """Once for each start, also of one that was cut short."""
        if self._system_runs:
            self._system_runs = False
            await self._system.stop()

    def _stays_dark(self) -> bool:
        """A fault lets nobody see this boot, or any later one."""
        never = FaultKind.NEVER_BOOTS in self._faults
        return never or (FaultKind.STAYS_DOWN in self._faults and self._boots > 1)

    def _begin_reboot(self, mode: BootMode) -> None:
        """Nothing if the device is on its way down already; a boot under way is followed by it."""
        if self._going_down:
            return
        self._wanted = mode
        if self._rebooting is None or self._rebooting.done():
            self._rebooting = asyncio.ensure_future(self._reboot_as_wanted())

    async def _reboot_as_wanted(self) -> None:
        while self._wanted is not None:
            mode, self._wanted = self._wanted, None
            try:
                await self._go_down()
                await self._boot(mode)
            except (HostCannot, OSError) as error:
                if self._wanted is None and not self._failed.done():
                    self._failed.set_exception(error)

    async def _go_down(self) -> None:
        self._going_down = True
        try:
            await self._adbd.go_down()
            await self._fastboot.close()
            await self._stop_system()
            await self._machine.stop()
        finally:
            self._going_down = False
