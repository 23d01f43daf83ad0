"""update_engine's payload.bin (system/update_engine/update_metadata.proto), as far as one partition
that is replaced needs it. No I/O.

`CrAU`, version 2 (u64), the manifest's size (u64), the metadata signature's size (u32), all big
endian; the manifest; the metadata signature; the data; the payload signature.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

from holdfast.apk.public_keys import KeyType, PublicKey, SignatureForm, verify_signature
from virtualdevice.ota.operations import BLOCK_BYTES, Operation, parse
from virtualdevice.ota.wire import Fields, WireError, read_fields

__all__ = [
    "DELTA_MINOR_VERSION",
    "FULL_MINOR_VERSION",
    "HEADER",
    "HEADER_BYTES",
    "MAGIC",
    "MAJOR_VERSION",
    "Manifest",
    "PayloadError",
    "metadata_size_bytes",
    "read_manifest",
    "signature_fits",
]

HEADER = struct.Struct(">4sQQI")
HEADER_BYTES = HEADER.size
MAGIC, MAJOR_VERSION = b"CrAU", 2
MANIFEST_LIMIT_BYTES = 4 << 20
FULL_MINOR_VERSION, DELTA_MINOR_VERSION = 0, 8
_FORMS = {KeyType.EC: SignatureForm.ECDSA, KeyType.RSA: SignatureForm.RSA_PKCS1}


class PayloadError(Exception):
    """`code` is update_engine's ErrorCode."""

    def __init__(self, code: int, what: str) -> None:
        super().__init__(what)
        self.code = code


@dataclass(frozen=True, kw_only=True, slots=True)
class Manifest:
    """What becomes of the one partition. Digests are SHA-256; `old` is None in a full payload.
    Data, and behind it the `signature`, lie behind the metadata."""

    partition: str
    operations: tuple[Operation, ...]
    new_digest: bytes
    old_digest: bytes | None
    signature_offset: int
    signature_size_bytes: int
    max_timestamp: int

    @property
    def target_bytes(self) -> int:
        """What the new partition takes up."""
        return sum(one.target[1] for one in self.operations) * BLOCK_BYTES


def metadata_size_bytes(head: bytes) -> tuple[int, int]:
    """Of header and manifest, and of the metadata signature. PayloadError."""
    magic, major, manifest, signature = HEADER.unpack_from(head)
    if magic != MAGIC:
        raise PayloadError(21, "Bad payload format -- invalid delta magic.")
    if major != MAJOR_VERSION:
        raise PayloadError(44, f"Bad payload format -- unsupported payload version: {major}")
    if manifest > MANIFEST_LIMIT_BYTES or signature > MANIFEST_LIMIT_BYTES:
        raise PayloadError(32, "Mandatory metadata size was not as expected")
    return HEADER_BYTES + manifest, signature


def read_manifest(metadata: bytes) -> Manifest:
    """`metadata` is header and manifest. PayloadError."""
    try:
        whole = read_fields(metadata[HEADER_BYTES:])
        part = read_fields(_bytes(whole, 13))
        old = read_fields(_bytes(part, 6)) if 6 in part else None
        return Manifest(
            partition=_bytes(part, 1).decode("utf-8", "replace"),
            operations=tuple(parse(one) for one in part[8] if isinstance(one, bytes)),
            new_digest=_bytes(read_fields(_bytes(part, 7)), 2),
            old_digest=None if old is None else _bytes(old, 2),
            signature_offset=_number(whole, 4),
            signature_size_bytes=_number(whole, 5),
            max_timestamp=_number(whole, 14),
        )
    except (WireError, KeyError, IndexError, TypeError, ValueError) as error:
        raise PayloadError(23, "Unable to parse manifest in update file.") from error


def _bytes(fields: Fields, number: int) -> bytes:
    value = fields[number][0]
    if not isinstance(value, bytes):
        raise TypeError(number)
    return value


def _number(fields: Fields, number: int) -> int:
    value = fields[number][0]
    if not isinstance(value, int):
        raise TypeError(number)
    return value


def signature_fits(signatures: bytes, digest_of: bytes, public_key: bytes) -> bool:
    """Whether one of the signatures over `digest_of` is by the key (SubjectPublicKeyInfo, DER)."""
    key = PublicKey.parse(public_key)
    form = _FORMS.get(key.type)
    try:
        candidates = [
            _bytes(read_fields(one), 2)
            for one in read_fields(signatures).get(1, ())
            if isinstance(one, bytes)
        ]
    except (WireError, KeyError, IndexError, TypeError):
        return False
    return form is not None and any(
        verify_signature(key, signature, digest_of, form=form, digest="sha256")
        for signature in candidates
    )
