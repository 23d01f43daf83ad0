from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.apk.format_error import ApkFormatError
from holdfast.apk.string_pool import StringPool, encode_string_pool

TEXTS = st.lists(st.text(st.characters(codec="utf-8"), max_size=40), max_size=12)


def utf8_pool(texts: list[str]) -> bytes:
    """A pool as aapt2 writes it for resources: UTF-8, with both lengths before each string."""
    offsets, body = [], b""
    for text in texts:
        offsets.append(len(body))
        raw = text.encode()
        body += _length8(len(text.encode("utf-16-le")) // 2) + _length8(len(raw)) + raw + b"\0"
    body += bytes(-len(body) % 4)
    start = 28 + 4 * len(texts)
    header = struct.pack("<HHIIIIII", 1, 28, start + len(body), len(texts), 0, 0x100, start, 0)
    return header + struct.pack(f"<{len(texts)}I", *offsets) + body


def _length8(length: int) -> bytes:
    return bytes([length]) if length < 0x80 else bytes([length >> 8 | 0x80, length & 0xFF])


@given(TEXTS)
def test_strings_read_back_in_utf16(texts: list[str]) -> None:
    pool = StringPool(encode_string_pool(texts))
    assert [pool[i] for i in range(len(pool))] == texts


@given(TEXTS)
def test_strings_read_back_in_utf8(texts: list[str]) -> None:
    pool = StringPool(utf8_pool(texts))
    assert [pool[i] for i in range(len(pool))] == texts


def test_a_count_that_claims_more_than_the_bytes_is_refused() -> None:
    raw = bytearray(encode_string_pool(["a"]))
    struct.pack_into("<I", raw, 8, 1 << 30)
    with pytest.raises(ApkFormatError, match="more strings than bytes"):
        StringPool(bytes(raw))


def test_an_index_that_is_not_there_is_refused() -> None:
    with pytest.raises(ApkFormatError, match="no string 1"):
        StringPool(encode_string_pool(["a"]))[1]


def test_overlapping_strings_cannot_multiply_what_is_decoded() -> None:
    """A thousand offsets into one long string: the text has a limit, whatever the file's size."""
    long = encode_string_pool(["x" * 30_000])
    body = long[32:]
    start = 28 + 4 * 1000
    header = struct.pack("<HHIIIIII", 1, 28, start + len(body), 1000, 0, 0, start, 0)
    pool = StringPool(header + bytes(4000) + body)
    with pytest.raises(ApkFormatError, match="too much text"):
        sum(len(pool[index]) for index in range(1000))
