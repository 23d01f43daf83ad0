"""Rules over all schemes; the corpus holds most of them."""

from __future__ import annotations

import pytest

from holdfast.apk.archive import Apk
from holdfast.apk.block import BlockId
from holdfast.apk.keys import SigningKey
from holdfast.apk.probe import ArchiveMember, ProbeSpec, build_archive, build_probe
from holdfast.apk.signer import sign
from holdfast.apk.signing_details import Scheme
from holdfast.apk.verification import Reason
from holdfast.apk.verify import verify
from selftests.corpus import needs_corpus
from selftests.holdfast.apk.corpus_cases import corpus_apk
from selftests.holdfast.apk.crafted import CraftedSigner, key, probe, signer_list
from selftests.holdfast.apk.crafted import signed as crafted


def signed(*schemes: Scheme, target_sdk: int = 34, signer: SigningKey | None = None) -> Apk:
    unsigned = build_probe(ProbeSpec(package_name="com.example.rules", target_sdk=target_sdk))
    return Apk.from_bytes(sign(unsigned, signers=[signer or key()], schemes=schemes))


@pytest.mark.parametrize(
    ("api", "scheme"), [(21, "v1"), (23, "v1"), (24, "v2"), (27, "v2"), (28, "v3"), (36, "v3")]
)
def test_the_newest_scheme_that_a_level_knows_decides(api: int, scheme: str) -> None:
    answer = verify(signed(Scheme.V1, Scheme.V2, Scheme.V3), api=api)
    assert (answer.accepted, answer.scheme) == (True, scheme)


@pytest.mark.parametrize(("api", "accepted"), [(24, True), (29, True), (30, False), (36, False)])
def test_an_app_for_api_30_needs_a_newer_scheme_than_v1(api: int, accepted: bool) -> None:
    answer = verify(signed(Scheme.V1, target_sdk=30), api=api)
    assert answer.accepted is accepted
    if not accepted:
        assert answer.findings[0].reason is Reason.SCHEME_TOO_OLD_FOR_TARGET_SDK
    assert verify(signed(Scheme.V1, target_sdk=29), api=api).accepted


def test_an_app_for_a_later_api_than_the_device_s_needs_a_newer_scheme_too() -> None:
    assert not verify(signed(Scheme.V1, target_sdk=36), api=30).accepted


def test_a_file_without_a_manifest_is_refused_on_every_level() -> None:
    unsigned = build_archive([ArchiveMember(name="classes.dex", data=b"dex")])
    for api in (21, 24, 28, 36):
        answer = verify(Apk.from_bytes(unsigned), api=api)
        assert answer.findings[0].reason is Reason.MANIFEST_MISSING


def test_an_archive_that_begins_with_something_else_is_refused_with_v1() -> None:
    data = signed(Scheme.V1, target_sdk=29)
    prefixed = b"dex\n" + data.source.read(4, data.size_bytes - 4)
    answer = verify(Apk.from_bytes(prefixed), api=29)
    assert answer.findings[0].reason is Reason.ARCHIVE_BEGINS_WITH_NO_ENTRY


def test_an_entry_that_comes_twice_is_taken_with_doubt_where_the_whole_file_is_signed() -> None:
    members = [
        ArchiveMember(name=name, data=b"")
        for name in ("AndroidManifest.xml", "classes.dex", "classes.dex")
    ]
    signer = CraftedSigner(key=key())
    apk = crafted(
        lambda sections: [(BlockId.V2, signer_list(sections, signer))],
        unsigned=build_archive(members),
    )
    for api in (24, 28, 36):
        answer = verify(apk, api=api)
        assert (answer.accepted, answer.uncertain) == (True, True)
        assert answer.findings[0].reason is Reason.DUPLICATE_ENTRY


@needs_corpus
@pytest.mark.parametrize(("api", "accepted"), [(25, True), (26, False), (36, False)])
def test_an_app_for_the_second_sandbox_needs_a_newer_scheme_than_v1(
    api: int, accepted: bool
) -> None:
    with Apk.from_path(corpus_apk("apksig/unsigned-targetSandboxVersion-2.apk")) as unsigned:
        apk = Apk.from_bytes(sign(unsigned, signers=[key()], schemes={Scheme.V1}))
    answer = verify(apk, api=api)
    assert answer.accepted is accepted
    if not accepted:
        assert answer.findings[0].reason is Reason.SCHEME_TOO_OLD_FOR_SANDBOX


@needs_corpus
def test_a_huge_key_is_taken_with_doubt() -> None:
    with Apk.from_path(corpus_apk("apksig/v2-only-with-rsa-pss-sha512-16384.apk")) as apk:
        answer = verify(apk, api=34)
    assert answer.accepted
    assert answer.uncertain
    assert answer.findings[0].reason is Reason.KEY_SIZE_UNCERTAIN


@needs_corpus
def test_what_only_the_zip_library_refuses_is_taken_with_doubt() -> None:
    with Apk.from_path(corpus_apk("synth/zip-eocd-count-too-big.apk")) as apk:
        assert verify(apk, api=34).uncertain
        assert not verify(apk, api=27).accepted


def test_an_unsigned_apk_has_no_scheme_that_decided() -> None:
    answer = verify(Apk.from_bytes(probe()), api=34)
    assert (answer.accepted, answer.details) == (False, None)
