"""Scheme v4: the `.idsig` file beside an APK, for incremental installs from API 30 on.

A hash tree over the whole file, and a signature over its root and over the content digest that
v2 or v3 signed. Source: android.os.incremental.V4Signature, apksig's V4SchemeVerifier.
"""

from __future__ import annotations

import hmac
import struct
from dataclasses import dataclass

from holdfast.apk.archive import Apk
from holdfast.apk.block_algorithms import ALGORITHMS
from holdfast.apk.certificates import Certificate
from holdfast.apk.content import file_tree_root
from holdfast.apk.fields import FieldReader, prefixed, u32
from holdfast.apk.format_error import ApkFormatError
from holdfast.apk.public_keys import PublicKey, same_key

__all__ = ["IdSig", "IdSigSigner"]

VERSION = 2
_SHA256 = 1
_LOG2_PAGE = 12
_SIZES = struct.Struct("<Q")


@dataclass(frozen=True, kw_only=True, slots=True)
class IdSigSigner:
    """One signer; `block_id` is None for the first, the v3.1 pair's id for a rotated one."""

    block_id: int | None
    apk_digest: bytes
    certificate: bytes
    additional_data: bytes
    public_key: bytes
    algorithm_id: int
    signature: bytes

    @classmethod
    def read(cls, reader: FieldReader, *, block_id: int | None) -> IdSigSigner:
        return cls(
            block_id=block_id,
            apk_digest=reader.prefixed(),
            certificate=reader.prefixed(),
            additional_data=reader.prefixed(),
            public_key=reader.prefixed(),
            algorithm_id=reader.u32(),
            signature=reader.prefixed(),
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class IdSig:
    """A parsed file: SHA-256 over pages of 4 KiB is the only tree there is."""

    salt: bytes
    root: bytes
    signers: tuple[IdSigSigner, ...]

    @classmethod
    def from_bytes(cls, data: bytes) -> IdSig:
        """ApkFormatError where it is no `.idsig` file, or one of a kind that no Android takes."""
        reader = FieldReader(data)
        if reader.u32() != VERSION:
            raise ApkFormatError("not an .idsig file of version 2")
        hashing = reader.nested()
        if hashing.u32() != _SHA256 or hashing.take(1)[0] != _LOG2_PAGE:
            raise ApkFormatError("an .idsig file with an unknown hash tree")
        salt, root = hashing.prefixed(), hashing.prefixed()
        signing = reader.nested()
        signers = [IdSigSigner.read(signing, block_id=None)]
        while signing.remaining:
            block_id = signing.u32()
            signers.append(IdSigSigner.read(signing.nested(), block_id=block_id))
        return cls(salt=salt, root=root, signers=tuple(signers))

    def is_of(self, apk: Apk) -> bool:
        """Is the tree that of the file, and do all signatures verify?"""
        if not hmac.compare_digest(file_tree_root(apk, salt=self.salt), self.root):
            return False
        return all(self._verifies(signer, apk.size_bytes) for signer in self.signers)

    def _verifies(self, signer: IdSigSigner, file_size: int) -> bool:
        algorithm = ALGORITHMS.get(signer.algorithm_id)
        try:
            certificate = Certificate.parse(signer.certificate)
            if algorithm is None or not same_key(certificate.public_key, signer.public_key):
                return False
            key = PublicKey.parse(signer.public_key)
            return algorithm.verifies(key, signer.signature, self._signed_data(signer, file_size))
        except ApkFormatError:
            return False

    def _signed_data(self, signer: IdSigSigner, file_size: int) -> bytes:
        body = b"".join(
            (
                _SIZES.pack(file_size),
                u32(_SHA256),
                bytes([_LOG2_PAGE]),
                prefixed(self.salt),
                prefixed(self.root),
                prefixed(signer.apk_digest),
                prefixed(signer.certificate),
                prefixed(signer.additional_data),
            )
        )
        return u32(len(body) + 4) + body
