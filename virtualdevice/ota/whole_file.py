"""The signature over a whole OTA package, in the comment of its ZIP.

As AOSP's signapk (-w) writes it and recovery's verifier.cpp reads it: all bytes up to the comment's
length are signed; the comment is a text, a zero byte, a PKCS #7 block, and six bytes: where the
block begins, counted from the file's end (u16), FF FF, and the comment's length (u16).
"""

from __future__ import annotations

import struct

from holdfast.apk.format_error import ApkFormatError
from holdfast.apk.pkcs7 import SignedData
from holdfast.apk.verification import Refusal

__all__ = ["FOOTER", "BadSignature", "whole_file_signer"]

FOOTER = struct.Struct("<HHH")
END_RECORD_BYTES = 22
END_MAGIC = b"PK\x05\x06"
PKCS7_API = 36  # The newest rules of reading a PKCS #7 block.


class BadSignature(Exception):
    """What recovery says of the file."""


def whole_file_signer(package: bytes) -> bytes:
    """The DER certificate of the key that signed it. BadSignature."""
    if len(package) < END_RECORD_BYTES + FOOTER.size:
        raise BadSignature("not big enough to contain footer")
    start, mark, size = FOOTER.unpack(package[-FOOTER.size :])
    if mark != 0xFFFF:
        raise BadSignature("footer is wrong")
    if start > size or start <= FOOTER.size:
        raise BadSignature("signature start is larger than comment")
    end = len(package) - size - END_RECORD_BYTES
    if end < 0 or package[end : end + 4] != END_MAGIC:
        raise BadSignature("signature length doesn't match EOCD marker")
    if END_MAGIC in package[end + 4 :]:
        raise BadSignature("EOCD marker occurs after start of EOCD")
    try:
        data = SignedData.parse(package[-start : -FOOTER.size])
        certificate = data.verified_signer(package[: end + END_RECORD_BYTES - 2], api=PKCS7_API)
    except (ApkFormatError, Refusal) as error:
        raise BadSignature("failed to verify whole-file signature") from error
    return certificate.encoded
