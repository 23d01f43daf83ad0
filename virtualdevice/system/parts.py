"""What the parts of the system server share during one boot."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from virtualdevice.seams import Files, Machine
from virtualdevice.system.log_buffer import LogBuffer
from virtualdevice.system.packages.records import PackageRecord
from virtualdevice.system.packages.registry import Registry
from virtualdevice.system.packages.storage import AppStorage
from virtualdevice.system.personality import Personality
from virtualdevice.system.properties import Properties
from virtualdevice.system.settings import Settings
from virtualdevice.system.users.roster import Roster

__all__ = ["Parts"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Parts:
    """`clock` gives seconds since the Unix epoch."""

    machine: Machine
    personality: Personality
    users: Roster
    registry: Registry
    storage: AppStorage
    settings: Settings
    properties: Properties
    log: LogBuffer
    clock: Callable[[], float]

    @property
    def api(self) -> int:
        return self.personality.api

    @property
    def files(self) -> Files:
        return self.machine.files

    def keeps_data(self, record: PackageRecord) -> bool:
        """Apps that are only named by the personality keep nothing, and boot sooner for it."""
        package = self.personality.packages.get(record.name)
        return not record.is_system or record.preload is not None or bool(package and package.apk)

    def now_ms(self) -> int:
        return int(self.clock() * 1000)

    async def save_packages(self) -> None:
        """Write the records, and tell the machine which app ids have names."""
        await self.registry.save(self.machine)
        await self.machine.set_accounts(self.registry.account_names())
