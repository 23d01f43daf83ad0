"""Digests over a whole APK but its signing block, as schemes v2 and up sign them.

Sources: ApkSigningBlockUtils.computeContentDigestsPer1MbChunk, VerityBuilder; source.android.com,
"APK Signature Scheme v2". Chunks are hashed by as many threads as there are cores: hashlib lets go
of the interpreter's lock, and each thread reads into one buffer of its own.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from holdfast.apk.archive import Apk
from holdfast.apk.block import SigningBlock
from holdfast.apk.source import ByteSource, MemorySource

__all__ = ["PAGE", "chunked_digest", "file_tree_root", "signed_size", "verity_root"]

CHUNK = 1024 * 1024
PAGE = 4096
_PAGES_AT_ONCE = 256
_VERITY_SALT = bytes(8)
_WORTH_A_THREAD = 4


@dataclass(frozen=True, slots=True)
class _Piece:
    source: ByteSource
    offset: int
    length: int


def _sections(apk: Apk, block: SigningBlock) -> tuple[_Piece, _Piece, _Piece]:
    """What is signed: all before the block, the directory, the end record pointing to the block."""
    tail = apk.tail
    end_record = MemorySource(tail.pointing_to(block.offset))
    return (
        _Piece(apk.source, 0, block.offset),
        _Piece(apk.source, tail.directory_offset, tail.offset - tail.directory_offset),
        _Piece(end_record, 0, end_record.size_bytes),
    )


def signed_size(apk: Apk, block: SigningBlock) -> int:
    """Bytes of the file without its signing block."""
    return apk.size_bytes - block.size


def chunked_digest(apk: Apk, block: SigningBlock, *, algorithm: str) -> bytes:
    """The digest over the digests of chunks of 1 MiB; `algorithm` is `sha256` or `sha512`.

    Computed once for each APK that is open.
    """
    known = apk.known_digests.get(algorithm)
    if known is None:
        known = apk.known_digests[algorithm] = _chunked_digest(apk, block, algorithm)
    return known


def _chunked_digest(apk: Apk, block: SigningBlock, algorithm: str) -> bytes:
    chunks = [
        _Piece(section.source, section.offset + start, min(CHUNK, section.length - start))
        for section in _sections(apk, block)
        for start in range(0, section.length, CHUNK)
    ]

    def digest(piece: _Piece, buffer: bytearray) -> bytes:
        hasher = hashlib.new(algorithm, b"\xa5" + piece.length.to_bytes(4, "little"))
        hasher.update(piece.source.window(piece.offset, piece.length, buffer))
        return hasher.digest()

    top = hashlib.new(algorithm, b"\x5a" + len(chunks).to_bytes(4, "little"))
    for part in _in_parallel(digest, chunks):
        top.update(part)
    return top.digest()


def verity_root(apk: Apk, block: SigningBlock) -> bytes:
    """Root of the SHA-256 tree over pages of 4 KiB, salted with eight zeros, the last one padded.

    The caller has made sure that the block lies on page borders. Computed once for each APK.
    """
    known = apk.known_digests.get("verity")
    if known is None:
        known = apk.known_digests["verity"] = _verity_root(apk, block)
    return known


def _verity_root(apk: Apk, block: SigningBlock) -> bytes:
    before, *after = _sections(apk, block)
    rest = MemorySource(b"".join(piece.source.read(piece.offset, piece.length) for piece in after))
    return _tree_root((before, _Piece(rest, 0, rest.size_bytes)), _VERITY_SALT)


def file_tree_root(apk: Apk, *, salt: bytes) -> bytes:
    """Root of the same tree over the whole file, as scheme v4 (fs-verity) has it."""
    return _tree_root((_Piece(apk.source, 0, apk.size_bytes),), salt)


def _tree_root(sections: Sequence[_Piece], salt: bytes) -> bytes:
    """All sections but the last end on a page border."""
    step = PAGE * _PAGES_AT_ONCE
    pieces = [
        _Piece(section.source, section.offset + start, min(step, section.length - start))
        for section in sections
        for start in range(0, section.length, step)
    ]

    def digest(piece: _Piece, buffer: bytearray) -> bytes:
        return _page_digests(piece.source.window(piece.offset, piece.length, buffer), salt)

    level = b"".join(_in_parallel(digest, pieces))
    while len(level) > PAGE:
        level = _page_digests(memoryview(level), salt)
    return _page_digests(memoryview(level), salt)


def _page_digests(data: memoryview, salt: bytes) -> bytes:
    return b"".join(
        hashlib.sha256(salt + bytes(data[start : start + PAGE]).ljust(PAGE, b"\0")).digest()
        for start in range(0, len(data), PAGE)
    )


def _in_parallel(
    digest: Callable[[_Piece, bytearray], bytes], pieces: Sequence[_Piece]
) -> Iterator[bytes]:
    """Digests of the pieces, in their order."""
    workers = min(os.cpu_count() or 1, len(pieces) // _WORTH_A_THREAD)
    longest = max((piece.length for piece in pieces), default=0)
    if workers < 2:
        buffer = bytearray(longest)
        yield from (digest(piece, buffer) for piece in pieces)
        return

    # For small APKs, of which one thread makes quick work, the import would be most of the time.
    from concurrent.futures import ThreadPoolExecutor

    def digest_share(first: int) -> list[bytes]:
        own_buffer = bytearray(longest)
        return [digest(piece, own_buffer) for piece in pieces[first::workers]]

    with ThreadPoolExecutor(max_workers=workers) as pool:
        shares = list(pool.map(digest_share, range(workers)))
    for index in range(len(pieces)):
        yield shares[index % workers][index // workers]
