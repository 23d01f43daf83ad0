"""What the screen's hierarchy alone does not tell, read by shell lines that change nothing.

Not at each look: when a window comes up, every `EVERY_S`, and at both ends of a capture.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from holdfast.android.package_record import parse_dumpsys_package
from holdfast.dialogs import notices, surroundings
from holdfast.dialogs.captured import Destroyed
from holdfast.dialogs.notices import Notice
from holdfast.dialogs.surroundings import Surroundings
from holdfast.dialogs.wholeness import Wholeness

__all__ = ["EVERY_S", "NewNotice", "Witness"]

EVERY_S = 2.0
_PART = "-- holdfast --"


@dataclass(frozen=True, kw_only=True, slots=True)
class NewNotice:
    """A notification that was not there when the capture began; times as the capture's."""

    notice: Notice
    first_seen_ms: int
    last_seen_ms: int


class Witness:
    """`ask` runs one shell line on the device and returns what it printed, or raises LabError."""

    def __init__(
        self, ask: Callable[[str], str], *, now_ms: Callable[[], int], package_name: str
    ) -> None:
        self._ask = ask
        self._now_ms = now_ms
        self._package_name = package_name
        self._seen: list[tuple[int, Surroundings]] = []
        self._at_first: tuple[Notice, ...] | None = None
        self._notices: dict[Notice, tuple[int, int]] = {}
        self._wholeness = Wholeness()

    def look(self) -> None:
        """Read everything once. LabError if the device does not answer."""
        began_ms = self._now_ms()
        package = f"dumpsys package {self._package_name}"
        printed = self._ask(
            f"{package}; echo '{_PART}'; {surroundings.COMMAND}; echo '{_PART}'; {notices.COMMAND}"
        )
        ended_ms = self._now_ms()
        parts = printed.split(_PART)
        if len(parts) != 3:
            return
        record = parse_dumpsys_package(parts[0], self._package_name)
        self._wholeness.saw(record, began_ms=began_ms, ended_ms=ended_ms)
        self._seen.append((began_ms, surroundings.read_surroundings(parts[1])))
        self._note(notices.read_notices(parts[2]), ended_ms)

    def _note(self, found: tuple[Notice, ...], now_ms: int) -> None:
        if self._at_first is None:
            self._at_first = found
        for notice in found:
            if notice not in self._at_first:
                first_ms, _ = self._notices.get(notice, (now_ms, now_ms))
                self._notices[notice] = (first_ms, now_ms)

    @property
    def new_notices(self) -> Sequence[NewNotice]:
        """In the order in which they came."""
        return [
            NewNotice(notice=notice, first_seen_ms=first, last_seen_ms=last)
            for notice, (first, last) in self._notices.items()
        ]

    def at(self, moment_ms: int) -> Surroundings | None:
        """As they were read first behind that moment; else at last."""
        later = (seen for began_ms, seen in self._seen if began_ms >= moment_ms)
        return next(later, self._seen[-1][1] if self._seen else None)

    @property
    def screen_is_off(self) -> bool:
        """Whether the display was off when it was last asked."""
        return bool(self._seen) and self._seen[-1][1].on is False

    def destroyed(self, *, lost: bool) -> Destroyed | None:
        return self._wholeness.destroyed(lost=lost)
