"""Checking a signature with the public key that a certificate or a signing block carries.

RSA and DSA are checked here, by their arithmetic: what is checked is public, and Android takes keys
that general libraries refuse (16384 bits; DSA groups of odd sizes; SubjectPublicKeyInfo that is not
DER). Elliptic curves go to `cryptography`. Limits are BoringSSL's, so that no key costs a second.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from enum import StrEnum

from holdfast.apk.asn1 import Asn1Value, Tag, der
from holdfast.apk.format_error import ApkFormatError

__all__ = ["KeyType", "PublicKey", "SignatureForm", "same_key", "verify_signature"]

_MAX_RSA_BITS = 16_384
_MAX_RSA_EXPONENT_BITS = 33
_MIN_RSA_BITS = 512
_MAX_DSA_BITS = 4096
_MAX_DSA_Q_BITS = 256

_KEY_TYPES = {
    "1.2.840.113549.1.1.1": "RSA",
    "1.2.840.10040.4.1": "DSA",
    "1.2.840.10045.2.1": "EC",
}
_RSA_ALGORITHM = bytes.fromhex("300d06092a864886f70d0101010500")
_CURVES = {
    "1.3.132.0.33": "secp224r1",
    "1.2.840.10045.3.1.7": "secp256r1",
    "1.3.132.0.34": "secp384r1",
    "1.3.132.0.35": "secp521r1",
}
# DigestInfo up to the digest itself (RFC 8017, 9.2, note 1).
_DIGEST_INFO = {
    "md5": "3020300c06082a864886f70d020505000410",
    "sha1": "3021300906052b0e03021a05000414",
    "sha224": "302d300d06096086480165030402040500041c",
    "sha256": "3031300d060960864801650304020105000420",
    "sha384": "3041300d060960864801650304020205000430",
    "sha512": "3051300d060960864801650304020305000440",
}


class KeyType(StrEnum):
    RSA = "RSA"
    DSA = "DSA"
    EC = "EC"


class SignatureForm(StrEnum):
    """How a signature is made with its key type."""

    RSA_PKCS1 = "RSA"
    RSA_PSS = "RSA/PSS"
    DSA = "DSA"
    ECDSA = "ECDSA"

    @property
    def key_type(self) -> KeyType:
        return _KEY_TYPE_OF[self]


_KEY_TYPE_OF = {
    SignatureForm.RSA_PKCS1: KeyType.RSA,
    SignatureForm.RSA_PSS: KeyType.RSA,
    SignatureForm.DSA: KeyType.DSA,
    SignatureForm.ECDSA: KeyType.EC,
}


@dataclass(frozen=True, kw_only=True, slots=True)
class PublicKey:
    """A SubjectPublicKeyInfo taken apart: RSA (n, e), DSA (p, q, g, y), EC a point on a curve."""

    type: KeyType
    numbers: tuple[int, ...] = ()
    curve: str = ""
    point: bytes = b""

    @property
    def size_bits(self) -> int:
        """The modulus for RSA and DSA; 0 for elliptic curves, whose sizes are few."""
        return self.numbers[0].bit_length() if self.numbers else 0

    @classmethod
    def parse(cls, encoded: bytes) -> PublicKey:
        """A SubjectPublicKeyInfo in DER or BER; ApkFormatError for kinds that Android lacks."""
        parts = Asn1Value.parse(encoded).sequence()
        algorithm = parts[0].sequence() if len(parts) == 2 else ()
        name = _KEY_TYPES.get(algorithm[0].oid()) if algorithm else None
        if name is None:
            raise ApkFormatError("a public key of an unknown kind")
        content = parts[1].bits()
        if name == KeyType.RSA:
            # Old tools left out the zero byte that keeps a modulus positive; Android does not mind.
            numbers = tuple(value.unsigned() for value in Asn1Value.parse(content).sequence())
            return cls(type=KeyType.RSA, numbers=_checked_rsa(numbers))
        if len(algorithm) < 2:
            raise ApkFormatError("a public key without parameters")
        if name == KeyType.DSA:
            group = tuple(value.integer() for value in algorithm[1].sequence())
            return cls(
                type=KeyType.DSA,
                numbers=_checked_dsa((*group, Asn1Value.parse(content).integer())),
            )
        curve = _CURVES.get(algorithm[1].oid())
        if curve is None:
            raise ApkFormatError("a public key on an unknown curve")
        return cls(type=KeyType.EC, curve=curve, point=content)


def same_key(encoded: bytes, told: bytes) -> bool:
    """Is `told` the key that a certificate has as `encoded`, or that key encoded as DER?

    The platform re-encodes a certificate's key before it compares; only RSA keys are known that
    were written in another way (lengths that are not minimal, a modulus without its zero byte).
    """
    if encoded == told:
        return True
    key = PublicKey.parse(encoded)
    return key.type is KeyType.RSA and told == _rsa_der(key)


def _rsa_der(key: PublicKey) -> bytes:
    numbers = b"".join(
        der(Tag.INTEGER, number.to_bytes(number.bit_length() // 8 + 1, "big"))
        for number in key.numbers
    )
    bits = der(Tag.BIT_STRING, b"\0" + der(Tag.SEQUENCE, numbers))
    return der(Tag.SEQUENCE, _RSA_ALGORITHM + bits)


def verify_signature(
    key: PublicKey, signature: bytes, message: bytes, *, form: SignatureForm, digest: str
) -> bool:
    """Does the signature verify? False too where it is malformed; ApkFormatError for the wrong key.

    `digest` is a name of hashlib's. PSS has MGF1 with the same digest and a salt of its length.
    """
    if key.type is not form.key_type:
        raise ApkFormatError(f"{form} signature with a key for {key.type}")
    match form:
        case SignatureForm.RSA_PKCS1:
            return _rsa_pkcs1(key, signature, message, digest)
        case SignatureForm.RSA_PSS:
            return _rsa_pss(key, signature, message, digest)
        case SignatureForm.DSA:
            return _dsa(key, signature, message, digest)
        case SignatureForm.ECDSA:
            return _ecdsa(key, signature, message, digest)


def _checked_rsa(numbers: tuple[int, ...]) -> tuple[int, ...]:
    if len(numbers) != 2:
        raise ApkFormatError("an RSA key that is not two numbers")
    modulus, exponent = numbers
    if not _MIN_RSA_BITS <= modulus.bit_length() <= _MAX_RSA_BITS:
        raise ApkFormatError(f"an RSA modulus of {modulus.bit_length()} bits")
    if exponent < 3 or not exponent & 1 or exponent.bit_length() > _MAX_RSA_EXPONENT_BITS:
        raise ApkFormatError("an RSA exponent that no Android takes")
    return numbers


def _checked_dsa(numbers: tuple[int, ...]) -> tuple[int, ...]:
    if len(numbers) != 4:
        raise ApkFormatError("a DSA key that is not p, q, g and y")
    p, q, g, y = numbers
    sane = 2 < q.bit_length() <= _MAX_DSA_Q_BITS < p.bit_length() <= _MAX_DSA_BITS
    if not sane or min(numbers) <= 0 or g >= p or y >= p:
        raise ApkFormatError("a DSA key with impossible numbers")
    return numbers


def _rsa_raw(key: PublicKey, signature: bytes) -> bytes | None:
    """The signature to the power of the exponent, as long as the modulus; None if out of range."""
    modulus, exponent = key.numbers
    length = (modulus.bit_length() + 7) // 8
    value = int.from_bytes(signature, "big")
    if len(signature) != length or value >= modulus:
        return None
    return pow(value, exponent, modulus).to_bytes(length, "big")


def _rsa_pkcs1(key: PublicKey, signature: bytes, message: bytes, digest: str) -> bool:
    """RSASSA-PKCS1-v1_5 (RFC 8017, 8.2.2): the one right encoding is built and compared."""
    encoded = _rsa_raw(key, signature)
    info = bytes.fromhex(_DIGEST_INFO[digest]) + hashlib.new(digest, message).digest()
    if encoded is None or len(encoded) < len(info) + 11:
        return False
    padding = b"\xff" * (len(encoded) - len(info) - 3)
    return hmac.compare_digest(encoded, b"\x00\x01" + padding + b"\x00" + info)


def _rsa_pss(key: PublicKey, signature: bytes, message: bytes, digest: str) -> bool:
    """RSASSA-PSS (RFC 8017, 8.1.2 and 9.1.2)."""
    raw = _rsa_raw(key, signature)
    if raw is None:
        return False
    bits = key.size_bits - 1
    length = (bits + 7) // 8
    encoded = raw[-length:]
    size = hashlib.new(digest).digest_size
    masked, found, trailer = encoded[: -size - 1], encoded[-size - 1 : -1], encoded[-1]
    spare_bits = 8 * length - bits
    if length < 2 * size + 2 or trailer != 0xBC or any(raw[:-length]):
        return False
    if masked[0] >> (8 - spare_bits):
        return False
    block = bytearray(a ^ b for a, b in zip(masked, _mgf1(found, len(masked), digest), strict=True))
    block[0] &= 0xFF >> spare_bits
    salt_start = len(block) - size
    if any(block[: salt_start - 1]) or block[salt_start - 1] != 1:
        return False
    again = bytes(8) + hashlib.new(digest, message).digest() + bytes(block[salt_start:])
    return hmac.compare_digest(hashlib.new(digest, again).digest(), found)


def _mgf1(seed: bytes, length: int, digest: str) -> bytes:
    count = -(-length // hashlib.new(digest).digest_size)
    blocks = (hashlib.new(digest, seed + i.to_bytes(4, "big")).digest() for i in range(count))
    return b"".join(blocks)[:length]


def _dsa(key: PublicKey, signature: bytes, message: bytes, digest: str) -> bool:
    """FIPS 186-4, 4.7."""
    p, q, g, y = key.numbers
    try:
        r, s = (value.integer() for value in Asn1Value.parse(signature).sequence())
    except (ApkFormatError, ValueError):
        return False
    if not 0 < r < q or not 0 < s < q:
        return False
    hashed = hashlib.new(digest, message).digest()
    excess_bits = max(0, 8 * len(hashed) - q.bit_length())
    z = int.from_bytes(hashed, "big") >> excess_bits
    try:
        w = pow(s, -1, q)
    except ValueError:
        return False
    return pow(g, z * w % q, p) * pow(y, r * w % q, p) % p % q == r


def _ecdsa(key: PublicKey, signature: bytes, message: bytes, digest: str) -> bool:
    # Loading `cryptography` takes ten times as long as checking a signature; few APKs have EC keys.
    from holdfast.apk.elliptic import verify_ecdsa

    return verify_ecdsa(key.curve, key.point, signature, message, digest=digest)
