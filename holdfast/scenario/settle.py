"""Wait until what an update set off is over, while somebody answers what appears."""

from __future__ import annotations

from holdfast.android.package_record import PackageRecord
from holdfast.deadline import Deadline
from holdfast.device.device import Device
from holdfast.dialogs.capture import Capture
from holdfast.errors import LabError
from holdfast.scenario.limits import Limits
from holdfast.scenario.personas import Person

__all__ = ["Settling"]

_TURN_S = 0.05
_RECORD_EVERY_S = 0.4


class Settling:
    """One update under way on one device."""

    def __init__(
        self, device: Device, capture: Capture, person: Person | None, *, limits: Limits
    ) -> None:
        self._device = device
        self._capture = capture
        self._person = person
        self._limits = limits

    def quiet(self, *, deadline: Deadline) -> None:
        """Behind a route that has its answer: whoever is asked something afterwards answers, and
        then nothing moves for a while."""
        began = self._device.clock.monotonic()
        while self._turn(deadline) or self._moved_within(self._quiet_s(), began):
            self._within(deadline, "the screen standing still")

    def by_screen(
        self, before: PackageRecord, *, package_name: str, deadline: Deadline
    ) -> PackageRecord | None:
        """Behind a route that goes by way of the screen; the package's record in the end.

        LabError if nothing was shown and nothing was done: the update was never delivered.
        """
        clock = self._device.clock
        began = clock.monotonic()
        record: PackageRecord | None = before
        asked_at = began
        still_since = began
        while True:
            self._within(deadline, "the end of what the update set off")
            busy = self._turn(deadline)
            now = clock.monotonic()
            if busy or now - asked_at < _RECORD_EVERY_S:
                continue
            asked_at = now
            latest = self._device.packages.record(package_name, deadline=deadline)
            if latest != record:
                record, still_since = latest, now
            happened = record != before or self._capture.count > 0
            if not happened and now - began > self._limits.push_s:
                raise LabError(
                    "the update was sent, and within "
                    f"{self._limits.push_s:g} s the device neither showed nor did anything",
                    device=self._device.name,
                )
            still = now - max(still_since, self._last_sight()) >= self._limits.quiet_s
            if happened and still:
                return record

    def _turn(self, deadline: Deadline) -> bool:
        """Let the person act; whether they, or the screen, are still busy."""
        if self._person is None:
            self._capture.wait(_TURN_S)
            return False
        self._person.act(self._capture, deadline=deadline)
        self._capture.wait(_TURN_S)
        return self._person.waits(self._capture)

    def _quiet_s(self) -> float:
        return self._limits.quiet_s / 2

    def _moved_within(self, seconds: float, began: float) -> bool:
        now = self._device.clock.monotonic()
        return now - max(began, self._last_sight()) < seconds

    def _last_sight(self) -> float:
        """When a window last came or went. One that stays and that nobody will answer is still."""
        return self._capture.last_change

    def _within(self, deadline: Deadline, what: str) -> None:
        shown = [live.window.title or live.window.message[:60] for live in self._capture.live]
        deadline.require(what, device=self._device.name, last_seen=shown or None)
