"""The lock screen: a swipe takes it away, or `wm dismiss-keyguard`, or the Menu key; where there is
a PIN or a password, any of them only brings up the field to type it into.

Resource ids and texts: SystemUI's keyguard_pin_view.xml and keyguard_password_view.xml.
"""

from __future__ import annotations

from collections.abc import Callable

from virtualdevice.system.screen.surface import Surface
from virtualdevice.system.screen.view import Bounds, Frame, Look, View
from virtualdevice.system.screen.widgets import group, label, push_button, window

__all__ = ["Keyguard"]

SYSTEM_UI = "com.android.systemui"
BACKGROUND = "#263238"
ENTRY = "entry"
ROWS = ("123", "456", "789", "⌫0⏎")
KEY_IDS = {"⌫": "delete_button", "⏎": "key_enter"}
AFTER_RESTART, WRONG = "after a restart", "wrong"
TEXTS = {
    ("en", True, AFTER_RESTART): "PIN required after device restarts",
    ("en", False, AFTER_RESTART): "Password required after device restarts",
    ("en", True, WRONG): "Wrong PIN",
    ("en", False, WRONG): "Wrong password",
    ("zh", True, AFTER_RESTART): "重启设备后需要输入 PIN 码",
    ("zh", False, AFTER_RESTART): "重启设备后需要输入密码",
    ("zh", True, WRONG): "PIN 码有误",
    ("zh", False, WRONG): "密码错误",
}
"""By language, whether it is a PIN, and what there is to say."""


class Keyguard(Surface):
    def __init__(self) -> None:
        super().__init__(package=SYSTEM_UI, activity=f"{SYSTEM_UI}.keyguard.KeyguardService")
        self._credential: Callable[[], str] = lambda: ""
        self._typed: Callable[[str], bool] = lambda _: True
        self.when_open: Callable[[], None] = lambda: None
        self.language = "en"
        self.asks = False
        self._says = AFTER_RESTART

    def guard(self, credential: Callable[[], str], typed: Callable[[str], bool]) -> None:
        """`credential`: what opens it now, nothing if it need not be typed; `typed` is told what
        was, and says whether it was right."""
        self._credential, self._typed = credential, typed

    @property
    def is_secure(self) -> bool:
        return bool(self._credential())

    def ask(self) -> None:
        """Bring up the field."""
        self.asks = True
        self.focus = ENTRY
        self.texts.pop(ENTRY, None)

    def entered(self, key: str) -> None:  # noqa: ARG002 - there is one field
        right = self._typed(self.texts.pop(ENTRY, ""))
        self._says = "" if right else WRONG
        if right:
            self.asks = False
            self.when_open()

    def clicked(self, key: str) -> None:
        typed = self.texts.get(ENTRY, "")
        if key == "⏎":
            self.entered(ENTRY)
        else:
            self.texts[ENTRY] = typed[:-1] if key == "⌫" else typed + key

    def back(self) -> bool:
        self.asks = False
        return False

    def build(self, frame: Frame) -> View:
        content = frame.content
        if self.asks:
            return window(frame, self._bouncer(frame), background=BACKGROUND)
        area = Bounds(content.left, content.centre[1], content.right, content.bottom)
        hint = label(
            "⌃", area, resource_id=f"{SYSTEM_UI}:id/keyguard_indication_text", size_dp=24,
            colour="#ffffff", align="centre",
        )  # fmt: skip
        return window(frame, [hint], background=BACKGROUND)

    def _bouncer(self, frame: Frame) -> list[View]:
        content, row = frame.content, frame.dp(56)
        is_pin = self._credential().isdigit()
        says = TEXTS.get((self.language, is_pin, self._says), "")
        top = content.top + row
        message = label(
            says, Bounds(content.left, top, content.right, top + row), size_dp=16,
            resource_id=f"{SYSTEM_UI}:id/keyguard_message_area", colour="#ffffff", align="centre",
        )  # fmt: skip
        field = View(
            kind="android.widget.EditText",
            bounds=Bounds(content.left + row, top + row, content.right - row, top + 2 * row),
            resource_id=f"{SYSTEM_UI}:id/{'pinEntry' if is_pin else 'passwordEntry'}",
            text="•" * len(self.texts.get(ENTRY, "")),
            key=ENTRY,
            editable=True,
            clickable=True,
            focusable=True,
            look=Look(size_dp=24, colour="#ffffff", align="centre"),
        )
        return [message, field, *(self._pad(frame, top + 3 * row) if is_pin else [])]

    def _pad(self, frame: Frame, top: int) -> list[View]:
        content, row = frame.content, frame.dp(72)
        third = content.width // 3
        keys = [
            push_button(
                shown,
                Bounds(
                    content.left + column * third,
                    top + number * row,
                    content.left + (column + 1) * third,
                    top + (number + 1) * row,
                ),
                key=shown,
                resource_id=f"{SYSTEM_UI}:id/{KEY_IDS.get(shown, f'key{shown}')}",
            )
            for number, line in enumerate(ROWS)
            for column, shown in enumerate(line)
        ]
        area = Bounds(content.left, top, content.right, top + len(ROWS) * row)
        return [group(area, keys, resource_id=f"{SYSTEM_UI}:id/keyguard_pin_view")]
