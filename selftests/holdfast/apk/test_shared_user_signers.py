"""What a shared user is signed by once another package is a member of it."""

from __future__ import annotations

import pytest

from holdfast.apk.decide_signers import SharedUser, joins_settled, shared_signing_after
from holdfast.apk.signing_details import Capability, SigningDetails
from selftests.holdfast.apk.decisions import A, decided, installed, signed_by
from selftests.holdfast.apk.decisions import candidate as candidate_of

ALL = Capability(0x17)
ALONE = ALL & ~Capability.SHARED_USER_ID
B = signed_by("b", past=(("a", ALL),))
SHUT = signed_by("b", past=(("a", ALONE),))


def user(signing: SigningDetails | None, *members: SigningDetails) -> SharedUser:
    named = [(f"member{number}", signing) for number, signing in enumerate(members)]
    return SharedUser(name="shared", members=named, signing=signing)


def after(signing: SigningDetails | None, new: SigningDetails, *members: SigningDetails) -> object:
    return {
        api: shared_signing_after(user(signing, *members), new, api=api)
        for api in (27, 28, 29, 30, 32, 33, 36)
    }


def test_the_first_member_decides() -> None:
    assert after(None, B) == dict.fromkeys((27, 28, 29, 30, 32, 33, 36), B)


def test_a_newer_key_is_taken_over_from_9_on() -> None:
    assert after(A, B) == {27: A, **dict.fromkeys((28, 29, 30, 32, 33, 36), B)}


def test_an_older_key_changes_nothing() -> None:
    assert after(B, A, B) == dict.fromkeys((27, 28, 29, 30, 32, 33, 36), B)


def test_what_a_member_no_longer_grants_counts_from_11_on() -> None:
    assert after(B, SHUT) == {**dict.fromkeys((27, 28, 29), B), **dict.fromkeys((30, 32), SHUT),
                              **dict.fromkeys((33, 36), SHUT)}  # fmt: skip


@pytest.mark.parametrize(("other", "granted_again"), [(B, True), (SHUT, False)])
def test_it_is_granted_again_from_13_on_unless_another_member_does_not(
    other: SigningDetails, granted_again: bool
) -> None:
    found = after(SHUT, B, other)
    expected = B if granted_again else SHUT
    assert found == {**dict.fromkeys((27, 28, 29, 30, 32), SHUT), 33: expected, 36: expected}


@pytest.mark.parametrize(
    ("new", "shared", "since"),
    [(A, A, 28), (B, A, 33), (A, B, 33), (SHUT, A, 34), (signed_by("c"), A, 99)],
)
def test_a_settled_image_has_whom_it_has(
    new: SigningDetails, shared: SigningDetails, since: int
) -> None:
    for api in (28, 29, 32, 33, 34, 36):
        assert joins_settled(new, shared, api=api) is (api >= since), api


def test_the_record_of_a_shared_user_outweighs_its_members() -> None:
    name = "shared"
    members = installed(package_name="other", shared_user_id=name)
    new = candidate_of(signed_by("b"), shared_user_id=name)
    assert decided(new, members, api=33).code == "INSTALL_FAILED_SHARED_USER_INCOMPATIBLE"
    on_record = decided(new, members, api=33, shared_signers={name: B})
    assert on_record.code == "INSTALL_SUCCEEDED"
