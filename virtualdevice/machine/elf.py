"""Small changes to copies of the distribution's programs. Pure: bytes in, bytes out."""

from __future__ import annotations

import re
import struct

__all__ = ["interpreter_of", "with_interpreter", "without_error_prefix"]

PT_INTERP = 3
FIRST_INACCESSIBLE_API = 29
PROGRAM_HEADER_OFFSET = 32
PROGRAM_HEADER_SIZE = 54


def _interpreter_span(program: bytes) -> tuple[int, int] | None:
    """Offset and size of PT_INTERP in a 64-bit little-endian ELF file (elf.h)."""
    if program[:6] != b"\x7fELF\x02\x01":
        return None
    (table,) = struct.unpack_from("<Q", program, PROGRAM_HEADER_OFFSET)
    entry_size, count = struct.unpack_from("<HH", program, PROGRAM_HEADER_SIZE)
    for index in range(count):
        start = table + index * entry_size
        (kind,) = struct.unpack_from("<I", program, start)
        if kind == PT_INTERP:
            (offset,) = struct.unpack_from("<Q", program, start + 8)
            (size,) = struct.unpack_from("<Q", program, start + 32)
            return offset, size
    return None


def interpreter_of(program: bytes) -> str | None:
    """The loader that a dynamic program names; None for a static one."""
    span = _interpreter_span(program)
    if span is None:
        return None
    return program[span[0] : span[0] + span[1]].rstrip(b"\0").decode()


def with_interpreter(program: bytes, loader: bytes) -> bytes:
    """The program with another loader's path in place; ValueError if that is too long."""
    span = _interpreter_span(program)
    if span is None:
        return program
    offset, size = span
    if len(loader) >= size:
        raise ValueError(f"the path {loader!r} does not fit into {size} bytes")
    return program[:offset] + loader.ljust(size, b"\0") + program[offset + size :]


WRITES_THREE_BYTES = re.compile(rb"\xbe\x03\0\0\0\x48\x8d\x3d(....)", re.DOTALL)
"""x86-64: mov $3,%esi; lea X(%rip),%rdi — the arguments of a call that writes three bytes."""
PREFIXES = (b"E: \0", b"W: \0")


def without_error_prefix(mksh: bytes, *, api: int) -> bytes:
    """Debian's mksh says "E: " before its errors; Android's does not. What is not recognised stays.

    The prefix is written by its length, so that length becomes 0 in the code. Up to Android 9, mksh
    said "not found" where later ones say "inaccessible or not found".
    """
    program = bytearray(mksh)
    for use in WRITES_THREE_BYTES.finditer(mksh):
        (distance,) = struct.unpack("<i", use[1])
        target = use.end() + distance
        if mksh[target : target + 4] in PREFIXES:
            program[use.start() + 1] = 0
    long = b"\0inaccessible or not found\0"
    place = mksh.find(long)
    if api < FIRST_INACCESSIBLE_API and place >= 0:
        program[place : place + len(long)] = b"\0not found".ljust(len(long), b"\0")
    return bytes(program)
