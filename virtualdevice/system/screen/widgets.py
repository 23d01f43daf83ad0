"""Views that several apps are made of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from virtualdevice.system.screen.view import Bounds, Frame, Look, View, text_height_px

__all__ = [
    "AlertButton",
    "Line",
    "alert_dialog",
    "check_box",
    "group",
    "label",
    "push_button",
    "title_bar",
    "window",
]

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
    text: str,
    bounds: Bounds,
    *,
    key: str,
    resource_id: str = "",
    filled: bool = False,
    enabled: bool = True,
    size_dp: float = 15,
) -> View:
    return View(
        kind="android.widget.Button",
        bounds=bounds,
        text=text,
        resource_id=resource_id,
        key=key,
        clickable=True,
        focusable=True,
        enabled=enabled,
        look=Look(
            size_dp=size_dp,
            colour=_button_colour(filled=filled, enabled=enabled),
            background=ACCENT if filled else "",
            bold=True,
            align="centre",
            radius_dp=4,
        ),
    )


def _button_colour(*, filled: bool, enabled: bool) -> str:
    if not enabled:
        return "#9aa0a6"
    return "#ffffff" if filled else ACCENT


def check_box(
    text: str, bounds: Bounds, *, key: str, checked: bool, size_dp: float, resource_id: str = ""
) -> View:
    mark = "☑" if checked else "☐"
    return View(
        kind="android.widget.CheckBox",
        bounds=bounds,
        text=text,
        resource_id=resource_id,
        key=key,
        clickable=True,
        focusable=True,
        checkable=True,
        checked=checked,
        look=Look(size_dp=size_dp, colour="#202124", icon=f"text:{mark} {text}"),
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
    enabled: bool = True


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """One text of a dialog. `room_dp`: all the height that it gets, 0: what it needs."""

    text: str
    resource_id: str = ""
    size_dp: float = 16
    colour: str = "#3c4043"
    bold: bool = False
    gap_dp: int = 10
    room_dp: int = 0
    tick_key: str = ""
    ticked: bool = False


def alert_dialog(
    frame: Frame,
    *,
    title: str,
    body: Sequence[Line],
    buttons: Sequence[AlertButton],
    extra: Sequence[View] = (),
    at_bottom: bool = False,
    stacked: bool = False,
) -> View:
    """An AlertDialog: `body` are its texts below the title; buttons from the left.

    `extra` views (such as a progress bar) come below the texts, at the bounds' own height.
    """
    width = frame.width_px if at_bottom else frame.width_px - frame.dp(32)
    left = (frame.width_px - width) // 2
    pad = frame.dp(24)
    y = pad
    rows: list[View] = []
    head = Line(text=title, resource_id="android:id/alertTitle", size_dp=20, bold=True, gap_dp=12)
    for line in [head, *body] if title else body:
        row = _text_row(frame, line, Bounds(left + pad, y, left + width - pad, y))
        row.look = replace(row.look, colour="#202124") if line is head else row.look
        rows.append(row)
        y = row.bounds.bottom + frame.dp(line.gap_dp)
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


def _text_row(frame: Frame, line: Line, place: Bounds) -> View:
    """At the top of `place`, as high as it must be."""
    size = line.size_dp * frame.font_scale
    height = text_height_px(line.text, frame.dp(size), place.width)
    if line.room_dp:
        height = min(height, frame.dp(line.room_dp))
    area = Bounds(place.left, place.top, place.right, place.top + height)
    if line.tick_key:
        area = Bounds(area.left, area.top, area.right, area.bottom + frame.dp(8))
        return check_box(
            line.text,
            area,
            key=line.tick_key,
            checked=line.ticked,
            size_dp=size,
            resource_id=line.resource_id,
        )
    return label(
        line.text,
        area,
        resource_id=line.resource_id,
        size_dp=size,
        colour=line.colour,
        bold=line.bold,
    )


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
            enabled=button.enabled,
            size_dp=15 * frame.font_scale,
        )
        for n, button in enumerate(buttons)
    ]
    area = Bounds(left, top, left + width, top + height)
    bar = group(area, views, kind="android.widget.LinearLayout")
    return [bar], top + height
