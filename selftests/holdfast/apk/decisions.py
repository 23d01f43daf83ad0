"""Cases for the decision, made from plain values: certificates are any bytes here."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from holdfast.apk.decide import (
    Candidate,
    Decision,
    Delivery,
    DeviceRules,
    Door,
    InstalledPackage,
    decide,
)
from holdfast.apk.manifest import Manifest
from holdfast.apk.signing_details import Capability, PastSigner, Scheme, SigningDetails
from holdfast.apk.verification import Finding, Reason, Verification

__all__ = [
    "APP",
    "A",
    "candidate",
    "decided",
    "door_of",
    "installed",
    "refused_signature",
    "signed_by",
]

APP = "com.example.app"


def signed_by(*names: str, past: tuple[tuple[str, Capability], ...] = ()) -> SigningDetails:
    """Signers by name; `past` oldest first."""
    return SigningDetails(
        scheme=Scheme.V3 if past else Scheme.V2,
        signers=tuple(name.encode() for name in names),
        past=tuple(
            PastSigner(certificate=name.encode(), capabilities=capabilities)
            for name, capabilities in past
        ),
    )


A = signed_by("a")
_MANIFEST = Manifest(package_name=APP, version_code=2, min_sdk=21, target_sdk=34)


def candidate(signing: SigningDetails | None = A, **manifest: Any) -> Candidate:
    """Version 2 by `a`, unless told otherwise."""
    verification = Verification(
        api=0, accepted=True, scheme=Scheme.V2, details=signing, findings=()
    )
    return Candidate(manifest=replace(_MANIFEST, **manifest), verification=verification)


def refused_signature(reason: Reason, scheme: Scheme | None = None) -> Candidate:
    finding = Finding(reason=reason, detail="said by a test", scheme=scheme)
    verification = Verification(
        api=0, accepted=False, scheme=scheme, details=None, findings=(finding,)
    )
    return Candidate(manifest=_MANIFEST, verification=verification)


def installed(signing: SigningDetails = A, **values: Any) -> InstalledPackage:
    """Version 1 by `a`, unless told otherwise."""
    told: dict[str, Any] = {"package_name": APP, "version_code": 1, "target_sdk": 34, **values}
    return InstalledPackage(signing=signing, **told)


def door_of(api: int) -> Door:
    """What `adb install` comes through."""
    return Door.PM_INSTALL if api < 24 else Door.SESSION_SHELL


def decided(
    wanted: Candidate,
    *packages: InstalledPackage,
    api: int,
    delivery: Delivery | None = None,
    **rules: Any,
) -> Decision:
    """By adb install -r on a user build, unless told otherwise."""
    device = DeviceRules(
        api=api, packages={package.package_name: package for package in packages}, **rules
    )
    return decide(wanted, device, delivery or Delivery(door=door_of(api)))
