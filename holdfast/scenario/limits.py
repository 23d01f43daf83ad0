"""How long each part of a scenario may take, in seconds."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Limits"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Limits:
    """The defaults suit phones as well: on a quick device nothing waits this long.

    `push_s`: a store that was told to push shows or does something. `quiet_s`: nothing moves any
    more. `watch_s`: how long a prompt is left alone by somebody who is away. `settle_s`: everything
    that an update sets off is over.
    """

    scenario_s: float = 600.0
    step_s: float = 120.0
    boot_s: float = 300.0
    push_s: float = 15.0
    quiet_s: float = 0.8
    watch_s: float = 3.0
    settle_s: float = 90.0
