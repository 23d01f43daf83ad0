"""How texts were drawn."""

from __future__ import annotations

import io

import pytest
from PIL import Image, ImageDraw, ImageFont

from holdfast.dialogs.captured import Bounds, TextPiece
from holdfast.dialogs.ink import measured

TOP = Bounds(left_px=0, top_px=0, right_px=400, bottom_px=100)
BELOW = Bounds(left_px=0, top_px=100, right_px=400, bottom_px=200)


def piece(bounds: Bounds) -> TextPiece:
    return TextPiece(text="All data will be lost", bounds=bounds)


def drawn(*, size: int, colour: str, ground: str = "#ffffff", stroke: int = 0) -> bytes:
    """One line of text in TOP, and in BELOW a plain one for comparison."""
    picture = Image.new("RGB", (400, 200), ground)
    pen = ImageDraw.Draw(picture)
    pen.text((10, 20), "All data lost", fill=colour, font=ImageFont.load_default(size),
             stroke_width=stroke)  # fmt: skip
    pen.text((10, 120), "All data lost", fill="#222222", font=ImageFont.load_default(20))
    out = io.BytesIO()
    picture.save(out, "PNG")
    return out.getvalue()


def test_larger_letters_are_measured_larger() -> None:
    large, plain = measured([piece(TOP), piece(BELOW)], drawn(size=40, colour="#222222"))
    assert large.size_px is not None
    assert plain.size_px is not None
    assert large.size_px > 1.7 * plain.size_px


def test_the_colour_of_the_ink_is_known_on_any_ground() -> None:
    for ground in ("#ffffff", "#000000"):
        red, _ = measured(
            [piece(TOP), piece(BELOW)], drawn(size=20, colour="#d02020", ground=ground)
        )
        assert red.colour == "#d02020"


def test_bold_letters_weigh_more() -> None:
    bold, plain = measured([piece(TOP), piece(BELOW)], drawn(size=20, colour="#222222", stroke=1))
    assert bold.weight is not None
    assert plain.weight is not None
    assert bold.weight > 1.2 * plain.weight


@pytest.mark.parametrize("screenshot", [b"", b"no picture", b"\x89PNG\r\n\x1a\n"])
def test_what_no_picture_shows_stays_unknown(screenshot: bytes) -> None:
    assert measured([piece(TOP)], screenshot) == (piece(TOP),)


def test_a_text_outside_of_the_picture_or_without_ink_stays_unknown() -> None:
    outside = piece(Bounds(left_px=900, top_px=900, right_px=950, bottom_px=950))
    empty = piece(Bounds(left_px=0, top_px=80, right_px=400, bottom_px=100))
    assert measured([outside, empty], drawn(size=20, colour="#222222")) == (outside, empty)


def test_a_text_of_which_only_the_beginning_is_drawn_is_cut_off() -> None:
    whole = piece(BELOW)
    long = TextPiece(text="All data will be lost. " * 9, bounds=TOP)
    cut, fits = measured([long, whole], drawn(size=40, colour="#222222"))
    assert cut.cut_off
    assert not fits.cut_off
