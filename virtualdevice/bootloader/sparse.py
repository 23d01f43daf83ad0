"""Android's sparse images (system/core/libsparse/sparse_format.h). No I/O: bytes in, writes out."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

__all__ = ["SparseError", "Write", "image_size_bytes", "is_sparse", "writes_of"]

FILE_HEADER = struct.Struct("<IHHHHIIII")
CHUNK_HEADER = struct.Struct("<HHII")
MAGIC = 0xED26FF3A
RAW, FILL, SKIP, CRC = 0xCAC1, 0xCAC2, 0xCAC3, 0xCAC4


class SparseError(Exception):
    """The image is not what its header says."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Write:
    """`data` (or `fill`, repeated to `size_bytes`) goes to `offset_bytes` of the partition."""

    offset_bytes: int
    size_bytes: int
    data: memoryview | None = None
    fill: bytes | None = None


def is_sparse(image: bytes) -> bool:
    return image[:4] == MAGIC.to_bytes(4, "little")


def image_size_bytes(image: bytes) -> int:
    """What it unfolds to; each part of a split image says the size of the whole."""
    if not is_sparse(image):
        return len(image)
    header = _header(image)
    return header[5] * header[6]


def _header(image: bytes) -> tuple[int, ...]:
    """magic, major, minor, header sizes (file, chunk), block size, blocks, chunks, checksum."""
    if len(image) < FILE_HEADER.size:
        raise SparseError("the sparse image ends in its header")
    header = FILE_HEADER.unpack_from(image)
    if header[1] != 1 or header[3] < FILE_HEADER.size or header[4] < CHUNK_HEADER.size:
        raise SparseError("the sparse image has an unknown version")
    if header[5] == 0 or header[5] % 4:
        raise SparseError("the sparse image has an impossible block size")
    return header


def writes_of(image: bytes) -> Iterator[Write]:
    """What must be written where; holes are left as they are."""
    if not is_sparse(image):
        yield Write(offset_bytes=0, size_bytes=len(image), data=memoryview(image))
        return
    header = _header(image)
    block, blocks = header[5], header[6]
    place, offset = header[3], 0
    view = memoryview(image)
    for _ in range(header[7]):
        if len(image) - place < CHUNK_HEADER.size:
            raise SparseError("the sparse image ends between chunks")
        kind, _, count, total = CHUNK_HEADER.unpack_from(image, place)
        content = view[place + header[4] : place + total]
        if total < header[4] or place + total > len(image):
            raise SparseError("a chunk is longer than the image")
        size = 0 if kind == CRC else count * block
        if offset + size > blocks * block:
            raise SparseError("a chunk lies behind the image's end")
        write = _write(kind, offset, size, content)
        if write is not None:
            yield write
        place, offset = place + total, offset + size


def _write(kind: int, offset: int, size: int, content: memoryview) -> Write | None:
    if kind == RAW:
        if len(content) != size:
            raise SparseError("a chunk's data has another length than its blocks")
        return Write(offset_bytes=offset, size_bytes=size, data=content)
    if kind == FILL:
        if len(content) != 4:
            raise SparseError("a fill has other than four bytes")
        return Write(offset_bytes=offset, size_bytes=size, fill=bytes(content))
    if kind in {SKIP, CRC}:
        return None
    raise SparseError(f"a chunk has the unknown type {kind:#x}")
