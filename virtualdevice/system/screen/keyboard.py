"""The on-screen keyboard: where its keys are, and what they type."""

from __future__ import annotations

from virtualdevice.system.screen.view import Bounds, Frame, Look, View

__all__ = ["BACKSPACE", "ENTER", "KEYBOARD_PACKAGE", "build_keyboard", "keyboard_bounds"]

KEYBOARD_PACKAGE = "com.android.inputmethod.latin"
HEIGHT_DP = 240
ENTER, BACKSPACE = "\n", "\b"
ROWS = ("qwertyuiop", "asdfghjkl", "zxcvbnm")
KEY_COLOUR, EDGE = "#ffffff", "#d5d8dd"


def keyboard_bounds(frame: Frame) -> Bounds:
    content = frame.content
    return Bounds(content.left, content.bottom - frame.dp(HEIGHT_DP), content.right, content.bottom)


def build_keyboard(frame: Frame) -> View:
    """A key's `key` is what it types."""
    area = keyboard_bounds(frame)
    root = View(
        kind="android.widget.FrameLayout",
        bounds=area,
        resource_id="android:id/inputArea",
        package=KEYBOARD_PACKAGE,
        look=Look(background=EDGE),
    )
    row_height = area.height // 4
    unit = area.width / 10
    for number, row in enumerate(ROWS):
        top = area.top + number * row_height
        left = area.left + (10 - len(row)) / 2 * unit
        for letter in row:
            root.children.append(
                _key(frame, letter, letter, left=left, top=top, width=unit, height=row_height)
            )
            left += unit
    third = area.top + 2 * row_height
    right = area.right - 1.5 * unit
    root.children.append(
        _key(frame, BACKSPACE, "⌫", left=right, top=third, width=1.5 * unit, height=row_height)
    )
    bottom = area.top + 3 * row_height
    for types, shows, start, width in (
        (",", ",", 1.5, 1),
        (" ", "", 2.5, 4.5),
        (".", ".", 7, 1),
        (ENTER, "⏎", 8, 2),
    ):
        left = area.left + start * unit
        root.children.append(
            _key(frame, types, shows, left=left, top=bottom, width=width * unit, height=row_height)
        )
    return root


def _key(
    frame: Frame, types: str, shows: str, *, left: float, top: int, width: float, height: int
) -> View:
    gap = frame.dp(2)
    names = {ENTER: "Enter", BACKSPACE: "Delete", " ": "Space"}
    return View(
        kind="android.widget.FrameLayout",
        bounds=Bounds(round(left) + gap, top + gap, round(left + width) - gap, top + height - gap),
        description=names.get(types, types),
        key=types,
        clickable=True,
        look=Look(
            background=KEY_COLOUR, size_dp=18, align="centre", radius_dp=4, icon=f"text:{shows}"
        ),
    )
