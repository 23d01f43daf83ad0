"""Rules of v3 and v3.1, one at a time, on blocks made for them."""

from __future__ import annotations

import pytest

from holdfast.apk.archive import Apk
from holdfast.apk.block import BlockId
from holdfast.apk.fields import u32
from holdfast.apk.signer_lineage import create_lineage
from holdfast.apk.signing_details import Capability, PastSigner, Scheme
from holdfast.apk.verification import Reason
from holdfast.apk.verify import verify
from selftests.holdfast.apk.crafted import (
    NEWEST,
    PROOF_OF_ROTATION,
    ROTATION_MIN_SDK,
    ROTATION_ON_DEV_RELEASE,
    CraftedSigner,
    key,
    signed,
    signer_list,
    with_signers,
)

OLD, NEW = key("old"), key("new")
PROOF = (PROOF_OF_ROTATION, create_lineage(OLD, NEW).to_attribute())
EVERYWHERE = CraftedSigner(key=OLD, sdk=(28, NEWEST))
ROTATED = CraftedSigner(key=NEW, sdk=(28, NEWEST), attributes=(PROOF,))


def v3(*signers: CraftedSigner) -> Apk:
    return with_signers(*signers, block_id=BlockId.V3)


def v31(newer: list[CraftedSigner], older: list[CraftedSigner]) -> Apk:
    """A v3.1 pair and a v3 pair; the latter is left out where it would be empty."""
    return signed(
        lambda sections: [
            (BlockId.V31, signer_list(sections, *newer)),
            *([(BlockId.V3, signer_list(sections, *older))] if older else []),
        ]
    )


def refusal(apk: Apk, api: int = 30) -> Reason:
    answer = verify(apk, api=api)
    assert not answer.accepted
    assert answer.scheme is Scheme.V3
    return answer.findings[0].reason


def signer_of(apk: Apk, api: int) -> tuple[Scheme | None, bytes]:
    answer = verify(apk, api=api)
    assert answer.details is not None, answer.findings
    return answer.scheme, answer.details.signers[0]


def test_a_good_signer_is_taken() -> None:
    assert signer_of(v3(EVERYWHERE), 28) == (Scheme.V3, OLD.certificate)


def test_the_lineage_s_past_signers_are_recorded() -> None:
    answer = verify(v3(ROTATED), api=28)
    assert answer.details is not None
    assert answer.details.past == (
        PastSigner(certificate=OLD.certificate, capabilities=Capability.DEFAULT),
    )


@pytest.mark.parametrize(("api", "taken"), [(28, False), (29, True), (30, True), (31, False)])
def test_a_signer_is_for_its_levels_only(api: int, taken: bool) -> None:
    apk = v3(CraftedSigner(key=OLD, sdk=(29, 30)))
    assert verify(apk, api=api).accepted is taken
    if not taken:
        assert refusal(apk, api) is Reason.NO_SIGNERS


def test_each_level_has_its_own_signer() -> None:
    apk = v3(
        CraftedSigner(key=OLD, sdk=(28, 30)),
        CraftedSigner(key=NEW, sdk=(31, NEWEST), attributes=(PROOF,)),
    )
    assert signer_of(apk, 30) == (Scheme.V3, OLD.certificate)
    assert signer_of(apk, 31) == (Scheme.V3, NEW.certificate)


def test_a_bad_signer_for_other_levels_does_not_matter() -> None:
    other = CraftedSigner(key=NEW, sdk=(34, NEWEST), signs_with=OLD)
    assert signer_of(v3(CraftedSigner(key=OLD, sdk=(28, 33)), other), 30)


def test_two_signers_for_one_level_are_refused() -> None:
    apk = v3(EVERYWHERE, CraftedSigner(key=NEW, sdk=(30, 30)))
    assert refusal(apk, 30) is Reason.TOO_MANY_SIGNERS
    assert verify(apk, api=29).accepted


@pytest.mark.parametrize("unsigned", [(27, NEWEST), (28, 40)])
def test_levels_that_were_not_signed_are_refused(unsigned: tuple[int, int]) -> None:
    signer = CraftedSigner(key=OLD, sdk=(28, NEWEST), unsigned_sdk=unsigned)
    assert refusal(v3(signer)) is Reason.SDK_RANGE_DIFFERS


def test_a_lineage_that_ends_with_another_signer_is_refused() -> None:
    signer = CraftedSigner(key=OLD, sdk=(28, NEWEST), attributes=(PROOF,))
    assert refusal(v3(signer)) is Reason.LINEAGE_ENDS_ELSEWHERE


def test_a_broken_lineage_is_refused() -> None:
    cut = (PROOF_OF_ROTATION, PROOF[1][:-1])
    assert refusal(v3(CraftedSigner(key=NEW, sdk=(28, 40), attributes=(cut,)))) is (
        Reason.LINEAGE_WRONG
    )


def test_two_lineages_are_refused() -> None:
    signer = CraftedSigner(key=NEW, sdk=(28, NEWEST), attributes=(PROOF, PROOF))
    assert refusal(v3(signer)) is Reason.LINEAGE_TWICE


def test_a_broken_v3_is_refused_and_v2_not_asked() -> None:
    good_v2 = CraftedSigner(key=OLD)
    bad_v3 = CraftedSigner(key=OLD, sdk=(28, NEWEST), signs_with=NEW)
    apk = signed(
        lambda sections: [
            (BlockId.V2, signer_list(sections, good_v2)),
            (BlockId.V3, signer_list(sections, bad_v3)),
        ]
    )
    assert refusal(apk, 28) is Reason.SIGNATURE_WRONG
    assert verify(apk, api=27).scheme is Scheme.V2


def with_rotation_from(level: int, *, told: int | None = None) -> Apk:
    told = level if told is None else told
    marker = (ROTATION_MIN_SDK, u32(told))
    return v31(
        [CraftedSigner(key=NEW, sdk=(level, NEWEST), attributes=(PROOF,))],
        [CraftedSigner(key=OLD, sdk=(28, NEWEST), attributes=(marker,))],
    )


def test_v31_decides_from_its_level_on_and_v3_before() -> None:
    apk = with_rotation_from(34)
    assert signer_of(apk, 32) == (Scheme.V3, OLD.certificate)
    assert signer_of(apk, 33) == (Scheme.V3, OLD.certificate)
    assert signer_of(apk, 34) == (Scheme.V31, NEW.certificate)


def test_v31_is_not_seen_before_api_33() -> None:
    apk = v31([CraftedSigner(key=NEW, sdk=(28, NEWEST), attributes=(PROOF,))], [EVERYWHERE])
    assert signer_of(apk, 32) == (Scheme.V3, OLD.certificate)
    assert signer_of(apk, 33) == (Scheme.V31, NEW.certificate)


def test_a_v3_signer_that_tells_of_another_v31_level_is_refused() -> None:
    apk = with_rotation_from(35, told=34)
    assert refusal(apk, 33) is Reason.V31_STRIPPED
    assert verify(apk, api=32).accepted
    assert verify(apk, api=35).accepted


def test_a_stripped_v31_block_is_noticed_from_api_33_on() -> None:
    marker = (ROTATION_MIN_SDK, u32(33))
    apk = v3(CraftedSigner(key=OLD, sdk=(28, NEWEST), attributes=(marker,)))
    assert verify(apk, api=32).accepted
    assert refusal(apk, 33) is Reason.V31_STRIPPED


def test_the_lowest_level_of_several_v31_signers_is_the_one_that_v3_tells() -> None:
    marker = (ROTATION_MIN_SDK, u32(34))
    apk = v31(
        [
            CraftedSigner(key=NEW, sdk=(36, NEWEST), attributes=(PROOF,)),
            CraftedSigner(key=NEW, sdk=(34, 35), attributes=(PROOF,)),
        ],
        [CraftedSigner(key=OLD, sdk=(28, NEWEST), attributes=(marker,))],
    )
    assert signer_of(apk, 33) == (Scheme.V3, OLD.certificate)


def test_a_broken_v31_is_refused_and_v3_not_asked() -> None:
    apk = v31([CraftedSigner(key=NEW, sdk=(33, NEWEST), signs_with=OLD)], [EVERYWHERE])
    assert refusal(apk, 33) is Reason.SIGNATURE_WRONG


def test_a_signer_for_a_development_release_is_not_for_the_release_of_that_number() -> None:
    attributes = (PROOF, (ROTATION_ON_DEV_RELEASE, b""))
    marker = (ROTATION_MIN_SDK, u32(33))
    apk = v31(
        [CraftedSigner(key=NEW, sdk=(33, NEWEST), attributes=attributes)],
        [CraftedSigner(key=OLD, sdk=(28, NEWEST), attributes=(marker,))],
    )
    assert signer_of(apk, 33) == (Scheme.V3, OLD.certificate)
    assert signer_of(apk, 34) == (Scheme.V31, NEW.certificate)


def test_v31_for_later_levels_without_v3_leaves_the_apk_unsigned() -> None:
    apk = v31([CraftedSigner(key=NEW, sdk=(35, NEWEST), attributes=(PROOF,))], [])
    answer = verify(apk, api=34)
    assert answer.findings[0].reason is Reason.JAR_NO_MANIFEST
    assert signer_of(apk, 35) == (Scheme.V31, NEW.certificate)


def test_an_empty_v3_list_is_refused() -> None:
    assert refusal(v3()) is Reason.NO_SIGNERS
