"""Where taps, keys and swipes go: what a person, or `input`, does to the screen."""

from __future__ import annotations

from collections.abc import Callable

from virtualdevice.system.screen.keyboard import (
    BACKSPACE,
    ENTER,
    build_keyboard,
    keyboard_bounds,
)
from virtualdevice.system.screen.keys import KeyCode, letter_of
from virtualdevice.system.screen.overlays import Notification, build_shade
from virtualdevice.system.screen.surface import Surface, SurfaceKind
from virtualdevice.system.screen.view import View
from virtualdevice.system.screen.windows import Screen

__all__ = ["Fingers"]


class Fingers:
    """A finger and a keyboard, on one screen."""

    def __init__(self, screen: Screen) -> None:
        self._screen = screen

    def tap(self, x: int, y: int) -> bool:
        """Whether something took it."""
        if not self._screen.is_on:
            return False
        if self._screen.shade_open:
            return self._tap_shade(x, y)
        heads_up = self._screen.heads_up()
        touched = heads_up.hit(x, y) if heads_up is not None else None
        if touched is not None:
            self._touch_notification(touched.key)
            return True
        if self._screen.keyboard_shown and keyboard_bounds(self._screen.frame).contains(x, y):
            key = build_keyboard(self._screen.frame).hit(x, y)
            if key is not None:
                self._type_key(key.key)
            return True
        return self._tap_surface(self._screen.top, x, y)

    def _tap_surface(self, surface: Surface, x: int, y: int) -> bool:
        root = surface.view(self._screen.frame)
        if surface.kind is SurfaceKind.DIALOG and not root.bounds.contains(x, y):
            if surface.takes_orders_outside and surface.back():
                self._screen.close(surface)
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
            self._screen.keyboard_shown = True
        elif target.enabled:
            surface.clicked(target.key)

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
        surface = self._screen.top
        field = self._screen.focused_field(surface)
        if field is not None and self._screen.is_on:
            surface.texts[field] = surface.texts.get(field, "") + character
        elif character == " ":
            self._confirm(surface)

    def set_text(self, surface: Surface, key: str, text: str) -> None:
        surface.texts[key] = text

    def press(self, code: int) -> bool:
        """One key, down and up; whether it is a key that anything heeds."""
        if code in (KeyCode.POWER, KeyCode.SLEEP, KeyCode.WAKEUP):
            self._screen.switch(
                on=code == KeyCode.WAKEUP or (code == KeyCode.POWER and not self._screen.is_on)
            )
            return True
        if not self._screen.is_on:
            return False
        if code == KeyCode.MENU and self._screen.keyguard_in_front:
            self._screen.dismiss_keyguard()
            return True
        letter = letter_of(code)
        if letter:
            self._insert(letter)
            return True
        handler = self._key_handlers().get(code)
        if handler is not None:
            handler()
        return handler is not None

    def _key_handlers(self) -> dict[int, Callable[[], None]]:
        return {
            KeyCode.HOME: self._screen.go_home,
            KeyCode.BACK: self._back,
            KeyCode.ESCAPE: self._back,
            KeyCode.ENTER: lambda: self._confirm(self._screen.top),
            KeyCode.NUMPAD_ENTER: lambda: self._confirm(self._screen.top),
            KeyCode.DPAD_CENTER: lambda: self._confirm(self._screen.top),
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
            KeyCode.PASTE: lambda: self.type_text(self._screen.clipboard),
        }

    def swipe(self, start: tuple[int, int], end: tuple[int, int]) -> None:
        """Down from the top edge opens the notification shade; up closes it."""
        edge = self._screen.frame.dp(32)
        if self._screen.keyguard_in_front:
            if start[1] - end[1] > edge:
                self._screen.dismiss_keyguard()
            elif abs(start[0] - end[0]) < 8 and abs(start[1] - end[1]) < 8:
                self.tap(*start)
            return
        if start[1] <= edge and end[1] - start[1] > edge:
            self._screen.shade_open = True
        elif self._screen.shade_open and start[1] - end[1] > edge:
            self._screen.shade_open = False
        elif abs(start[0] - end[0]) < 8 and abs(start[1] - end[1]) < 8:
            self.tap(*start)
        else:
            self._screen.top.scroll(self._screen.frame, start[1] - end[1])

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
        surface = self._screen.top
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
            for view in surface.view(self._screen.frame).walk()
            if view.key and view.enabled and (view.editable or view.clickable)
        ]

    def _delete(self) -> None:
        field = self._screen.focused_field(self._screen.top)
        if field is not None:
            self._screen.top.texts[field] = self._screen.top.texts.get(field, "")[:-1]

    def _back(self) -> None:
        if self._screen.shade_open:
            self._screen.shade_open = False
        elif self._screen.keyboard_shown:
            self._screen.keyboard_shown = False
        elif self._screen.keyguard_in_front:
            self._screen.keyguard.back()
        elif self._screen.surfaces[1:] and self._screen.top.back():
            self._screen.close(self._screen.top)

    def _tap_shade(self, x: int, y: int) -> bool:
        target = build_shade(self._screen.frame, self._screen.notifications).hit(x, y)
        if target is None:
            self._screen.shade_open = False
            return False
        self._touch_notification(target.key)
        return True

    def _touch_notification(self, key: str) -> None:
        """`key`: the row's number, or that and the number of one of its actions."""
        row, _, action = key.partition("/")
        notification = self._screen.notifications[int(row)]
        if not action:
            self._open_notification(notification)
            return
        self._screen.shade_open = False
        self._screen.cancel_notification(notification.package, notification.tag)
        if notification.on_action is not None:
            notification.on_action(notification.actions[int(action)][1])

    def _open_notification(self, notification: Notification) -> None:
        self._screen.shade_open = False
        if not notification.ongoing:
            self._screen.cancel_notification(notification.package, notification.tag)
        if notification.on_click is not None:
            notification.on_click()
