"""Who signed an APK, as the platform records it, and whether it takes one signer for another.

Source: android.content.pm.SigningDetails (PackageParser.SigningDetails before Android 13).
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from enum import IntFlag, StrEnum

__all__ = ["Capability", "PastSigner", "Scheme", "SigningDetails", "java_array_hash"]


class Scheme(StrEnum):
    """A signature scheme, as `apksigner` names it."""

    V1 = "v1"
    V2 = "v2"
    V3 = "v3"
    V31 = "v3.1"


class Capability(IntFlag):
    """What a past signer may still do (SigningDetails.CertCapabilities)."""

    INSTALLED_DATA = 1
    SHARED_USER_ID = 2
    PERMISSION = 4
    ROLLBACK = 8
    AUTH = 16

    NONE = 0
    DEFAULT = INSTALLED_DATA | SHARED_USER_ID | PERMISSION | AUTH


@dataclass(frozen=True, kw_only=True, slots=True)
class PastSigner:
    """A signer before the current one: its certificate as it stands in the APK (DER)."""

    certificate: bytes
    capabilities: Capability


@dataclass(frozen=True, kw_only=True, slots=True)
class SigningDetails:
    """What PackageManager keeps of a verified signature.

    `signers` are the certificates (original bytes) of the current signers; `past` the signers
    before the only current one, oldest first, without it. Certificates are compared as bytes.
    """

    scheme: Scheme
    signers: tuple[bytes, ...]
    past: tuple[PastSigner, ...] = ()

    @property
    def cert_sha256s(self) -> tuple[str, ...]:
        """SHA-256 of each current certificate, in hexadecimal."""
        return tuple(hashlib.sha256(certificate).hexdigest() for certificate in self.signers)

    @property
    def java_hashes(self) -> tuple[str, ...]:
        """What `dumpsys package` prints for the signers: hexadecimal Java hash codes."""
        return tuple(f"{java_array_hash(certificate):x}" for certificate in self.signers)

    def trusts(self, other: SigningDetails, capability: Capability) -> bool:
        """SigningDetails.checkCapability: does this signer let `other` have `capability`?

        With several signers in `other` only the same set counts; otherwise `other`'s one signer
        has to be this one's, or an earlier one that kept the capability.
        """
        if len(other.signers) != 1:
            return self.same_signers(other)
        (certificate,) = other.signers
        for past in self.past:
            if past.certificate == certificate and past.capabilities & capability == capability:
                return True
        return self.signers == (certificate,)

    def same_signers(self, other: SigningDetails) -> bool:
        """Signature.areExactMatch: the same set of certificates, in any order."""
        return bool(self.signers) and set(self.signers) == set(other.signers)


def java_array_hash(data: bytes) -> int:
    """java.util.Arrays.hashCode(byte[]), as an unsigned 32-bit number (Signature.hashCode)."""
    value = 1
    for byte in data:
        value = (value * 31 + (byte - 256 if byte > 127 else byte)) & 0xFFFFFFFF
    return value
