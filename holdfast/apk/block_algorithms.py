"""The signature algorithms of schemes v2 and up, by their ids in the signing block.

Source: android.util.apk.ApkSigningBlockUtils (SIGNATURE_*, CONTENT_DIGEST_*).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from holdfast.apk.public_keys import PublicKey, SignatureForm, verify_signature

__all__ = ["ALGORITHMS", "BlockAlgorithm", "ContentDigest", "algorithms_known_to"]

VERITY_SINCE_API = 28


class ContentDigest(IntEnum):
    """How the file's content is digested; of two, Android takes the greater one."""

    CHUNKED_SHA256 = 1
    VERITY_SHA256 = 2
    CHUNKED_SHA512 = 3


@dataclass(frozen=True, kw_only=True, slots=True)
class BlockAlgorithm:
    """One algorithm: how the signature is made, and which content digest goes with it."""

    id: int
    form: SignatureForm
    digest: str
    content: ContentDigest

    @property
    def java_name(self) -> str:
        """What the platform's messages call it, such as `SHA256withRSA`."""
        return f"{self.digest.upper()}with{self.form}"

    def verifies(self, key: PublicKey, signature: bytes, message: bytes) -> bool:
        """False where it does not verify; ApkFormatError for a key of another kind."""
        return verify_signature(key, signature, message, form=self.form, digest=self.digest)


def _known() -> tuple[BlockAlgorithm, ...]:
    sha256, sha512, verity = (
        ContentDigest.CHUNKED_SHA256,
        ContentDigest.CHUNKED_SHA512,
        ContentDigest.VERITY_SHA256,
    )
    rows = (
        (0x0101, SignatureForm.RSA_PSS, "sha256", sha256),
        (0x0102, SignatureForm.RSA_PSS, "sha512", sha512),
        (0x0103, SignatureForm.RSA_PKCS1, "sha256", sha256),
        (0x0104, SignatureForm.RSA_PKCS1, "sha512", sha512),
        (0x0201, SignatureForm.ECDSA, "sha256", sha256),
        (0x0202, SignatureForm.ECDSA, "sha512", sha512),
        (0x0301, SignatureForm.DSA, "sha256", sha256),
        (0x0421, SignatureForm.RSA_PKCS1, "sha256", verity),
        (0x0423, SignatureForm.ECDSA, "sha256", verity),
        (0x0425, SignatureForm.DSA, "sha256", verity),
    )
    return tuple(
        BlockAlgorithm(id=number, form=form, digest=digest, content=content)
        for number, form, digest, content in rows
    )


ALGORITHMS = {algorithm.id: algorithm for algorithm in _known()}
_BEFORE_VERITY = {
    number: algorithm
    for number, algorithm in ALGORITHMS.items()
    if algorithm.content is not ContentDigest.VERITY_SHA256
}


def algorithms_known_to(api: int) -> dict[int, BlockAlgorithm]:
    """By id, those that a device of that level knows; it skips all others."""
    return ALGORITHMS if api >= VERITY_SINCE_API else _BEFORE_VERITY
