from __future__ import annotations

import pytest

from holdfast.apk.signing_details import (
    Capability,
    PastSigner,
    Scheme,
    SigningDetails,
    java_array_hash,
)

A, B, C = b"certificate A", b"certificate B", b"certificate C"


def signed_by(*signers: bytes, past: dict[bytes, Capability] | None = None) -> SigningDetails:
    return SigningDetails(
        scheme=Scheme.V3,
        signers=signers,
        past=tuple(
            PastSigner(certificate=certificate, capabilities=capabilities)
            for certificate, capabilities in (past or {}).items()
        ),
    )


def test_a_signer_trusts_itself_with_everything() -> None:
    assert signed_by(A).trusts(signed_by(A), Capability.ROLLBACK)


def test_a_stranger_is_not_trusted() -> None:
    assert not signed_by(A).trusts(signed_by(B), Capability.INSTALLED_DATA)


def test_a_past_signer_is_trusted_with_what_it_kept() -> None:
    rotated = signed_by(B, past={A: Capability.DEFAULT})
    assert rotated.trusts(signed_by(A), Capability.INSTALLED_DATA)
    assert not rotated.trusts(signed_by(A), Capability.ROLLBACK)


def test_a_past_signer_that_lost_installed_data_is_not_trusted_with_it() -> None:
    rotated = signed_by(B, past={A: Capability.DEFAULT & ~Capability.INSTALLED_DATA})
    assert not rotated.trusts(signed_by(A), Capability.INSTALLED_DATA)
    assert rotated.trusts(signed_by(A), Capability.PERMISSION)


def test_every_asked_capability_is_needed() -> None:
    rotated = signed_by(B, past={A: Capability.INSTALLED_DATA})
    both = Capability.INSTALLED_DATA | Capability.AUTH
    assert not rotated.trusts(signed_by(A), both)


def test_the_old_signer_does_not_trust_the_new_one() -> None:
    rotated = signed_by(B, past={A: Capability.DEFAULT})
    assert not signed_by(A).trusts(rotated, Capability.INSTALLED_DATA)


def test_any_earlier_signer_counts_not_only_the_last() -> None:
    rotated = signed_by(C, past={A: Capability.DEFAULT, B: Capability.DEFAULT})
    assert rotated.trusts(signed_by(A), Capability.INSTALLED_DATA)


def test_two_signers_are_the_same_in_any_order() -> None:
    assert signed_by(A, B).trusts(signed_by(B, A), Capability.INSTALLED_DATA)
    assert signed_by(A, B).same_signers(signed_by(B, A))


@pytest.mark.parametrize("other", [signed_by(A), signed_by(B), signed_by(A, B, C)])
def test_a_part_of_several_signers_is_not_enough(other: SigningDetails) -> None:
    assert not signed_by(A, B).trusts(other, Capability.INSTALLED_DATA)
    assert not other.trusts(signed_by(A, B), Capability.INSTALLED_DATA)


def test_nobody_is_not_the_same_as_nobody() -> None:
    assert not signed_by().same_signers(signed_by())


def test_the_default_capabilities_are_all_but_rollback() -> None:
    assert int(Capability.DEFAULT) == 0x17


def test_hash_codes_are_those_of_java() -> None:
    # Arrays.hashCode(new byte[]{1, 2, 3}) is 30817; of {-1} it is 30; of {} it is 1.
    assert java_array_hash(bytes([1, 2, 3])) == 30817
    assert java_array_hash(bytes([255])) == 30
    assert java_array_hash(b"") == 1
    assert signed_by(bytes([1, 2, 3])).java_hashes == ("7861",)
