from __future__ import annotations

import struct
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.apk.archive import Apk
from holdfast.apk.binary_xml import ValueType
from holdfast.apk.format_error import ApkFormatError
from holdfast.apk.resources import ResourceTable, encode_string_table
from selftests.corpus import needs_corpus
from selftests.holdfast.apk.corpus_cases import corpus_apk

LABEL = 0x7F010000
LOCALES = st.sampled_from(["", "de", "zh-CN", "zh-TW", "en", "pt-BR"])
TEXTS = st.dictionaries(LOCALES, st.text(st.characters(codec="utf-8"), max_size=20), min_size=1)


@given(TEXTS)
def test_texts_read_back_by_locale(texts: dict[str, str]) -> None:
    assert ResourceTable(encode_string_table("com.example", "label", texts)).texts(LABEL) == texts


@given(TEXTS, st.data())
def test_a_table_that_was_changed_gives_texts_or_a_format_error(
    texts: dict[str, str], data: st.DataObject
) -> None:
    raw = bytearray(encode_string_table("com.example", "label", texts))
    for _ in range(data.draw(st.integers(1, 4))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    try:
        ResourceTable(bytes(raw)).texts(LABEL)
    except ApkFormatError:
        return


def test_a_resource_that_is_not_there_has_no_texts() -> None:
    table = ResourceTable(encode_string_table("com.example", "label", {"": "a"}))
    assert table.texts(LABEL + 1) == {}
    assert table.texts(0x7F020000) == {}
    assert table.resolve(0x01040000) is None


@pytest.mark.parametrize("locale", ["deu", "d", "zh-Hans", "日本"])
def test_a_locale_that_cannot_be_written_is_refused(locale: str) -> None:
    with pytest.raises(ValueError, match="expected xx or xx-RR"):
        encode_string_table("com.example", "label", {locale: "a"})


@needs_corpus
def test_a_table_of_aapt_has_its_labels() -> None:
    """What `aapt2 dump badging` prints for this file of AOSP's apksig."""
    path: Path = corpus_apk("apksig/original.apk")
    with Apk.from_path(path) as apk:
        table = ResourceTable(apk.read("resources.arsc", limit_bytes=1 << 20))
    texts = table.texts(0x7F020000)
    assert texts[""] == "Tiny App for CTS"
    assert texts["en-XA"] == "[Ţîñý Åþþ ƒöŕ ÇŢŠ one two three]"
    assert set(texts) == {"", "en-XA", "ar-XB"}


def test_references_that_lead_to_one_another_come_to_an_end() -> None:
    """500 locales, each a reference to the resource itself: 500 × 20 × 500 values to look at."""
    locales = [f"{chr(97 + i % 26)}{chr(97 + i // 26)}" for i in range(500)]
    raw = encode_string_table("com.example", "label", dict.fromkeys(locales, "text"))
    value = struct.pack("<HBBI", 8, 0, ValueType.STRING, 0)
    looping = raw.replace(value, struct.pack("<HBBI", 8, 0, ValueType.REFERENCE, LABEL))
    assert looping != raw
    table = ResourceTable(looping)
    with pytest.raises(ApkFormatError, match="too many values"):
        table.texts(LABEL)
