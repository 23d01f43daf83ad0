"""How long each part of a scenario may take, in seconds."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Limits"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Limits:
    """The defaults suit phones as well: on a quick device nothing waits this long.

    `push_s`: a store that was told to push shows or does something. `quiet_s`: nothing moves any
    more. `watch_s`: how long a prompt is left alone by somebody who is away. `after_boot_s`: the
    screen is watched so long behind a reboot. `install_s`: an
    installation that shows a bar or a wheel; `silent_install_s`: one that shows nothing.
    `settle_s`: everything that an update sets off is over. `firmware_s`: a scenario that updates
    the firmware, with its boots.
    """

    scenario_s: float = 1200.0
    firmware_s: float = 7200.0
    step_s: float = 180.0
    boot_s: float = 480.0
    push_s: float = 15.0
    quiet_s: float = 0.8
    watch_s: float = 3.0
    after_boot_s: float = 1.5
    install_s: float = 60.0
    silent_install_s: float = 8.0
    settle_s: float = 150.0
