"""Rules of v2, one at a time, on blocks made for them; the corpus holds the common cases."""

from __future__ import annotations

import pytest

from holdfast.apk.archive import Apk
from holdfast.apk.fields import prefixed, u32
from holdfast.apk.keys import SignatureAlgorithm
from holdfast.apk.signing_details import Scheme
from holdfast.apk.verification import Reason
from holdfast.apk.verify import verify
from selftests.holdfast.apk.crafted import (
    ECDSA,
    STRIPPING_PROTECTION,
    CraftedSigner,
    Pairs,
    key,
    signed,
    with_signers,
)

ECDSA_512 = int(SignatureAlgorithm.ECDSA_SHA512)
VERITY = int(SignatureAlgorithm.VERITY_ECDSA_SHA256)
UNKNOWN = 0x9901
GOOD = CraftedSigner(key=key())


def refusal(apk: Apk, api: int = 30) -> Reason:
    answer = verify(apk, api=api)
    assert not answer.accepted
    assert answer.scheme is Scheme.V2
    return answer.findings[0].reason


def is_taken(apk: Apk, api: int = 30) -> bool:
    answer = verify(apk, api=api)
    return answer.accepted and answer.scheme is Scheme.V2


def test_a_good_signer_is_taken_and_recorded() -> None:
    answer = verify(with_signers(GOOD), api=24)
    assert answer.accepted
    assert not answer.uncertain
    assert answer.details is not None
    assert answer.details.signers == (key().certificate,)
    assert answer.details.past == ()


def test_two_signers_are_recorded_in_their_order() -> None:
    answer = verify(with_signers(GOOD, CraftedSigner(key=key("B"))), api=30)
    assert answer.details is not None
    assert answer.details.signers == (key().certificate, key("B").certificate)


def test_bytes_behind_the_signers_do_not_matter() -> None:
    assert is_taken(with_signers(GOOD, tail=b"tail"))


def test_more_certificates_behind_the_signer_s_do_not_matter() -> None:
    chain = (key().certificate, key("B").certificate)
    assert is_taken(with_signers(CraftedSigner(key=key(), certificates=chain)))


@pytest.mark.parametrize(
    ("signer", "reason"),
    [
        (CraftedSigner(key=key(), signatures=()), Reason.NO_SIGNATURES),
        (
            CraftedSigner(key=key(), signatures=(UNKNOWN,), digests=(UNKNOWN,)),
            Reason.NO_KNOWN_ALGORITHM,
        ),
        (CraftedSigner(key=key(), signs_with=key("B")), Reason.SIGNATURE_WRONG),
        (CraftedSigner(key=key(), digests=(ECDSA_512,)), Reason.ALGORITHMS_DIFFER),
        (
            CraftedSigner(key=key(), digests=(ECDSA, ECDSA_512), signatures=(ECDSA_512, ECDSA)),
            Reason.ALGORITHMS_DIFFER,
        ),
        (CraftedSigner(key=key(), certificates=()), Reason.NO_CERTIFICATES),
        (CraftedSigner(key=key(), certificates=(b"0",)), Reason.CERTIFICATE_MALFORMED),
        (
            CraftedSigner(key=key(), certificates=(key("B").certificate, key().certificate)),
            Reason.PUBLIC_KEY_DIFFERS,
        ),
        (CraftedSigner(key=key(), public_key=b"no key"), Reason.PUBLIC_KEY_MALFORMED),
        (
            CraftedSigner(key=key(), wrong_digests=frozenset({ECDSA})),
            Reason.CONTENT_DIGEST_WRONG,
        ),
    ],
    ids=lambda value: str(value) if isinstance(value, Reason) else "",
)
def test_a_signer_with_a_fault_is_refused_for_it(signer: CraftedSigner, reason: Reason) -> None:
    assert refusal(with_signers(signer)) is reason
    assert refusal(with_signers(signer), api=24) is reason


def test_one_bad_signer_among_good_ones_refuses() -> None:
    bad = CraftedSigner(key=key("B"), signs_with=key())
    assert refusal(with_signers(GOOD, bad)) is Reason.SIGNATURE_WRONG


def test_signers_that_disagree_on_the_content_are_refused() -> None:
    other = CraftedSigner(key=key("B"), wrong_digests=frozenset({ECDSA}))
    assert refusal(with_signers(GOOD, other)) is Reason.DIGESTS_OF_SIGNERS_DIFFER


def test_unknown_algorithms_are_skipped() -> None:
    both = (UNKNOWN, ECDSA)
    assert is_taken(with_signers(CraftedSigner(key=key(), digests=both, signatures=both)))


def test_only_the_best_signature_is_verified() -> None:
    both = (ECDSA, ECDSA_512)
    weak_one_wrong = CraftedSigner(
        key=key(), digests=both, signatures=both, wrong_signatures=frozenset({ECDSA})
    )
    assert is_taken(with_signers(weak_one_wrong))
    strong_one_wrong = CraftedSigner(
        key=key(), digests=both, signatures=both, wrong_signatures=frozenset({ECDSA_512})
    )
    assert refusal(with_signers(strong_one_wrong)) is Reason.SIGNATURE_WRONG


def test_verity_is_better_than_sha_256_and_worse_than_sha_512() -> None:
    over_sha256 = CraftedSigner(
        key=key(),
        digests=(ECDSA, VERITY),
        signatures=(ECDSA, VERITY),
        wrong_digests=frozenset({VERITY}),
    )
    assert refusal(with_signers(over_sha256)) is Reason.CONTENT_SIZE_WRONG
    under_sha512 = CraftedSigner(
        key=key(),
        digests=(ECDSA_512, VERITY),
        signatures=(ECDSA_512, VERITY),
        wrong_digests=frozenset({VERITY}),
    )
    assert is_taken(with_signers(under_sha512))


def test_verity_is_known_from_api_28_on() -> None:
    only_verity = with_signers(CraftedSigner(key=key(), digests=(VERITY,), signatures=(VERITY,)))
    assert is_taken(only_verity, api=28)
    assert refusal(only_verity, api=27) is Reason.NO_KNOWN_ALGORITHM


def test_verity_needs_a_block_on_page_borders() -> None:
    signer = CraftedSigner(key=key(), digests=(VERITY,), signatures=(VERITY,))

    def bare(pairs: Pairs) -> bytes:
        ((number, value),) = pairs
        body = (12 + len(value) - 8).to_bytes(8, "little") + u32(number) + value
        size = (len(body) + 24).to_bytes(8, "little")
        return size + body + size + b"APK Sig Block 42"

    apk = signed(lambda s: [(0x7109871A, prefixed(prefixed(signer.encode(s))))], block=bare)
    assert refusal(apk) is Reason.BLOCK_NOT_ON_PAGES


@pytest.mark.parametrize(("api", "taken"), [(24, True), (27, True), (28, False), (36, False)])
def test_a_v2_signer_that_tells_of_v3_is_refused_where_v3_is_known(api: int, taken: bool) -> None:
    apk = with_signers(CraftedSigner(key=key(), attributes=((STRIPPING_PROTECTION, u32(3)),)))
    assert is_taken(apk, api) is taken
    if not taken:
        assert refusal(apk, api) is Reason.V3_STRIPPED


@pytest.mark.parametrize("attribute", [(STRIPPING_PROTECTION, u32(99)), (0x1234, b"")])
def test_other_attributes_do_not_matter(attribute: tuple[int, bytes]) -> None:
    assert is_taken(with_signers(CraftedSigner(key=key(), attributes=(attribute,))))


def test_eleven_signers_are_too_many_from_api_33_on_and_uncertain_before() -> None:
    apk = with_signers(*(CraftedSigner(key=key(str(number))) for number in range(11)))
    assert refusal(apk, api=33) is Reason.TOO_MANY_SIGNERS
    answer = verify(apk, api=32)
    assert answer.accepted
    assert answer.uncertain
    assert answer.findings[0].reason is Reason.SIGNER_LIMIT_UNCERTAIN


def test_a_list_without_signers_is_refused() -> None:
    assert refusal(with_signers()) is Reason.NO_SIGNERS


@pytest.mark.parametrize("value", [b"", b"\xff\xff\xff\x7f", prefixed(b"\x01")])
def test_a_malformed_list_is_refused(value: bytes) -> None:
    assert refusal(signed(lambda _: [(0x7109871A, value)])) is Reason.BLOCK_MALFORMED


def test_before_api_24_the_block_is_not_seen() -> None:
    answer = verify(with_signers(GOOD), api=23)
    assert not answer.accepted
    assert answer.findings[0].reason is Reason.JAR_NO_MANIFEST
