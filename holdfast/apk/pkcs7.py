"""PKCS #7 signed data: a JAR signature block (RFC 2315), checked as Android checks it.

Before API 24 only the first SignerInfo counts; from then on the first that verifies. Signed
attributes count from API 19; before, their digest was not looked at, so such files are refused, as
apksig does. The signer's certificate is the one that a SignerInfo points to, as original bytes.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass

from holdfast.apk.asn1 import Asn1Value, Tag
from holdfast.apk.certificates import Certificate, Name, canonical_name
from holdfast.apk.format_error import ApkFormatError
from holdfast.apk.pkcs7_algorithms import DIGESTS, SignatureKind, signature_kind, takes
from holdfast.apk.public_keys import PublicKey, verify_signature
from holdfast.apk.verification import Reason, Refusal

__all__ = ["SignedData", "SignerInfo"]

_SIGNED_DATA = "1.2.840.113549.1.7.2"
_CONTENT_TYPE = "1.2.840.113549.1.9.3"
_MESSAGE_DIGEST = "1.2.840.113549.1.9.4"

_ATTRIBUTES_SINCE_API = 19
_ALL_SIGNERS_SINCE_API = 24

# Android has no such limits; real files have one signer and a short chain.
_MOST_SIGNERS = 8
_MOST_CERTIFICATES = 100


@dataclass(frozen=True, kw_only=True, slots=True)
class SignerInfo:
    """One signature. `signed_attributes` are the original bytes of the implicit [0] value.

    `issuer` and `serial_number` are None where the signer is named in another way, which Android
    does not understand.
    """

    issuer: Name | None
    serial_number: int | None
    digest_oid: str
    signature_oid: str
    signature: bytes
    signed_attributes: bytes | None

    @classmethod
    def parse(cls, value: Asn1Value) -> SignerInfo:
        fields = list(value.sequence())
        if len(fields) < 5:
            raise ApkFormatError("a SignerInfo that ends too soon")
        fields[0].integer()
        issuer, serial_number = _signer_name(fields[1])
        signed_attributes = None
        if fields[3].tag == Tag.CONTEXT_0:
            signed_attributes = fields.pop(3).encoded
        if len(fields) < 5:
            raise ApkFormatError("a SignerInfo without a signature")
        return cls(
            issuer=issuer,
            serial_number=serial_number,
            digest_oid=_algorithm(fields[2]),
            signature_oid=_algorithm(fields[3]),
            signature=fields[4].octets(),
            signed_attributes=signed_attributes,
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class SignedData:
    """The parts of signed data that decide; certificates are original bytes."""

    content_type: str
    certificates: tuple[bytes, ...]
    signers: tuple[SignerInfo, ...]

    @classmethod
    def parse(cls, data: bytes) -> SignedData:
        """Bytes of a .RSA, .DSA or .EC file; ApkFormatError where they are no signed data."""
        outer = Asn1Value.parse(data).sequence()
        if len(outer) < 2 or outer[0].oid() != _SIGNED_DATA:
            raise ApkFormatError("no PKCS #7 signed data")
        content = Asn1Value.parse(outer[1].expect(Tag.CONTEXT_0).content)
        fields = list(content.sequence())
        if len(fields) < 4:
            raise ApkFormatError("signed data that ends too soon")
        fields[0].integer()
        for algorithm in fields[1].expect(Tag.SET).children():
            _algorithm(algorithm)
        encapsulated = fields[2].sequence()
        if not encapsulated:
            raise ApkFormatError("signed data without a content type")
        rest = fields[3:]
        certificates: tuple[bytes, ...] = ()
        if rest and rest[0].tag == Tag.CONTEXT_0:
            certificates = tuple(value.encoded for value in rest.pop(0).children())
        if rest and rest[0].tag == Tag.CONTEXT_1:
            del rest[0]
        if not rest:
            raise ApkFormatError("signed data without signer infos")
        infos = rest[0].expect(Tag.SET).children()
        if len(infos) > _MOST_SIGNERS or len(certificates) > _MOST_CERTIFICATES:
            raise ApkFormatError("signed data with too many signers or certificates")
        return cls(
            content_type=encapsulated[0].oid(),
            certificates=certificates,
            signers=tuple(SignerInfo.parse(info) for info in infos),
        )

    def verified_signer(self, content: bytes, *, api: int) -> Certificate:
        """The certificate of the signer whose signature over `content` decides.

        Refusal or ApkFormatError where a device of that level refuses.
        """
        if not self.signers:
            raise Refusal(Reason.NO_SIGNERS, "no signer infos")
        certificates = [Certificate.parse(encoded) for encoded in self.certificates]
        to_try = self.signers if api >= _ALL_SIGNERS_SINCE_API else self.signers[:1]
        found = [self._signer(info, certificates, content, api) for info in to_try]
        for certificate in found:
            if certificate is not None:
                return certificate
        raise Refusal(Reason.JAR_SIGNATURE_WRONG, "no signature verifies over the signature file")

    def _signer(
        self, info: SignerInfo, certificates: list[Certificate], content: bytes, api: int
    ) -> Certificate | None:
        """The certificate if its signature is right, None if another signer may still be."""
        digest, kind = _algorithms(info, api)
        certificate = _certificate_of(info, certificates)
        key = PublicKey.parse(certificate.public_key)
        message = content
        if info.signed_attributes is not None:
            if api < _ATTRIBUTES_SINCE_API:
                raise Refusal(
                    Reason.JAR_SIGNATURE_WRONG, "signed attributes are unsafe before Android 4.4"
                )
            if not self._attributes_fit(info.signed_attributes, content, digest, api):
                return None
            # The signature is over the attributes as a SET; only the identifier byte is changed.
            message = bytes([Tag.SET]) + info.signed_attributes[1:]
        right = verify_signature(
            key, info.signature, message, form=kind.form, digest=kind.digest or digest
        )
        return certificate if right else None

    def _attributes_fit(self, encoded: bytes, content: bytes, digest: str, api: int) -> bool:
        attributes = _attributes(encoded)
        if api >= _ALL_SIGNERS_SINCE_API:
            content_type = _only_value(attributes, _CONTENT_TYPE)
            if content_type is None:
                raise Refusal(Reason.JAR_SIGNATURE_WRONG, "no content type in signed attributes")
            if content_type.oid() != self.content_type:
                return False
        expected = _only_value(attributes, _MESSAGE_DIGEST)
        if expected is None:
            raise Refusal(Reason.JAR_SIGNATURE_WRONG, "no digest in signed attributes")
        actual = hashlib.new(digest, content).digest()
        return hmac.compare_digest(expected.octets(), actual)


def _algorithm(value: Asn1Value) -> str:
    """The id in an AlgorithmIdentifier."""
    parts = value.sequence()
    if not parts:
        raise ApkFormatError("an algorithm without an id")
    return parts[0].oid()


def _signer_name(value: Asn1Value) -> tuple[Name | None, int | None]:
    if value.tag != Tag.SEQUENCE:
        return None, None
    parts = value.sequence()
    if len(parts) != 2:
        raise ApkFormatError("a signer that is not named by issuer and serial number")
    return canonical_name(parts[0]), parts[1].integer()


def _algorithms(info: SignerInfo, api: int) -> tuple[str, SignatureKind]:
    digest = DIGESTS.get(info.digest_oid)
    kind = signature_kind(info.signature_oid)
    if digest is None or kind is None or not takes(digest, kind, api=api):
        raise Refusal(
            Reason.JAR_ALGORITHM_UNSUPPORTED,
            f"digest {info.digest_oid} with signature {info.signature_oid} not taken on API {api}",
        )
    return digest, kind


def _certificate_of(info: SignerInfo, certificates: list[Certificate]) -> Certificate:
    for certificate in certificates:
        if (info.issuer, info.serial_number) == (certificate.issuer, certificate.serial_number):
            break
    else:
        raise Refusal(Reason.JAR_SIGNATURE_WRONG, "the signer's certificate is not there")
    if certificate.has_unknown_critical_extension:
        raise Refusal(Reason.JAR_SIGNATURE_WRONG, "certificate with unknown critical extension")
    if not certificate.may_sign:
        raise Refusal(Reason.JAR_SIGNATURE_WRONG, "certificate not authorized for signatures")
    return certificate


def _attributes(encoded: bytes) -> dict[str, tuple[Asn1Value, ...]]:
    found: dict[str, tuple[Asn1Value, ...]] = {}
    for attribute in Asn1Value.parse(encoded).children():
        parts = attribute.sequence()
        if len(parts) < 2:
            raise ApkFormatError("a signed attribute without values")
        oid = parts[0].oid()
        if oid in found:
            raise ApkFormatError(f"the signed attribute {oid} twice")
        found[oid] = parts[1].expect(Tag.SET).children()
    return found


def _only_value(attributes: dict[str, tuple[Asn1Value, ...]], oid: str) -> Asn1Value | None:
    values = attributes.get(oid, ())
    if len(values) > 1:
        raise ApkFormatError(f"the signed attribute {oid} has several values")
    return values[0] if values else None
