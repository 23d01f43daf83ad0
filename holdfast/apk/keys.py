"""Keys that sign APKs: made here for tests, or read from the files that people have.

The algorithms that Android takes (source.android.com, APK Signature Scheme v2): RSA of any size,
EC on P-256, P-384 and P-521, DSA. The suggestion for a key is apksig's, so that what we sign is
byte for byte what `apksigner` signs wherever the algorithm is deterministic.
"""

from __future__ import annotations

import datetime
import functools
import hashlib
from dataclasses import dataclass
from enum import IntEnum, StrEnum
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import dsa, ec, padding, rsa
from cryptography.hazmat.primitives.serialization import pkcs12
from cryptography.x509.oid import NameOID

from holdfast.errors import ConfigurationError, Place

__all__ = ["KeyKind", "PrivateKey", "SignatureAlgorithm", "SigningKey"]

PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | dsa.DSAPrivateKey

_LIMIT_BYTES = 1 << 20
_CURVES: dict[str, ec.EllipticCurve] = {
    "p256": ec.SECP256R1(),
    "p384": ec.SECP384R1(),
    "p521": ec.SECP521R1(),
}
_VALID_FROM = datetime.datetime(2018, 1, 1, tzinfo=datetime.UTC)
_VALID_UNTIL = datetime.datetime(2118, 1, 1, tzinfo=datetime.UTC)


class KeyKind(StrEnum):
    """What `SigningKey.generate` can make."""

    EC_P256 = "ec-p256"
    EC_P384 = "ec-p384"
    EC_P521 = "ec-p521"
    RSA_1024 = "rsa-1024"
    RSA_2048 = "rsa-2048"
    RSA_3072 = "rsa-3072"
    RSA_4096 = "rsa-4096"
    DSA_1024 = "dsa-1024"
    DSA_2048 = "dsa-2048"


class SignatureAlgorithm(IntEnum):
    """The ids of v2, v3 and lineage signatures that a signer may choose."""

    RSA_PSS_SHA256 = 0x0101
    RSA_PSS_SHA512 = 0x0102
    RSA_PKCS1_SHA256 = 0x0103
    RSA_PKCS1_SHA512 = 0x0104
    ECDSA_SHA256 = 0x0201
    ECDSA_SHA512 = 0x0202
    DSA_SHA256 = 0x0301
    VERITY_RSA_PKCS1_SHA256 = 0x0421
    VERITY_ECDSA_SHA256 = 0x0423
    VERITY_DSA_SHA256 = 0x0425

    @property
    def hash(self) -> hashes.SHA256 | hashes.SHA512:
        return hashes.SHA512() if self.name.endswith("SHA512") else hashes.SHA256()

    @property
    def is_verity(self) -> bool:
        return self.name.startswith("VERITY")


@dataclass(frozen=True, kw_only=True, slots=True)
class SigningKey:
    """A private key with its certificate, as original DER bytes. `name` names v1's files."""

    certificate: bytes
    private_key: PrivateKey
    name: str = "CERT"

    @classmethod
    def generate(
        cls, kind: KeyKind | str = KeyKind.EC_P256, *, common_name: str = "Holdfast probe"
    ) -> SigningKey:
        """A new key with a self-signed certificate, valid from 2018 to 2118."""
        key = _new_key(KeyKind(kind))
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])
        builder = x509.CertificateBuilder(
            issuer_name=subject,
            subject_name=subject,
            public_key=key.public_key(),
            serial_number=x509.random_serial_number(),
            not_valid_before=_VALID_FROM,
            not_valid_after=_VALID_UNTIL,
        )
        certificate = builder.sign(key, hashes.SHA256())
        der = certificate.public_bytes(serialization.Encoding.DER)
        return cls(certificate=der, private_key=key)

    @classmethod
    def load(cls, path: Path, *, certificate: Path | None = None, password: str = "") -> SigningKey:
        """From PKCS#12 or PEM with both, or from a PKCS#8 key (DER or PEM) and a certificate.

        Raises ConfigurationError naming the file that cannot be used.
        """
        secret = password.encode() or None
        raw = _read(path)
        if certificate is not None:
            key, der = (
                _private_key(raw, secret, path),
                _certificate(_read(certificate), certificate),
            )
        elif b"-----BEGIN" in raw:
            key, der = _private_key(raw, secret, path), _certificate(raw, path)
        else:
            key, der = _pkcs12(raw, secret, path)
        loaded = cls(certificate=der, private_key=key, name=path.name.split(".")[0] or "CERT")
        if loaded.public_key_der != _spki_of(key):
            raise ConfigurationError(
                "the certificate belongs to another private key", place=Place(file=path)
            )
        return loaded

    @property
    def cert_sha256(self) -> str:
        return hashlib.sha256(self.certificate).hexdigest()

    @property
    def public_key_der(self) -> bytes:
        """SubjectPublicKeyInfo, taken out of the certificate as it stands there."""
        return _spki_of_certificate(self.certificate)

    def to_pem(self) -> bytes:
        """Private key (PKCS#8, not encrypted) and certificate, for `load`."""
        key = self.private_key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        certificate = x509.load_der_x509_certificate(self.certificate)
        return key + certificate.public_bytes(serialization.Encoding.PEM)

    def algorithms(self, *, verity: bool = False) -> tuple[SignatureAlgorithm, ...]:
        """apksig's choice for v2 and v3: PKCS#1 v1.5, and a digest no weaker than the key."""
        key, suggested = self.private_key, SignatureAlgorithm
        if isinstance(key, rsa.RSAPrivateKey):
            if key.key_size > 3072:
                return (suggested.RSA_PKCS1_SHA512,)
            both = (suggested.RSA_PKCS1_SHA256, suggested.VERITY_RSA_PKCS1_SHA256)
        elif isinstance(key, dsa.DSAPrivateKey):
            both = (suggested.DSA_SHA256, suggested.VERITY_DSA_SHA256)
        elif key.key_size > 256:
            return (suggested.ECDSA_SHA512,)
        else:
            both = (suggested.ECDSA_SHA256, suggested.VERITY_ECDSA_SHA256)
        return both if verity else both[:1]

    def sign(self, data: bytes, algorithm: SignatureAlgorithm) -> bytes:
        """Raises ValueError if the algorithm is not one of this key's family."""
        key, digest = self.private_key, algorithm.hash
        if isinstance(key, rsa.RSAPrivateKey) and "RSA" in algorithm.name:
            if "PSS" in algorithm.name:
                salt = digest.digest_size
                pss = padding.PSS(mgf=padding.MGF1(digest), salt_length=salt)
                return key.sign(data, pss, digest)
            return key.sign(data, padding.PKCS1v15(), digest)
        return self._sign_curve(data, algorithm.hash, algorithm.name)

    def sign_digest(self, data: bytes, digest: hashes.HashAlgorithm) -> bytes:
        """For PKCS#7, where the digest alone is free: RSA PKCS#1 v1.5, ECDSA or DSA."""
        key = self.private_key
        if isinstance(key, rsa.RSAPrivateKey):
            return key.sign(data, padding.PKCS1v15(), digest)
        return self._sign_curve(data, digest, "ECDSA" if self.is_ec else "DSA")

    @property
    def is_ec(self) -> bool:
        return isinstance(self.private_key, ec.EllipticCurvePrivateKey)

    def _sign_curve(self, data: bytes, digest: hashes.HashAlgorithm, family: str) -> bytes:
        key = self.private_key
        if isinstance(key, ec.EllipticCurvePrivateKey) and "ECDSA" in family:
            return key.sign(data, ec.ECDSA(digest))
        if isinstance(key, dsa.DSAPrivateKey) and "DSA" in family and "ECDSA" not in family:
            return key.sign(data, digest)
        raise ValueError(f"{family} cannot be made with a key of {type(key).__name__}")


def _new_key(kind: KeyKind) -> PrivateKey:
    family, _, size = kind.partition("-")
    if family == "ec":
        return ec.generate_private_key(_CURVES[size])
    if family == "dsa":
        return dsa.generate_private_key(int(size))
    return rsa.generate_private_key(65_537, int(size))


def _read(path: Path) -> bytes:
    try:
        if path.stat().st_size > _LIMIT_BYTES:
            raise ConfigurationError("too large for a key", place=Place(file=path))
        return path.read_bytes()
    except OSError as error:
        raise ConfigurationError(
            f"cannot be read: {error.strerror}", place=Place(file=path)
        ) from error


def _accepted(key: object, path: Path) -> PrivateKey:
    if isinstance(key, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | dsa.DSAPrivateKey):
        return key
    raise ConfigurationError("Android takes RSA, EC and DSA keys only", place=Place(file=path))


def _private_key(raw: bytes, secret: bytes | None, path: Path) -> PrivateKey:
    try:
        if b"-----BEGIN" in raw:
            return _accepted(serialization.load_pem_private_key(raw, secret), path)
        return _accepted(
            serialization.load_der_private_key(
                raw, secret, unsafe_skip_rsa_key_validation=len(raw) > 4096
            ),
            path,
        )
    except (ValueError, TypeError) as error:
        raise ConfigurationError(
            f"no usable private key: {error}", place=Place(file=path)
        ) from error


def _certificate(raw: bytes, path: Path) -> bytes:
    """Its DER bytes as they stand in the file."""
    try:
        if b"-----BEGIN" in raw:
            found = x509.load_pem_x509_certificates(raw)[0]
            return found.public_bytes(serialization.Encoding.DER)
        x509.load_der_x509_certificate(raw)
    except ValueError as error:
        raise ConfigurationError(
            f"no usable certificate: {error}", place=Place(file=path)
        ) from error
    return raw


def _pkcs12(raw: bytes, secret: bytes | None, path: Path) -> tuple[PrivateKey, bytes]:
    try:
        key, certificate, _ = pkcs12.load_key_and_certificates(raw, secret)
    except ValueError as error:
        raise ConfigurationError(
            f"neither PEM nor a PKCS#12 key store that opens: {error}", place=Place(file=path)
        ) from error
    if key is None or certificate is None:
        raise ConfigurationError(
            "the key store lacks a key or a certificate", place=Place(file=path)
        )
    return _accepted(key, path), certificate.public_bytes(serialization.Encoding.DER)


def _spki_of(key: PrivateKey) -> bytes:
    return key.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )


@functools.lru_cache(maxsize=64)
def _spki_of_certificate(certificate: bytes) -> bytes:
    return (
        x509.load_der_x509_certificate(certificate)
        .public_key()
        .public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    )
