"""System calls of other processes that process 1 is asked about before the kernel carries them out.

seccomp's user notification (Linux 5.5): a process takes on a filter, all that it starts has it too,
and whoever holds the filter's listener says of each call in the list whether it goes on or fails.
Layouts: linux/seccomp.h, linux/filter.h. Errors are OSError.
"""

from __future__ import annotations

import ctypes
import fcntl
import os
import struct
from collections.abc import Iterable
from typing import NamedTuple

__all__ = ["Asked", "Call", "answer", "become_readable", "next_question", "supervise"]

_libc = ctypes.CDLL(None, use_errno=True)
PR_SET_DUMPABLE = 4
SYS_SECCOMP = {"x86_64": 317, "aarch64": 277}
ARCHITECTURE = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
SET_MODE_FILTER, NEW_LISTENER = 1, 1 << 3
RETURN_ASK, RETURN_ALLOW = 0x7FC00000, 0x7FFF0000
LOAD_WORD, JUMP_IF_EQUAL, RETURN = 0x20, 0x15, 0x06
NUMBER_OFFSET, ARCHITECTURE_OFFSET = 0, 4
INSTRUCTION = struct.Struct("HBBI")
QUESTION = struct.Struct("=QIIiIQ6Q")
ANSWER = struct.Struct("=QqiI")
RECEIVE = 0xC0002100 | QUESTION.size << 16
SEND = 0xC0002101 | ANSWER.size << 16
GO_ON = 1


class Call(NamedTuple):
    """A system call's name, and its number on each machine."""

    name: str
    x86_64: int
    aarch64: int

    @property
    def number(self) -> int:
        return self.x86_64 if os.uname().machine == "x86_64" else self.aarch64


class Asked(NamedTuple):
    """A call that waits for its answer."""

    token: int
    pid: int
    number: int
    arguments: tuple[int, ...]


def supervise(calls: Iterable[Call]) -> int:
    """From now on these calls of this process, and of all that it starts, wait for an answer; the
    listener. It needs to be root in its user namespace."""
    numbers = [call.number for call in calls]
    program = _load(ARCHITECTURE_OFFSET)
    program += _unless_equal(ARCHITECTURE[os.uname().machine], skip=len(numbers) + 1)
    program += _load(NUMBER_OFFSET)
    for place, number in enumerate(numbers):
        program += INSTRUCTION.pack(JUMP_IF_EQUAL, len(numbers) - place, 0, number)
    program += INSTRUCTION.pack(RETURN, 0, 0, RETURN_ALLOW)
    program += INSTRUCTION.pack(RETURN, 0, 0, RETURN_ASK)
    content = ctypes.create_string_buffer(program, len(program))
    head = struct.pack("HxxxxxxP", len(program) // INSTRUCTION.size, ctypes.addressof(content))
    number = SYS_SECCOMP[os.uname().machine]
    listener: int = _libc.syscall(number, SET_MODE_FILTER, NEW_LISTENER, head)
    if listener < 0:
        code = ctypes.get_errno()
        raise OSError(code, f"seccomp: {os.strerror(code)}")
    return listener


def _load(offset: int) -> bytes:
    return INSTRUCTION.pack(LOAD_WORD, 0, 0, offset)


def _unless_equal(value: int, *, skip: int) -> bytes:
    return INSTRUCTION.pack(JUMP_IF_EQUAL, 0, skip, value)


def become_readable() -> None:
    """Let process 1 look into this process, which a change of its user had closed to it."""
    _libc.prctl(PR_SET_DUMPABLE, 1, 0, 0, 0)


def next_question(listener: int) -> Asked | None:
    """None if who asked is gone."""
    buffer = bytearray(QUESTION.size)
    try:
        fcntl.ioctl(listener, RECEIVE, buffer)
    except FileNotFoundError:
        return None
    token, pid, _flags, number, _architecture, _pointer, *arguments = QUESTION.unpack(buffer)
    return Asked(token, pid, number, tuple(arguments))


def answer(listener: int, asked: Asked, *, errno: int | None) -> None:
    """`errno` None: the kernel carries it out; 0: it was carried out, with 0 for a result."""
    flags = GO_ON if errno is None else 0
    message = ANSWER.pack(asked.token, 0, -(errno or 0), flags)
    try:
        fcntl.ioctl(listener, SEND, message)
    except FileNotFoundError:
        return  # it was ended meanwhile
