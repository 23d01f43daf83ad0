"""One signer of scheme v2, v3 or v3.1: its signature, digests and certificates.

Sources: ApkSignatureSchemeV2Verifier.verifySigner and ApkSignatureSchemeV3Verifier.verifySigner,
which are the same but for the SDK range. Only the best signature that the device knows is verified;
algorithms that it does not know are skipped.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass

from holdfast.apk.archive import Apk
from holdfast.apk.block import SigningBlock
from holdfast.apk.block_algorithms import BlockAlgorithm, ContentDigest, algorithms_known_to
from holdfast.apk.certificates import Certificate
from holdfast.apk.content import PAGE, chunked_digest, signed_size, verity_root
from holdfast.apk.fields import FieldReader
from holdfast.apk.format_error import ApkFormatError
from holdfast.apk.public_keys import PublicKey, same_key
from holdfast.apk.verification import Reason, Refusal

__all__ = ["ContentDigests", "VerifiedSigner", "verify_content", "verify_signer"]

ContentDigests = dict[ContentDigest, bytes]
"""What the signers say the content's digests are, filled by `verify_signer`."""

_MIN_RECORD = 8
_MOST_CERTIFICATES = 100


@dataclass(frozen=True, kw_only=True, slots=True)
class VerifiedSigner:
    """A signer whose signature is right. `signed` stands behind the certificates."""

    certificates: tuple[bytes, ...]
    key: PublicKey
    signed: FieldReader

    @property
    def certificate(self) -> bytes:
        return self.certificates[0]


def verify_signer(
    signed_data: bytes, rest: FieldReader, *, api: int, digests: ContentDigests
) -> VerifiedSigner:
    """Check the signature over `signed_data`, and what this begins with.

    `rest` stands at the signatures, which the public key follows. Refusal where the platform throws
    a SecurityException, ApkFormatError where it runs out of bytes.
    """
    signatures = rest.nested()
    public_key = rest.prefixed()
    algorithm, signature, algorithm_ids = _best_signature(signatures, api)
    key = _verify(algorithm, public_key, signature, signed_data)
    signed = FieldReader(signed_data)
    digest, digest_ids = _digest_for(signed.nested(), algorithm)
    if algorithm_ids != digest_ids:
        raise Refusal(
            Reason.ALGORITHMS_DIFFER, "digests and signatures do not list the same algorithms"
        )
    if not hmac.compare_digest(digests.setdefault(algorithm.content, digest), digest):
        raise Refusal(
            Reason.DIGESTS_OF_SIGNERS_DIFFER, "the content digest is not that of another signer"
        )
    certificates = tuple(signed.nested().each_prefixed(most=_MOST_CERTIFICATES))
    if not certificates:
        raise Refusal(Reason.NO_CERTIFICATES, "no certificates listed")
    parsed = [_certificate(encoded) for encoded in certificates]
    if not same_key(parsed[0].public_key, public_key):
        raise Refusal(
            Reason.PUBLIC_KEY_DIFFERS, "the public key is not that of the first certificate"
        )
    return VerifiedSigner(certificates=certificates, key=key, signed=signed)


def _best_signature(
    signatures: FieldReader, api: int
) -> tuple[BlockAlgorithm, bytes, tuple[int, ...]]:
    """The first signature with the best content digest, and all algorithms in their order."""
    known = algorithms_known_to(api)
    ids: list[int] = []
    best: tuple[BlockAlgorithm, bytes] | None = None
    for record in signatures.each_prefixed():
        if len(record) < _MIN_RECORD:
            raise Refusal(Reason.BLOCK_MALFORMED, "a signature record is too short")
        reader = FieldReader(record)
        ids.append(reader.u32())
        algorithm = known.get(ids[-1])
        if algorithm and (best is None or algorithm.content > best[0].content):
            best = algorithm, reader.prefixed()
    if not ids:
        raise Refusal(Reason.NO_SIGNATURES, "no signatures found")
    if best is None:
        listed = ", ".join(f"0x{number:04x}" for number in ids[:8])
        raise Refusal(Reason.NO_KNOWN_ALGORITHM, f"no known signature algorithm among {listed}")
    return *best, tuple(ids)


def _verify(
    algorithm: BlockAlgorithm, public_key: bytes, signature: bytes, signed_data: bytes
) -> PublicKey:
    try:
        key = PublicKey.parse(public_key)
        right = algorithm.verifies(key, signature, signed_data)
    except ApkFormatError as error:
        raise Refusal(Reason.PUBLIC_KEY_MALFORMED, error.what) from error
    if not right:
        raise Refusal(Reason.SIGNATURE_WRONG, f"{algorithm.java_name} signature did not verify")
    return key


def _digest_for(digests: FieldReader, algorithm: BlockAlgorithm) -> tuple[bytes, tuple[int, ...]]:
    """The last content digest for that algorithm, and all algorithms in their order."""
    ids: list[int] = []
    found = b""
    for record in digests.each_prefixed():
        if len(record) < _MIN_RECORD:
            raise Refusal(Reason.BLOCK_MALFORMED, "a digest record is too short")
        reader = FieldReader(record)
        ids.append(reader.u32())
        if ids[-1] == algorithm.id:
            found = reader.prefixed()
    return found, tuple(ids)


def _certificate(encoded: bytes) -> Certificate:
    try:
        return Certificate.parse(encoded)
    except ApkFormatError as error:
        raise Refusal(Reason.CERTIFICATE_MALFORMED, error.what) from error


def verify_content(apk: Apk, block: SigningBlock, digests: ContentDigests) -> None:
    """Refusal where the file does not have the digests that its signers signed."""
    if not digests:
        raise Refusal(Reason.NO_SIGNERS, "no content digests found")
    for kind, expected in digests.items():
        match kind:
            case ContentDigest.CHUNKED_SHA256:
                actual = chunked_digest(apk, block, algorithm="sha256")
            case ContentDigest.CHUNKED_SHA512:
                actual = chunked_digest(apk, block, algorithm="sha512")
            case ContentDigest.VERITY_SHA256:
                actual = _verity_digest(apk, block, expected)
        if not hmac.compare_digest(actual, expected):
            raise Refusal(
                Reason.CONTENT_DIGEST_WRONG, f"{kind.name} digest of contents did not verify"
            )


def _verity_digest(apk: Apk, block: SigningBlock, expected: bytes) -> bytes:
    """The verity root and the size of what it covers; the size is looked at first, as it is cheap.

    Source: ApkSigningBlockUtils.parseVerityDigestAndVerifySourceLength, VerityBuilder.
    """
    size = signed_size(apk, block).to_bytes(8, "little")
    if expected[32:] != size:
        raise Refusal(Reason.CONTENT_SIZE_WRONG, "APK content size did not verify")
    if block.offset % PAGE or block.size % PAGE:
        raise Refusal(Reason.BLOCK_NOT_ON_PAGES, "the signing block does not lie on page borders")
    return verity_root(apk, block) + size
