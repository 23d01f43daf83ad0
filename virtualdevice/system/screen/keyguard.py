"""The lock screen: a swipe takes it away, or `wm dismiss-keyguard`, or the Menu key."""

from __future__ import annotations

from virtualdevice.system.screen.surface import Surface
from virtualdevice.system.screen.view import Bounds, Frame, View
from virtualdevice.system.screen.widgets import label, window

__all__ = ["Keyguard"]

SYSTEM_UI = "com.android.systemui"


class Keyguard(Surface):
    def __init__(self) -> None:
        super().__init__(package=SYSTEM_UI, activity=f"{SYSTEM_UI}.keyguard.KeyguardService")

    def build(self, frame: Frame) -> View:
        content = frame.content
        area = Bounds(content.left, content.centre[1], content.right, content.bottom)
        hint = label(
            "⌃", area, resource_id=f"{SYSTEM_UI}:id/keyguard_indication_text", size_dp=24,
            colour="#ffffff", align="centre",
        )  # fmt: skip
        return window(frame, [hint], background="#263238")

    def back(self) -> bool:
        return False
