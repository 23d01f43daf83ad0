"""The window system: what is on the screen, who has the focus, where taps and keys go."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from virtualdevice.system.personality import Lock, ScreenFacts
from virtualdevice.system.screen.hierarchy import dump_hierarchy
from virtualdevice.system.screen.keyboard import build_keyboard
from virtualdevice.system.screen.keyguard import Keyguard
from virtualdevice.system.screen.overlays import (
    Notification,
    build_heads_up,
    build_shade,
    build_toast,
)
from virtualdevice.system.screen.surface import Surface, SurfaceKind
from virtualdevice.system.screen.view import Frame, View

__all__ = ["Screen", "Toast"]

TOAST_S = 3.5
HEADS_UP_S = 5.0
SYSTEM_UI = "com.android.systemui"


@dataclass(frozen=True, kw_only=True, slots=True)
class Toast:
    package: str
    text: str
    until_s: float


class Screen:
    """`home` makes the launcher; surfaces above it are in the order of opening."""

    def __init__(
        self, facts: ScreenFacts, *, home: Surface, clock: Callable[[], float], bars: bool
    ) -> None:
        self._facts = facts
        self._home = home
        self._clock = clock
        self.show_bars = bars
        self._surfaces: list[Surface] = []
        self._toasts: list[Toast] = []
        self.last_toast: Toast | None = None
        self.notifications: list[Notification] = []
        self.shade_open = False
        self.keyboard_shown = False
        self.is_on = True
        self.locked = False  # a first boot ends at the home screen; going off locks
        self.font_scale: Callable[[], float] = lambda: 1.0
        self.keyguard = Keyguard()
        self.keyguard.when_open = self._open_keyguard
        self.rotation = 0
        self.size_override: tuple[int, int] | None = None
        self.density_override: int | None = None
        self.clipboard = ""

    # What is there.

    def switch(self, *, on: bool) -> None:
        """The display on or off; going off locks a phone that has a lock screen."""
        has_lock = self._facts.lock is not Lock.NONE or self.keyguard.is_secure
        if self.is_on and not on and has_lock:
            self._lock()
        self.is_on = on

    def _lock(self) -> None:
        self.locked = True
        self.keyguard.asks = False
        self.keyboard_shown = self.shade_open = False

    def lock_if_secure(self) -> None:
        """What a boot or a change of user ends in, where there is something to type."""
        if self.keyguard.is_secure:
            self._lock()

    def dismiss_keyguard(self) -> None:
        """A swipe, Menu or a program; no more than a question where there is a credential."""
        if self.locked and self.keyguard.is_secure:
            self.keyguard.ask()
        else:
            self._open_keyguard()

    def _open_keyguard(self) -> None:
        self.locked = False

    @property
    def home(self) -> Surface:
        """The launcher."""
        return self._home

    @property
    def keyguard_in_front(self) -> bool:
        return self.locked and not (self._surfaces and self._surfaces[-1].over_lock_screen)

    @property
    def frame(self) -> Frame:
        """The display as it is held."""
        width, height = self.size_override or (self._facts.width_px, self._facts.height_px)
        if self.rotation % 2:
            width, height = height, width
        density = self.density_override or self._facts.density_dpi
        return Frame(
            width_px=width,
            height_px=height,
            scale=density / 160,
            rotation=self.rotation,
            status_bar_dp=24 if self.show_bars else 0,
            navigation_bar_dp=48 if self.show_bars else 0,
            font_scale=self.font_scale(),
        )

    @property
    def top(self) -> Surface:
        """The surface that has the focus."""
        if self.keyguard_in_front:
            return self.keyguard
        return self._surfaces[-1] if self._surfaces else self._home

    @property
    def top_activity(self) -> Surface:
        """The activity on top: dialogs here are activities that look like dialogs."""
        return self.top

    @property
    def _background(self) -> Surface:
        """The surface that fills the screen, below dialogs."""
        if self.locked:
            return self.keyguard
        filling = (s for s in reversed(self._surfaces) if s.kind is SurfaceKind.ACTIVITY)
        return next(filling, self._home)

    @property
    def surfaces(self) -> Sequence[Surface]:
        """From the launcher up."""
        return [self._home, *self._surfaces]

    def toasts(self) -> Sequence[Toast]:
        now_s = self._clock()
        self._toasts = [toast for toast in self._toasts if toast.until_s > now_s]
        return list(self._toasts)

    # What programs do.

    def open(self, surface: Surface) -> None:
        """On top of everything, with the focus; a dialog takes the keyboard away."""
        self._surfaces.append(surface)
        self.keyboard_shown = self.focused_field(surface) is not None
        self.shade_open = False

    def raise_activity(self, surface: Surface) -> None:
        """To the front of the activities; dialogs stay above it."""
        self._surfaces.remove(surface)
        above = [s for s in self._surfaces if s.kind is SurfaceKind.DIALOG]
        below = [s for s in self._surfaces if s.kind is not SurfaceKind.DIALOG]
        self._surfaces = [*below, surface, *above]
        self.keyboard_shown = self.focused_field(self.top) is not None

    def close(self, surface: Surface) -> None:
        if surface in self._surfaces:
            self._surfaces.remove(surface)
            surface.left()
            self.keyboard_shown = self.focused_field(self.top) is not None

    def close_package(self, package: str, user_id: int = 0) -> None:
        """All windows of a user's app that was stopped, updated or removed."""
        for surface in [s for s in self._surfaces if (s.package, s.user_id) == (package, user_id)]:
            self.close(surface)

    def go_home(self) -> None:
        """Everything leaves; what had asked something takes that for a no."""
        for surface in list(reversed(self._surfaces)):
            self.close(surface)
        self.shade_open = False
        self.keyboard_shown = False

    def show_toast(self, package: str, text: str) -> None:
        toast = Toast(package=package, text=text, until_s=self._clock() + TOAST_S)
        self._toasts.append(toast)
        self.last_toast = toast

    def notify(self, notification: Notification) -> None:
        """Post it, in the place of one with the same package and tag."""
        self.cancel_notification(notification.package, notification.tag)
        self.notifications.insert(0, notification)

    def cancel_notification(self, package: str, tag: str | None = None) -> None:
        self.notifications = [
            n for n in self.notifications if n.package != package or (tag and n.tag != tag)
        ]

    # Looking.

    def focused_field(self, surface: Surface) -> str | None:
        """The key of the text field that has the focus."""
        for view in surface.view(self.frame).walk():
            if view.editable and view.key and view.key == surface.focus:
                return view.key
        return None

    def heads_up(self) -> View | None:
        """The newest notification, while it pops up over everything."""
        if not self.notifications:
            return None
        newest = self.notifications[0]
        fresh = newest.heads_up and self._clock() - newest.posted_s < HEADS_UP_S
        return build_heads_up(self.frame, newest) if fresh else None

    def roots(self, *, active_only: bool = False) -> Sequence[tuple[str, View]]:
        """The windows that accessibility sees, the active one first, with their packages."""
        if not self.is_on and not self._surfaces:
            return [(self._home.package, self._home.view(self.frame))]
        if self.shade_open:
            return [(SYSTEM_UI, build_shade(self.frame, self.notifications))]
        found = [(self.top.package, self.top.view(self.frame))]
        if active_only:
            return found
        heads_up = self.heads_up()
        if heads_up is not None:
            found.append((SYSTEM_UI, heads_up))
        if self.keyboard_shown:
            keyboard = build_keyboard(self.frame)
            found.append((keyboard.package, keyboard))
        found += [(toast.package, self._toast_view(toast)) for toast in self.toasts()]
        return found

    def layers(self) -> Sequence[tuple[View, bool]]:
        """What is drawn, from the back; true where everything below is dimmed first."""
        background = self._background
        start = self._surfaces.index(background) + 1 if background in self._surfaces else 0
        stack = [(background.view(self.frame), False)]
        above = self._surfaces[start:]
        if self.locked:
            above = [surface for surface in above if surface.over_lock_screen]
        stack += [(surface.view(self.frame), True) for surface in above]
        if self.keyboard_shown:
            stack.append((build_keyboard(self.frame), False))
        heads_up = self.heads_up()
        if heads_up is not None:
            stack.append((heads_up, False))
        stack += [(self._toast_view(toast), False) for toast in self.toasts()]
        if self.shade_open:
            stack.append((build_shade(self.frame, self.notifications), True))
        return stack

    def _toast_view(self, toast: Toast) -> View:
        return build_toast(self.frame, toast.text)

    def hierarchy(
        self,
        *,
        max_depth: int = 50,
        pretty: bool = True,
        active_only: bool = False,
        visible_flag: bool = True,
    ) -> str:
        return dump_hierarchy(
            self.roots(active_only=active_only),
            rotation=self.rotation,
            max_depth=max_depth,
            pretty=pretty,
            visible_flag=visible_flag,
        )
