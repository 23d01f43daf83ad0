"""adb's keys: the public key's form, and whether a signature is by it. No I/O.

The form is that of AOSP's libcrypto_utils (android_pubkey.h); the signature is PKCS#1 v1.5 with
SHA-1, over the token as if it were the digest.
"""

from __future__ import annotations

import base64
import binascii
import struct
from dataclasses import dataclass

__all__ = ["AdbKey", "parse_key", "signed_by"]

MODULUS_WORDS = 64
MODULUS_BYTES = 256
BLOB_BYTES = 524
SHA1_PREFIX = bytes.fromhex("3021300906052b0e03021a05000414")


@dataclass(frozen=True, kw_only=True, slots=True)
class AdbKey:
    modulus: int
    exponent: int


def parse_key(line: bytes) -> AdbKey | None:
    """A line of adb_keys, or what AUTH offers: base64, then a name. None if it is no key."""
    encoded = line.split(b" ", 1)[0].strip()
    try:
        blob = base64.b64decode(encoded, validate=True)
    except binascii.Error:
        return None
    if len(blob) != BLOB_BYTES or struct.unpack_from("<I", blob)[0] != MODULUS_WORDS:
        return None
    modulus = int.from_bytes(blob[8 : 8 + MODULUS_BYTES], "little")
    (exponent,) = struct.unpack_from("<I", blob, BLOB_BYTES - 4)
    return AdbKey(modulus=modulus, exponent=exponent)


def signed_by(key: AdbKey, token: bytes, signature: bytes) -> bool:
    if len(signature) != MODULUS_BYTES or key.modulus == 0:
        return False
    number = pow(int.from_bytes(signature, "big"), key.exponent, key.modulus)
    content = SHA1_PREFIX + token
    padding = b"\xff" * (MODULUS_BYTES - 3 - len(content))
    return number.to_bytes(MODULUS_BYTES, "big") == b"\0\x01" + padding + b"\0" + content
