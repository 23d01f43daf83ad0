"""Preparations: the states that a device can be brought to, and by which stages. A table.

A stage is a piece of work and the mode in which it is done; how the mode is reached is the table
of roads in states.py. Which goal asks for which stages stands here, so that a plan can be shown
without a device.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from holdfast.errors import ConfigurationError
from holdfast.firmware.states import Mode
from holdfast.journal import DestructionKind

__all__ = ["STAGES", "Goal", "Preparation", "Stage", "UserData", "Work"]


class Goal(StrEnum):
    """RESTORE goes back to a snapshot of the device; DOWNGRADE flashes an older build."""

    RESTORE = "restore"
    FACTORY_RESET = "factory_reset"
    FLASH = "flash"
    SIDELOAD = "sideload"
    OTA = "ota"
    DOWNGRADE = "downgrade"


class UserData(StrEnum):
    """What becomes of user data is always said, never assumed."""

    KEEP = "keep"
    WIPE = "wipe"


class Work(StrEnum):
    RESTORE_SNAPSHOT = "restore_snapshot"
    WIPE_USER_DATA = "wipe_user_data"
    RESET_FROM_SYSTEM = "reset_from_system"
    FLASH_IMAGES = "flash_images"
    FLASH_LOGICAL_IMAGES = "flash_logical_images"
    SEND_PACKAGE = "send_package"
    APPLY_UPDATE = "apply_update"
    REBOOT = "reboot"
    PROVE_READY = "prove_ready"
    APPLY_SETTINGS = "apply_settings"
    PROVE_USABLE = "prove_usable"


@dataclass(frozen=True, kw_only=True, slots=True)
class Stage:
    """`mode` is None for work that does not care. `bound_s` is for the work, without the road to
    its mode; `usual_s` is for plans."""

    mode: Mode | None
    work: Work
    bound_s: float
    usual_s: float


def _stage(mode: Mode | None, work: Work, bound_s: float, usual_s: float) -> Stage:
    return Stage(mode=mode, work=work, bound_s=bound_s, usual_s=usual_s)


_G, _U, _M, _W = Goal, UserData, Mode, Work
_WIPE = _stage(_M.BOOTLOADER, _W.WIPE_USER_DATA, 300, 20)
_IMAGES = (
    _stage(_M.BOOTLOADER, _W.FLASH_IMAGES, 1800, 240),
    # Only for a folder of images that holds logical partitions; else there is nothing to do.
    _stage(None, _W.FLASH_LOGICAL_IMAGES, 1800, 0),
)
_SEND = _stage(_M.SIDELOAD, _W.SEND_PACKAGE, 2400, 300)
_APPLY = (
    _stage(_M.SYSTEM, _W.APPLY_UPDATE, 3600, 600),
    _stage(_M.SYSTEM, _W.REBOOT, 600, 90),
)
_READY = (
    _stage(_M.SYSTEM, _W.PROVE_READY, 600, 60),
    _stage(_M.SYSTEM, _W.APPLY_SETTINGS, 600, 2),
    _stage(_M.SYSTEM, _W.PROVE_USABLE, 180, 5),
)

STAGES: Mapping[tuple[Goal, UserData], tuple[Stage, ...]] = {
    (_G.RESTORE, _U.WIPE): (_stage(None, _W.RESTORE_SNAPSHOT, 600, 30), *_READY),
    (_G.FACTORY_RESET, _U.WIPE): (_WIPE, *_READY),
    (_G.FLASH, _U.KEEP): (*_IMAGES, *_READY),
    (_G.FLASH, _U.WIPE): (*_IMAGES, _WIPE, *_READY),
    (_G.SIDELOAD, _U.KEEP): (_SEND, *_READY),
    (_G.SIDELOAD, _U.WIPE): (_SEND, _WIPE, *_READY),
    (_G.OTA, _U.KEEP): (*_APPLY, *_READY),
    (_G.OTA, _U.WIPE): (*_APPLY, _WIPE, *_READY),
    (_G.DOWNGRADE, _U.WIPE): (*_IMAGES, _WIPE, *_READY),
}
# A device whose bootloader this lab does not see is reset from Android itself.
_RESET_FROM_SYSTEM = (_stage(_M.SYSTEM, _W.RESET_FROM_SYSTEM, 300, 60), *_READY)

_NEEDS_PACKAGE = frozenset({_G.FLASH, _G.SIDELOAD, _G.OTA, _G.DOWNGRADE})
_NEEDS_BUILD = frozenset({_G.FLASH, _G.DOWNGRADE})
_WHY_NOT: Mapping[tuple[Goal, UserData], str] = {
    (_G.RESTORE, _U.KEEP): "restoring a snapshot puts its user data in place of the present one",
    (_G.FACTORY_RESET, _U.KEEP): "a factory reset is there to wipe user data",
    (_G.DOWNGRADE, _U.KEEP): "an older build does not start on the user data of a newer one",
}
_DESTROYS: Mapping[Work, DestructionKind] = {
    _W.RESTORE_SNAPSHOT: DestructionKind.RESTORE,
    _W.WIPE_USER_DATA: DestructionKind.WIPE_USERDATA,
    _W.RESET_FROM_SYSTEM: DestructionKind.WIPE_USERDATA,
    _W.FLASH_IMAGES: DestructionKind.FLASH,
    _W.FLASH_LOGICAL_IMAGES: DestructionKind.FLASH,
    _W.SEND_PACKAGE: DestructionKind.FLASH,
    _W.APPLY_UPDATE: DestructionKind.FLASH,
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Preparation:
    """A declared state. Check it with `require_sensible` before anything is touched.

    `package`: an update ZIP of fastboot or a folder of images (flash, downgrade), an OTA package
    (sideload, ota). `build`: the build fingerprint that must run in the end; where it is empty, an
    OTA package says it itself, and a reset or a restore must lead back to the build before.
    `streamed`: the device reads the OTA package from this host while it applies it. `locale`: a
    BCP 47 tag that it must speak in the end; where it is empty, whatever it speaks is right.
    """

    goal: Goal
    user_data: UserData
    package: Path | None = None
    build: str = ""
    snapshot: str = ""
    streamed: bool = False
    locale: str = ""

    def require_sensible(self) -> None:
        """Raises ConfigurationError, in words, if it cannot be what somebody wants."""
        if (self.goal, self.user_data) not in STAGES:
            raise ConfigurationError(
                f"{self.goal} with user_data {self.user_data}: "
                f"{_WHY_NOT[self.goal, self.user_data]}"
            )
        if self.goal in _NEEDS_PACKAGE and self.package is None:
            raise ConfigurationError(f"{self.goal} needs a package")
        if self.package is not None and not self.package.exists():
            raise ConfigurationError(f"{self.goal}: there is no {self.package}")
        if self.goal in _NEEDS_BUILD and not self.build:
            raise ConfigurationError(
                f"{self.goal} needs the build fingerprint that it leads to (`build`): nothing in a "
                "package for fastboot tells it"
            )
        if self.goal is Goal.RESTORE and not self.snapshot:
            raise ConfigurationError("restore needs the name of a snapshot")

    def stages(self, *, bootloader: bool) -> tuple[Stage, ...]:
        """What is to be done. `bootloader`: this lab sees the device's bootloader."""
        stages = STAGES[self.goal, self.user_data]
        if bootloader or self.goal is not Goal.FACTORY_RESET:
            return stages
        return _RESET_FROM_SYSTEM

    def without_flashing(self, stages: tuple[Stage, ...]) -> tuple[Stage, ...]:
        """What is left of `stages` where the build is there already."""
        return tuple(s for s in stages if _DESTROYS.get(s.work) is not DestructionKind.FLASH)

    @property
    def destroys(self) -> frozenset[DestructionKind]:
        kinds = (_DESTROYS.get(stage.work) for stage in STAGES[self.goal, self.user_data])
        return frozenset(kind for kind in kinds if kind is not None)

    @property
    def usual_s(self) -> float:
        """About how long it takes, with the boots on the way (90 s each)."""
        stages = STAGES[self.goal, self.user_data]
        leaves_android = any(s.mode not in (None, Mode.SYSTEM) for s in stages)
        return sum(s.usual_s for s in stages) + (90 if leaves_android else 0)
