"""The JSON-RPC methods of the uiautomator2 server, on the virtual screen."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from virtualdevice.system.phone import Phone
from virtualdevice.system.screen.keys import KEY_NAMES
from virtualdevice.system.screen.surface import Surface
from virtualdevice.system.screen.view import Bounds, View
from virtualdevice.system.uiserver.selector import Found, find_all

__all__ = ["NoSuchMethod", "ObjectNotFound", "UiMethods"]

Selector = Mapping[str, Any]
ALL_PAGES = 1000
STEP_S, LONGEST_SWIPE_STEPS = 0.005, 2000
POLL_S = 0.05
SLOW_S = {"dumpWindowHierarchy": 2.0, "takeScreenshot": 1.0}
ORIENTATIONS = {"natural": 0, "left": 1, "upsidedown": 2, "right": 3}
ORIENTATIONS |= {"n": 0, "l": 1, "u": 2, "r": 3}


class NoSuchMethod(Exception):
    """The server has no method of that name."""


class ObjectNotFound(Exception):
    """No view is what the selector means; the client knows the exception by its Java name."""


class UiMethods:
    """Parameters are positional, as the client sends them."""

    def __init__(self, phone: Phone) -> None:
        self._phone = phone
        self._screen = phone.screen
        self._fingers = phone.fingers
        self._traversed = ""
        self._pressed_at: tuple[int, int] | None = None
        self._methods: dict[str, Callable[..., Any]] = self._table()

    async def call(self, method: str, parameters: list[Any]) -> Any:
        """The result as plain values; NoSuchMethod, ObjectNotFound or TypeError."""
        if method not in self._methods:
            raise NoSuchMethod(method)
        slow_s = SLOW_S.get(method, 0.1) if self._phone.defects.has("slow_phone") else 0.0
        await asyncio.sleep(slow_s / 2)
        result = self._methods[method](*parameters)
        if slow_s:
            await asyncio.sleep(slow_s / 2)
        if isinstance(result, Awaitable):
            result = await result
        await asyncio.sleep(0)  # what a click set off starts before the client looks again
        return result

    def _table(self) -> dict[str, Callable[..., Any]]:
        return {
            "deviceInfo": self._device_info,
            "ping": lambda: "pong",
            "dumpWindowHierarchy": self._dump,
            "takeScreenshot": self._take_screenshot,
            "click": self._click,
            "longClick": self._click,
            "swipe": self._swipe,
            "swipePoints": self._swipe_points,
            "drag": self._drag,
            "injectInputEvent": self._inject,
            "pressKey": self._press_key,
            "pressKeyCode": lambda code, meta=0: self._fingers.press(int(code)),
            "wakeUp": lambda: self._fingers.press(224),
            "sleep": lambda: self._fingers.press(223),
            "isScreenOn": lambda: self._screen.is_on,
            "setOrientation": self._set_orientation,
            "freezeRotation": lambda frozen=True: None,
            "openNotification": self._open_notification,
            "openQuickSettings": self._open_notification,
            "getLastTraversedText": lambda: self._traversed,
            "clearLastTraversedText": lambda: None,
            "getLastToast": self._last_toast,
            "clearLastToast": self._clear_toast,
            "makeToast": self._make_toast,
            "getClipboard": lambda: self._screen.clipboard,
            "setClipboard": self._set_clipboard,
            "pasteClipboard": lambda: self._fingers.type_text(self._screen.clipboard),
            "clearInputText": self._clear_input,
            "waitForIdle": lambda timeout=0: None,
            "waitForWindowUpdate": lambda package=None, timeout=0: True,
            "exist": lambda selector: bool(self._find(selector)),
            "waitForExists": self._wait_for,
            "waitUntilGone": self._wait_gone,
            "objInfo": lambda selector: _info(self._one(selector)),
            "objInfoOfAllInstances": lambda sel: [_info(found) for found in self._find(sel)],
            "count": lambda selector: len(self._find(selector)),
            "getText": lambda selector: self._one(selector).view.text,
            "setText": self._set_text,
            "clearTextField": lambda selector: self._set_text(selector, ""),
            "dragTo": lambda selector, *rest: bool(self._one(selector)),
            "gesture": lambda selector, *rest: bool(self._one(selector)),
            "pinchIn": lambda selector, *rest: bool(self._one(selector)),
            "pinchOut": lambda selector, *rest: bool(self._one(selector)),
            "childByText": self._child_by("text"),
            "childByDescription": self._child_by("description"),
            "childByInstance": self._child_by_instance,
            "getParent": self._parent,
            "flingForward": self._scroll_by(1),
            "flingBackward": self._scroll_by(-1),
            "flingToBeginning": self._scroll_by(-ALL_PAGES),
            "flingToEnd": self._scroll_by(ALL_PAGES),
            "scrollForward": self._scroll_by(1),
            "scrollBackward": self._scroll_by(-1),
            "scrollToBeginning": self._scroll_by(-ALL_PAGES),
            "scrollToEnd": self._scroll_by(ALL_PAGES),
            "scrollTo": self._scroll_to,
        }

    # The device.

    def _device_info(self) -> dict[str, Any]:
        frame, build = self._screen.frame, self._phone.personality.build
        return {
            "currentPackageName": self._screen.top.package,
            "displayHeight": frame.height_px,
            "displayRotation": frame.rotation,
            "displaySizeDpX": round(frame.width_px / frame.scale),
            "displaySizeDpY": round(frame.height_px / frame.scale),
            "displayWidth": frame.width_px,
            "productName": build.product,
            "screenOn": self._screen.is_on,
            "sdkInt": self._phone.api,
            "naturalOrientation": frame.rotation % 2 == 0,
        }

    def _dump(self, compressed: bool, max_depth: int = 50, root_in_active: bool = False) -> str:
        return self._screen.hierarchy(max_depth=int(max_depth), active_only=bool(root_in_active))

    def _take_screenshot(self, scale: float = 1, quality: int = 80) -> str:
        return base64.b64encode(self._phone.picture_jpeg(float(scale), int(quality))).decode()

    def _set_orientation(self, name: str) -> None:
        self._screen.rotation = ORIENTATIONS.get(name, self._screen.rotation)

    def _open_notification(self) -> bool:
        self._screen.shade_open = True
        return True

    def _last_toast(self) -> str | None:
        toast = self._screen.last_toast
        return toast.text if toast is not None else None

    def _clear_toast(self) -> None:
        self._screen.last_toast = None

    def _make_toast(self, text: str, duration_ms: int = 0) -> None:
        self._screen.show_toast("com.github.uiautomator", text)

    def _set_clipboard(self, label: str | None, text: str) -> None:
        self._screen.clipboard = text

    # Fingers and keys.

    def _click(self, where: Any, y: int | None = None, hold_ms: int = 0) -> bool:
        """At a point, or on a selector's view."""
        if isinstance(where, Mapping):
            x, y = self._one(where).view.bounds.centre
        else:
            x, y = round(float(where)), round(float(y or 0))
        self._fingers.tap(x, y)
        return True

    async def _swipe(self, *arguments: Any) -> bool:
        if isinstance(arguments[0], Mapping):
            self._one(arguments[0])
            return True
        x1, y1, x2, y2 = (round(float(value)) for value in arguments[:4])
        await self._move_for(arguments[4] if len(arguments) > 4 else 0)
        self._fingers.swipe((x1, y1), (x2, y2))
        return True

    async def _move_for(self, steps: float) -> None:
        """UiAutomator moves a finger by one step in 5 ms."""
        await asyncio.sleep(min(float(steps), LONGEST_SWIPE_STEPS) * STEP_S)

    async def _swipe_points(self, points: list[float], steps: int) -> bool:
        numbers = [round(float(value)) for value in points]
        await self._move_for(steps)
        self._fingers.swipe((numbers[0], numbers[1]), (numbers[-2], numbers[-1]))
        return True

    async def _drag(self, x1: float, y1: float, x2: float, y2: float, steps: int) -> bool:
        return await self._swipe(x1, y1, x2, y2, steps)

    def _inject(self, action: int, x: float, y: float, meta: int = 0) -> bool:
        """0 down, 1 up, 2 move: a finger put down and lifted in one place is a tap."""
        point = (round(float(x)), round(float(y)))
        if int(action) == 0:
            self._pressed_at = point
        elif int(action) == 1 and self._pressed_at is not None:
            start, self._pressed_at = self._pressed_at, None
            self._fingers.swipe(start, point)
        return True

    def _press_key(self, name: str) -> bool:
        code = KEY_NAMES.get(name)
        return False if code is None else self._fingers.press(code)

    # Selectors.

    def _find(self, selector: Selector) -> list[Found]:
        return find_all(self._screen.roots(), selector)

    def _one(self, selector: Selector) -> Found:
        found = self._find(selector)
        if not found:
            raise ObjectNotFound(str(dict(selector)))
        return found[0]

    async def _wait_for(self, selector: Selector, timeout_ms: int) -> bool:
        return await self._until(lambda: bool(self._find(selector)), timeout_ms)

    async def _wait_gone(self, selector: Selector, timeout_ms: int) -> bool:
        return await self._until(lambda: not self._find(selector), timeout_ms)

    async def _until(self, holds: Callable[[], bool], timeout_ms: int) -> bool:
        loop = asyncio.get_running_loop()
        end = loop.time() + timeout_ms / 1000
        while not holds():
            if loop.time() >= end:
                return False
            await asyncio.sleep(POLL_S)
        return True

    def _set_text(self, selector: Selector, text: str) -> bool:
        view = self._one(selector).view
        surface = self._surface_with(view)
        if surface is None or not view.editable:
            return False
        surface.focus = view.key
        self._fingers.set_text(surface, view.key, text or "")
        return True

    def _surface_with(self, view: View) -> Surface | None:
        for surface in reversed(self._screen.surfaces):
            for node in surface.view(self._screen.frame).walk():
                if node.key == view.key and node.bounds == view.bounds:
                    return surface
        return None

    def _clear_input(self) -> None:
        surface = self._screen.top
        if surface.focus in surface.texts:
            self._fingers.set_text(surface, surface.focus, "")

    def _child_by(self, attribute: str) -> Callable[..., Any]:
        def search(selector: Selector, child: Selector, text: str, scroll: bool = False) -> Any:
            inner = {"childOrSibling": ["child"], "childOrSiblingSelector": [dict(child)]}
            for found in self._find({**dict(selector), **inner}):
                texts = [getattr(view, attribute) for view in found.view.walk()]
                if text in texts:
                    return f"{found.package}:{found.view.bounds}"
            raise ObjectNotFound(text)

        return search

    def _child_by_instance(self, selector: Selector, child: Selector, instance: int) -> str:
        inner = {"childOrSibling": ["child"], "childOrSiblingSelector": [dict(child)]}
        found = self._find({**dict(selector), **inner})
        if len(found) <= instance:
            raise ObjectNotFound(str(instance))
        return f"{found[instance].package}:{found[instance].view.bounds}"

    def _parent(self, selector: Selector) -> str:
        found = self._one(selector)
        if found.parent is None:
            raise ObjectNotFound("parent")
        return str(found.parent.bounds)

    def _scroll_by(self, pages: int) -> Callable[..., bool]:
        def scroll(selector: Selector, *rest: Any) -> bool:
            """Whether there is more to come that way."""
            area = self._one(selector).view.bounds
            return self._screen.top.scroll(self._screen.frame, pages * area.height * 3 // 4)

        return scroll

    def _scroll_to(self, selector: Selector, target: Selector, *rest: Any) -> bool:
        self._scroll_by(-ALL_PAGES)(selector)
        while not self._find(target):
            if not self._scroll_by(1)(selector):
                return bool(self._find(target))
        return True


def _rectangle(bounds: Bounds) -> dict[str, int]:
    return {
        "left": bounds.left,
        "top": bounds.top,
        "right": bounds.right,
        "bottom": bounds.bottom,
    }


def _info(found: Found) -> dict[str, Any]:
    view = found.view
    return {
        "bounds": _rectangle(view.bounds),
        "childCount": len(view.children),
        "className": view.kind,
        "contentDescription": view.description or None,
        "packageName": found.package,
        "resourceName": view.resource_id or None,
        "text": view.text,
        "visibleBounds": _rectangle(view.bounds),
        "checkable": view.checkable,
        "checked": view.checked,
        "clickable": view.clickable,
        "enabled": view.enabled,
        "focusable": view.focusable or view.editable,
        "focused": view.focused,
        "longClickable": view.long_clickable,
        "scrollable": view.scrollable,
        "selected": view.selected,
    }
