"""Switching the USB power of a device's port, by uhubctl. Hubs lie: it is verified.

Source: https://github.com/mvp/uhubctl: `-l` hub location, `-p` port, `-a` action. A phone runs on
from its battery: what a power cycle does is a new enumeration, and a charge that begins anew.
"""

from __future__ import annotations

from collections.abc import Callable

from holdfast.deadline import Deadline, wait_until
from holdfast.errors import LabError
from holdfast.lab.inventory import UsbPowerSpec
from holdfast.lab.started import find_program, run_tool

__all__ = ["UsbPower"]

_INSTALL = "install uhubctl (Debian: apt-get install uhubctl)"
_GONE_S = 15.0


class UsbPower:
    """One port of one hub. `listed` says whether adb or fastboot sees the device now."""

    def __init__(
        self, spec: UsbPowerSpec, *, device: str, listed: Callable[[Deadline], bool]
    ) -> None:
        self._spec = spec
        self._device = device
        self._listed = listed

    def cycle(self, deadline: Deadline, *, to_bootloader: bool) -> None:
        """Off, until the device is gone, and on again. LabError if it did not go."""
        if to_bootloader:
            raise LabError(
                "USB power alone leads no device into its bootloader", device=self._device
            )
        self._switch("off", deadline)
        try:
            wait_until(
                lambda: not self._listed(deadline),
                deadline.within(_GONE_S),
                what="the device's disappearance after its USB power was switched off",
                device=self._device,
            )
        except LabError as error:
            raise LabError(
                f"hub {self._spec.hub} port {self._spec.port} said that it switched, and the "
                "device stayed: the hub cannot switch power, or it is another port",
                device=self._device,
            ) from error
        finally:
            self._switch("on", Deadline.after(_GONE_S, clock=deadline.clock))

    def _switch(self, action: str, deadline: Deadline) -> None:
        program = find_program("uhubctl", advice=_INSTALL, device=self._device)
        command = [program, "-l", self._spec.hub, "-p", str(self._spec.port), "-a", action]
        status, said = run_tool(command, deadline=deadline, device=self._device, environment={})
        if status != 0:
            last = said.strip().rpartition("\n")[2]
            raise LabError(
                f"uhubctl could not switch hub {self._spec.hub} port {self._spec.port} {action}: "
                f"{last}",
                device=self._device,
            )
