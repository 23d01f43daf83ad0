"""The dialog about an unknown computer (com.android.systemui, UsbDebuggingActivity)."""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Callable

from virtualdevice.system.screen.dialogs import NEGATIVE, POSITIVE, MessageDialog
from virtualdevice.system.screen.widgets import AlertButton

__all__ = ["ADB_KEY_ACTIVITY", "adb_key_dialog", "key_digest"]

ADB_KEY_ACTIVITY = "com.android.systemui.usb.UsbDebuggingActivity"
TEXTS = {
    "en": ("Allow USB debugging?", "The computer's RSA key fingerprint is:", "Cancel", "OK"),
    "zh": ("允许USB调试吗？", "这台计算机的 RSA 密钥指纹如下：", "取消", "确定"),
}


def key_digest(key: bytes) -> str:
    """MD5 of the key's binary form, in pairs: what the dialog shows and `adb` can be asked for."""
    try:
        binary = base64.b64decode(key.split(b" ")[0].rstrip(b"\0"), validate=False)
    except binascii.Error:
        binary = key
    digest = hashlib.md5(binary, usedforsecurity=False).hexdigest().upper()
    return ":".join(digest[n : n + 2] for n in range(0, len(digest), 2))


def adb_key_dialog(key: bytes, language: str, answer: Callable[[bool], None]) -> MessageDialog:
    """`answer` is called once, with false also when the dialog goes away unanswered."""
    title, message, cancel, ok = TEXTS[language]
    return MessageDialog(
        package="com.android.systemui",
        activity=ADB_KEY_ACTIVITY,
        title=title,
        message=f"{message}\n{key_digest(key)}",
        buttons=[
            AlertButton(text=cancel, key="cancel", resource_id=NEGATIVE),
            AlertButton(text=ok, key="ok", resource_id=POSITIVE),
        ],
        answer=lambda pressed: answer(pressed == "ok"),
    )
