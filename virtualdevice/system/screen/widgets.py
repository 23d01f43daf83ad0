"""Views that several apps are made of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from virtualdevice.system.screen.view import Bounds, Frame, Look, View, text_height_px

__all__ = ["AlertButton", "alert_dialog", "group", "label", "push_button", "title_bar", "window"]

ACCENT = "#1a73e8"


def group(
    bounds: Bounds,
    children: Sequence[View],
    *,
    kind: str = "android.widget.FrameLayout",
    resource_id: str = "",
    look: Look | None = None,
) -> View:
    return View(
        kind=kind,
        bounds=bounds,
        resource_id=resource_id,
        children=list(children),
        look=look or Look(),
    )


def label(
    text: str,
    bounds: Bounds,
    *,
    resource_id: str = "",
    size_dp: float = 16,
    colour: str = "#202124",
    bold: bool = False,
    align: str = "left",
    background: str = "",
    radius_dp: float = 0,
) -> View:
    return View(
        kind="android.widget.TextView",
        bounds=bounds,
        text=text,
        resource_id=resource_id,
        look=Look(
            size_dp=size_dp,
            colour=colour,
            bold=bold,
            align=align,
            background=background,
            radius_dp=radius_dp,
        ),
    )


def push_button(
    text: str, bounds: Bounds, *, key: str, resource_id: str = "", filled: bool = False
) -> View:
    return View(
        kind="android.widget.Button",
        bounds=bounds,
        text=text,
        resource_id=resource_id,
        key=key,
        clickable=True,
        focusable=True,
        look=Look(
            size_dp=15,
            colour="#ffffff" if filled else ACCENT,
            background=ACCENT if filled else "",
            bold=True,
            align="centre",
            radius_dp=4,
        ),
    )


def window(frame: Frame, children: Sequence[View], *, background: str = "#ffffff") -> View:
    """An activity's decor: two nested layouts and android:id/content, as uiautomator shows it."""
    content = group(
        frame.content, children, resource_id="android:id/content", look=Look(background=background)
    )
    return group(
        frame.bounds,
        [group(frame.bounds, [content], kind="android.widget.LinearLayout")],
        look=Look(background=background),
    )


def title_bar(frame: Frame, text: str, *, resource_id: str = "") -> View:
    content = frame.content
    area = Bounds(content.left, content.top, content.right, content.top + frame.dp(56))
    inner = Bounds(frame.dp(16), area.top + frame.dp(14), area.right, area.bottom)
    return group(
        area,
        [label(text, inner, resource_id=resource_id, size_dp=20, bold=True)],
        look=Look(background="#f1f3f4"),
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class AlertButton:
    text: str
    key: str
    resource_id: str


def alert_dialog(
    frame: Frame,
    *,
    title: str,
    body: Sequence[tuple[str, str]],
    buttons: Sequence[AlertButton],
    extra: Sequence[View] = (),
    at_bottom: bool = False,
    stacked: bool = False,
) -> View:
    """An AlertDialog: `body` are (resource id, text); buttons from the left.

    `extra` views (such as a progress bar) come below the texts, at the bounds' own height.
    """
    width = frame.width_px if at_bottom else frame.width_px - frame.dp(32)
    left = (frame.width_px - width) // 2
    pad = frame.dp(24)
    inner_width = width - 2 * pad
    y = pad
    rows: list[View] = []
    if title:
        height = text_height_px(title, frame.dp(20), inner_width)
        area = Bounds(left + pad, y, left + width - pad, y + height)
        rows.append(label(title, area, resource_id="android:id/alertTitle", size_dp=20, bold=True))
        y += height + frame.dp(12)
    for resource_id, text in body:
        height = text_height_px(text, frame.dp(16), inner_width)
        area = Bounds(left + pad, y, left + width - pad, y + height)
        rows.append(label(text, area, resource_id=resource_id, size_dp=16, colour="#3c4043"))
        y += height + frame.dp(10)
    for view in extra:
        height = view.bounds.height
        view.bounds = Bounds(left + pad, y, left + width - pad, y + height)
        rows.append(view)
        y += height + frame.dp(10)
    y += frame.dp(8)
    bar, y = _button_bar(frame, buttons, left, y, width, stacked=stacked or at_bottom)
    height = y + frame.dp(8)
    top = frame.content.bottom - height if at_bottom else (frame.height_px - height) // 2
    root = group(
        Bounds(left, 0, left + width, height),
        [
            group(
                Bounds(left, 0, left + width, height),
                [*rows, *bar],
                resource_id="android:id/content",
            )
        ],
        look=Look(background="#ffffff", radius_dp=8 if not at_bottom else 0),
    )
    for view in root.walk():
        b = view.bounds
        view.bounds = Bounds(b.left, b.top + top, b.right, b.bottom + top)
    return root


def _button_bar(
    frame: Frame,
    buttons: Sequence[AlertButton],
    left: int,
    top: int,
    width: int,
    *,
    stacked: bool,
) -> tuple[list[View], int]:
    """The buttons, and where they end: at the right in a row, or sharing the whole width."""
    if not buttons:
        return [], top
    height = frame.dp(48)
    each = width // len(buttons) if stacked else frame.dp(96)
    start = left if stacked else left + width - frame.dp(8) - each * len(buttons)
    views = [
        push_button(
            button.text,
            Bounds(start + n * each, top, start + (n + 1) * each, top + height),
            key=button.key,
            resource_id=button.resource_id,
        )
        for n, button in enumerate(buttons)
    ]
    area = Bounds(left, top, left + width, top + height)
    bar = group(area, views, kind="android.widget.LinearLayout")
    return [bar], top + height
