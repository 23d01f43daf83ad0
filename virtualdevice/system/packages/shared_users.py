"""What a shared user is signed by: on record as a package's signer is, and changed by its members.

Sources: SharedUserSetting, and how PackageManagerService.scanPackageLI reconciles signers (to
9), reconcilePackagesLocked (10 to 12) and ReconcilePackageUtils (13 to 16).
"""

from __future__ import annotations

from dataclasses import replace
from enum import Enum

from holdfast.apk.decide_signers import (
    SharedUser,
    follows,
    joins_settled,
    shared_signing_after,
    shared_user_problem,
)
from holdfast.apk.signing_details import SigningDetails
from virtualdevice.system.packages.records import PackageRecord
from virtualdevice.system.packages.registry import Registry

__all__ = ["Fit", "ImageMembers", "settle_shared_user"]

CHANGES_SINCE = 28
"""From 9 on an image may change what a shared user is signed by."""


def settle_shared_user(registry: Registry, record: PackageRecord, *, api: int) -> None:
    """An installed package is a member now."""
    if record.shared_user_id is not None:
        user = _user(registry, record.shared_user_id, but=record.name)
        signing = shared_signing_after(user, record.signing, api=api)
        registry.shared_signers[record.shared_user_id] = signing


def _user(registry: Registry, name: str, *, but: str) -> SharedUser:
    members = registry.members(name, but=but)
    known = registry.shared_signers.get(name)
    return SharedUser(name=name, members=members, signing=known)


class Fit(Enum):
    """What a boot makes of a member in the image."""

    FITS = "as on record, or the first of its shared user to differ"
    MISFIT = "differs from what another member has settled"


class ImageMembers:
    """The members of shared users that one boot finds in the image, one after the other."""

    def __init__(self, registry: Registry, *, api: int) -> None:
        self._registry = registry
        self._api = api
        self._settled: set[str] = set()

    def add(self, scanned: PackageRecord) -> Fit:
        """A fitting one may change what its shared user is signed by."""
        name, signers = scanned.shared_user_id, self._registry.shared_signers
        if name is None:
            return Fit.FITS
        shared = signers.get(name)
        if shared is None or self._is_as_recorded(name, scanned):
            user = _user(self._registry, name, but=scanned.name)
            signers[name] = shared_signing_after(user, scanned.signing, api=self._api)
        elif self._may_change(name, scanned.signing, shared):
            signers[name] = scanned.signing
        else:
            return Fit.MISFIT
        self._settled.add(name)
        return Fit.FITS

    def _may_change(self, name: str, new: SigningDetails, shared: SigningDetails) -> bool:
        if self._api < CHANGES_SINCE:
            return False
        return name not in self._settled or joins_settled(new, shared, api=self._api)

    def _is_as_recorded(self, name: str, scanned: PackageRecord) -> bool:
        """verifySignatures: against its own record, and against the shared user's."""
        user = _user(self._registry, name, but=scanned.name)
        known = self._registry.get(scanned.name)
        own = known.signing if known is not None else None
        new, api = scanned.signing, self._api
        if own is not None and not follows(new, own, api=api):
            return False
        if api < CHANGES_SINCE and user.signing is not None:
            return new.same_signers(user.signing)
        if own is None and not user.members and user.signing is not None:
            user = replace(user, members=[("", user.signing)])
        return shared_user_problem(new, user, own=own, api=api) is None
