"""Making a payload.bin (payload.py has the format), as delta_generator does.

No device makes one: it is spared the import of what signs.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping

from cryptography.hazmat.primitives import hashes

from holdfast.apk.keys import SigningKey
from virtualdevice.ota.operations import BLOCK_BYTES, encode, plan
from virtualdevice.ota.payload import (
    DELTA_MINOR_VERSION,
    FULL_MINOR_VERSION,
    HEADER,
    MAGIC,
    MAJOR_VERSION,
    metadata_size_bytes,
)
from virtualdevice.ota.wire import encode_fields

__all__ = ["build_payload", "payload_properties"]


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
