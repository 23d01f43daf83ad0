"""X.509 certificates, as far as signature checks look into them; compared as original bytes.

Only what decides is read: serial number, issuer and subject, the public key, and the two extensions
that PKCS #7 verification asks for. Validity dates do not count on Android.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from holdfast.apk.asn1 import Asn1Value, Tag
from holdfast.apk.format_error import ApkFormatError

__all__ = ["Certificate", "canonical_name"]

_KEY_USAGE = "2.5.29.15"
# Critical extensions that the platform's certificate factory understands (RFC 5280, 4.2).
_UNDERSTOOD = {
    *(f"2.5.29.{arc}" for arc in (15, 17, 18, 19, 30, 31, 32, 33, 36, 37, 46, 54)),
    "2.16.840.1.113730.1.1",
}
_ENCODINGS = {
    Tag.UTF8_STRING: "utf-8",
    Tag.PRINTABLE_STRING: "ascii",
    Tag.T61_STRING: "latin-1",
    Tag.IA5_STRING: "ascii",
    Tag.UNIVERSAL_STRING: "utf-32-be",
    Tag.BMP_STRING: "utf-16-be",
}

Name = tuple[frozenset[tuple[str, str]], ...]
"""A distinguished name in a form that can be compared: relative names, each a set of parts."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Certificate:
    """`encoded` are the bytes as they stand in the APK; `public_key` a SubjectPublicKeyInfo.

    `may_sign` is False where a key-usage extension allows neither signatures nor non-repudiation.
    """

    encoded: bytes
    serial_number: int
    issuer: Name
    subject: Name
    public_key: bytes
    may_sign: bool
    has_unknown_critical_extension: bool

    @classmethod
    def parse(cls, encoded: bytes) -> Certificate:
        """A certificate in DER or BER; ApkFormatError where it is none."""
        whole = Asn1Value.parse(encoded)
        parts = whole.sequence()
        if len(parts) < 3:
            raise ApkFormatError("a certificate without a signature")
        fields = list(parts[0].sequence())
        if fields and fields[0].tag == Tag.CONTEXT_0:
            del fields[0]
        if len(fields) < 6:
            raise ApkFormatError("a certificate that ends before its public key")
        serial_number, _, issuer, _, subject, public_key = fields[:6]
        public_key.expect(Tag.SEQUENCE)
        may_sign, understood = True, True
        for extension in _extensions(fields[6:]):
            oid, critical, value = extension
            if oid == _KEY_USAGE:
                may_sign = _allows_signatures(value)
            understood = understood and (not critical or oid in _UNDERSTOOD)
        return cls(
            encoded=whole.encoded,
            serial_number=serial_number.integer(),
            issuer=canonical_name(issuer),
            subject=canonical_name(subject),
            public_key=public_key.encoded,
            may_sign=may_sign,
            has_unknown_critical_extension=not understood,
        )


def canonical_name(name: Asn1Value) -> Name:
    """A name such that two that X500Principal calls equal are equal.

    Case and white space of texts do not count, nor the order within one relative name.
    """
    return tuple(
        frozenset(_attribute(attribute) for attribute in relative.expect(Tag.SET).children())
        for relative in name.sequence()
    )


def _attribute(attribute: Asn1Value) -> tuple[str, str]:
    parts = attribute.sequence()
    if len(parts) != 2:
        raise ApkFormatError("a name with a malformed part")
    oid, value = parts
    encoding = _ENCODINGS.get(value.tag)
    if encoding is None:
        return oid.oid(), value.encoded.hex()
    text = value.content.decode(encoding, errors="replace")
    return oid.oid(), " ".join(text.split()).casefold()


def _extensions(fields: list[Asn1Value]) -> Iterator[tuple[str, bool, bytes]]:
    """Each extension's id, whether it is critical, and its value."""
    for field in fields:
        if field.tag != Tag.CONTEXT_3:
            continue
        for extension in Asn1Value.parse(field.content).sequence():
            parts = extension.sequence()
            if not 2 <= len(parts) <= 3:
                raise ApkFormatError("a malformed certificate extension")
            critical = len(parts) == 3 and any(parts[1].expect(Tag.BOOLEAN).content)
            yield parts[0].oid(), critical, parts[-1].octets()


def _allows_signatures(key_usage: bytes) -> bool:
    """Bits 0 and 1 are digitalSignature and nonRepudiation (RFC 5280, 4.2.1.3)."""
    bits = Asn1Value.parse(key_usage).bits()
    return bool(bits) and bool(bits[0] & 0xC0)
