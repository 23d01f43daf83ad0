"""APK Signature Schemes v3 and v3.1 (source: android.util.apk.ApkSignatureSchemeV3Verifier).

Each signer is for a range of API levels, and exactly one has to be for the device's. v3.1 (from API
33) has signers for later levels; a v3 signer tells from which level on, so that stripping the v3.1
block is noticed. A signer for a development release is not for the release of the same number.
"""

from __future__ import annotations

from dataclasses import dataclass

from holdfast.apk.archive import Apk
from holdfast.apk.block import BlockId, SigningBlock
from holdfast.apk.fields import FieldReader
from holdfast.apk.format_error import ApkFormatError
from holdfast.apk.lineage import SigningLineage
from holdfast.apk.signer_block import ContentDigests, VerifiedSigner, verify_content, verify_signer
from holdfast.apk.signing_details import Scheme
from holdfast.apk.verification import Reason, Refusal

__all__ = ["V3_SINCE_API", "V31_SINCE_API", "V3Signer", "verify_v3"]

V3_SINCE_API = 28
V31_SINCE_API = 33

_PROOF_OF_ROTATION = 0x3BA06F8C
_ROTATION_MIN_SDK = 0x559F8B02
_ROTATION_ON_DEV_RELEASE = 0xC2A6B3BA


@dataclass(frozen=True, kw_only=True, slots=True)
class V3Signer:
    """The one signer for the device's level; `lineage` is None where it never rotated."""

    scheme: Scheme
    signer: VerifiedSigner
    lineage: SigningLineage | None


class _NotForThisLevel(Exception):
    """The signer is for other API levels than the device's."""


def verify_v3(apk: Apk, block: SigningBlock, *, api: int) -> V3Signer | None:
    """The v3.1 signer for this level, else the v3 one; None where neither pair is there.

    Refusal or ApkFormatError where Android refuses.
    """
    rotation_min_sdk: int | None = None
    v31 = block.value(BlockId.V31)
    if v31 is not None and api >= V31_SINCE_API:
        newer = _Verifier(Scheme.V31, api)
        found = newer.verify(apk, block, v31)
        if found is not None:
            return found
        rotation_min_sdk = newer.rotation_min_sdk
    v3 = block.value(BlockId.V3)
    if v3 is None:
        return None
    found = _Verifier(Scheme.V3, api, rotation_min_sdk).verify(apk, block, v3)
    if found is None:
        raise Refusal(Reason.NO_SIGNERS, f"no signer for API {api}")
    return found


class _Verifier:
    """Verifies one of the two pairs. `rotation_min_sdk`: from where on a v3.1 signer was met."""

    def __init__(self, scheme: Scheme, api: int, rotation_min_sdk: int | None = None) -> None:
        self.scheme = scheme
        self.api = api
        self.rotation_min_sdk = rotation_min_sdk
        self._digests: ContentDigests = {}

    def verify(self, apk: Apk, block: SigningBlock, value: bytes) -> V3Signer | None:
        """The signer for this level, or None where there is none."""
        found: list[V3Signer] = []
        for encoded in FieldReader(value).nested().each_prefixed():
            try:
                found.append(self._signer(FieldReader(encoded)))
            except _NotForThisLevel:
                continue
            if len(found) > 1:
                raise Refusal(Reason.TOO_MANY_SIGNERS, f"several signers for API {self.api}")
        if not found:
            return None
        verify_content(apk, block, self._digests)
        return found[0]

    def _signer(self, reader: FieldReader) -> V3Signer:
        signed_data = reader.prefixed()
        min_sdk, max_sdk = reader.i32(), reader.i32()
        if not min_sdk <= self.api <= max_sdk:
            self._note_rotation(min_sdk)
            raise _NotForThisLevel
        signer = verify_signer(signed_data, reader, api=self.api, digests=self._digests)
        if (signer.signed.i32(), signer.signed.i32()) != (min_sdk, max_sdk):
            raise Refusal(Reason.SDK_RANGE_DIFFERS, "the SDK range is not the one that was signed")
        lineage = self._attributes(signer.signed.nested(), signer, min_sdk)
        return V3Signer(scheme=self.scheme, signer=signer, lineage=lineage)

    def _note_rotation(self, min_sdk: int) -> None:
        if self.scheme is Scheme.V31:
            known = self.rotation_min_sdk
            self.rotation_min_sdk = min_sdk if known is None else min(known, min_sdk)

    def _attributes(
        self, attributes: FieldReader, signer: VerifiedSigner, min_sdk: int
    ) -> SigningLineage | None:
        lineage: SigningLineage | None = None
        for encoded in attributes.each_prefixed():
            attribute = FieldReader(encoded)
            number = attribute.u32()
            if number == _PROOF_OF_ROTATION:
                if lineage is not None:
                    raise Refusal(Reason.LINEAGE_TWICE, "several proofs of rotation")
                lineage = _lineage(attribute, signer)
            elif self.api < V31_SINCE_API:
                continue
            elif number == _ROTATION_MIN_SDK:
                self._check_v31_was_not_stripped(attribute.i32())
            elif number == _ROTATION_ON_DEV_RELEASE:
                self._check_release(min_sdk)
        return lineage

    def _check_v31_was_not_stripped(self, told: int) -> None:
        if self.rotation_min_sdk != told:
            seen = self.rotation_min_sdk
            met = "none was found" if seen is None else f"it is for {seen} on"
            raise Refusal(
                Reason.V31_STRIPPED, f"expected a v3.1 signer for API {told} on, but {met}"
            )

    def _check_release(self, min_sdk: int) -> None:
        """A development build has the number of the release before it; ours are all releases."""
        if self.scheme is Scheme.V31 and self.api == min_sdk:
            self.rotation_min_sdk = min_sdk
            raise _NotForThisLevel


def _lineage(attribute: FieldReader, signer: VerifiedSigner) -> SigningLineage:
    try:
        lineage = SigningLineage.from_attribute(attribute.rest())
    except ApkFormatError as error:
        raise Refusal(Reason.LINEAGE_WRONG, error.what) from error
    if lineage.nodes and lineage.nodes[-1].certificate != signer.certificate:
        raise Refusal(
            Reason.LINEAGE_ENDS_ELSEWHERE, "the lineage's last certificate is not the signer's"
        )
    return lineage
