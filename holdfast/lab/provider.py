"""The seam of the lab: whoever provides a device makes it reachable and takes it away again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from holdfast.deadline import Deadline
from holdfast.errors import HoldfastError

__all__ = ["Check", "Endpoint", "Provider", "Say", "look"]

Say = Callable[[str], None]
"""Takes a sentence for whoever watches the run, such as what a person has to do now."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Endpoint:
    """Where a device is reached, and what its provider can do to it besides.

    `fastboot` is its `host:port` or serial there, if it is known. `restore` puts it back to the
    snapshot of a name, and returns once it starts from there; `accept_key` is a hand that taps OK
    in the dialog about the lab's adb key. None: this kind of device has no such thing.
    """

    serial: str
    adb_host: str
    adb_port: int
    fastboot: str | None = None
    restore: Callable[[str, Deadline], None] | None = field(default=None, compare=False)
    accept_key: Callable[[Deadline], None] | None = field(default=None, compare=False)


@dataclass(frozen=True, kw_only=True, slots=True)
class Check:
    """One finding about this host. `advice` is what to do where it is not well."""

    what: str
    well: bool
    found: str
    advice: str = ""


def look(what: str, find: Callable[[], str]) -> Check:
    """What `find` found; not well if it raises a HoldfastError, which says what to do."""
    try:
        return Check(what=what, well=True, found=find())
    except HoldfastError as error:
        return Check(what=what, well=False, found=str(error))


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
