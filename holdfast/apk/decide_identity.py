"""The checks on who an APK is from and what it shares with others; decide.py has their order.

Sources: PackageManagerService and InstallPackageHelper (check #1, the replace branch),
PackageManagerServiceUtils.verifySignatures, ReconcilePackageUtils, ComponentResolver.
"""

from __future__ import annotations

from holdfast.apk.codes import Code
from holdfast.apk.decide_case import PLATFORM, Case, Refusal, failed_scan
from holdfast.apk.decide_signers import (
    JoinProblem,
    SharedUser,
    explain,
    follows,
    may_share_permission,
    shared_user_problem,
    signed_by_upgrade_keys,
)
from holdfast.apk.decision import InstalledPackage
from holdfast.apk.signing_details import SigningDetails
from holdfast.apk.texts import Message

__all__ = [
    "permission_groups",
    "permissions",
    "platform_signed_joins",
    "providers",
    "shared_user_changed",
    "shared_user_joined",
    "signer",
    "signer_late",
]


def signer(case: Case) -> Refusal | None:
    """Check #1: against the record, which `uninstall -k` leaves, too."""
    record, new = case.record, case.signing
    if record is None or new is None:
        return None
    by_keys = _by_upgrade_keys(record, new)
    if by_keys is False:
        text = case.says(Message.UPGRADE_KEYS_DIFFER)
        why = "none of the installed package's upgrade key sets has signed it"
        return Refusal(code=Code.UPDATE_INCOMPATIBLE, text=text, why=why)
    if by_keys is None and not _follows(case, new, record.signing):
        return _signers_differ(case, explain(new, record.signing, api=case.api))
    if by_keys is None and not _fits_preload(case, record, new):
        return _signers_differ(case, "it is not signed like the copy on the system image")
    return _shared_user(case, record.shared_user_id, own=record.signing)


def _signers_differ(case: Case, why: str) -> Refusal:
    text = case.says(Message.SIGNATURES_DIFFER)
    return Refusal(code=Code.UPDATE_INCOMPATIBLE, text=text, why=why)


def _follows(case: Case, new: SigningDetails, old: SigningDetails) -> bool:
    return follows(new, old, api=case.api, platform_rollback=case.delivery.platform_rollback)


def _by_upgrade_keys(record: InstalledPackage, new: SigningDetails) -> bool | None:
    """None where signatures decide: no key sets, or a shared user."""
    if not record.upgrade_key_sets or record.shared_user_id is not None:
        return None
    return signed_by_upgrade_keys(record.upgrade_key_sets, new)


def _fits_preload(case: Case, record: InstalledPackage, new: SigningDetails) -> bool:
    """16: an updated system app has to fit the copy on the system image as well."""
    if case.api < 36 or record.preload is None:
        return True
    return follows(new, record.preload.signing, api=case.api)


def signer_late(case: Case) -> Refusal | None:
    """5.0 compares only while replacing, with another code; after -k while scanning."""
    record, new = case.record, case.signing
    if record is None or new is None:
        return None
    by_keys = _by_upgrade_keys(record, new)
    if by_keys or (by_keys is None and _follows(case, new, record.signing)):
        return _shared_user(case, record.shared_user_id, own=record.signing)
    if not record.installed:
        return _signers_differ(case, explain(new, record.signing, api=case.api))
    late = Message.SIGNATURES_DIFFER_LATE
    kind = late if by_keys is None else Message.UPGRADE_KEYS_DIFFER_LATE
    why = explain(new, record.signing, api=case.api)
    return Refusal(code=Code.INCONSISTENT_CERTIFICATES, text=case.says(kind), why=why)


def _shared_user(
    case: Case, shared_user_id: str | None, *, own: SigningDetails | None
) -> Refusal | None:
    new = case.signing
    if shared_user_id is None or new is None:
        return None
    members = [
        (p.package_name, p.signing) for p in case.others() if p.shared_user_id == shared_user_id
    ]
    known = case.rules.shared_signers.get(shared_user_id)
    user = SharedUser(name=shared_user_id, members=members, signing=known)
    problem = shared_user_problem(new, user, own=own, api=case.api)
    if problem is None:
        return None
    kind, other = problem
    words = {
        JoinProblem.SIGNATURES: Message.SHARED_USER_SIGNATURES,
        JoinProblem.DIVERGES: Message.SHARED_USER_DIVERGES,
        JoinProblem.REVOKED: Message.SHARED_USER_REVOKED,
    }
    text = case.says(words[kind], shared=shared_user_id, other=other)
    why = f"its signer does not fit the shared user {shared_user_id}: {kind}"
    return Refusal(code=Code.SHARED_USER_INCOMPATIBLE, text=text, why=why)


def permission_groups(case: Case) -> Refusal | None:
    """12 and later: groups belong to who declared them first."""
    if case.api < 31:
        return None
    manifest = case.candidate.manifest
    owners = {g: p for p in case.others() if p.installed for g in p.permission_groups}
    for group in manifest.permission_groups:
        owner = owners.get(group)
        if owner is not None and not _shares(case, owner):
            text = case.says(Message.GROUP_OWNED, name=group, other=owner.package_name)
            why = f"{owner.package_name} has declared the permission group {group}"
            return Refusal(code=Code.DUPLICATE_PERMISSION_GROUP, text=text, why=why)
    for permission in manifest.permission_declarations:
        refusal = _group_of(case, permission.name, permission.group, owners)
        if refusal is not None:
            return refusal
    return None


def _group_of(
    case: Case, name: str, group: str, owners: dict[str, InstalledPackage]
) -> Refusal | None:
    own = case.candidate.manifest.permission_groups
    if not group or group in own or group.startswith("android.permission-group."):
        return None
    owner = owners.get(group)
    if owner is None:
        text = case.says(Message.GROUP_MISSING, name=name, group=group)
        why = f"nobody declares the permission group {group}"
        return Refusal(code=Code.BAD_PERMISSION_GROUP, text=text, why=why)
    if owner.package_name == PLATFORM or _shares(case, owner):
        return None
    text = case.says(Message.GROUP_FOREIGN, name=name, group=group, other=owner.package_name)
    why = f"the permission group {group} belongs to {owner.package_name}, another signer"
    return Refusal(code=Code.BAD_PERMISSION_GROUP, text=text, why=why)


def _shares(case: Case, owner: InstalledPackage) -> bool:
    new = case.signing
    return new is not None and may_share_permission(owner.signing, new, api=case.api)


def permissions(case: Case) -> Refusal | None:
    """A permission belongs to who declared it first; the platform's are dropped silently."""
    for owner in case.others():
        if owner.package_name == PLATFORM or not owner.installed or _shares(case, owner):
            continue
        for name in case.candidate.manifest.declared_permissions:
            if name in owner.declared_permissions:
                other = owner.package_name
                return Refusal(
                    code=Code.DUPLICATE_PERMISSION,
                    text=case.says(Message.PERMISSION_OWNED, name=name, other=other),
                    why=f"{other} has declared {name}, signed by somebody else",
                    extra=f" perm={name} pkg={other}",
                )
    return None


def shared_user_changed(case: Case) -> Refusal | None:
    """From 13 on a package may leave by android:sharedUserMaxSdkVersion, and not come back."""
    old, manifest = case.replacing, case.candidate.manifest
    if old is None or old.shared_user_id == manifest.shared_user_id:
        return None
    if manifest.leaves_shared_user(case.api):
        return None
    if old.left_shared_user and case.api >= 33:
        text = case.says(Message.SHARED_USER_REJOINED, shared=manifest.shared_user_id)
        why = "it has left the shared user, and would join it again"
        return Refusal(code=Code.UID_CHANGED, text=text, why=why)
    before, after = old.shared_user_id or "<nothing>", manifest.shared_user_id or "<nothing>"
    code = Code.UID_CHANGED if case.api >= 33 else Code.SHARED_USER_INCOMPATIBLE
    return Refusal(
        code=code,
        text=case.says(Message.SHARED_USER_CHANGED, before=before, after=after),
        why=f"sharedUserId would change from {before} to {after}",
    )


def shared_user_joined(case: Case) -> Refusal | None:
    """A package without a record joins a shared user."""
    manifest = case.candidate.manifest
    if case.record is not None or manifest.leaves_shared_user(case.api):
        return None
    refusal = _shared_user(case, manifest.shared_user_id, own=None)
    if refusal is None:
        return None
    text = failed_scan(case, refusal.text, reconciling=True)
    return Refusal(code=refusal.code, text=text, why=refusal.why)


def platform_signed_joins(case: Case) -> Refusal | None:
    """15 and 16: what is signed with the platform's key joins shared users only as a preload."""
    shared, platform = case.candidate.manifest.shared_user_id, case.rules.packages.get(PLATFORM)
    known = case.record is not None and case.record.system
    if case.api < 35 or shared is None or platform is None or known or case.signing is None:
        return None
    if case.signing.signers != platform.signing.signers:
        return None
    text = failed_scan(
        case, case.says(Message.SHARED_USER_OF_PLATFORM, shared=shared), reconciling=True
    )
    why = "it is signed with the platform's key and is no preload"
    return Refusal(code=Code.BAD_SHARED_USER_ID, text=text, why=why)


def providers(case: Case) -> Refusal | None:
    """An authority belongs to the installed package that has it."""
    taken = {
        authority: other.package_name
        for other in case.others()
        if other.installed
        for authority in other.provider_authorities
    }
    for authority in case.candidate.manifest.provider_authorities:
        if authority in taken:
            text = case.says(Message.PROVIDER_USED, name=authority, other=taken[authority])
            why = f"{taken[authority]} has the provider authority {authority}"
            return Refusal(code=Code.CONFLICTING_PROVIDER, text=failed_scan(case, text), why=why)
    return None
