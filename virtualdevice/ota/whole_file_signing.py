"""Signing a whole OTA package (whole_file.py has the format).

No device signs: it is spared the import.
"""

from __future__ import annotations

import struct

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, pkcs7

from holdfast.apk.keys import SigningKey
from virtualdevice.ota.whole_file import FOOTER

__all__ = ["sign_whole_file"]

GREETING = b"signed by virtualdevice\0"


def sign_whole_file(package: bytes, key: SigningKey) -> bytes:
    """`package` is a ZIP without a comment."""
    signed = package[:-2]
    private = key.private_key
    assert isinstance(private, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey)
    block = (
        pkcs7.PKCS7SignatureBuilder()
        .set_data(signed)
        .add_signer(x509.load_der_x509_certificate(key.certificate), private, hashes.SHA256())
        .sign(
            Encoding.DER,
            [
                pkcs7.PKCS7Options.DetachedSignature,
                pkcs7.PKCS7Options.Binary,
                pkcs7.PKCS7Options.NoAttributes,
            ],
        )
    )
    size = len(GREETING) + len(block) + FOOTER.size
    footer = FOOTER.pack(len(block) + FOOTER.size, 0xFFFF, size)
    return signed + struct.pack("<H", size) + GREETING + block + footer
