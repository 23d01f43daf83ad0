"""update_engine's payload.bin (system/update_engine/update_metadata.proto), as far as one partition
that is replaced needs it. No I/O.

`CrAU`, version 2 (u64), the manifest's size (u64), the metadata signature's size (u32), all big
endian; the manifest; the metadata signature; the data; the payload signature.
"""

from __future__ import annotations

import base64
import hashlib
import struct
from collections.abc import Mapping
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import load_der_public_key

from holdfast.apk.keys import SigningKey
from virtualdevice.ota.operations import BLOCK_BYTES, Operation, encode, parse, plan
from virtualdevice.ota.wire import Fields, WireError, encode_fields, read_fields

__all__ = [
    "HEADER_BYTES",
    "Manifest",
    "PayloadError",
    "build_payload",
    "metadata_size_bytes",
    "payload_properties",
    "read_manifest",
    "signature_fits",
]

HEADER = struct.Struct(">4sQQI")
HEADER_BYTES = HEADER.size
MAGIC, MAJOR_VERSION = b"CrAU", 2
MANIFEST_LIMIT_BYTES = 4 << 20
FULL_MINOR_VERSION, DELTA_MINOR_VERSION = 0, 8


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


def _sign(key: SigningKey, data: bytes) -> bytes:
    """A `Signatures` message with one signature."""
    signature = key.sign_digest(data, hashes.SHA256())
    one = encode_fields((2, signature), (3, len(signature)))
    return encode_fields((1, one))


def build_payload(
    image: bytes, *, key: SigningKey, timestamp: int, partition: str = "system",
    old_image: bytes | None = None,
) -> bytes:  # fmt: skip
    """Signed twice, as delta_generator does: the metadata, and the whole."""
    operations, data = plan(image, old_image)
    part: list[tuple[int, int | bytes]] = [(1, partition.encode())]
    if old_image is not None:
        part.append((6, _partition_info(old_image)))
    part += [(7, _partition_info(image)), *((8, encode(one)) for one in operations)]
    minor = FULL_MINOR_VERSION if old_image is None else DELTA_MINOR_VERSION
    signature_size = _longest_signature(key)
    manifest = encode_fields(
        (3, BLOCK_BYTES), (4, len(data)), (5, signature_size), (12, minor),
        (13, encode_fields(*part)), (14, timestamp),
    )  # fmt: skip
    head = HEADER.pack(MAGIC, MAJOR_VERSION, len(manifest), signature_size)
    metadata = head + manifest
    metadata_signature = _padded(_sign(key, metadata), signature_size)
    payload_signature = _padded(_sign(key, metadata + data), signature_size)
    return metadata + metadata_signature + data + payload_signature


def _partition_info(image: bytes) -> bytes:
    return encode_fields((1, len(image)), (2, hashlib.sha256(image).digest()))


def _longest_signature(key: SigningKey) -> int:
    """EC signatures differ in length: there is room for the longest, and a field that fills it."""
    return len(_sign(key, b"")) + 16


def _padded(message: bytes, size: int) -> bytes:
    """An unknown field of zeros at the end, which every reader skips."""
    missing = size - len(message) - 2
    return message + encode_fields((15, bytes(missing)))


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
    key = load_der_public_key(public_key)
    try:
        candidates = [
            _bytes(read_fields(one), 2)
            for one in read_fields(signatures).get(1, ())
            if isinstance(one, bytes)
        ]
    except (WireError, KeyError, IndexError, TypeError):
        return False
    for signature in candidates:
        try:
            if isinstance(key, ec.EllipticCurvePublicKey):
                key.verify(signature, digest_of, ec.ECDSA(hashes.SHA256()))
            elif isinstance(key, rsa.RSAPublicKey):
                key.verify(signature, digest_of, padding.PKCS1v15(), hashes.SHA256())
            else:
                continue
        except InvalidSignature:
            continue
        return True
    return False


def payload_properties(payload: bytes) -> Mapping[str, str]:
    """What payload_properties.txt says, in its order."""
    metadata, _ = metadata_size_bytes(payload)
    return {
        "FILE_HASH": _base64(hashlib.sha256(payload).digest()),
        "FILE_SIZE": str(len(payload)),
        "METADATA_HASH": _base64(hashlib.sha256(payload[:metadata]).digest()),
        "METADATA_SIZE": str(metadata),
    }


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")
