"""How a payload makes a partition: its operations (update_metadata.proto, InstallOperation).

A full payload replaces; an incremental one copies the blocks that the old partition has already,
wherever they are. Extents are (first block, number of blocks). No I/O.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum

from virtualdevice.ota.wire import Fields, encode_fields, read_fields

__all__ = [
    "BLOCK_BYTES",
    "Kind",
    "Operation",
    "SourceMismatch",
    "encode",
    "fits",
    "parse",
    "plan",
    "run",
]

BLOCK_BYTES = 4096
ZEROS = bytes(BLOCK_BYTES)
PARTITION_LIMIT_BYTES = 8 << 30


class Kind(IntEnum):
    REPLACE = 0
    SOURCE_COPY = 4
    ZERO = 6


class SourceMismatch(Exception):
    """What the payload would copy is not there."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Operation:
    """`data_…` is where its bytes lie behind the metadata; digests are SHA-256, or empty."""

    kind: Kind
    target: tuple[int, int]
    data_offset: int = 0
    data_size_bytes: int = 0
    data_digest: bytes = b""
    source: tuple[int, int] = (0, 0)
    source_digest: bytes = b""


def plan(image: bytes, old_image: bytes | None) -> tuple[list[Operation], bytes]:
    """Operations that make `image`, and the bytes that they need. Whole blocks."""
    if old_image is None:
        digest = hashlib.sha256(image).digest()
        target = (0, len(image) // BLOCK_BYTES)
        whole = Operation(
            kind=Kind.REPLACE, target=target, data_size_bytes=len(image), data_digest=digest
        )
        return [whole], image
    operations: list[Operation] = []
    data = bytearray()
    for kind, first, source, count in _runs(image, old_image):
        content = _cut(image, (first, count)) if kind is Kind.REPLACE else b""
        copied = _cut(old_image, (source, count)) if kind is Kind.SOURCE_COPY else b""
        operations.append(
            Operation(
                kind=kind,
                target=(first, count),
                data_offset=len(data) if content else 0,
                data_size_bytes=len(content),
                data_digest=hashlib.sha256(content).digest() if content else b"",
                source=(source, count) if copied else (0, 0),
                source_digest=hashlib.sha256(copied).digest() if copied else b"",
            )
        )
        data += content
    return operations, bytes(data)


def _runs(image: bytes, old_image: bytes) -> list[tuple[Kind, int, int, int]]:
    """Blocks that are made in the same way: how, from which on, from which old one on, how many."""
    known = {block: number for number, block in reversed(list(enumerate(_blocks(old_image))))}
    runs: list[tuple[Kind, int, int, int]] = []
    for number, block in enumerate(_blocks(image)):
        kind, source = Kind.REPLACE, 0
        if block == ZEROS:
            kind = Kind.ZERO
        elif block in known:
            kind, source = Kind.SOURCE_COPY, known[block]
        if runs:
            before, first, old, count = runs[-1]
            if before is kind and (kind is not Kind.SOURCE_COPY or old + count == source):
                runs[-1] = (kind, first, old, count + 1)
                continue
        runs.append((kind, number, source, 1))
    return runs


def _blocks(image: bytes) -> list[bytes]:
    return [image[start : start + BLOCK_BYTES] for start in range(0, len(image), BLOCK_BYTES)]


def _cut(image: bytes, extent: tuple[int, int]) -> bytes:
    first, count = extent
    return image[first * BLOCK_BYTES : (first + count) * BLOCK_BYTES]


def run(operations: Sequence[Operation], data: bytes, source: bytes) -> bytes:
    """The partition that they make of `data` and of the old partition. SourceMismatch."""
    blocks = max((sum(one.target) for one in operations), default=0)
    made = bytearray(blocks * BLOCK_BYTES)
    for one in operations:
        start = one.target[0] * BLOCK_BYTES
        if one.kind is Kind.REPLACE:
            content = data[one.data_offset : one.data_offset + one.data_size_bytes]
        elif one.kind is Kind.SOURCE_COPY:
            content = _cut(source, one.source)
            if hashlib.sha256(content).digest() != one.source_digest:
                raise SourceMismatch
        else:
            continue
        made[start : start + len(content)] = content
    return bytes(made)


def fits(operations: Sequence[Operation], source: bytes) -> bool:
    """Whether all that they copy is in the old partition."""
    return all(
        hashlib.sha256(_cut(source, one.source)).digest() == one.source_digest
        for one in operations
        if one.source_digest
    )


def encode(operation: Operation) -> bytes:
    """The message."""
    fields: list[tuple[int, int | bytes]] = [(1, operation.kind)]
    if operation.kind is Kind.REPLACE:
        fields += [(2, operation.data_offset), (3, operation.data_size_bytes)]
    if operation.kind is Kind.SOURCE_COPY:
        fields.append((4, _extent(operation.source)))
    fields.append((6, _extent(operation.target)))
    if operation.data_digest:
        fields.append((8, operation.data_digest))
    if operation.source_digest:
        fields.append((9, operation.source_digest))
    return encode_fields(*fields)


def _extent(extent: tuple[int, int]) -> bytes:
    return encode_fields((1, extent[0]), (2, extent[1]))


def parse(message: bytes) -> Operation:
    """WireError, KeyError, TypeError or ValueError for one that is none."""
    fields = read_fields(message)
    target = _read_extent(_bytes(fields, 6))
    if sum(target) * BLOCK_BYTES > PARTITION_LIMIT_BYTES:
        raise ValueError("no partition is as large as that")
    return Operation(
        kind=Kind(_number(fields, 1)),
        target=target,
        data_offset=_number(fields, 2, default=0),
        data_size_bytes=_number(fields, 3, default=0),
        data_digest=_bytes(fields, 8) if 8 in fields else b"",
        source=_read_extent(_bytes(fields, 4)) if 4 in fields else (0, 0),
        source_digest=_bytes(fields, 9) if 9 in fields else b"",
    )


def _read_extent(message: bytes) -> tuple[int, int]:
    fields = read_fields(message)
    return _number(fields, 1, default=0), _number(fields, 2)


def _bytes(fields: Fields, number: int) -> bytes:
    value = fields[number][0]
    if not isinstance(value, bytes):
        raise TypeError(number)
    return value


def _number(fields: Fields, number: int, *, default: int | None = None) -> int:
    value = fields[number][0] if number in fields else default
    if not isinstance(value, int):
        raise TypeError(number)
    return value
