"""Limits that Android does not have: no real APK comes near them, and no hostile one costs more."""

from __future__ import annotations

import struct

import pytest

from holdfast.apk.archive import Apk
from holdfast.apk.block import find_signing_block
from holdfast.apk.fields import FieldReader, prefixed
from holdfast.apk.format_error import ApkFormatError
from holdfast.apk.jar_manifest import jar_sections
from holdfast.apk.lineage import MAX_NODES, SigningLineage
from holdfast.apk.pkcs7 import SignedData
from holdfast.apk.scheme_v2 import MOST_SIGNERS_BEFORE
from holdfast.apk.verification import Reason
from holdfast.apk.verify import verify
from selftests.holdfast.apk.crafted import CraftedSigner, key, with_signers
from selftests.holdfast.apk.test_archive import directory_record, end_record, patched, zipped
from selftests.holdfast.apk.test_block import block_of, pair, with_block
from selftests.holdfast.apk.test_jar import Jar, refusal
from selftests.holdfast.apk.test_lineage import lineage_of_three
from selftests.holdfast.apk.test_pkcs7 import EC_KEY, RSA_KEY, signed_data


def test_lists_in_the_block_end_at_a_thousand_fields() -> None:
    assert len(list(FieldReader(prefixed() * 1000).each_prefixed())) == 1000
    with pytest.raises(ApkFormatError, match="more than 1000"):
        list(FieldReader(prefixed() * 1001).each_prefixed())


def test_a_block_has_at_most_ten_thousand_pairs() -> None:
    assert find_signing_block(with_block(block_of(pair(7, b"") * 10_000)))
    with pytest.raises(ApkFormatError, match="10000 pairs"):
        find_signing_block(with_block(block_of(pair(7, b"") * 10_001)))


def test_a_block_beyond_16_mib_is_refused_and_not_passed_over() -> None:
    apk = with_block(block_of(pair(7, bytes(16 << 20))))
    with pytest.raises(ApkFormatError, match="too large"):
        find_signing_block(apk)
    assert verify(apk, api=30).findings[0].reason is Reason.ARCHIVE_MALFORMED


def test_a_directory_beyond_16_mib_is_refused() -> None:
    data = zipped({"a": b""})
    large = data[: directory_record(data)] + bytes(17 << 20)
    sizes = struct.pack("<LL", 17 << 20, directory_record(data))
    apk = Apk.from_bytes(large + patched(data[end_record(data) :], 12, sizes))
    with pytest.raises(ApkFormatError, match="too large"):
        _ = apk.names


def test_a_lineage_has_at_most_32_signers() -> None:
    nodes = lineage_of_three().nodes
    whole = SigningLineage(nodes=nodes * MAX_NODES)
    with pytest.raises(ApkFormatError):
        SigningLineage.from_bytes(whole.to_bytes())
    many = prefixed(b"") * (MAX_NODES + 1)
    with pytest.raises(ApkFormatError, match="more than 32"):
        list(FieldReader(many).each_prefixed(most=MAX_NODES))


def test_no_level_takes_more_than_20_signers() -> None:
    signers = [CraftedSigner(key=key())] * (MOST_SIGNERS_BEFORE + 1)
    assert not verify(with_signers(*signers), api=24).accepted
    assert verify(with_signers(*signers[1:]), api=24).accepted
    jar = Jar()
    for number in range(MOST_SIGNERS_BEFORE + 1):
        jar.sign(name=f"S{number}", key=EC_KEY)
    assert refusal(jar, api=29) is Reason.TOO_MANY_SIGNERS


def test_signed_data_has_at_most_8_signers() -> None:
    assert SignedData.parse(signed_data(*[RSA_KEY] * 8))
    with pytest.raises(ApkFormatError, match="too many signers"):
        SignedData.parse(signed_data(*[RSA_KEY] * 9))


def test_a_manifest_has_at_most_half_a_million_lines() -> None:
    with pytest.raises(ApkFormatError, match="500000 lines"):
        list(jar_sections(b"\n" * 600_000))


def test_entries_that_would_inflate_to_a_thousand_times_the_file_are_refused() -> None:
    jar = Jar().sign()
    data = jar.apk().source.read(0, jar.apk().size_bytes)
    claim = struct.pack("<L", 0xFFFFFF00)
    apk = Apk.from_bytes(patched(data, directory_record(data) + 24, claim))
    answer = verify(apk, api=29)
    assert answer.findings[0].reason is Reason.ARCHIVE_MALFORMED
    assert "entries of" in answer.findings[0].detail
