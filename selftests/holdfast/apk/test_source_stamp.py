from __future__ import annotations

import hashlib

import pytest

from holdfast.apk.archive import Apk
from holdfast.apk.block import BlockId
from holdfast.apk.fields import prefixed, u32
from holdfast.apk.format_error import ApkFormatError
from holdfast.apk.source_stamp import read_source_stamp
from selftests.corpus import needs_corpus
from selftests.holdfast.apk.corpus_cases import corpus_apk
from selftests.holdfast.apk.crafted import key, probe, signed


@needs_corpus
@pytest.mark.parametrize(
    ("name", "schemes", "stamped_at_s"),
    [
        ("valid-stamp", (1, 2, 3), None),
        ("stamp-valid-timestamp-value", (1, 2, 3), 1644886584),
        ("v2-only-with-stamp", (2,), None),
    ],
)
def test_stamps_of_the_corpus_are_read(
    name: str, schemes: tuple[int, ...], stamped_at_s: int | None
) -> None:
    with Apk.from_path(corpus_apk(f"apksig/{name}.apk")) as apk:
        stamp = read_source_stamp(apk)
    assert stamp is not None
    assert stamp.is_of_certificate_entry
    assert (stamp.schemes, stamp.stamped_at_s) == (schemes, stamped_at_s)


def test_an_apk_without_a_stamp_has_none() -> None:
    assert read_source_stamp(Apk.from_bytes(probe())) is None


def test_a_stamp_that_the_archive_does_not_name_is_told_apart() -> None:
    content = prefixed(key().certificate) + prefixed(prefixed(u32(3), prefixed()))
    stamp = read_source_stamp(signed(lambda _: [(BlockId.SOURCE_STAMP_V2, prefixed(content))]))
    assert stamp is not None
    assert not stamp.is_of_certificate_entry
    assert stamp.cert_sha256 == hashlib.sha256(key().certificate).hexdigest()


def test_a_malformed_stamp_is_a_format_error() -> None:
    with pytest.raises(ApkFormatError):
        read_source_stamp(signed(lambda _: [(BlockId.SOURCE_STAMP_V2, b"\x05\0\0\0stamp")]))
