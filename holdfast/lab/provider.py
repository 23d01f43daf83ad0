"""The seam of the lab: whoever provides a device makes it reachable and takes it away again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from holdfast.deadline import Deadline

__all__ = ["Endpoint", "Provider", "Say"]

Say = Callable[[str], None]
"""Takes a sentence for whoever watches the run, such as what a person has to do now."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Endpoint:
    """Where a device is reached. `fastboot` is its `host:port` or serial there, if it is known."""

    serial: str
    adb_host: str
    adb_port: int
    fastboot: str | None = None


class Provider(Protocol):
    """One device of the inventory.

    `resource` names what is leased: the same for two names of the same hardware, and different for
    what may run side by side.
    """

    @property
    def resource(self) -> str: ...

    def start(self, deadline: Deadline, *, say: Say) -> Endpoint:
        """Make the device reachable: adb lists it as `device`.

        LabError if it cannot be had, ConfigurationError if what the file asks for does not exist.
        Whatever was started before an error is stopped.
        """

    def stop(self, deadline: Deadline) -> None:
        """Undo all that `start` did, also after the device has died. Nothing is left running."""
