"""The system server as the machine sees it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path

from virtualdevice.seams import (
    BootFailed,
    DebuggedProcess,
    KeyAnswer,
    Machine,
    SystemServer,
    ToolCall,
)
from virtualdevice.system.builtin_defects import BUILTIN
from virtualdevice.system.commands.table import commands_of, run_command
from virtualdevice.system.defects import Defect, Defects, load_defect
from virtualdevice.system.invocation import Invocation
from virtualdevice.system.language import as_chosen
from virtualdevice.system.log_buffer import LogBuffer
from virtualdevice.system.packages.boot import boot_packages
from virtualdevice.system.personality import Personality, load_personality
from virtualdevice.system.phone import Phone
from virtualdevice.system.properties import Properties, PropertyRefused, build_properties

__all__ = ["AndroidServer"]

# What adbd of each version can do; the codecs are the machine's business.
FEATURES_SINCE = {
    24: ("shell_v2", "cmd", "stat_v2", "fixed_push_mkdir"),
    29: ("ls_v2", "abb", "abb_exec", "fixed_push_symlink_timestamp", "apex"),
    30: ("remount_shell", "track_app", "sendrecv_v2", "sendrecv_v2_dry_run_send"),
    34: ("delayed_ack",),
}
CLOCK_JUMP_S = 400 * 86400
UNTIL_REBOOT = "until_reboot"


class AndroidServer(SystemServer):
    """`start` makes a new phone for each boot; what outlives it is in the device's files."""

    def __init__(
        self,
        personality: Personality,
        defects: Defects,
        *,
        configure: Callable[[Personality], tuple[Personality, Defects]] | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """`configure` adds to a firmware what the device was started with."""
        self._factory = personality, defects
        self._personality = personality
        self._defects = defects
        self._configure = configure
        self._boot_properties: Mapping[str, str] = {}
        self._optimise: Callable[[], Awaitable[None]] | None = None
        self._as_chosen: Personality | None = None
        """The build in the language of this boot."""
        self._true_clock = clock
        self._ahead_s = CLOCK_JUMP_S if defects.has("clock_jumps") else 0.0
        self._log = LogBuffer(self._clock)
        self._phone: Phone | None = None
        self._is_full = False
        self._next_boot_has: set[str] = set()
        self._struck: list[Defect] = []
        """Switched on while it ran: they outlive another firmware."""

    def _clock(self) -> float:
        return self._true_clock() + self._ahead_s

    def _set_clock(self, time_s: float) -> None:
        """It goes on from there, over reboots as well."""
        self._ahead_s = time_s - self._true_clock()

    @property
    def phone(self) -> Phone | None:
        """This boot's phone; None while it is off."""
        return self._phone

    @property
    def tool_names(self) -> Sequence[str]:
        return sorted(commands_of(self._personality.api))

    @property
    def api(self) -> int:
        return self._personality.api

    @property
    def adb_properties(self) -> Mapping[str, str]:
        values = build_properties(self._personality, "")
        wanted = ("ro.product.name", "ro.product.model", "ro.product.device")
        flags = ("ro.debuggable", "ro.adb.secure", "ro.secure")
        return {name: values[name] for name in (*wanted, *flags)}

    @property
    def adb_features(self) -> Sequence[str]:
        return [
            feature
            for since, features in FEATURES_SINCE.items()
            if self.api >= since
            for feature in features
        ]

    def adopt(
        self,
        firmware: Path | None,
        *,
        boot_properties: Mapping[str, str],
        optimise: Callable[[], Awaitable[None]],
    ) -> None:
        self._boot_properties = boot_properties
        self._optimise = optimise
        self._personality, self._defects = self._factory
        self._as_chosen = None
        if firmware is not None and self._configure is not None:
            self._personality, self._defects = self._configure(load_personality(firmware))
            for defect in self._struck:
                self._defects.switch_on(defect)

    async def look_at_disk(self, machine: Machine) -> None:
        self._as_chosen = await as_chosen(self._personality, machine)

    async def start(self, machine: Machine) -> None:
        self._log = LogBuffer(self._clock)
        phone = Phone(
            machine,
            self._as_chosen or self._personality,
            defects=self._defects,
            log=self._log,
            clock=self._clock,
            set_clock=self._set_clock,
        )
        self._phone = phone
        phone.until_reboot, self._next_boot_has = self._next_boot_has, set()
        parts = phone.parts
        if phone.defects.has("boot_crashes_early"):
            raise BootFailed("kernel panic")
        values = build_properties(self._personality, machine.serialno)
        await parts.properties.start(machine, values | dict(self._boot_properties))
        await parts.users.load(machine)
        await parts.settings.start(machine, parts.users.ids)
        upgraded = await boot_packages(phone.parts, phone.defects)
        if phone.defects.has("boot_crashes_late"):
            raise BootFailed("the system server crashed")
        if upgraded and self._optimise is not None:
            await self._optimise()
        await phone.sessions.start()
        await phone.sessions.staging.apply()
        await phone.finish_boot()
        if phone.defects.has("storage_full") and not self._is_full:
            self._is_full = True
            await machine.fill()

    async def stop(self) -> None:
        phone, self._phone = self._phone, None
        if phone is None:
            return
        await phone.end_tasks()
        phone.booted = False

    async def run_tool(self, call: ToolCall) -> int:
        phone = self._phone
        space = phone.parts.machine.space if phone is not None else None
        invocation = Invocation(call, space=space)
        try:
            if phone is None:
                await invocation.error(f"{invocation.name}: the system is not running")
                return 1
            return await run_command(phone, invocation)
        finally:
            invocation.close()

    def get_property(self, name: str) -> str:
        return self._properties().get(name)

    def set_property(self, name: str, value: str) -> None:
        try:
            self._properties().set(name, value)
        except PropertyRefused as refused:
            self.log("init", str(refused), level="E")

    def _properties(self) -> Properties:
        if self._phone is not None:
            return self._phone.parts.properties
        properties = Properties(self.api)
        properties.preset(build_properties(self._personality, ""))
        return properties

    async def authorize_adb_key(self, key: bytes, answer: Callable[[KeyAnswer], None]) -> None:
        if self._phone is None:
            answer(KeyAnswer.REFUSED)
        else:
            self._phone.ask_about_adb_key(key, answer)

    async def accept_adb_key(self) -> bool:
        return self._phone is not None and self._phone.accept_adb_key()

    def debugged_processes(self) -> Sequence[DebuggedProcess]:
        return [] if self._phone is None else self._phone.debugged_processes()

    async def processes_changed(self) -> None:
        if self._phone is None:
            await asyncio.Event().wait()
        else:
            await self._phone.activities.processes.changed.wait()

    async def framebuffer(self) -> tuple[int, int, bytes]:
        if self._phone is None:
            return 1, 1, b"\0\0\0\xff"
        return self._phone.picture_rgba()

    def log(self, tag: str, text: str, *, level: str = "I") -> None:
        self._log.write(tag, text, level=level)

    def switch_on(self, name: str) -> None:
        defect = load_defect(name, BUILTIN)
        if UNTIL_REBOOT in defect.flags:
            of_boot = self._next_boot_has if self._phone is None else self._phone.until_reboot
            of_boot |= defect.flags
        else:
            self._struck.append(defect)
            self._defects.switch_on(defect)
        if name == "clock_jumps":
            self._ahead_s = CLOCK_JUMP_S
