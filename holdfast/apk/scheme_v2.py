"""APK Signature Scheme v2 (source: android.util.apk.ApkSignatureSchemeV2Verifier)."""

from __future__ import annotations

from holdfast.apk.archive import Apk
from holdfast.apk.block import SigningBlock
from holdfast.apk.fields import FieldReader
from holdfast.apk.signer_block import ContentDigests, VerifiedSigner, verify_content, verify_signer
from holdfast.apk.verification import Reason, Refusal

__all__ = ["MAX_SIGNERS", "MOST_SIGNERS_BEFORE", "SIGNER_LIMIT_SINCE_API", "verify_v2"]

MAX_SIGNERS = 10
SIGNER_LIMIT_SINCE_API = 33
"""The limit came with Android 13's security patches of 2023; patched older devices have it too."""
MOST_SIGNERS_BEFORE = 20
"""What this verifier takes where Android had no limit yet, so that no file costs many seconds."""

_STRIPPING_PROTECTION = 0xBEEFF00D
_V3 = 3
_V3_SINCE_API = 28


def verify_v2(
    apk: Apk, block: SigningBlock, value: bytes, *, api: int
) -> tuple[VerifiedSigner, ...]:
    """The signers, in the block's order; Refusal or ApkFormatError where Android refuses."""
    digests: ContentDigests = {}
    signers: list[VerifiedSigner] = []
    for encoded in FieldReader(value).nested().each_prefixed(most=MOST_SIGNERS_BEFORE):
        if len(signers) == MAX_SIGNERS and api >= SIGNER_LIMIT_SINCE_API:
            raise Refusal(Reason.TOO_MANY_SIGNERS, f"more than {MAX_SIGNERS} signers")
        reader = FieldReader(encoded)
        signer = verify_signer(reader.prefixed(), reader, api=api, digests=digests)
        if api >= _V3_SINCE_API:
            _check_v3_was_not_stripped(signer.signed.nested())
        signers.append(signer)
    if not signers:
        raise Refusal(Reason.NO_SIGNERS, "no signers found")
    verify_content(apk, block, digests)
    return tuple(signers)


def _check_v3_was_not_stripped(attributes: FieldReader) -> None:
    """v2 decides only where no v3 was found, so a signer that says v3 was there is the proof."""
    for encoded in attributes.each_prefixed():
        attribute = FieldReader(encoded)
        if attribute.u32() == _STRIPPING_PROTECTION and attribute.u32() == _V3:
            raise Refusal(Reason.V3_STRIPPED, "the v2 signature tells of a v3 one, which is absent")
