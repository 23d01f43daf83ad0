"""golden/three-seconds.mp4 was made with PyAV 18.1 (FFmpeg): 30 pictures at ten a second."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.android.mp4 import film_length_s

FILM = (Path(__file__).parent / "golden" / "three-seconds.mp4").read_bytes()


def box(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I4s", 8 + len(body), kind) + body


def test_a_film_of_three_seconds_is_three_seconds_long() -> None:
    assert film_length_s(FILM) == pytest.approx(3.0)


def test_a_header_of_version_1_has_wider_numbers() -> None:
    header = b"\x01\0\0\0" + struct.pack(">QQIQ", 1, 2, 1000, 185_500)
    assert film_length_s(box(b"ftyp", b"isom") + box(b"moov", box(b"mvhd", header))) == 185.5


@pytest.mark.parametrize(
    "content",
    [b"", b"PNG", FILM[:40], FILM[:-300], box(b"moov", b""), box(b"moov", box(b"mvhd", b"\0" * 8))],
)
def test_what_has_no_whole_header_has_no_length(content: bytes) -> None:
    assert film_length_s(content) is None


@given(st.binary(max_size=200))
def test_no_bytes_make_it_fail(content: bytes) -> None:
    film_length_s(content)
