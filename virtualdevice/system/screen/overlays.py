"""What the system draws over the apps: toasts, notifications, the shade."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from virtualdevice.system.screen.view import (
    Bounds,
    Frame,
    Look,
    View,
    text_height_px,
    text_width_px,
)

__all__ = ["Notification", "build_heads_up", "build_shade", "build_toast"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Notification:
    """`progress` in percent, -1 without; `posted_s` by the device's clock.

    `actions` are the buttons below the text, with the key that `on_action` gets.
    """

    package: str
    tag: str
    title: str
    text: str
    posted_s: float
    app_label: str = ""
    ongoing: bool = False
    heads_up: bool = False
    progress: int = -1
    on_click: Callable[[], None] | None = None
    actions: tuple[tuple[str, str], ...] = ()
    on_action: Callable[[str], None] | None = None


def build_toast(frame: Frame, text: str) -> View:
    size = frame.dp(14)
    width = min(text_width_px(text, size) + frame.dp(48), frame.width_px - frame.dp(32))
    height = text_height_px(text, size, width - frame.dp(40)) + frame.dp(24)
    left = (frame.width_px - width) // 2
    top = frame.content.bottom - frame.dp(64) - height
    area = Bounds(left, top, left + width, top + height)
    inner = Bounds(left + frame.dp(20), top + frame.dp(10), area.right - frame.dp(20), area.bottom)
    return View(
        kind="android.widget.FrameLayout",
        bounds=area,
        look=Look(background="#323232", radius_dp=20),
        children=[
            View(
                kind="android.widget.TextView",
                bounds=inner,
                text=text,
                resource_id="android:id/message",
                look=Look(colour="#ffffff", size_dp=14, align="centre"),
            )
        ],
    )


def _row(frame: Frame, notification: Notification, top: int, key: str) -> View:
    left, right = frame.dp(8), frame.width_px - frame.dp(8)
    inner_left, inner_right = left + frame.dp(16), right - frame.dp(16)
    text_height = text_height_px(notification.text, frame.dp(14), inner_right - inner_left)
    y = top + frame.dp(8)
    rows = []
    for text, resource, size, height in (
        (notification.app_label, "android:id/app_name_text", 12, frame.dp(18)),
        (notification.title, "android:id/title", 15, frame.dp(22)),
        (notification.text, "android:id/text", 14, text_height),
    ):
        if text:
            rows.append(
                View(
                    kind="android.widget.TextView",
                    bounds=Bounds(inner_left, y, inner_right, y + height),
                    text=text,
                    resource_id=resource,
                    look=Look(size_dp=size, bold=resource.endswith("title"), colour="#202124"),
                )
            )
            y += height + frame.dp(4)
    if notification.progress >= 0:
        rows.append(
            View(
                kind="android.widget.ProgressBar",
                bounds=Bounds(inner_left, y, inner_right, y + frame.dp(6)),
                resource_id="android:id/progress",
                text=f"{notification.progress}.0",
                look=Look(background="#4285f4", size_dp=0),
            )
        )
        y += frame.dp(10)
    for number, (text, _) in enumerate(notification.actions):
        place = inner_left + number * frame.dp(120)
        rows.append(
            View(
                kind="android.widget.Button",
                bounds=Bounds(place, y, place + frame.dp(112), y + frame.dp(40)),
                text=text,
                resource_id="android:id/action0",
                key=f"{key}/{number}",
                clickable=True,
                focusable=True,
                look=Look(size_dp=14, bold=True, colour="#1a73e8", align="centre"),
            )
        )
    y += frame.dp(44) if notification.actions else 0
    return View(
        kind="android.widget.FrameLayout",
        bounds=Bounds(left, top, right, y + frame.dp(8)),
        resource_id="com.android.systemui:id/expandableNotificationRow",
        key=key,
        clickable=True,
        focusable=True,
        look=Look(background="#ffffff", radius_dp=8, outline="#c4c7cc"),
        children=rows,
    )


def build_heads_up(frame: Frame, notification: Notification) -> View:
    return _row(frame, notification, frame.dp(28), "0")


def build_shade(frame: Frame, notifications: Sequence[Notification]) -> View:
    root = View(
        kind="android.widget.FrameLayout",
        bounds=frame.bounds,
        resource_id="com.android.systemui:id/notification_panel",
        look=Look(background="#e8eaed"),
    )
    top = frame.dp(64)
    for number, notification in enumerate(notifications):
        row = _row(frame, notification, top, str(number))
        root.children.append(row)
        top = row.bounds.bottom + frame.dp(8)
    return root
