"""The seam between a test and a device: a rig holds one leased device and runs scenarios on it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from holdfast.journal import Journal, Ledger
from holdfast.scenario.result import ScenarioPlan, ScenarioResult

__all__ = ["DeviceFacts", "Need", "NotCovered", "Rig"]


class NotCovered(Exception):
    """The device cannot offer what the test needs: no pass, and no failure. The text says what."""


class Need(StrEnum):
    """The words that the marker `needs` may ask for, because not every device offers them."""

    STORE = "store"
    FASTBOOT = "fastboot"
    DEBUGGABLE_BUILD = "debuggable_build"


@dataclass(frozen=True, kw_only=True, slots=True)
class DeviceFacts:
    """What reports say of a device, and what it offers."""

    name: str
    model: str
    build: str
    api: int
    offers: frozenset[Need] = frozenset()


class Rig(Protocol):
    """One device of the inventory, held by this process until `release`.

    A rig whose device failed in the lab's way starts it anew for the next test, and gives up by an
    error at once when that does not help.
    """

    def ready(self, journal: Journal, ledger: Ledger) -> DeviceFacts:
        """Lease, start and connect as far as that is needed; LabError if it cannot be done.

        What happens on the device until the next `ready` goes to this journal and this ledger.
        """

    def run(self, plan: ScenarioPlan) -> ScenarioResult:
        """Run one scenario. LabError if the lab ends it, NotCovered if the device cannot do it."""

    def suspect(self, why: str) -> None:
        """The lab failed with this device in a test: do not use it again as it is."""

    def release(self) -> None:
        """Stop the device and give the lease back. Never raises; nothing is left running."""
