"""Captured dialogs made by hand."""

from __future__ import annotations

import io

from PIL import Image

from holdfast.dialogs.captured import (
    Bounds,
    Button,
    ButtonRole,
    CapturedDialog,
    DialogKind,
    ScreenState,
    TextPiece,
)

__all__ = ["bounds", "button", "captured", "piece", "png"]

TITLE = "Data will be deleted"
RISK = "All of Chat's data (11 GB) will be deleted."


def bounds(left: int, top: int, right: int, bottom: int) -> Bounds:
    return Bounds(left_px=left, top_px=top, right_px=right, bottom_px=bottom)


def button(text: str, role: ButtonRole, *, focused: bool = False) -> Button:
    left = 100 if role is ButtonRole.NEGATIVE else 500
    place = bounds(left, 900, left + 200, 980)
    return Button(text=text, bounds=place, resource_id="", role=role, focused=focused)


def piece(
    text: str,
    *,
    size_px: int | None = 40,
    weight: float | None = 0.2,
    colour: str | None = "#222222",
    cut_off: bool = False,
) -> TextPiece:
    return TextPiece(
        text=text,
        bounds=bounds(100, 600, 900, 660),
        size_px=size_px,
        weight=weight,
        colour=colour,
        cut_off=cut_off,
    )


def png(width: int = 108, height: int = 192) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (width, height), "#808080").save(out, "PNG")
    return out.getvalue()


def captured(
    *,
    message: str = RISK,
    title: str = "",
    buttons: tuple[Button, ...] | None = None,
    texts: tuple[TextPiece, ...] | None = None,
    first_seen_ms: int = 1000,
    kind: DialogKind = DialogKind.DIALOG,
    language: str = "en",
    screenshot: bytes = b"",
) -> CapturedDialog:
    """A dialog that meets every clause of one window, but for what is asked otherwise."""
    if buttons is None:
        buttons = (
            button("Cancel", ButtonRole.NEGATIVE),
            button("Delete and update", ButtonRole.AFFIRMATIVE),
        )
    if texts is None:
        texts = (piece(message, size_px=60), piece("Please back up first."))
    return CapturedDialog(
        first_seen_ms=first_seen_ms,
        last_seen_ms=first_seen_ms + 900,
        kind=kind,
        package_name="com.example.store",
        activity=".Update",
        title=title,
        message=message,
        buttons=buttons,
        texts=texts,
        bounds=bounds(50, 500, 1000, 1000),
        screenshot=screenshot,
        hierarchy="",
        beneath="com.example.chat",
        language=language,
        screen=ScreenState(width_px=1080, height_px=1920),
    )
