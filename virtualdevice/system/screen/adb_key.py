"""The dialog about an unknown computer (com.android.systemui, UsbDebuggingActivity)."""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Callable, Sequence

from virtualdevice.seams import KeyAnswer
from virtualdevice.system.screen.dialogs import NEGATIVE, POSITIVE, MessageDialog
from virtualdevice.system.screen.widgets import AlertButton, Line

__all__ = ["ADB_KEY_ACTIVITY", "ALWAYS_KEY", "AdbKeyDialog", "key_digest"]

ADB_KEY_ACTIVITY = "com.android.systemui.usb.UsbDebuggingActivity"
TEXTS = {
    "en": (
        "Allow USB debugging?", "The computer's RSA key fingerprint is:",
        "Always allow from this computer", "Cancel", "OK",
    ),
    "zh": (
        "允许USB调试吗？", "这台计算机的 RSA 密钥指纹如下：",
        "一律允许使用这台计算机进行调试", "取消", "确定",
    ),
}  # fmt: skip
ALWAYS_ID, ALWAYS_KEY = "android:id/alwaysUse", "always"


def key_digest(key: bytes) -> str:
    """MD5 of the key's binary form, in pairs: what the dialog shows and `adb` can be asked for."""
    try:
        binary = base64.b64decode(key.split(b" ")[0].rstrip(b"\0"), validate=False)
    except binascii.Error:
        binary = key
    digest = hashlib.md5(binary, usedforsecurity=False).hexdigest().upper()
    return ":".join(digest[n : n + 2] for n in range(0, len(digest), 2))


class AdbKeyDialog(MessageDialog):
    """`answer` is called once, with REFUSED also when the dialog goes away unanswered."""

    def __init__(self, key: bytes, language: str, answer: Callable[[KeyAnswer], None]) -> None:
        title, message, self._always_text, cancel, ok = TEXTS[language]
        self._always = False
        super().__init__(
            package="com.android.systemui",
            activity=ADB_KEY_ACTIVITY,
            title=title,
            message=f"{message}\n{key_digest(key)}",
            buttons=[
                AlertButton(text=cancel, key="cancel", resource_id=NEGATIVE),
                AlertButton(text=ok, key="ok", resource_id=POSITIVE),
            ],
            answer=lambda pressed: answer(self._meant(pressed)),
        )

    def _meant(self, pressed: str) -> KeyAnswer:
        if pressed != "ok":
            return KeyAnswer.REFUSED
        return KeyAnswer.ALWAYS if self._always else KeyAnswer.ONCE

    def lines(self) -> Sequence[Line]:
        tick = Line(
            text=self._always_text, resource_id=ALWAYS_ID, tick_key=ALWAYS_KEY, ticked=self._always
        )
        return [*super().lines(), tick]

    def clicked(self, key: str) -> None:
        if key == ALWAYS_KEY:
            self._always = not self._always
        else:
            self.give(key)
