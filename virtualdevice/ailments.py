"""What is wrong with one device: the faults that last, those that wait for their place, and how
each comes about."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable

from holdfast.errors import ConfigurationError
from virtualdevice.faults import (
    ALSO_CALLED,
    NEEDS_PLACE,
    OF_ANDROID,
    Fault,
    FaultError,
    FaultKind,
    Phase,
    PhaseWatch,
    parse_fault,
)
from virtualdevice.machine.machine import DeviceMachine
from virtualdevice.seams import BootFailed, SystemServer

__all__ = ["Ailments"]

BOOT_PHASES = frozenset({Phase.FIRST_BOOT, Phase.CODE_OPTIMISATION})
AFTER_THE_FIRST_BOOT = frozenset(
    {FaultKind.FULL_DISK, FaultKind.SHELLS_HANG, FaultKind.SYSTEM_SERVER_HANGS}
)
"""Those that have to meet a phone that has booted."""
BATTERY_FLAT = "battery_flat"
"""How Android's side of a low battery is called there."""


class Ailments:
    """`on_link` carries out what befalls adb, or all of the device."""

    def __init__(
        self,
        faults: Iterable[Fault],
        *,
        system: SystemServer,
        machine: DeviceMachine,
        on_link: Callable[[FaultKind], None],
    ) -> None:
        self._system = system
        self._machine = machine
        self._on_link = on_link
        faults = list(faults)
        self._places = PhaseWatch(faults)
        self.lasting: set[FaultKind] = set()
        """To be changed while it runs."""
        self._waiting: list[Fault] = []
        for fault in faults:
            if fault.phase is None and fault.kind in AFTER_THE_FIRST_BOOT:
                self._waiting.append(fault)
            elif fault.phase is None and fault.kind not in NEEDS_PLACE:
                self._begin(fault)

    async def strike(self, text: str) -> None:
        """As on the command line: now, or at the place that it names. What needs a place comes
        without one as well, and any defect by its name. ConfigurationError, HostCannot."""
        name = text.partition("=")[0]
        if name not in (*FaultKind, *ALSO_CALLED):
            self._system.switch_on(name)
            return
        if text in NEEDS_PLACE:
            self._on_link(FaultKind(text))
            return
        try:
            fault = parse_fault(text)
        except FaultError as error:
            raise ConfigurationError(str(error)) from error
        if fault.phase is not None:
            self._places.await_place(fault)
        else:
            await self._carry_out(fault)

    async def booted(self) -> None:
        """The first boot is done, or a later one. HostCannot."""
        waiting, self._waiting = self._waiting, []
        for fault in waiting:
            await self._carry_out(fault)

    async def reach(self, phase: Phase, share: float) -> None:
        """Carries out what is due there; returns unless whatever is under way ends with it."""
        for fault in self._places.reach(phase, share):
            await self._carry_out(fault)
            if fault.kind is FaultKind.REBOOT and phase in BOOT_PHASES:
                raise BootFailed("the power went")
            if fault.kind in {FaultKind.HANG, FaultKind.REBOOT}:
                await asyncio.Event().wait()

    async def _carry_out(self, fault: Fault) -> None:
        if fault.kind in NEEDS_PLACE or fault.kind is FaultKind.SHELLS_HANG:
            self._on_link(fault.kind)
            return
        self._begin(fault)
        if fault.kind is FaultKind.FULL_DISK:
            await self._machine.fill()

    def _begin(self, fault: Fault) -> None:
        """It lasts."""
        self.lasting.add(fault.kind)
        if fault.kind is FaultKind.SLOW_DISK:
            self._machine.ms_per_mib = fault.milliseconds
        elif fault.kind is FaultKind.LOW_BATTERY:
            self._system.switch_on(BATTERY_FLAT)
        elif fault.kind in OF_ANDROID:
            self._system.switch_on(fault.kind)
