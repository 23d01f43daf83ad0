"""Who may follow whom: an update's signer, the members of a shared user, owners of permissions.

Sources: PackageManagerServiceUtils.verifySignatures and canJoinSharedUserId, SigningDetails
(checkCapability, hasAncestor, mergeLineageWith), KeySetManagerService; ≤8.1 compareSignatures.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from holdfast.apk.certificates import Certificate
from holdfast.apk.format_error import ApkFormatError
from holdfast.apk.manifest import UpgradeKeySet
from holdfast.apk.signing_details import Capability, PastSigner, SigningDetails

__all__ = [
    "JoinProblem",
    "SharedUser",
    "explain",
    "follows",
    "holds_signature_permission",
    "joins_settled",
    "may_share_permission",
    "shared_signing_after",
    "shared_user_problem",
    "signed_by_upgrade_keys",
]

LINEAGES_SINCE = 28
MERGED_SINCE, NEW_RULES_SINCE = 30, 33


class JoinProblem(StrEnum):
    """Why a package may not be in a shared user."""

    SIGNATURES = "signatures"
    DIVERGES = "diverges"
    REVOKED = "revoked"


@dataclass(frozen=True, kw_only=True, slots=True)
class SharedUser:
    """The other members of a shared user, by package name. `signing` is what the device has on
    record for the shared user itself; None where only the members are known.
    """

    name: str
    members: Sequence[tuple[str, SigningDetails]]
    signing: SigningDetails | None = None


def follows(
    new: SigningDetails, old: SigningDetails, *, api: int, platform_rollback: bool = False
) -> bool:
    """May a package signed by `new` take over what one signed by `old` has?"""
    if api < LINEAGES_SINCE:
        return new.same_signers(old)
    if new.trusts(old, Capability.INSTALLED_DATA) or old.trusts(new, Capability.ROLLBACK):
        return True
    return platform_rollback and api >= 33 and _has_ancestor(old, new)


def explain(new: SigningDetails, old: SigningDetails, *, api: int) -> str:
    """In words, how the new signer stands to the recorded one on that level."""
    if new.same_signers(old):
        return "the same signer" if len(new.signers) == 1 else "the same set of signers"
    if api < LINEAGES_SINCE:
        return "another signer; below Android 9 the sets have to be the same"
    if len(new.signers) > 1 or len(old.signers) > 1:
        return "another set of signers"
    if new.trusts(old, Capability.INSTALLED_DATA):
        return "the new signer's lineage trusts the recorded one with its data"
    if old.trusts(new, Capability.ROLLBACK):
        return "the recorded lineage lets this earlier signer come back"
    if _has_ancestor(new, old):
        return "the new signer's lineage does not trust the recorded one with its data"
    if _has_ancestor(old, new):
        return "an earlier signer, whom the recorded lineage does not let come back"
    return "another signer, without a lineage from the recorded one"


def may_share_permission(owner: SigningDetails, new: SigningDetails, *, api: int) -> bool:
    """May `new` declare a permission that `owner` declared first?"""
    if api < LINEAGES_SINCE:
        return new.same_signers(owner)
    return owner.trusts(new, Capability.PERMISSION) or new.trusts(owner, Capability.PERMISSION)


def holds_signature_permission(
    requester: SigningDetails, definer: SigningDetails, *, api: int
) -> bool:
    """Is a permission of protection level signature granted to who asks for it?"""
    if api < LINEAGES_SINCE:
        return requester.same_signers(definer)
    if _has_ancestor_or_self(requester, definer) or requester.same_signers(definer):
        return True
    if definer.trusts(requester, Capability.PERMISSION):
        return True
    return api >= 31 and _common_signer_with(Capability.PERMISSION, definer, requester)


def _common_signer_with(
    capability: Capability, definer: SigningDetails, requester: SigningDetails
) -> bool:
    """hasCommonSignerWithCapability: any signer of the requester, past or current, that
    the definer still grants the capability."""
    if len(definer.signers) != 1 or len(requester.signers) != 1:
        return False
    theirs = {*requester.signers, *(past.certificate for past in requester.past)}
    if definer.signers[0] in theirs:
        return True
    return any(p.certificate in theirs and capability in p.capabilities for p in definer.past)


def signed_by_upgrade_keys(key_sets: Iterable[UpgradeKeySet], new: SigningDetails) -> bool | None:
    """Whether the new signers' keys hold one declared set; None if the sets cannot be read.

    Then the platform goes by the signatures instead.
    """
    try:
        wanted = [{_public_key(text) for text in one.public_keys} for one in key_sets]
        have = {Certificate.parse(certificate).public_key for certificate in new.signers}
    except (ValueError, ApkFormatError):
        return None
    if not wanted or not all(wanted):
        return None
    return any(one <= have for one in wanted)


def _public_key(text: str) -> bytes:
    """ValueError where it is no base64; white space does not count."""
    key = base64.b64decode("".join(text.split()), validate=True)
    if not key:
        raise ValueError("an empty public key")
    return key


def _has_ancestor(new: SigningDetails, old: SigningDetails) -> bool:
    """Whether `old`'s only signer is a past one of `new` (SigningDetails.hasAncestor)."""
    if len(old.signers) != 1:
        return False
    return any(past.certificate == old.signers[0] for past in new.past)


def _has_ancestor_or_self(new: SigningDetails, old: SigningDetails) -> bool:
    return _has_ancestor(new, old) or (len(old.signers) == 1 and new.signers == old.signers)


def _merged(
    one: SigningDetails, other: SigningDetails, *, newest_grants: bool = False
) -> SigningDetails:
    """mergeLineageWith: the longer history; of common past signers only what both still grant, or
    what `other` does."""
    if _has_ancestor_or_self(one, other):
        descendant, ancestor = one, other
    elif _has_ancestor(other, one):
        descendant, ancestor = other, one
    else:
        return one
    if not ancestor.past:
        return descendant
    if not descendant.past:
        return ancestor
    if not _diverges_nowhere(one, other):
        return one
    if ancestor.signers == descendant.signers and len(ancestor.past) > len(descendant.past):
        descendant, ancestor = ancestor, descendant
    granted = {past.certificate: past.capabilities for past in ancestor.past}
    others = {past.certificate: past.capabilities for past in other.past}

    def of(signer: PastSigner) -> Capability:
        if newest_grants:
            return others.get(signer.certificate, signer.capabilities)
        return signer.capabilities & granted.get(signer.certificate, ~Capability.NONE)

    past = tuple(
        PastSigner(certificate=signer.certificate, capabilities=of(signer))
        for signer in descendant.past
    )
    return replace(descendant, past=past)


def _newest(one: SigningDetails, other: SigningDetails) -> SigningDetails:
    """9 and 10 keep the newest member's details as they are."""
    return other if _has_ancestor(other, one) else one


def _shared_details(user: SharedUser, api: int) -> SigningDetails:
    if user.signing is not None:
        return user.signing
    details = [signing for _, signing in user.members]
    shared = details[0]
    for other in details[1:]:
        shared = _merged(shared, other) if api >= MERGED_SINCE else _newest(shared, other)
    return shared


def shared_signing_after(user: SharedUser, new: SigningDetails, *, api: int) -> SigningDetails:
    """What a shared user is signed by once a package signed by `new` is a member: the first member
    decides to 8.1, the newest one on 9 and 10, all of them from 11 on."""
    shared = user.signing
    if shared is None:
        return new
    if api < LINEAGES_SINCE:
        return shared
    if api < MERGED_SINCE:
        return _newest(shared, new)
    if api < NEW_RULES_SINCE:
        return _merged(shared, new)
    merged = _merged(shared, new, newest_grants=True)
    if merged == shared:
        return shared
    for _, signing in user.members:
        merged = _merged(merged, signing)
    return merged


def joins_settled(new: SigningDetails, shared: SigningDetails, *, api: int) -> bool:
    """Whether the image may have a member signed by `new` where another one has settled at this
    boot what the shared user is signed by."""
    if api < NEW_RULES_SINCE:
        return new.same_signers(shared)
    related = _has_ancestor(new, shared) or _has_ancestor(shared, new)
    return _mutual(new, shared) or (api >= 34 and related)


def shared_user_problem(
    new: SigningDetails, user: SharedUser, *, own: SigningDetails | None, api: int
) -> tuple[JoinProblem, str] | None:
    """What keeps a package signed by `new` out of a shared user: the problem, and which member.

    `own` is what the package itself is signed by now, if it is a member already.
    """
    if not user.members:
        return None
    everybody = user if own is None else replace(user, members=[("", own), *user.members])
    shared = _shared_details(everybody, api)
    if api < LINEAGES_SINCE:
        return None if new.same_signers(shared) else (JoinProblem.SIGNATURES, "")
    if api >= 34:
        joins = _may_join(new, shared, user, is_update=own is not None)
    else:
        joins = _mutual(new, shared)
    if not joins:
        return JoinProblem.SIGNATURES, ""
    if api >= 30 and not _has_common_ancestor(new, shared):
        return JoinProblem.DIVERGES, ""
    if 30 <= api <= 33:
        shut_out = _shut_out(new, user)
        if shut_out is not None:
            return JoinProblem.REVOKED, shut_out
    return None


def _mutual(new: SigningDetails, shared: SigningDetails) -> bool:
    wanted = Capability.SHARED_USER_ID
    return new.trusts(shared, wanted) or shared.trusts(new, wanted)


def _may_join(
    new: SigningDetails, shared: SigningDetails, user: SharedUser, *, is_update: bool
) -> bool:
    """canJoinSharedUserId of 14: an update may leave an untrusted key behind, a new app not."""
    granted = _mutual(new, shared)
    if is_update:
        return granted or _has_ancestor(new, shared)
    return granted and _shut_out(new, user) is None


def _shut_out(new: SigningDetails, user: SharedUser) -> str | None:
    """A member whose key `new`'s lineage knows and no longer lets share the user."""
    for name, signing in user.members:
        known = _has_ancestor(new, signing)
        if known and not new.trusts(signing, Capability.SHARED_USER_ID):
            return name
    return None


def _has_common_ancestor(one: SigningDetails, other: SigningDetails) -> bool:
    """hasCommonAncestor: with rotation on both sides, one's history has to lead to the other's."""
    if one.past and other.past:
        return _diverges_nowhere(one, other)
    return True


def _diverges_nowhere(one: SigningDetails, other: SigningDetails) -> bool:
    """Walk back from the signer that both know: each has to have the same one before it."""
    if _has_ancestor_or_self(one, other):
        longer, shorter = one, other
    elif _has_ancestor(other, one):
        longer, shorter = other, one
    else:
        return False
    chain = [past.certificate for past in longer.past] + list(longer.signers)
    tail = [past.certificate for past in shorter.past] + list(shorter.signers)
    common = chain[: chain.index(tail[-1]) + 1]
    length = min(len(common), len(tail))
    return common[-length:] == tail[-length:]
