"""The window system: what is on the screen, who has the focus, where taps and keys go."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from virtualdevice.system.personality import ScreenFacts
from virtualdevice.system.screen.hierarchy import dump_hierarchy
from virtualdevice.system.screen.keyboard import (
    BACKSPACE,
    ENTER,
    build_keyboard,
    keyboard_bounds,
)
from virtualdevice.system.screen.keys import KeyCode, letter_of
from virtualdevice.system.screen.overlays import (
    Notification,
    build_heads_up,
    build_shade,
    build_toast,
)
from virtualdevice.system.screen.surface import Surface, SurfaceKind
from virtualdevice.system.screen.view import Bounds, Frame, View

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
        self.rotation = 0
        self.size_override: tuple[int, int] | None = None
        self.density_override: int | None = None
        self.clipboard = ""
        self.changed = asyncio.Event()

    # What is there.

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
        )

    @property
    def top(self) -> Surface:
        """The surface that has the focus."""
        return self._surfaces[-1] if self._surfaces else self._home

    @property
    def top_activity(self) -> Surface:
        """The activity on top: dialogs here are activities that look like dialogs."""
        return self.top

    @property
    def _background(self) -> Surface:
        """The surface that fills the screen, below dialogs."""
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

    def shows(self, surface: Surface) -> bool:
        return surface in self._surfaces

    # What programs do.

    def open(self, surface: Surface) -> None:
        """On top of everything, with the focus; a dialog takes the keyboard away."""
        self._surfaces.append(surface)
        self.keyboard_shown = self._focused_field(surface) is not None
        self.shade_open = False
        self._touch()

    def replace(self, old: Surface, new: Surface) -> None:
        """An activity that goes on to the next one and finishes."""
        if old in self._surfaces:
            self._surfaces[self._surfaces.index(old)] = new
            old.left()
            self._touch()
        else:
            self.open(new)

    def raise_activity(self, surface: Surface) -> None:
        """To the front of the activities; dialogs stay above it."""
        self._surfaces.remove(surface)
        above = [s for s in self._surfaces if s.kind is SurfaceKind.DIALOG]
        below = [s for s in self._surfaces if s.kind is not SurfaceKind.DIALOG]
        self._surfaces = [*below, surface, *above]
        self.keyboard_shown = self._focused_field(self.top) is not None
        self._touch()

    def close(self, surface: Surface) -> None:
        if surface in self._surfaces:
            self._surfaces.remove(surface)
            surface.left()
            self.keyboard_shown = self._focused_field(self.top) is not None
            self._touch()

    def close_package(self, package: str) -> None:
        """All windows of an app that was stopped, updated or removed."""
        for surface in [s for s in self._surfaces if s.package == package]:
            self.close(surface)

    def go_home(self) -> None:
        """Everything leaves; what had asked something takes that for a no."""
        for surface in list(reversed(self._surfaces)):
            self.close(surface)
        self.shade_open = False
        self.keyboard_shown = False
        self._touch()

    def show_toast(self, package: str, text: str) -> None:
        toast = Toast(package=package, text=text, until_s=self._clock() + TOAST_S)
        self._toasts.append(toast)
        self.last_toast = toast
        self._touch()

    def notify(self, notification: Notification) -> None:
        """Post it, in the place of one with the same package and tag."""
        self.cancel_notification(notification.package, notification.tag)
        self.notifications.insert(0, notification)
        self._touch()

    def cancel_notification(self, package: str, tag: str | None = None) -> None:
        self.notifications = [
            n for n in self.notifications if n.package != package or (tag and n.tag != tag)
        ]
        self._touch()

    # What a person does.

    def tap(self, x: int, y: int) -> bool:
        """Whether something took it."""
        if not self.is_on:
            return False
        if self.shade_open:
            return self._tap_shade(x, y)
        heads_up = self._heads_up()
        if heads_up is not None and heads_up.hit(x, y) is not None:
            self._open_notification(self.notifications[0])
            return True
        if self.keyboard_shown and keyboard_bounds(self.frame).contains(x, y):
            key = build_keyboard(self.frame).hit(x, y)
            if key is not None:
                self._type_key(key.key)
            return True
        return self._tap_surface(self.top, x, y)

    def _tap_surface(self, surface: Surface, x: int, y: int) -> bool:
        root = surface.view(self.frame)
        if surface.kind is SurfaceKind.DIALOG and not root.bounds.contains(x, y):
            if surface.takes_orders_outside and surface.back():
                self.close(surface)
            return False
        target = root.hit(x, y)
        if target is None or not target.key:
            return False
        self.click(surface, target)
        return True

    def click(self, surface: Surface, target: View) -> None:
        """A click on a view of a surface: an editable one takes the focus."""
        if target.editable:
            surface.focus = target.key
            self.keyboard_shown = True
        elif target.enabled:
            surface.clicked(target.key)
        self._touch()

    def type_text(self, text: str) -> None:
        """What a hardware keyboard, or `input text`, sends, key by key."""
        for character in text:
            self._type_key(ENTER if character in "\r\n" else character)

    def _type_key(self, character: str) -> None:
        if character == ENTER:
            self.press(KeyCode.ENTER)
        elif character == BACKSPACE:
            self.press(KeyCode.DEL)
        else:
            self._insert(character)

    def _insert(self, character: str) -> None:
        surface = self.top
        field = self._focused_field(surface)
        if field is not None and self.is_on:
            surface.texts[field] = surface.texts.get(field, "") + character
        elif character == " ":
            self._confirm(surface)
        self._touch()

    def set_text(self, surface: Surface, key: str, text: str) -> None:
        surface.texts[key] = text
        self._touch()

    def press(self, code: int) -> bool:
        """One key, down and up; whether it is a key that anything heeds."""
        if code in (KeyCode.POWER, KeyCode.SLEEP, KeyCode.WAKEUP):
            self.is_on = code == KeyCode.WAKEUP or (code == KeyCode.POWER and not self.is_on)
            self._touch()
            return True
        if not self.is_on:
            return False
        letter = letter_of(code)
        if letter:
            self._insert(letter)
            return True
        handler = self._key_handlers().get(code)
        if handler is not None:
            handler()
            self._touch()
        return handler is not None

    def _key_handlers(self) -> dict[int, Callable[[], None]]:
        return {
            KeyCode.HOME: self.go_home,
            KeyCode.BACK: self._back,
            KeyCode.ESCAPE: self._back,
            KeyCode.ENTER: lambda: self._confirm(self.top),
            KeyCode.NUMPAD_ENTER: lambda: self._confirm(self.top),
            KeyCode.DPAD_CENTER: lambda: self._confirm(self.top),
            KeyCode.TAB: lambda: self._move_focus(1),
            KeyCode.DPAD_DOWN: lambda: self._move_focus(1),
            KeyCode.DPAD_RIGHT: lambda: self._move_focus(1),
            KeyCode.DPAD_UP: lambda: self._move_focus(-1),
            KeyCode.DPAD_LEFT: lambda: self._move_focus(-1),
            KeyCode.DEL: self._delete,
            KeyCode.APP_SWITCH: lambda: None,
            KeyCode.MENU: lambda: None,
            KeyCode.VOLUME_UP: lambda: None,
            KeyCode.VOLUME_DOWN: lambda: None,
            KeyCode.VOLUME_MUTE: lambda: None,
            KeyCode.CAMERA: lambda: None,
            KeyCode.SEARCH: lambda: None,
            KeyCode.MOVE_HOME: lambda: None,
            KeyCode.MOVE_END: lambda: None,
            KeyCode.PASTE: lambda: self.type_text(self.clipboard),
        }

    def swipe(self, start: tuple[int, int], end: tuple[int, int]) -> None:
        """Down from the top edge opens the notification shade; up closes it."""
        edge = self.frame.dp(32)
        if start[1] <= edge and end[1] - start[1] > edge:
            self.shade_open = True
        elif self.shade_open and start[1] - end[1] > edge:
            self.shade_open = False
        elif abs(start[0] - end[0]) < 8 and abs(start[1] - end[1]) < 8:
            self.tap(*start)
        self._touch()

    # Focus.

    def _confirm(self, surface: Surface) -> None:
        """Enter: a field's action, a button's click; with no focus it only brings one about."""
        views = self._focusable(surface)
        focused = next((view for view in views if view.key == surface.focus), None)
        if focused is None:
            surface.focus = views[0].key if views else ""
        elif focused.editable:
            surface.entered(focused.key)
        else:
            surface.clicked(focused.key)

    def _move_focus(self, step: int) -> None:
        surface = self.top
        keys = [view.key for view in self._focusable(surface)]
        if not keys:
            return
        if surface.focus in keys:
            surface.focus = keys[(keys.index(surface.focus) + step) % len(keys)]
        else:
            surface.focus = keys[0 if step > 0 else -1]

    def _focusable(self, surface: Surface) -> list[View]:
        return [
            view
            for view in surface.view(self.frame).walk()
            if view.key and view.enabled and (view.editable or view.clickable)
        ]

    def _focused_field(self, surface: Surface) -> str | None:
        for view in surface.view(self.frame).walk():
            if view.editable and view.key and view.key == surface.focus:
                return view.key
        return None

    def _delete(self) -> None:
        field = self._focused_field(self.top)
        if field is not None:
            self.top.texts[field] = self.top.texts.get(field, "")[:-1]

    def _back(self) -> None:
        if self.shade_open:
            self.shade_open = False
        elif self.keyboard_shown:
            self.keyboard_shown = False
        elif self._surfaces and self.top.back():
            self.close(self.top)

    # Shade, heads-up, looking.

    def _heads_up(self) -> View | None:
        if not self.notifications:
            return None
        newest = self.notifications[0]
        fresh = newest.heads_up and self._clock() - newest.posted_s < HEADS_UP_S
        return build_heads_up(self.frame, newest) if fresh else None

    def _tap_shade(self, x: int, y: int) -> bool:
        target = build_shade(self.frame, self.notifications).hit(x, y)
        if target is None:
            self.shade_open = False
            self._touch()
            return False
        self._open_notification(self.notifications[int(target.key)])
        return True

    def _open_notification(self, notification: Notification) -> None:
        self.shade_open = False
        if not notification.ongoing:
            self.cancel_notification(notification.package, notification.tag)
        if notification.on_click is not None:
            notification.on_click()
        self._touch()

    def roots(self, *, active_only: bool = False) -> Sequence[tuple[str, View]]:
        """The windows that accessibility sees, the active one first, with their packages."""
        if not self.is_on and not self._surfaces:
            return [(self._home.package, self._home.view(self.frame))]
        if self.shade_open:
            return [(SYSTEM_UI, build_shade(self.frame, self.notifications))]
        found = [(self.top.package, self.top.view(self.frame))]
        if active_only:
            return found
        heads_up = self._heads_up()
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
        stack += [(surface.view(self.frame), True) for surface in self._surfaces[start:]]
        if self.keyboard_shown:
            stack.append((build_keyboard(self.frame), False))
        heads_up = self._heads_up()
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

    def bounds(self) -> Bounds:
        return self.frame.bounds

    def _touch(self) -> None:
        self.changed.set()
        self.changed = asyncio.Event()
