from __future__ import annotations

import dataclasses

import pytest

from holdfast.apk.archive import Apk
from holdfast.apk.block import BlockId
from holdfast.apk.format_error import ApkFormatError
from holdfast.apk.idsig import IdSig
from selftests.corpus import needs_corpus
from selftests.holdfast.apk.corpus_cases import CorpusCase, corpus_apk, corpus_cases

WITH_IDSIG = [case for case in corpus_cases() if case.idsig]
SAMPLE = "recon/v4-digest-v2v3.apk"


def idsig_of(name: str) -> IdSig:
    return IdSig.from_bytes(corpus_apk(name + ".idsig").read_bytes())


@needs_corpus
@pytest.mark.parametrize("case", WITH_IDSIG, ids=lambda case: case.file)
def test_a_file_belongs_to_its_apk_unless_it_was_made_bad(case: CorpusCase) -> None:
    """CTS refuses these two; every other one of its files it installs."""
    made_bad = case.file.endswith(("-badv2digest.apk", "-badv4signature.apk"))
    with Apk.from_path(case.path) as apk:
        assert idsig_of(case.file).is_of(apk) is not made_bad


@needs_corpus
def test_a_rotated_signer_has_a_block_of_its_own() -> None:
    idsig = idsig_of("apksig/v31-rsa-2048_2-tgt-10000-dev-release.apk")
    assert [signer.block_id for signer in idsig.signers] == [None, BlockId.V31]


@needs_corpus
def test_a_file_does_not_belong_to_another_apk() -> None:
    with Apk.from_path(corpus_apk("recon/v4-digest-v2-Sha256withEC.apk")) as other:
        assert not idsig_of(SAMPLE).is_of(other)


@needs_corpus
@pytest.mark.parametrize(
    "change", [{"algorithm_id": 0x9999}, {"signature": b""}, {"certificate": b""}]
)
def test_a_changed_signer_does_not_verify(change: dict[str, bytes | int]) -> None:
    idsig = idsig_of(SAMPLE)
    signer = dataclasses.replace(idsig.signers[0], **change)  # type: ignore[arg-type]
    with Apk.from_path(corpus_apk(SAMPLE)) as apk:
        assert not dataclasses.replace(idsig, signers=(signer,)).is_of(apk)


@pytest.mark.parametrize("data", [b"", b"\x03\0\0\0", b"\x02\0\0\0\x05\0\0\0\x02\0\0\0\x0c"])
def test_what_is_no_idsig_file_is_a_format_error(data: bytes) -> None:
    with pytest.raises(ApkFormatError):
        IdSig.from_bytes(data)
