"""ECDSA, by `cryptography`: apart from the other keys, as loading the library takes its time."""

from __future__ import annotations

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

__all__ = ["verify_ecdsa"]

_CURVES: dict[str, ec.EllipticCurve] = {
    curve.name: curve for curve in (ec.SECP224R1(), ec.SECP256R1(), ec.SECP384R1(), ec.SECP521R1())
}
_HASHES: dict[str, hashes.HashAlgorithm] = {
    "md5": hashes.MD5(),
    "sha1": hashes.SHA1(),
    "sha224": hashes.SHA224(),
    "sha256": hashes.SHA256(),
    "sha384": hashes.SHA384(),
    "sha512": hashes.SHA512(),
}


def verify_ecdsa(
    curve: str, point: bytes, signature: bytes, message: bytes, *, digest: str
) -> bool:
    """Does it verify? False too where point or signature are malformed (SEC 1, 2.3.4 and 4.1.4)."""
    try:
        public = ec.EllipticCurvePublicKey.from_encoded_point(_CURVES[curve], point)
        public.verify(signature, message, ec.ECDSA(_HASHES[digest]))
    except (InvalidSignature, UnsupportedAlgorithm, ValueError):
        return False
    return True
