"""See everything that the user is shown, from before an update begins until after it has settled.

A thread looks at the screen's hierarchy every `LOOK_EVERY_S` and takes a screenshot of what is new.
Another reads by the shell what a hierarchy does not tell, such as notifications that nobody opened.
It only looks: nothing on the device is tapped, dismissed, woken or changed. A look that came too
late to be sure that nothing was missed is a `Gap`, unless the display was off meanwhile.
"""

from __future__ import annotations

import contextlib
import threading
from collections import deque
from collections.abc import Collection
from dataclasses import dataclass
from types import TracebackType

from holdfast.deadline import Clock, Deadline
from holdfast.device.shell import Shell
from holdfast.device.ui import Ui
from holdfast.dialogs.asked import AskedWindow, asked_windows
from holdfast.dialogs.captured import CapturedDialog, Destroyed, Gap
from holdfast.dialogs.hierarchy import Hierarchy, read_hierarchy
from holdfast.dialogs.sights import Sight, dialogs_of
from holdfast.dialogs.witness import EVERY_S, Witness
from holdfast.errors import LabError

__all__ = ["MAX_BLINK_S", "Capture", "LiveWindow"]

LOOK_EVERY_S = 0.1
# Beyond this, a prompt that somebody could have answered may have come and gone unseen. On a device
# that is slow to show its screen everything else is slow as well: there it is some looks' length,
# and those that an installation slows down further take several times as long.
MAX_UNSEEN_S = 1.5
_SLOW_LOOKS = 6.0
_MAX_UNSEEN_ON_SLOW_S = 15.0
# A person needs this long to see that there is a window at all. Whoever says that nothing was shown
# must not have been away for longer, or for more than two looks of a slow device.
MAX_BLINK_S = 0.3
_BLINK_LOOKS = 2.5
_LOOK_S = 25.0
_SCREENSHOTS = 40
_LOOKS_KEPT = 64


@dataclass(frozen=True, kw_only=True, slots=True)
class LiveWindow:
    """A window that is on the screen now. Times are seconds on the clock's `monotonic`.

    `pictured`: a screenshot of it is there.
    """

    number: int
    window: AskedWindow
    first_seen: float
    pictured: bool = False


class Capture:
    """Watches the screen for the length of a `with` block.

    `own`: packages whose windows nobody is asked by. `ui` is a connection of its own. By `shell`
    the state of the display, notifications and the record of `package_name` are read; without one
    they are not known.
    """

    def __init__(
        self,
        ui: Ui,
        *,
        clock: Clock,
        own: Collection[str],
        language: str,
        shell: Shell | None = None,
        package_name: str = "",
    ) -> None:
        self._ui = ui
        self._shell = shell
        self._witness = Witness(
            self._asked, now_ms=lambda: self.since_began_ms(clock.monotonic()),
            package_name=package_name,
        )  # fmt: skip
        self._attended = 0
        self._clock = clock
        self._own = frozenset(own)
        self._language = language
        self._began = 0.0
        self._last_look = 0.0
        self._last_change = 0.0
        self._why_unseen = ""
        self._front: str | None = None
        self._xml = ""
        self._hierarchy: Hierarchy | None = None
        self._sights: list[Sight] = []
        self._live: dict[tuple[str, ...], Sight] = {}
        self._gaps: list[Gap] = []
        self._blinks: list[Gap] = []
        self._looks: deque[float] = deque(maxlen=_LOOKS_KEPT)
        self._interrupted_before = 0
        self._changed = threading.Condition()
        self._looking = threading.Lock()
        self._ended = threading.Event()
        self._threads: list[threading.Thread] = []
        self._to_picture: list[Sight] = []
        self._finished: tuple[CapturedDialog, ...] | None = None
        self.longest_interval_s = 0.0
        self.max_unseen_s = MAX_UNSEEN_S
        self.max_blink_s = MAX_BLINK_S

    def __enter__(self) -> Capture:
        """Look once, so that the screen is known to be seen; UiLost if it cannot be."""
        self._began = self._last_look = self._last_change = self._clock.monotonic()
        self._interrupted_before = len(self._ui.interruptions)
        self._look()
        self._look_around()
        first_look = self._last_look = self._clock.monotonic()
        self._look()  # the first one may have had to start the UI server
        look_s = self._last_look - first_look
        slow_s = min(_SLOW_LOOKS * look_s + LOOK_EVERY_S, _MAX_UNSEEN_ON_SLOW_S)
        self.max_unseen_s = max(MAX_UNSEEN_S, slow_s)
        blink_s = min(_BLINK_LOOKS * look_s + LOOK_EVERY_S, _MAX_UNSEEN_ON_SLOW_S)
        self.max_blink_s = max(MAX_BLINK_S, blink_s)
        self._gaps.clear()  # nothing can have happened yet: what is watched begins now
        self._blinks.clear()
        self.longest_interval_s = 0.0
        for work in (self._watch, self._take_pictures, self._keep_looking_around):
            thread = threading.Thread(target=work, name="capture", daemon=True)
            thread.start()
            self._threads.append(thread)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._ended.set()
        with self._changed:
            self._changed.notify_all()
        for thread in self._threads:
            thread.join(timeout=_LOOK_S)
        self._close_gap(self._clock.monotonic())
        self._look_around()
        for hole in self._ui.interruptions[self._interrupted_before :]:
            if hole.ended - hole.began >= self.max_blink_s:
                why = f"the UI server was gone: {hole.why}"
                self._note_gap(hole.began, hole.ended, why, slack_s=LOOK_EVERY_S)
        self._finished = self.dialogs

    @property
    def live(self) -> tuple[LiveWindow, ...]:
        """What is on the screen, the topmost last."""
        with self._changed:
            return tuple(
                LiveWindow(
                    number=s.number,
                    window=s.window,
                    first_seen=s.first_seen,
                    pictured=bool(s.screenshot),
                )
                for s in self._live.values()
            )

    @property
    def hierarchy(self) -> Hierarchy | None:
        """The screen at the last look."""
        return self._hierarchy

    @property
    def count(self) -> int:
        """How many windows were seen so far."""
        return len(self._sights)

    @property
    def last_change(self) -> float:
        """When a window last came or went, on the clock's `monotonic`."""
        return self._last_change

    @property
    def gaps(self) -> tuple[Gap, ...]:
        """Times in which a prompt may have come and gone unseen."""
        return tuple(self._gaps)

    @property
    def blinks(self) -> tuple[Gap, ...]:
        """These, and the shorter times in which something may have flashed up unseen."""
        return tuple(self._blinks)

    def looks_since(self, moment: float) -> int:
        """How many looks began after `moment`, on the clock's `monotonic`, and are complete."""
        return sum(began >= moment for began in tuple(self._looks))

    def since_began_ms(self, moment: float) -> int:
        return max(0, round((moment - self._began) * 1000))

    @property
    def dialogs(self) -> tuple[CapturedDialog, ...]:
        """Everything that was seen, in order of first sight; complete when the block is over."""
        if self._finished is not None:
            return self._finished
        with self._changed:
            return dialogs_of(
                self._sights,
                self._witness,
                own=self._own,
                language=self._language,
                since_began_ms=self.since_began_ms,
            )

    def destroyed(self, *, lost: bool) -> Destroyed | None:
        """When the app was destroyed, as far as its record dates it. `lost`: data is gone."""
        return self._witness.destroyed(lost=lost)

    def wait(self, seconds: float) -> None:
        """Return after `seconds`, or as soon as a window comes or goes."""
        with self._changed:
            self._changed.wait(seconds)

    def _watch(self) -> None:
        while not self._ended.wait(LOOK_EVERY_S):
            try:
                self._look()
            except LabError as error:
                self._why_unseen = str(error)  # the time until the next good look is a gap

    def _look(self) -> None:
        with self._looking:
            self._look_once()

    def _look_once(self) -> None:
        deadline = Deadline.after(_LOOK_S, clock=self._clock)
        began = self._clock.monotonic()
        xml = self._ui.hierarchy(deadline=deadline)
        now = self._clock.monotonic()
        if xml != self._xml or self._hierarchy is None:
            self._hierarchy, self._xml = read_hierarchy(xml), xml
            windows = asked_windows(self._hierarchy, own=self._own, language=self._language)
            self._compare(windows, now)
        else:
            with self._changed:
                for sight in self._live.values():
                    sight.last_seen = now
        self._looks.append(began)
        self._close_gap(now)

    def _compare(self, windows: tuple[AskedWindow, ...], now: float) -> None:
        assert self._hierarchy
        with self._changed:
            before = self._live
            self._live = {}
            for window in windows:
                sight = before.get(window.identity) or self._new(window, now)
                sight.last_seen = now
                sight.window = window
                self._live[window.identity] = sight
            if self._live.keys() != before.keys():
                self._last_change = now
                self._changed.notify_all()
        packages = [w.package_name for w in self._hierarchy.windows if w.package_name]
        self._front = packages[-1] if packages else None

    def _new(self, window: AskedWindow, now: float) -> Sight:
        assert self._hierarchy
        sight = Sight(
            number=len(self._sights) + 1,
            window=window,
            first_seen=now,
            last_seen=now,
            beneath=self._front,
            hierarchy=self._hierarchy,
        )
        self._sights.append(sight)
        if len(self._sights) <= _SCREENSHOTS:
            self._to_picture.append(sight)
        return sight

    def _take_pictures(self) -> None:
        """A thread of its own, so that a slow screenshot delays no look.

        A picture counts only if the window is still there behind it.
        """
        while not self._ended.is_set():
            with self._changed:
                if not self._to_picture:
                    self._changed.wait(0.5)
                waiting, self._to_picture = self._to_picture, []
            if not waiting:
                continue
            try:
                picture = self._ui.screenshot(deadline=Deadline.after(_LOOK_S, clock=self._clock))
                taken = self._clock.monotonic()
                self._look()
            except LabError:
                continue  # the dialog is known by its hierarchy; that it has no picture shows
            for sight in waiting:
                if sight.last_seen >= taken:
                    sight.screenshot = picture

    def _keep_looking_around(self) -> None:
        """When a window comes up, and every now and then."""
        while not self._ended.is_set():
            with self._changed:
                if self._attended == len(self._sights):
                    self._changed.wait(EVERY_S)
                self._attended = len(self._sights)
            if not self._ended.is_set():
                self._look_around()

    def _look_around(self) -> None:
        if self._shell is not None:
            with contextlib.suppress(LabError):  # what was not read is not known
                self._witness.look()

    def _asked(self, command: str) -> str:
        assert self._shell is not None
        deadline = Deadline.after(_LOOK_S, clock=self._clock)
        return self._shell.run(command, deadline=deadline).text

    def _close_gap(self, now: float) -> None:
        interval = now - self._last_look
        self.longest_interval_s = max(self.longest_interval_s, interval)
        if interval > self.max_blink_s and not self._witness.screen_is_off:
            why = self._why_unseen or "the screen could not be looked at sooner"
            self._note_gap(self._last_look, now, why)
        self._last_look, self._why_unseen = now, ""

    def _note_gap(self, began: float, ended: float, why: str, *, slack_s: float = 0.0) -> None:
        gap = Gap(began_ms=self.since_began_ms(began), ended_ms=self.since_began_ms(ended), why=why)
        self._blinks.append(gap)
        if ended - began > self.max_unseen_s - slack_s:
            self._gaps.append(gap)
