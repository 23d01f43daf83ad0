"""The device in sideload mode: where the package goes, and what becomes of it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path

from virtualdevice.bootloader.flash import Flash
from virtualdevice.faults import Phase
from virtualdevice.ota.boot_chain import BootChain
from virtualdevice.ota.recovery import DeviceFacts, install_package
from virtualdevice.seams import SystemServer

__all__ = ["Sideload", "device_facts"]

LOW_BATTERY_PERCENT = 5


def device_facts(
    system: SystemServer, *, device: str, ab: bool, low_battery: bool = False
) -> DeviceFacts:
    """Of the build that runs or would run."""
    # Keys bring `cryptography`, a tenth of a device's memory, and few devices are ever updated.
    from virtualdevice.ota.keys import release_key

    built = system.get_property("ro.build.date.utc")
    return DeviceFacts(
        device=device,
        fingerprint=system.get_property("ro.build.fingerprint"),
        build_time_s=int(built) if built.isdigit() else 0,
        public_key=release_key(system.get_property("ro.product.brand")).public_key_der,
        ab=ab,
        battery_percent=LOW_BATTERY_PERCENT if low_battery else 100,
    )


class Sideload:
    """What adbd asks for in that mode. `facts` are taken when a package is there."""

    def __init__(
        self,
        folder: Path,
        *,
        flash: Flash,
        chain: BootChain,
        facts: Callable[[], DeviceFacts],
        reach: Callable[[Phase, float], Awaitable[None]],
    ) -> None:
        self._folder = folder
        self._flash = flash
        self._chain = chain
        self._facts = facts
        self._reach = reach

    def folder(self) -> Path:
        """Where recovery puts a sideloaded package."""
        self._folder.mkdir(exist_ok=True)
        return self._folder

    async def received(self, share: float) -> None:
        await self._reach(Phase.DOWNLOAD, share)

    async def install(self, package: Path) -> bool:
        """`last_install` beside the package says why, if it is refused."""
        slot = self._chain.target_slot
        done = await install_package(
            package, facts=self._facts(), chain=self._chain, slot=slot, reach=self._reach
        )
        (self.folder() / "last_install").write_text(done.last_install, encoding="utf-8")
        if done.accepted:
            self._chain.finish(slot)
            if done.wipe:
                self._flash.erase_user_data()
        return done.accepted
