"""The source stamp: which store or build service put an APK into circulation.

Devices do not look at it when they install, so it is told, and never decides. Source: apksig's
SourceStampVerifier (v2 of the stamp).
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from holdfast.apk.archive import Apk
from holdfast.apk.block import BlockId, find_signing_block
from holdfast.apk.fields import FieldReader
from holdfast.apk.format_error import ApkFormatError

__all__ = ["SourceStamp", "read_source_stamp"]

CERTIFICATE_DIGEST_ENTRY = "stamp-cert-sha256"
_TIME = 0xE43C5946
_SHA256_BYTES = 32


@dataclass(frozen=True, kw_only=True, slots=True)
class SourceStamp:
    """A stamp as it is written; its signatures are not checked.

    `is_of_certificate_entry` says whether the archive's own entry names the same certificate;
    `schemes` are the signature schemes that were stamped; `stamped_at_s` counts from 1970.
    """

    certificate: bytes
    is_of_certificate_entry: bool
    schemes: tuple[int, ...]
    stamped_at_s: int | None

    @property
    def cert_sha256(self) -> str:
        return hashlib.sha256(self.certificate).hexdigest()


def read_source_stamp(apk: Apk) -> SourceStamp | None:
    """The stamp in the signing block, or None; ApkFormatError where it is malformed."""
    block = find_signing_block(apk)
    value = block.value(BlockId.SOURCE_STAMP_V2) if block else None
    if value is None:
        return None
    reader = FieldReader(value).nested()
    certificate = reader.prefixed()
    schemes = tuple(FieldReader(item).u32() for item in reader.nested().each_prefixed())
    stamped_at_s = _time(FieldReader(reader.prefixed()).nested()) if reader.remaining else None
    return SourceStamp(
        certificate=certificate,
        is_of_certificate_entry=hashlib.sha256(certificate).digest() == _named_digest(apk),
        schemes=schemes,
        stamped_at_s=stamped_at_s,
    )


def _named_digest(apk: Apk) -> bytes:
    try:
        return apk.read(CERTIFICATE_DIGEST_ENTRY, limit_bytes=_SHA256_BYTES)
    except ApkFormatError:
        return b""


def _time(attributes: FieldReader) -> int | None:
    for encoded in attributes.each_prefixed():
        attribute = FieldReader(encoded)
        if attribute.u32() == _TIME:
            return int.from_bytes(attribute.take(8), "little", signed=True)
    return None
