"""The screen as a picture that a person can read."""

from __future__ import annotations

import io
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from virtualdevice.system.screen.view import LINE_EM, Bounds, Frame, View, wrap

__all__ = ["FontsMissing", "draw", "encode_jpeg", "encode_png"]

LATIN = (
    "/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf",
    "/usr/share/fonts/dejavu/DejaVuSans.ttf",
    "/usr/share/fonts/TTF/DejaVuSans.ttf",
)
WIDE = (
    "/usr/share/fonts/truetype/droid/DroidSansFallbackFull.ttf",
    "/usr/share/fonts/google-droid/DroidSansFallback.ttf",
    "/usr/share/fonts/droid/DroidSansFallbackFull.ttf",
)
ICON_COLOURS = ("#e8710a", "#1e8e3e", "#d93025", "#9334e6", "#1a73e8", "#129eaf")


class FontsMissing(Exception):
    """The host has none of the fonts that the screen is drawn with."""


@lru_cache(maxsize=32)
def _font(paths: Sequence[str], size_px: int) -> ImageFont.FreeTypeFont:
    for path in paths:
        if Path(path).is_file():
            return ImageFont.truetype(path, size_px)
    packages = "fonts-dejavu-core and fonts-droid-fallback"
    raise FontsMissing(f"no font at {', '.join(paths)}: install {packages}")


def _is_wide(character: str) -> bool:
    return ord(character) >= 0x2E80


def draw(layers: Sequence[tuple[View, bool]], frame: Frame, *, is_on: bool = True) -> Image.Image:
    """`layers` from the back; true: what is below is dimmed first."""
    image = Image.new("RGB", (frame.width_px, frame.height_px), "#000000")
    if not is_on:
        return image
    for root, dims in layers:
        if dims:
            image = Image.blend(image, Image.new("RGB", image.size, "#000000"), 0.5)
        pencil = ImageDraw.Draw(image)
        for view in root.walk():
            _draw_view(pencil, view, frame)
    _draw_bars(ImageDraw.Draw(image), frame)
    return image


def _draw_bars(pencil: ImageDraw.ImageDraw, frame: Frame) -> None:
    if frame.status_bar_dp:
        bottom = frame.content.top
        pencil.rectangle((0, 0, frame.width_px, bottom - 1), fill="#3c4043")
    if frame.navigation_bar_dp:
        top, middle = frame.content.bottom, frame.width_px // 2
        pencil.rectangle((0, top, frame.width_px, frame.height_px), fill="#000000")
        half, y = frame.dp(8), (top + frame.height_px) // 2
        for x in (middle // 2, middle, middle + middle // 2):
            pencil.ellipse((x - half, y - half, x + half, y + half), outline="#9aa0a6", width=3)


def _draw_view(pencil: ImageDraw.ImageDraw, view: View, frame: Frame) -> None:
    look, box = view.look, view.bounds
    area = (box.left, box.top, max(box.left, box.right - 1), max(box.top, box.bottom - 1))
    radius = frame.dp(look.radius_dp)
    if look.background or look.outline:
        pencil.rounded_rectangle(
            area, radius, fill=look.background or None, outline=look.outline or None, width=2
        )
    if view.focused and view.kind == "android.widget.Button":
        pencil.rounded_rectangle(area, radius, outline="#fbbc04", width=frame.dp(3))
    text, top = view.text, box.top
    if look.icon.startswith("text:"):
        text = look.icon.removeprefix("text:")
    elif look.icon:
        top = _draw_icon(pencil, view, frame)
    if view.password:
        text = "•" * len(text)
    if text and look.size_dp:
        _draw_text(pencil, text, Bounds(box.left, top, box.right, box.bottom), view, frame)


def _draw_icon(pencil: ImageDraw.ImageDraw, view: View, frame: Frame) -> int:
    """A coloured square with the first letter; where the text below it starts."""
    size = frame.dp(48)
    left = view.bounds.centre[0] - size // 2
    top = view.bounds.top + frame.dp(4)
    colour = ICON_COLOURS[sum(view.look.icon.encode()) % len(ICON_COLOURS)]
    area = (left, top, left + size, top + size)
    pencil.rounded_rectangle(area, frame.dp(10), fill=colour)
    letter = (view.text or " ")[0].upper()
    _draw_line(
        pencil,
        letter,
        (left + size // 3, top + frame.dp(8)),
        size_px=frame.dp(26),
        colour="#ffffff",
    )
    return top + size + frame.dp(4)


def _draw_text(
    pencil: ImageDraw.ImageDraw, text: str, box: Bounds, view: View, frame: Frame
) -> None:
    look = view.look
    size = frame.dp(look.size_dp)
    line_height = round(size * LINE_EM)
    inset = frame.dp(10) if look.background or look.outline else 0
    if look.icon.startswith("text:"):
        inset = 0
    lines = wrap(text, size, max(size, box.width - 2 * inset))
    if view.kind == "android.widget.TextView" and not look.icon:
        lines = lines[: max(1, round(box.height / line_height))]  # what it has no room for is cut
    y = box.top
    if (
        view.kind in ("android.widget.Button", "android.widget.EditText")
        or inset
        or (look.align == "centre" and not look.icon.startswith("app:"))
    ):
        y = max(box.top, box.top + (box.height - line_height * len(lines)) // 2)
    for line in lines:
        width = _line_width(line, size)
        x = box.left + inset
        if look.align == "centre":
            x = max(box.left, box.left + (box.width - width) // 2)
        _draw_line(pencil, line, (x, y), size_px=size, colour=look.colour, bold=look.bold)
        y += line_height


def _runs(line: str) -> list[tuple[bool, str]]:
    runs: list[tuple[bool, str]] = []
    for character in line:
        wide = _is_wide(character)
        if runs and runs[-1][0] == wide:
            runs[-1] = (wide, runs[-1][1] + character)
        else:
            runs.append((wide, character))
    return runs


def _line_width(line: str, size_px: int) -> int:
    return round(
        sum(_font(WIDE if wide else LATIN, size_px).getlength(run) for wide, run in _runs(line))
    )


def _draw_line(
    pencil: ImageDraw.ImageDraw,
    line: str,
    at: tuple[float, float],
    *,
    size_px: int,
    colour: str,
    bold: bool = False,
) -> None:
    x, y = at
    for wide, run in _runs(line):
        font = _font(WIDE if wide else LATIN, size_px)
        width = 1 if bold else 0
        pencil.text((x, y), run, fill=colour, font=font, stroke_width=width, stroke_fill=colour)
        x += font.getlength(run)


def encode_png(image: Image.Image) -> bytes:
    buffer = io.BytesIO()
    image.convert("RGBA").save(buffer, "PNG", compress_level=1)
    return buffer.getvalue()


def encode_jpeg(image: Image.Image, quality: int) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=max(1, min(quality, 95)))
    return buffer.getvalue()
