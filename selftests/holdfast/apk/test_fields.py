from __future__ import annotations

import pytest

from holdfast.apk.fields import FieldReader, prefixed, u32
from holdfast.apk.format_error import ApkFormatError


def test_fields_are_read_as_they_were_written() -> None:
    reader = FieldReader(u32(0xFFFFFFFE) + u32(0xFFFFFFFE) + prefixed(b"ab", b"c") + b"rest")
    assert (reader.u32(), reader.i32(), reader.prefixed()) == (0xFFFFFFFE, -2, b"abc")
    assert reader.rest() == b"rest"
    assert reader.remaining == 0


def test_a_sequence_ends_with_its_container() -> None:
    reader = FieldReader(prefixed(prefixed(b"a"), prefixed(b"")) + b"tail")
    assert list(reader.nested().each_prefixed()) == [b"a", b""]


@pytest.mark.parametrize("data", [b"", b"\x01\0\0", u32(5) + b"four", u32(0xFFFFFFFF)])
def test_a_field_beyond_the_end_is_a_format_error(data: bytes) -> None:
    with pytest.raises(ApkFormatError):
        FieldReader(data).prefixed()
