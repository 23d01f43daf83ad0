"""What `fastboot getvar` answers: a table of functions by name, with an argument or without."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from virtualdevice.bootloader.flash import Flash, SlotState

__all__ = ["BoardFacts", "Variables"]

MAX_DOWNLOAD_BYTES = 64 << 20
BLOCK_BYTES = 4096


@dataclass(frozen=True, kw_only=True, slots=True)
class BoardFacts:
    """What the hardware is."""

    product: str
    serialno: str
    bootloader_version: str = "1.0"
    baseband_version: str = "1.0"
    variant: str = "standard"
    hardware_revision: str = "EVT1"


def yes(value: bool) -> str:
    return "yes" if value else "no"


class Variables:
    """For the bootloader, or (`userspace`) for fastbootd."""

    max_download_bytes = MAX_DOWNLOAD_BYTES

    def __init__(
        self, flash: Flash, board: BoardFacts, *, userspace: bool, battery_is_ok: bool = True
    ) -> None:
        self._flash = flash
        self._board = board
        self.userspace = userspace
        self.battery_is_ok = battery_is_ok

    def get(self, name: str) -> str | None:
        """None for a variable that there is not."""
        base, _, argument = name.partition(":")
        if argument:
            about = self._about().get(base)
            return None if about is None else about(argument)
        return self._plain().get(base)

    def all(self) -> Iterator[tuple[str, str]]:
        yield from self._plain().items()
        for name in self._flash.names:
            for base in ("partition-type", "partition-size", "is-logical"):
                yield f"{base}:{name}", self.get(f"{base}:{name}") or ""
        for base in ("slot-successful", "slot-unbootable", "slot-retry-count"):
            for slot in ("a", "b") if self._flash.slotted else ():
                yield f"{base}:{slot}", self.get(f"{base}:{slot}") or ""
        for base_name in sorted({self._base(name) for name in self._flash.names}):
            yield f"has-slot:{base_name}", self.get(f"has-slot:{base_name}") or ""

    def _base(self, name: str) -> str:
        part = self._flash.partition(name)
        return name if part is None else part.name

    def _plain(self) -> Mapping[str, str]:
        state = self._flash.state
        values = {
            "version": "0.4",
            "version-bootloader": self._board.bootloader_version,
            "version-baseband": self._board.baseband_version,
            "product": self._board.product,
            "serialno": self._board.serialno,
            "variant": self._board.variant,
            "hw-revision": self._board.hardware_revision,
            "secure": yes(not state.unlocked),
            "unlocked": yes(state.unlocked),
            "slot-count": "2" if self._flash.slotted else "0",
            "max-download-size": f"{MAX_DOWNLOAD_BYTES:#x}",
            "erase-block-size": f"{BLOCK_BYTES:#x}",
            "logical-block-size": f"{BLOCK_BYTES:#x}",
            "battery-voltage": "4100" if self.battery_is_ok else "3400",
            "battery-soc-ok": yes(self.battery_is_ok),
            "off-mode-charge": "1",
            "is-userspace": yes(self.userspace),
            "snapshot-update-status": "snapshotted" if state.unmerged_slot else "none",
        }
        if self.userspace and self._flash.has_super:
            values["super-partition-name"] = "super"
        if self._flash.slotted:
            values["current-slot"] = state.current_slot
        return values

    def _about(self) -> Mapping[str, Callable[[str], str | None]]:
        return {
            "has-slot": self._has_slot,
            "partition-size": self._partition_size,
            "partition-type": self._partition_type,
            "is-logical": lambda name: yes(self.userspace and self._flash.is_logical(name)),
            "slot-successful": self._of_slot(lambda slot: yes(slot.successful)),
            "slot-unbootable": self._of_slot(lambda slot: yes(slot.unbootable)),
            "slot-retry-count": self._of_slot(lambda slot: str(slot.tries)),
        }

    def _has_slot(self, name: str) -> str:
        return yes(self._flash.has_slot(name))

    def _partition_size(self, name: str) -> str | None:
        part = self._flash.partition(name)
        return None if part is None else f"{part.size_bytes:#x}"

    def _partition_type(self, name: str) -> str | None:
        part = self._flash.partition(name)
        return None if part is None else part.kind

    def _of_slot(self, value: Callable[[SlotState], str]) -> Callable[[str], str | None]:
        def answer(name: str) -> str | None:
            slot = self._flash.state.slots.get(name.removeprefix("_"))
            return value(slot) if self._flash.slotted and slot is not None else None

        return answer
