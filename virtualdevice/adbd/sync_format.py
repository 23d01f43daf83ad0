"""The sync service's numbers (adb's file_sync_protocol.h). No I/O."""

from __future__ import annotations

import os
import stat
import struct
from enum import IntFlag

__all__ = ["DATA_LIMIT_BYTES", "Flag", "Ids", "pack_stat", "pack_stat_v2", "permissions_of"]

DATA_LIMIT_BYTES = 64 << 10
PATH_LIMIT_BYTES = 1024
REQUEST = struct.Struct("<4sI")
SETUP_SEND = struct.Struct("<4sII")
SETUP_RECEIVE = struct.Struct("<4sI")
STAT_V1 = struct.Struct("<4sIII")
STAT_V2 = struct.Struct("<4sIQQIIIIQqqq")
ENTRY_V1 = struct.Struct("<4sIIII")
ENTRY_V2 = struct.Struct("<4sIQQIIIIQqqqI")


class Flag(IntFlag):
    """Of SND2 and RCV2."""

    NONE = 0
    BROTLI = 1
    LZ4 = 2
    ZSTD = 4
    DRY_RUN = 0x80000000


class Ids:
    """Four letters each."""

    STAT = b"STAT"
    STAT_V2 = b"STA2"
    LSTAT_V2 = b"LST2"
    LIST = b"LIST"
    LIST_V2 = b"LIS2"
    ENTRY = b"DENT"
    ENTRY_V2 = b"DNT2"
    SEND = b"SEND"
    SEND_V2 = b"SND2"
    RECEIVE = b"RECV"
    RECEIVE_V2 = b"RCV2"
    DONE = b"DONE"
    DATA = b"DATA"
    OKAY = b"OKAY"
    FAIL = b"FAIL"
    QUIT = b"QUIT"


def pack_stat(found: os.stat_result | None) -> bytes:
    """Version 1: 32-bit size and time; all 0 for a file that is absent."""
    if found is None:
        return STAT_V1.pack(Ids.STAT, 0, 0, 0)
    return STAT_V1.pack(
        Ids.STAT, found.st_mode, found.st_size & 0xFFFFFFFF, int(found.st_mtime) & 0xFFFFFFFF
    )


def pack_stat_v2(kind: bytes, found: os.stat_result | None, error: int) -> bytes:
    return STAT_V2.pack(kind, error, *stat_fields(found))


def stat_fields(found: os.stat_result | None) -> tuple[int, ...]:
    """dev, ino, mode, nlink, uid, gid, size, atime, mtime, ctime."""
    if found is None:
        return (0,) * 10
    return (
        found.st_dev,
        found.st_ino,
        found.st_mode,
        found.st_nlink,
        found.st_uid,
        found.st_gid,
        found.st_size,
        int(found.st_atime),
        int(found.st_mtime),
        int(found.st_ctime),
    )


def permissions_of(mode: int) -> int:
    """adbd gives group and others what the user has (file_sync_service.cpp)."""
    user = mode & stat.S_IRWXU
    return user | user >> 3 | user >> 6
