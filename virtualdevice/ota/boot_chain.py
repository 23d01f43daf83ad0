"""From power-on to the build that runs: which slot, which firmware is in it, and what if it fails.

The rules are those of source.android.com, "A/B system updates": a slot that has never booted well
has a few tries; when they are used up it is unbootable, and the other one is booted.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path

from virtualdevice.bootloader.flash import Flash
from virtualdevice.ota.firmware import FirmwareError, FirmwareImage, read_firmware
from virtualdevice.seams import SystemServer

__all__ = ["BootChain"]

IMAGE = "system"


class BootChain:
    """`folder` keeps the firmwares unpacked. `factory` makes the image of the build that the device
    came with; a partition that was never flashed, or holds something else, counts as that."""

    def __init__(
        self,
        flash: Flash,
        system: SystemServer,
        *,
        folder: Path,
        factory: Callable[[], bytes],
    ) -> None:
        self._flash = flash
        self._system = system
        self._folder = folder
        self._factory = factory
        self._running = flash.state.current_slot
        self._booted = ""
        """The digest of the firmware that the system server has adopted."""

    def image_of(self, slot: str) -> bytes:
        """The whole system partition of a slot (any name where there are no slots)."""
        name = f"{IMAGE}_{slot}" if self._flash.slotted else IMAGE
        return self._flash.read(name) or self._factory()

    @property
    def running_image(self) -> bytes:
        return self.image_of(self._running)

    def write_image(self, slot: str, image: bytes) -> None:
        name = f"{IMAGE}_{slot}" if self._flash.slotted else IMAGE
        self._flash.make_room(name, len(image))
        self._flash.erase(name)
        self._flash.write(name, image)

    def begin(self, slot: str) -> None:
        """What is there is about to be overwritten: nothing is to boot it."""
        if self._flash.slotted:
            self._flash.state.slots[slot].unbootable = True
        else:
            self._flash.state.to_recovery = True
        self._flash.save()

    def finish(self, slot: str) -> None:
        """It is written; the next boot is its first."""
        if self._flash.slotted:
            self._flash.set_active(slot)
            self._flash.state.unmerged_slot = slot if self._flash.has_virtual_slots else ""
        self._flash.state.to_recovery = False
        self._flash.save()

    def undo(self) -> None:
        """Go on with the slot that runs: the other one waits no more."""
        self._flash.state.current_slot = self._running
        self._flash.state.unmerged_slot = ""
        self._flash.save()

    @property
    def target_slot(self) -> str:
        """Where an update goes."""
        return ("b" if self._running == "a" else "a") if self._flash.slotted else self._running

    @property
    def is_unproven(self) -> bool:
        """Whether this slot has not booted well yet."""
        state = self._flash.state
        return self._flash.slotted and not state.slots[state.current_slot].successful

    def choose_slot(self) -> bool:
        """The bootloader's part of a boot. False if no slot can be booted: it stays there."""
        state = self._flash.state
        if not self._flash.slotted:
            return True
        for slot in (state.current_slot, self._flash.other_slot):
            facts = state.slots[slot]
            if facts.unbootable or (not facts.successful and facts.tries == 0):
                facts.unbootable = True
                continue
            if not facts.successful:
                facts.tries -= 1
            state.current_slot = slot
            self._flash.save()
            return True
        self._flash.save()
        return False

    def adopt(self, *, optimise: Callable[[], Awaitable[None]]) -> bool:
        """Make the system server the build of the current slot; whether it is another than before.
        `optimise` is called when it meets apps that an older build left. FirmwareError,
        ConfigurationError: what is there cannot boot."""
        slot = self._running = self._flash.state.current_slot
        name = f"{IMAGE}_{slot}" if self._flash.slotted else IMAGE
        if self._flash.partition(name) is None or name in self._flash.state.hollow:
            raise FirmwareError(f"there is nothing in {name}")
        firmware = read_firmware(self._flash.read(name))
        properties = {"ro.boot.slot_suffix": f"_{slot}"} if self._flash.slotted else {}
        file = None if firmware is None else self._unpacked(firmware)
        self._system.adopt(file, boot_properties=properties, optimise=optimise)
        digest = firmware.digest if firmware is not None else ""
        changed, self._booted = digest != self._booted, digest
        return changed

    def _unpacked(self, firmware: FirmwareImage) -> Path:
        folder = self._folder / firmware.digest[:16]
        if not folder.is_dir():
            partial = folder.with_suffix(".partial")
            firmware.unpack(partial)
            partial.rename(folder)
        return next(folder.glob("*.yaml"))

    def give_up(self) -> bool:
        """What the current slot holds is no firmware; whether another slot is left to try."""
        if not self._flash.slotted:
            return False
        self._flash.state.slots[self._flash.state.current_slot].unbootable = True
        return self.choose_slot()

    def booted_well(self) -> None:
        """update_verifier's mark, when Android is up."""
        facts = self._flash.state.slots[self._flash.state.current_slot]
        if self._flash.slotted and not facts.successful:
            facts.successful = True
            self._flash.state.unmerged_slot = ""
            self._flash.save()
