from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.userdata.preferences import (
    PreferencesFormatError,
    read_preferences,
    write_preferences,
)

# As android.app.SharedPreferencesImpl writes it.
BY_ANDROID = b"""<?xml version='1.0' encoding='utf-8' standalone='yes' ?>
<map>
    <string name="name">Ming &lt;m&gt;</string>
    <int name="count" value="3" />
    <long name="at" value="1400000000000" />
    <float name="scale" value="1.15" />
    <boolean name="on" value="true" />
    <set name="tags">
        <string>b</string>
        <string>a</string>
    </set>
    <null name="nothing" />
</map>
"""


def test_every_type_that_android_writes_is_read() -> None:
    assert read_preferences(BY_ANDROID) == {
        "name": "string:Ming <m>",
        "count": "int:3",
        "at": "long:1400000000000",
        "scale": "float:1.15",
        "on": "boolean:true",
        "tags": "set:a\nb",
        "nothing": "null:",
    }


def test_a_long_value_is_told_apart_by_its_digest() -> None:
    one, two = (
        read_preferences(f"<map><string name='k'>{'x' * 500}{end}</string></map>".encode())["k"]
        for end in "ab"
    )
    assert one != two
    assert len(one) < 120


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"<map>",
        b"<other/>",
        b"\x00binary",
        b"ABX\x00",
        b'<!DOCTYPE m [<!ENTITY a "aaaa">]><map><string name="k">&a;</string></map>',
        b'<?xml version="1.0" encoding="no-such"?><map/>',
    ],
)
def test_what_is_no_preferences_file_is_refused(data: bytes) -> None:
    with pytest.raises(PreferencesFormatError):
        read_preferences(data)


@given(st.binary(max_size=400))
def test_no_bytes_make_anything_but_a_refusal(data: bytes) -> None:
    with suppress(PreferencesFormatError):
        read_preferences(data)


TEXT = st.text(st.characters(min_codepoint=32, exclude_categories=["Cs"]), max_size=50)


@given(st.dictionaries(TEXT, TEXT | st.integers(-(2**31), 2**31 - 1) | st.booleans()))
def test_what_is_written_is_read_back(values: dict[str, str | int | bool]) -> None:
    read = read_preferences(write_preferences(values))
    assert read.keys() == values.keys()
    for name, value in values.items():
        shown = str(value).lower() if isinstance(value, bool) else str(value)
        assert read[name].partition(":")[2] == shown
