"""Whom a virtual phone trusts with its firmware.

A maker's release key is derived from the brand, so that everybody can build a package for any
virtual phone, and nobody keeps a secret here. On a phone it is what
/system/etc/security/otacerts.zip holds.
"""

from __future__ import annotations

import datetime
import hashlib
from functools import cache

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from holdfast.apk.keys import SigningKey

__all__ = ["release_key"]

VALID_FROM = datetime.datetime(2018, 1, 1, tzinfo=datetime.UTC)
VALID_UNTIL = datetime.datetime(2118, 1, 1, tzinfo=datetime.UTC)
SERIAL_NUMBER = 2018


@cache
def release_key(brand: str) -> SigningKey:
    """The same key and the same certificate, byte for byte, for the same brand."""
    digest = hashlib.sha256(b"virtual firmware release key of " + brand.encode()).digest()
    secret = int.from_bytes(digest, "big") >> 1  # Below the order of P-256, and never zero.
    key = ec.derive_private_key(secret, ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"{brand} virtual release key")])
    builder = x509.CertificateBuilder(
        issuer_name=name,
        subject_name=name,
        public_key=key.public_key(),
        serial_number=SERIAL_NUMBER,
        not_valid_before=VALID_FROM,
        not_valid_after=VALID_UNTIL,
    )
    certificate = builder.sign(key, hashes.SHA256(), ecdsa_deterministic=True)
    return SigningKey(
        certificate=certificate.public_bytes(serialization.Encoding.DER), private_key=key
    )
