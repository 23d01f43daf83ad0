"""Wait until what an update set off is over, while somebody answers what appears."""

from __future__ import annotations

from holdfast.android.package_record import PackageRecord
from holdfast.deadline import Deadline
from holdfast.device.device import Device
from holdfast.dialogs.capture import Capture
from holdfast.dialogs.captured import ButtonRole
from holdfast.errors import LabError
from holdfast.scenario.limits import Limits
from holdfast.scenario.personas import Person

__all__ = ["Settling"]

_TURN_S = 0.05
_RECORD_EVERY_S = 0.4
# One look may have begun before what it should show; the second has seen what came of it.
_LOOKS = 2


class Settling:
    """One update under way on one device."""

    def __init__(
        self, device: Device, capture: Capture, person: Person | None, *, limits: Limits
    ) -> None:
        self._device = device
        self._capture = capture
        self._person = person
        self._limits = limits
        self._acted_at = 0.0

    def quiet(self, *, deadline: Deadline, at_least_s: float = 0.0) -> None:
        """Behind a route that has its answer: whoever is asked something afterwards answers, and
        then nothing moves for a while."""
        clock = self._device.clock
        began = clock.monotonic()
        while (
            self._turn(deadline)
            or not self._stands_still(began, self._limits.quiet_s / 2)
            or clock.monotonic() - began < at_least_s
        ):
            self._within(deadline, "the screen standing still")

    def by_screen(
        self, before: PackageRecord, *, package_name: str, deadline: Deadline
    ) -> PackageRecord | None:
        """Behind a route that goes by way of the screen; the package's record in the end.

        LabError if nothing was shown and nothing was done: the update was never delivered.
        """
        clock = self._device.clock
        began = asked_at = changed_at = clock.monotonic()
        record: PackageRecord | None = before
        while True:
            self._within(deadline, "the end of what the update set off")
            busy = self._turn(deadline)
            if busy or clock.monotonic() - asked_at < _RECORD_EVERY_S:
                continue
            latest = self._device.packages.record(package_name, deadline=deadline)
            asked_at = clock.monotonic()
            if latest != record:
                record, changed_at = latest, asked_at
            if record == before and self._capture.count == 0:
                self._require_sign_of_it(began)
            elif not self._stands_still(changed_at, self._limits.quiet_s):
                continue
            elif record != before or not self._works_unseen():
                return record

    def _require_sign_of_it(self, began: float) -> None:
        if self._device.clock.monotonic() - began > self._limits.push_s:
            raise LabError(
                f"the update was sent, and within {self._limits.push_s:g} s the device neither "
                "showed nor did anything",
                device=self._device.name,
            )

    def _stands_still(self, began: float, seconds: float) -> bool:
        """Whether nothing came, went or was done since `began` and for `seconds`, as seen by looks
        that began after that: a slow device shows late what a tap has set off."""
        now = self._device.clock.monotonic()
        since = max(began, self._capture.last_change, self._acted_at)
        if now - since < seconds or self._capture.looks_since(since) < _LOOKS:
            return False
        return not any(
            live.window.shows_progress and now - live.first_seen < self._limits.install_s
            for live in self._capture.live
        )

    def _works_unseen(self) -> bool:
        """Whether the device may be installing without a word: what it asked was not declined and
        is gone, and nothing was shown or done since."""
        answers = self._person.answers if self._person else []
        agreed = next((a for a in answers if a.role is not ButtonRole.NEGATIVE), None)
        if agreed is None:
            return False
        live = {window.number for window in self._capture.live}
        said_nothing = agreed.number == self._capture.count and agreed.number not in live
        now = self._device.clock.monotonic()
        return said_nothing and now - self._acted_at < self._limits.silent_install_s

    def _turn(self, deadline: Deadline) -> bool:
        """Let the person act; whether they, or the screen, are still busy."""
        if self._person is None:
            self._capture.wait(_TURN_S)
            return False
        done = len(self._person.answers)
        self._person.act(self._capture, deadline=deadline)
        if len(self._person.answers) > done:
            self._acted_at = self._device.clock.monotonic()
        self._capture.wait(_TURN_S)
        return self._person.waits(self._capture)

    def _within(self, deadline: Deadline, what: str) -> None:
        shown = [live.window.title or live.window.message[:60] for live in self._capture.live]
        deadline.require(what, device=self._device.name, last_seen=shown or None)
