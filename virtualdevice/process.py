"""One virtual device as a process: machine, adbd and system server, and what a reboot does."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from holdfast.errors import ConfigurationError
from virtualdevice.adbd.daemon import AdbDaemon
from virtualdevice.adbd.remount import FIRST_REMOUNT_API, REMOUNT, run_remount
from virtualdevice.ailments import Ailments
from virtualdevice.bootloader.flash import Flash
from virtualdevice.bootloader.server import FastbootServer
from virtualdevice.bootloader.variables import BoardFacts
from virtualdevice.faults import Fault, FaultKind, LinkWatch, Phase
from virtualdevice.machine.assembly import machine_spec
from virtualdevice.machine.machine import DeviceMachine, MachineSpec, root_credentials
from virtualdevice.ota.boot_chain import BootChain
from virtualdevice.ota.engine import UpdateEngine
from virtualdevice.ota.engine_client import TOOLS, run_ota_tool
from virtualdevice.ota.firmware import FirmwareError
from virtualdevice.ota.recovery import DeviceFacts
from virtualdevice.ota.sideload import Sideload, device_facts
from virtualdevice.ota.sources import FileSource, HttpSource, open_source
from virtualdevice.seams import BootFailed, BootMode, SystemServer, ToolCall

__all__ = ["DeviceEndpoints", "RestartTimes", "VirtualDevice"]

FASTBOOT_MODES = frozenset({BootMode.BOOTLOADER, BootMode.FASTBOOTD})
NOT_FOUND = 127
CRASH_PAUSE_S = 1.5
"""A phone that crashes at boot takes its time as well; this one must not eat its host's."""


@dataclass(frozen=True, kw_only=True, slots=True)
class DeviceEndpoints:
    """Where a device that runs is reached, all on 127.0.0.1."""

    adb_port: int
    fastboot_port: int
    serialno: str


@dataclass(frozen=True, kw_only=True, slots=True)
class RestartTimes:
    """From the command on: until process 1 is there with the changed disk, and until Android is."""

    until_mounted_s: float
    until_booted_s: float


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
        factory: Callable[[], bytes] = bytes,
        machine: type[DeviceMachine] = DeviceMachine,
    ) -> None:
        """`factory` makes the image of the firmware that the device came with."""
        self._system = system
        self._serialno = serialno
        self._state = state
        self._ports = (adb_port, fastboot_port)
        self._boots = 0
        self._machine = machine(
            self._spec(),
            run_tool=self._run_tool,
            reboot=self._begin_reboot,
            on_death=lambda: self._begin_reboot(BootMode.SYSTEM),
            on_install=lambda share: self._reach(Phase.INSTALL, share),
        )
        self._system_runs = False
        self._flash = Flash(
            state / "flash",
            api=system.api,
            slotted=system.get_property("ro.build.ab_update") == "true",
            unlocked=system.get_property("ro.boot.flash.locked") != "1",
        )
        self._chain = BootChain(self._flash, system, folder=state / "firmware", factory=factory)
        self._adbd = AdbDaemon(
            self._machine,
            system,
            request_reboot=self._begin_reboot,
            packages=Sideload(
                state / "sideload",
                flash=self._flash,
                chain=self._chain,
                facts=self._facts,
                reach=self._reach,
            ),
            watch=LinkWatch(faults),
        )
        self._ailments = Ailments(
            faults, system=system, machine=self._machine, on_link=self._adbd.carry_out
        )
        self._engine = UpdateEngine(
            self._chain,
            facts=self._facts,
            open_source=self._open_source,
            reach=self._reach,
            space=self._machine.space,
            pause_s=lambda: self._machine.ms_per_mib / 1000,
        )
        self._product = system.adb_properties.get("ro.product.device", "")
        board = BoardFacts(product=self._product, serialno=serialno)
        self._fastboot = FastbootServer(
            self._flash,
            board,
            leave=self._begin_reboot,
            battery_is_ok=lambda: FaultKind.LOW_BATTERY not in self.faults,
        )
        self._rebooting: asyncio.Task[None] | None = None
        self._wanted: BootMode | None = None
        self._going_down = False
        self._mode = BootMode.OFF
        self._failed: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    @property
    def machine(self) -> DeviceMachine:
        return self._machine

    @property
    def faults(self) -> set[FaultKind]:
        """Those that last; to be changed while it runs."""
        return self._ailments.lasting

    @property
    def flash(self) -> Flash:
        return self._flash

    async def start(self, mode: BootMode = BootMode.SYSTEM) -> DeviceEndpoints:
        """Power on; returns when it has booted (into its bootloader where a key is held)."""
        adb_port = await self._adbd.listen(self._ports[0])
        fastboot_port = self._fastboot.reserve(self._ports[1])
        await self._boot(mode)
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
        await self._engine.stop()
        await self._stop_system()
        await self._machine.stop()
        self._failed.cancel()

    async def save_snapshot(self, name: str) -> RestartTimes:
        """Keep user data, firmware and the bootloader's state under a name; the device restarts."""

        def save() -> None:
            self._machine.layers.save(name)
            self._flash.save_snapshot(name)

        return await self._restart_with(save)

    async def restore_snapshot(self, name: str) -> RestartTimes:
        """Bring all that back to what it was; the device restarts. NoSuchSnapshot."""

        def restore() -> None:
            self._machine.layers.restore(name)
            self._flash.restore_snapshot(name)

        return await self._restart_with(restore)

    async def reset(self) -> RestartTimes:
        """A factory reset: user data goes, firmware and snapshots stay."""
        return await self._restart_with(self._flash.erase_user_data)

    async def restart(self) -> RestartTimes:
        """With everything as it is."""
        return await self._restart_with(lambda: None)

    async def strike(self, text: str) -> None:
        """A fault comes now, or at a place: see Ailments.strike."""
        await self._ailments.strike(text)

    async def accept(self, name: str) -> None:
        """`adb_key`: tap OK in the dialog about a computer's key. ConfigurationError if that is
        not in front."""
        if name != "adb_key" or not await self._system.accept_adb_key():
            raise ConfigurationError(f"it does not ask about {name!r}")

    async def _restart_with(self, change: Callable[[], None]) -> RestartTimes:
        if self._rebooting is not None:  # It may be one of a loop, which never ends by itself.
            self._rebooting.cancel()
            await asyncio.gather(self._rebooting, return_exceptions=True)
        self._wanted = None
        start = time.monotonic()
        await self._go_down()
        try:
            change()
        finally:
            await self._boot(BootMode.SYSTEM)
        return RestartTimes(
            until_mounted_s=self._machine.up_since_s - start,
            until_booted_s=time.monotonic() - start,
        )

    async def _open_source(self, url: str, offset: int) -> FileSource | HttpSource:
        async def open_file(path: str) -> int:
            return await self._machine.open_path("open", path.encode(), root_credentials())

        return await open_source(self._machine, url, offset, open_file=open_file)

    def _facts(self) -> DeviceFacts:
        return device_facts(
            self._system,
            device=self._product,
            ab=self._flash.slotted,
            low_battery=FaultKind.LOW_BATTERY in self.faults,
        )

    async def _reach(self, phase: Phase, share: float) -> None:
        await self._ailments.reach(phase, share)

    async def _run_tool(self, call: ToolCall) -> int:
        """Android's commands are there only while Android runs."""
        if self._mode is BootMode.SYSTEM and call.argv[0].decode("latin-1") == REMOUNT:
            return await run_remount(call, set_writable=self._make_writable)
        if self._mode is BootMode.SYSTEM and call.argv[0].decode("latin-1") in TOOLS:
            return await run_ota_tool(
                call, engine=self._engine, flash=self._flash, api=self._system.api
            )
        if self._mode is BootMode.SYSTEM:
            return await self._system.run_tool(call)
        os.write(call.stderr, call.argv[0] + b": inaccessible or not found\n")
        for descriptor in (call.stdin, call.stdout, call.stderr):
            os.close(descriptor)
        return NOT_FOUND

    async def _boot(self, mode: BootMode) -> None:
        """adbd is up before the system server is, as on a phone."""
        self._boots += 1
        mode = self._mode = self._as_bootable(mode)
        if self._stays_dark():
            return
        if mode in FASTBOOT_MODES:
            await self._fastboot.open(mode)
        elif mode is not BootMode.OFF:
            state = self._flash.state
            await self._machine.boot(erase_data=state.erase_data, erase_cache=state.erase_cache)
            if state.erase_data or state.erase_cache:
                state.erase_data = state.erase_cache = False
                self._flash.save()
            if mode is BootMode.SYSTEM:
                await self._system.look_at_disk(self._machine)
            self._adbd.come_up(mode)
            if mode is BootMode.SYSTEM:
                await self._start_system()
        if FaultKind.BOOT_LOOP in self.faults and self._boots > 1:
            self._begin_reboot(mode)

    def _as_bootable(self, mode: BootMode) -> BootMode:
        """The bootloader's part: where this boot really leads, with that firmware adopted."""
        if mode in FASTBOOT_MODES or mode is BootMode.OFF:
            return mode
        if mode is BootMode.SYSTEM and self._flash.state.to_recovery:
            mode = BootMode.RECOVERY
        if mode is BootMode.SYSTEM and not self._chain.choose_slot():
            return BootMode.BOOTLOADER
        try:
            changed = self._chain.adopt(optimise=self._optimise)
        except (FirmwareError, ConfigurationError):
            if mode is not BootMode.SYSTEM:
                return mode
            return self._as_bootable(mode) if self._chain.give_up() else BootMode.BOOTLOADER
        if changed or FaultKind.OTHER_SERIAL in self.faults:
            self._machine.adopt(self._spec())
        return mode

    def _spec(self) -> MachineSpec:
        other = self._boots > 1 and FaultKind.OTHER_SERIAL in self.faults
        serialno = self._serialno[::-1] if other else self._serialno
        debuggable = self._system.get_property("ro.debuggable") == "1"
        slotted = self._system.get_property("ro.build.ab_update") == "true"
        return machine_spec(
            self._system,
            state=self._state,
            serialno=serialno,
            native_tools=(
                *(TOOLS if slotted and debuggable else ()),
                *((REMOUNT,) if debuggable and self._system.api >= FIRST_REMOUNT_API else ()),
            ),
        )

    async def _make_writable(self) -> None:
        await self._machine.set_writable(writable=True)

    async def _optimise(self) -> None:
        for percent in range(101):
            await self._reach(Phase.CODE_OPTIMISATION, percent / 100)
            await asyncio.sleep(self._machine.ms_per_mib / 1000)

    async def _start_system(self) -> None:
        """A crash leads to the next boot, of this slot or of the other one."""
        self._system_runs = True
        try:
            unproven = self._chain.is_unproven
            if unproven:
                await self._reach(Phase.FIRST_BOOT, 0.0)
            await self._system.start(self._machine)
            if unproven:
                await self._reach(Phase.FIRST_BOOT, 1.0)
        except BootFailed as crash:
            self._system.log("init", f"Reboot: {crash}", level="E")
            await asyncio.sleep(CRASH_PAUSE_S)
            if self._wanted is None:  # else adb has told it meanwhile where to go
                self._begin_reboot(BootMode.SYSTEM)
            return
        self._chain.booted_well()
        await self._ailments.booted()

    async def _stop_system(self) -> None:
        """Once for each start, also of one that was cut short."""
        if self._system_runs:
            self._system_runs = False
            await self._system.stop()

    def _stays_dark(self) -> bool:
        """A fault lets nobody see this boot, or any later one."""
        never = FaultKind.NEVER_BOOTS in self.faults
        return never or (FaultKind.STAYS_DOWN in self.faults and self._boots > 1)

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
            except Exception as error:  # the process ends by it, and says so on stderr
                if self._wanted is None and not self._failed.done():
                    self._failed.set_exception(error)

    async def _go_down(self) -> None:
        self._going_down = True
        try:
            await self._adbd.go_down()
            await self._fastboot.close()
            await self._engine.stop()
            await self._stop_system()
            await self._machine.stop()
        finally:
            self._going_down = False
