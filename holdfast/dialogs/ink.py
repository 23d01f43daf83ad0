"""How texts were drawn: the height of their letters, their colour and weight, from a screenshot."""

from __future__ import annotations

import io
import unicodedata
from collections.abc import Sequence
from dataclasses import replace

from PIL import Image, ImageChops, UnidentifiedImageError

from holdfast.dialogs.captured import Bounds, TextPiece

__all__ = ["measured"]

_MAX_PIXELS = 40_000_000
_UNLIKE = 48  # of 255: what lies nearer to the ground is its shading
_FAINT = 2  # of 255, the mean of a row: below it the row holds no letters
_FITS = 1.1
_WIDE_EM, _LATIN_EM = 0.9, 0.45  # mean advance: of ideographs, of Latin, Greek and Cyrillic text
_LATIN_END = 0x530  # what comes behind is set in too many ways to say
_MIN_INK = 96  # of 765: how far the commonest ink lies from the ground at least


def measured(pieces: Sequence[TextPiece], screenshot: bytes) -> tuple[TextPiece, ...]:
    """The same pieces with what the screenshot tells; unchanged where it tells nothing."""
    try:
        with Image.open(io.BytesIO(screenshot)) as opened:
            if opened.width * opened.height > _MAX_PIXELS:
                return tuple(pieces)
            picture = opened.convert("RGB")
    except (UnidentifiedImageError, OSError, ValueError, Image.DecompressionBombError):
        return tuple(pieces)
    return tuple(_measured(piece, picture) for piece in pieces)


def _measured(piece: TextPiece, picture: Image.Image) -> TextPiece:
    box = _inside(piece.bounds, picture)
    if box is None:
        return piece
    part = picture.crop(box)
    found = sorted(part.getcolors(part.width * part.height) or [], reverse=True)
    colours = [colour for _, colour in found if isinstance(colour, tuple)]
    if not colours:
        return piece
    ground = colours[0]
    ink = next((c for c in colours[1:] if _distance(c, ground) >= _MIN_INK), None)
    if ink is None:
        return piece
    difference = ImageChops.difference(part, Image.new("RGB", part.size, ground)).convert("L")
    mask = difference.point([255 * (value >= _UNLIKE) for value in range(256)])
    lines = _lines(mask)
    if not lines:
        return piece
    top, bottom = max(lines, key=lambda line: line[1] - line[0])
    line = mask.crop((0, top, mask.width, bottom))
    drawn = line.getbbox()
    inked = line.crop(drawn) if drawn else line
    share = inked.histogram()[255] / (inked.width * inked.height)
    return replace(
        piece,
        size_px=bottom - top,
        colour="#{:02x}{:02x}{:02x}".format(*ink),
        weight=share,
        cut_off=piece.cut_off or _cannot_fit(piece, lines=len(lines), em_px=bottom - top),
    )


def _cannot_fit(piece: TextPiece, *, lines: int, em_px: int) -> bool:
    """Whether the lines that are drawn are too short for the text, even set as narrowly as can be.

    Android gives the whole text of a view, also where it has drawn only its beginning. The height
    of the tallest letters is no more than an em, so that the estimate errs towards fitting.
    """
    narrowest_px = sum(_narrowest_em(character) for character in piece.text) * em_px
    return narrowest_px > _FITS * lines * piece.bounds.width_px


def _narrowest_em(character: str) -> float:
    if unicodedata.east_asian_width(character) in "WF":
        return _WIDE_EM
    return _LATIN_EM if ord(character) < _LATIN_END else 0.0


def _inside(bounds: Bounds, picture: Image.Image) -> tuple[int, int, int, int] | None:
    """The part of the bounds that the picture shows."""
    left, top = max(0, bounds.left_px), max(0, bounds.top_px)
    right, bottom = min(picture.width, bounds.right_px), min(picture.height, bounds.bottom_px)
    return (left, top, right, bottom) if right > left and bottom > top else None


def _lines(mask: Image.Image) -> list[tuple[int, int]]:
    """Top and bottom of each run of rows that holds ink."""
    rows = mask.resize((1, mask.height), Image.Resampling.BOX).tobytes()
    lines, start = [], None
    for number, value in enumerate((*rows, 0)):
        if value >= _FAINT and start is None:
            start = number
        elif value < _FAINT and start is not None:
            lines.append((start, number))
            start = None
    return lines


def _distance(one: tuple[int, ...], other: tuple[int, ...]) -> int:
    return sum(abs(a - b) for a, b in zip(one, other, strict=True))
