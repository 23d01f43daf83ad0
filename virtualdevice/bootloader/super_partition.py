"""The super partition (Android 10 and later): logical partitions, their sizes, its metadata image.

Source: AOSP system/core/fs_mgr/liblp (metadata_format.h), fastboot/device/commands.cpp and
flashing.cpp for what fastbootd says. No I/O.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from typing import Any

from virtualdevice.bootloader.refusal import FlashRefused

__all__ = ["FIRST_SUPER_API", "LOGICAL_NAMES", "SuperPartition", "read_metadata_image"]

FIRST_SUPER_API = 29
LOGICAL_NAMES = frozenset({"system", "system_ext", "product", "vendor", "odm"})
BLOCK_BYTES, SECTOR_BYTES = 4096, 512
GEOMETRY_MAGIC, GEOMETRY_BYTES, HEADER_MAGIC = 0x616C4467, 4096, 0x414C5030
HEADER = struct.Struct("<IHHI32sI32s")
TABLE = struct.Struct("<III")
"""Offset behind the header, number of entries, bytes of one."""
PARTITION = struct.Struct("<36sIIII")
EXTENT = struct.Struct("<QIQI")
NO_METADATA = "Data is not a valid logical partition metadata image"


class SuperPartition:
    """`sizes` is the table, in bytes by the name with its slot; it is changed in place."""

    def __init__(self, sizes: dict[str, int], *, capacity_bytes: int) -> None:
        self._sizes = sizes
        self._capacity_bytes = capacity_bytes

    def create(self, name: str, size_bytes: int) -> None:
        if name in self._sizes:
            raise FlashRefused("Partition already exists")
        if self._free_bytes < _aligned(size_bytes):
            raise FlashRefused("Not enough space for partition")
        self._sizes[name] = _aligned(size_bytes)

    def resize(self, name: str, size_bytes: int) -> None:
        if name not in self._sizes:
            raise FlashRefused("Partition does not exist")
        if self._free_bytes + self._sizes[name] < _aligned(size_bytes):
            raise FlashRefused("Not enough space to resize partition")
        self._sizes[name] = _aligned(size_bytes)

    def delete(self, name: str) -> None:
        """Nothing if there is none, as fastbootd has it."""
        self._sizes.pop(name, None)

    def replace(self, sizes: Mapping[str, int], *, slot: str, wipe: bool) -> None:
        """By another table, but for what belongs to the other slot (with `wipe` that goes, too)."""
        kept = {} if wipe else {n: s for n, s in self._sizes.items() if not n.endswith(f"_{slot}")}
        new = {**sizes, **kept}
        if sum(new.values()) > self._capacity_bytes:
            raise FlashRefused(
                "Old partitions are not compatible with the new super layout; wipe needed"
            )
        self._sizes.clear()
        self._sizes.update(new)

    @property
    def _free_bytes(self) -> int:
        return self._capacity_bytes - sum(self._sizes.values())


def _aligned(size_bytes: int) -> int:
    return -(-size_bytes // BLOCK_BYTES) * BLOCK_BYTES


def read_metadata_image(image: bytes) -> dict[str, int]:
    """super_empty.img: sizes in bytes by name. FlashRefused."""
    try:
        if struct.unpack_from("<I", image)[0] != GEOMETRY_MAGIC:
            raise FlashRefused(NO_METADATA)
        magic, _, _, header_bytes, *_ = HEADER.unpack_from(image, GEOMETRY_BYTES)
        if magic != HEADER_MAGIC:
            raise FlashRefused(NO_METADATA)
        tables = GEOMETRY_BYTES + header_bytes
        place = GEOMETRY_BYTES + HEADER.size
        extents = _entries(image, place + TABLE.size, tables, EXTENT)
        found = {}
        for name, _, first, count, _ in _entries(image, place, tables, PARTITION):
            sectors = sum(sectors for sectors, *_ in extents[first : first + count])
            found[name.rstrip(b"\0").decode("ascii")] = sectors * SECTOR_BYTES
        return found
    except (struct.error, UnicodeDecodeError) as error:
        raise FlashRefused(NO_METADATA) from error


def _entries(image: bytes, place: int, tables: int, entry: struct.Struct) -> list[tuple[Any, ...]]:
    offset, count, size = TABLE.unpack_from(image, place)
    if size < entry.size or count > len(image):
        raise FlashRefused(NO_METADATA)
    return [entry.unpack_from(image, tables + offset + n * size) for n in range(count)]
