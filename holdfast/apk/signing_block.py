"""v2, v3 and v3.1 signers and the APK Signing Block around them, written as apksig writes them.

Format: source.android.com/docs/security/features/apksigning/v2 and /v3.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from holdfast.apk.block import BlockId
from holdfast.apk.fields import prefixed, u32
from holdfast.apk.keys import SignatureAlgorithm, SigningKey

__all__ = [
    "NEWEST_SDK",
    "PAGE_BYTES",
    "Attributes",
    "BlockSigner",
    "Sections",
    "signing_block",
    "v2_value",
    "v3_value",
]

PAGE_BYTES = 4096
NEWEST_SDK = 0x7FFFFFFF

_CHUNK_BYTES = 1 << 20


class Attributes:
    """Ids of additional attributes."""

    STRIPPING_PROTECTION = 0xBEEFF00D
    PROOF_OF_ROTATION = 0x3BA06F8C
    ROTATION_MIN_SDK = 0x559F8B02


@dataclass(frozen=True, kw_only=True, slots=True)
class Sections:
    """What is digested: entries (padded to where the block begins), directory, end record.

    The end record's directory offset has to be the block's.
    """

    entries: bytes
    directory: bytes
    end: bytes

    def digest(self, algorithm: SignatureAlgorithm) -> bytes:
        if algorithm.is_verity:
            return self._verity()
        name = algorithm.hash.name
        digests = b"".join(
            hashlib.new(name, b"\xa5" + u32(len(chunk)) + chunk).digest()
            for section in (self.entries, self.directory, self.end)
            for chunk in _cut(section, _CHUNK_BYTES)
        )
        count = len(digests) // algorithm.hash.digest_size
        return hashlib.new(name, b"\x5a" + u32(count) + digests).digest()

    def _verity(self) -> bytes:
        """The root of a SHA-256 tree over 4 KiB pages, salted with eight zeros; then the length."""
        level = self.entries + self.directory + self.end
        size = len(level)
        while True:
            pages = _cut(level, PAGE_BYTES)
            level = b"".join(
                hashlib.sha256(bytes(8) + page.ljust(PAGE_BYTES, b"\0")).digest() for page in pages
            )
            if len(level) <= PAGE_BYTES:
                break
        root = hashlib.sha256(bytes(8) + level.ljust(PAGE_BYTES, b"\0")).digest()
        return root + struct.pack("<Q", size)


def _cut(data: bytes, size: int) -> Iterator[bytes]:
    return (data[at : at + size] for at in range(0, len(data), size))


@dataclass(frozen=True, kw_only=True, slots=True)
class BlockSigner:
    """One signer of a block; `attributes` maps ids to values. The SDK range is v3's."""

    key: SigningKey
    algorithms: tuple[SignatureAlgorithm, ...]
    attributes: Mapping[int, bytes]
    min_sdk: int = 24
    max_sdk: int = NEWEST_SDK


def _attributes(signer: BlockSigner) -> bytes:
    return b"".join(prefixed(u32(number), value) for number, value in signer.attributes.items())


def _pairs(items: Sequence[tuple[SignatureAlgorithm, bytes]]) -> bytes:
    return prefixed(*(prefixed(u32(number), prefixed(value)) for number, value in items))


def _digests(signer: BlockSigner, sections: Sections) -> bytes:
    return _pairs([(algorithm, sections.digest(algorithm)) for algorithm in signer.algorithms])


def _signatures(signer: BlockSigner, signed_data: bytes) -> bytes:
    return _pairs(
        [(algorithm, signer.key.sign(signed_data, algorithm)) for algorithm in signer.algorithms]
    )


def v2_value(signers: Sequence[BlockSigner], sections: Sections) -> bytes:
    """The value of the v2 pair."""
    blocks = []
    for signer in signers:
        signed_data = (
            _digests(signer, sections)
            + prefixed(prefixed(signer.key.certificate))
            + prefixed(_attributes(signer))
            + prefixed()  # apksig writes one more empty field
        )
        blocks.append(
            prefixed(
                prefixed(signed_data),
                _signatures(signer, signed_data),
                prefixed(signer.key.public_key_der),
            )
        )
    return prefixed(*blocks)


def v3_value(signers: Sequence[BlockSigner], sections: Sections) -> bytes:
    """The value of the v3 or v3.1 pair."""
    blocks = []
    for signer in signers:
        levels = u32(signer.min_sdk) + u32(signer.max_sdk)
        signed_data = (
            _digests(signer, sections)
            + prefixed(prefixed(signer.key.certificate))
            + levels
            + prefixed(_attributes(signer))
        )
        blocks.append(
            prefixed(
                prefixed(signed_data),
                levels,
                _signatures(signer, signed_data),
                prefixed(signer.key.public_key_der),
            )
        )
    return prefixed(*blocks)


def signing_block(pairs: Sequence[tuple[int, bytes]]) -> bytes:
    """The whole block, padded by a pair of its own to a multiple of 4096 bytes."""
    body = b"".join(struct.pack("<QI", 4 + len(value), number) + value for number, value in pairs)
    padding = -(len(body) + 32) % PAGE_BYTES
    if padding:
        if padding < 12:  # the head of a pair
            padding += PAGE_BYTES
        body += struct.pack("<QI", padding - 8, BlockId.PADDING) + bytes(padding - 12)
    size = struct.pack("<Q", len(body) + 24)
    return size + body + size + b"APK Sig Block 42"
