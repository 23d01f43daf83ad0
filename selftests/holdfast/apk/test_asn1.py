from __future__ import annotations

import pytest

from holdfast.apk.asn1 import Asn1Value, Tag
from holdfast.apk.format_error import ApkFormatError


def parse(text: str) -> Asn1Value:
    return Asn1Value.parse(bytes.fromhex(text))


def test_a_sequence_has_its_children_and_keeps_its_bytes() -> None:
    value = parse("3006 0201 05 0401 ff")
    number, octets = value.sequence()
    assert (number.integer(), octets.octets()) == (5, b"\xff")
    assert value.encoded == bytes.fromhex("30060201050401ff")


def test_bytes_behind_the_value_are_ignored() -> None:
    assert parse("0201 05 ffff").encoded == b"\x02\x01\x05"


def test_lengths_that_are_not_minimal_are_understood() -> None:
    assert parse("02 84 00000001 05").integer() == 5


def test_indefinite_lengths_are_understood() -> None:
    value = parse("3080 0201 05 3080 0000 0000 ff")
    assert [child.tag for child in value.children()] == [Tag.INTEGER, Tag.SEQUENCE]
    assert value.encoded == bytes.fromhex("30800201053080000000 00".replace(" ", ""))


def test_integers_are_signed() -> None:
    assert parse("0201 80").integer() == -128
    assert parse("0202 0080").integer() == 128


@pytest.mark.parametrize(
    ("text", "oid"),
    [
        ("0609 2a864886f70d010702", "1.2.840.113549.1.7.2"),
        ("0603 2b0e03", "1.3.14.3"),
        ("0603 883703", "2.999.3"),
    ],
)
def test_object_identifiers_are_dotted(text: str, oid: str) -> None:
    assert parse(text).oid() == oid


@pytest.mark.parametrize(
    "text",
    [
        "",
        "02",
        "0202 05",
        "02 85 0000000001 05",
        "02 84 ffffffff",
        "0280 05 0000",
        "3080 0201 05",
        "1f01 00",
        "3080" * 40,
    ],
)
def test_malformed_values_are_format_errors(text: str) -> None:
    with pytest.raises(ApkFormatError):
        parse(text)


@pytest.mark.parametrize("text", ["0600", "0601 80", "0641" + "01" * 65, "0201 05"])
def test_malformed_object_identifiers_are_format_errors(text: str) -> None:
    with pytest.raises(ApkFormatError):
        parse(text).oid()


def test_a_bit_string_needs_its_count_of_unused_bits() -> None:
    assert parse("0302 00ff").bits() == b"\xff"
    with pytest.raises(ApkFormatError):
        parse("0300").bits()
