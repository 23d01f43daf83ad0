"""Looking at the screen, tapping it and pressing keys, and nothing more."""

from __future__ import annotations

import base64
import binascii
import io
from typing import Protocol

from PIL import Image, UnidentifiedImageError

from holdfast.deadline import Deadline, wait_until
from holdfast.device.shell import Shell
from holdfast.device.ui_server import Interruption, UiServer
from holdfast.errors import LabError, UiLost

__all__ = ["AdbUi", "Ui", "key_code"]

_MAX_DEPTH = 50
_LETTERS_AT = 29  # KEYCODE_A
_DIGITS_AT = 7  # KEYCODE_0
_KEYS = {
    " ": 62, "\n": 66, ",": 55, ".": 56, "\t": 61,
    "home": 3, "back": 4, "enter": 66, "space": 62, "delete": 67, "menu": 82, "wakeup": 224,
    "sleep": 223, "dpad_up": 19, "dpad_down": 20, "dpad_left": 21, "dpad_right": 22,
}  # fmt: skip


class Ui(Protocol):
    """The screen and the keys of a device. UiLost if they cannot be reached."""

    @property
    def interruptions(self) -> tuple[Interruption, ...]:
        """When the screen could not be seen because the UI server had to be started again."""

    def hierarchy(self, *, deadline: Deadline) -> str:
        """uiautomator's XML of all windows."""

    def screenshot(self, *, deadline: Deadline) -> bytes:
        """A PNG of the screen, without transparency."""

    def tap(self, x_px: int, y_px: int, *, deadline: Deadline) -> None: ...

    def key(self, name: str, *, deadline: Deadline) -> None:
        """Press a key: a name (`back`, `enter`, `home`, …) or one character that has a key."""

    def stop(self) -> None:
        """Take the UI server off the device."""


class AdbUi:
    """The `Ui` of a device that adb reaches."""

    def __init__(self, server: UiServer, shell: Shell) -> None:
        self._server = server
        self._shell = shell

    @property
    def interruptions(self) -> tuple[Interruption, ...]:
        return tuple(self._server.interruptions)

    def hierarchy(self, *, deadline: Deadline) -> str:
        """Asked again, for a second, while the device says that it shows nothing at all."""

        def seen() -> str | None:
            xml = self._server.call("dumpWindowHierarchy", False, _MAX_DEPTH, deadline=deadline)
            return xml if isinstance(xml, str) and "<node" in xml else None

        try:
            return wait_until(seen, deadline.within(1.0), what="a hierarchy with a window in it")
        except UiLost:
            raise
        except LabError as error:
            raise UiLost(str(error)) from error

    def screenshot(self, *, deadline: Deadline) -> bytes:
        """By `screencap`, which loses nothing; by the UI server where that fails."""
        result = self._shell.run("screencap -p", deadline=deadline)
        if result.exit_status == 0 and result.stdout.startswith(b"\x89PNG"):
            return _opaque(result.stdout)
        raw = self._server.call("takeScreenshot", 1.0, 95, deadline=deadline)
        if not isinstance(raw, str):
            raise UiLost(f"no screenshot: screencap said {result.all_text[:120]!r}")
        return _as_png(raw)

    def tap(self, x_px: int, y_px: int, *, deadline: Deadline) -> None:
        self._server.call("click", x_px, y_px, deadline=deadline)

    def key(self, name: str, *, deadline: Deadline) -> None:
        self._server.call("pressKeyCode", key_code(name), deadline=deadline)

    def stop(self) -> None:
        self._server.stop()


def key_code(name: str) -> int:
    """Android's KeyEvent code. Raises ValueError for what has no key of its own."""
    code = _KEYS.get(name.lower() if len(name) > 1 else name)
    if code is not None:
        return code
    if len(name) == 1 and name.isascii() and name.isalpha():
        return _LETTERS_AT + ord(name.lower()) - ord("a")
    if len(name) == 1 and name.isascii() and name.isdigit():
        return _DIGITS_AT + int(name)
    raise ValueError(f"there is no key for {name!r}")


def _opaque(png: bytes) -> bytes:
    """Some devices' `screencap` carries alpha 0 in every pixel: a picture of nothing."""
    try:
        with Image.open(io.BytesIO(png)) as image:
            if image.mode != "RGBA" or image.getchannel("A").getextrema() == (255, 255):
                return png
            return _encoded(image.convert("RGB"))
    except (UnidentifiedImageError, OSError, ValueError) as error:
        raise UiLost(f"screencap sent a picture that is none: {error}") from error


def _encoded(image: Image.Image) -> bytes:
    out = io.BytesIO()
    image.save(out, "PNG", compress_level=1)
    return out.getvalue()


def _as_png(encoded: str) -> bytes:
    try:
        with Image.open(io.BytesIO(base64.b64decode(encoded))) as image:
            return _encoded(image.convert("RGB"))
    except (binascii.Error, UnidentifiedImageError, OSError, ValueError) as error:
        raise UiLost(f"the UI server sent a screenshot that is no picture: {error}") from error
