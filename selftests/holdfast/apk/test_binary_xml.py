from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.apk.binary_xml import ANDROID, Attribute, Element, ValueType, parse, serialize
from holdfast.apk.format_error import ApkFormatError

NAMES = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=12)
PLAIN = st.builds(lambda name, text: Attribute(name=name, text=text), NAMES, NAMES)
NUMBERED = st.builds(
    lambda number, value: Attribute(
        name=f"a{number}",
        namespace=ANDROID,
        resource_id=0x01010000 + number,
        type=ValueType.INT_HEX,
        data=value,
    ),
    st.integers(0, 99),
    st.integers(0, 0xFFFFFFFF),
)


def unique(attributes: list[Attribute]) -> tuple[Attribute, ...]:
    """In the order that serialize writes: by resource id, those without one last."""
    by_key = {(a.resource_id or 1 << 40, a.resource_id or a.name): a for a in attributes}
    numbered = sorted((k for k in by_key if k[0] < 1 << 40), key=lambda k: k[0])
    return tuple(by_key[k] for k in numbered) + tuple(
        a for k, a in by_key.items() if k[0] == 1 << 40
    )


ATTRIBUTES = st.lists(PLAIN | NUMBERED, max_size=4).map(unique)
LEAVES = st.builds(lambda name, a: Element(name=name, attributes=a), NAMES, ATTRIBUTES)
TREES = st.recursive(
    LEAVES,
    lambda inner: st.builds(
        lambda name, a, c: Element(name=name, attributes=a, children=tuple(c)),
        NAMES,
        ATTRIBUTES,
        st.lists(inner, max_size=3),
    ),
    max_leaves=8,
)

SMALL = Element(
    name="manifest",
    attributes=(Attribute(name="package", text="com.example.a"),),
    children=(Element(name="application"),),
)


@given(TREES)
def test_what_is_written_reads_back_the_same(tree: Element) -> None:
    assert parse(serialize(tree)) == tree


@given(TREES, st.data())
def test_bytes_that_were_changed_give_a_tree_or_a_format_error(
    tree: Element, data: st.DataObject
) -> None:
    raw = bytearray(serialize(tree))
    for _ in range(data.draw(st.integers(1, 4))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    try:
        parse(bytes(raw))
    except ApkFormatError:
        return


@given(st.integers(0, 400))
def test_a_document_that_is_cut_short_is_refused(length: int) -> None:
    raw = serialize(SMALL)
    with pytest.raises(ApkFormatError):
        parse(raw[: min(length, len(raw) - 1)])


def test_an_unknown_chunk_is_skipped_as_the_platform_skips_it() -> None:
    raw = serialize(SMALL)
    body = struct.pack("<HHI", 0x0999, 8, 12) + b"\0\0\0\0" + raw[8:]
    assert parse(struct.pack("<HHI", 3, 8, 8 + len(body)) + body) == SMALL


def test_elements_that_are_never_closed_end_with_the_document() -> None:
    raw = serialize(SMALL)
    ends = 24 * 3  # two ends of elements, and that of the namespace
    short = raw[:4] + struct.pack("<I", len(raw) - ends) + raw[8:-ends]
    assert parse(short) == SMALL


def test_attributes_of_no_size_cannot_multiply() -> None:
    start = struct.pack("<HHIII", 0x0102, 16, 36, 1, 0xFFFFFFFF)
    start += struct.pack("<IIHHHHHH", 0xFFFFFFFF, 0xFFFFFFFF, 20, 0, 0xFFFF, 0, 0, 0)
    with pytest.raises(ApkFormatError, match="do not fit"):
        parse(struct.pack("<HHI", 3, 8, 8 + len(start)) + start)


def test_nesting_has_a_limit() -> None:
    deep = Element(name="a")
    for _ in range(200):
        deep = Element(name="a", children=(deep,))
    with pytest.raises(ApkFormatError, match="nested"):
        parse(serialize(deep))
