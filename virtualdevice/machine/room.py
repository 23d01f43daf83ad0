"""How much /data may hold, kept in process 1: what is written beyond it fails with ENOSPC.

The host's disk cannot be made full, and no file system with a size of its own outlives a power cut
without a disk of its own. So the kernel asks process 1 about each write of whoever starts once the
disk is full (supervised_calls.py), and a look at the file system shows what is left. Root writes
on, as into the blocks that a phone's file system reserves for it and the system (fstab's
reserve_root). A new file can be made, as on ext4: it is its content that there is no room for.
"""

from __future__ import annotations

import ctypes
import errno
import os
import re
import select
import socket
import stat
import struct
import time
from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

from virtualdevice.machine.kernel import receive_with_descriptors, send_with_descriptors
from virtualdevice.machine.supervised_calls import (
    Asked,
    Call,
    answer,
    become_readable,
    next_question,
    supervise,
)

__all__ = ["Entrance", "Room"]

DATA = "/data"
SEEN_AT = re.compile(r"/data(/|$)|/storage/emulated/.", re.DOTALL)
"""Where the content of /data is."""


class _Write(NamedTuple):
    """Places in the call's arguments: the file, how many bytes (None: nobody knows, at least one),
    where in the file (None: where it stands), and the file that they come from."""

    call: Call
    file: int
    size: int | None
    offset: int | None = None
    source: int | None = None


_WRITES = (
    _Write(Call("write", 1, 64), 0, 2),
    _Write(Call("pwrite64", 18, 68), 0, 2, offset=3),
    _Write(Call("writev", 20, 66), 0, None),
    _Write(Call("pwritev", 296, 70), 0, None, offset=3),
    _Write(Call("sendfile", 40, 71), 0, 3, source=1),
    _Write(Call("copy_file_range", 326, 285), 2, 4, source=0),
    _Write(Call("fallocate", 285, 47), 0, 3, offset=2),
)
WRITES = {write.call.number: write for write in _WRITES}
STATFS, FSTATFS = Call("statfs", 137, 43), Call("fstatfs", 138, 44)
LOOKS = (STATFS, FSTATFS)
STATFS_BYTES, FREE_OFFSET = 120, 24
"""struct statfs, and where its f_bfree and f_bavail are."""
LONG_S = 0.05
PATH_LIMIT_BYTES, PAGE_BYTES = 4096, 4096

_libc = ctypes.CDLL(None, use_errno=True)


class Entrance:
    """Through which a new process comes under supervision: made before the fork."""

    def __init__(self, *, root: bool) -> None:
        self._root = root
        self._ours, self._theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)

    def enter(self) -> None:
        """In the new process, while it is root still."""
        calls = LOOKS if self._root else (*LOOKS, *(write.call for write in _WRITES))
        listener = supervise(calls)
        send_with_descriptors(self._theirs, b"in", (listener,))
        os.close(listener)

    def become_readable(self) -> None:
        """In a new process that runs no program of its own, once it has its ids."""
        become_readable()

    def listener(self) -> int | None:
        """In process 1, after the fork; None if the process has ended before."""
        self._theirs.close()
        with self._ours:
            _, descriptors = receive_with_descriptors(self._ours, 16)
        return descriptors[0] if descriptors else None


class Room:
    """`poll` is that of process 1's loop: whoever asks is put into it."""

    def __init__(self, poll: select.poll) -> None:
        self._poll = poll
        self._limit_bytes: int | None = None
        self._free_bytes = 0
        self._not_counted_before_s = 0.0
        self._listeners: set[int] = set()

    def fill(self, limit_bytes: int | None) -> int:
        """Have no room beyond the limit (None: beyond what is there now); the limit. OSError if
        the kernel does not ask about calls."""
        _try_to_supervise()
        self._limit_bytes = _used_bytes() if limit_bytes is None else limit_bytes
        self._count()
        return self._limit_bytes

    def space(self) -> dict[str, int]:
        """`free` and `total` bytes of /data."""
        found = os.statvfs(DATA)
        free = found.f_bavail * found.f_frsize
        if self._limit_bytes is not None:
            free = min(free, self._count())
        return {"free": free, "total": found.f_blocks * found.f_frsize}

    def entrance(self, uid: int) -> Entrance | None:
        """For a process of that user; None if there is room for all."""
        return None if self._limit_bytes is None else Entrance(root=uid == 0)

    def take(self, entrance: Entrance) -> None:
        """After the fork."""
        listener = entrance.listener()
        if listener is not None:
            self._listeners.add(listener)
            self._poll.register(listener, select.POLLIN)

    def hears(self, listener: int, events: int) -> bool:
        """Whether this was an event of somebody under supervision."""
        if listener not in self._listeners:
            return False
        if events & select.POLLIN:
            asked = next_question(listener)
            if asked is not None:
                answer(listener, asked, errno=self._judge(asked))
        else:  # the last of them has ended
            self._poll.unregister(listener)
            self._listeners.remove(listener)
            os.close(listener)
        return True

    def _judge(self, asked: Asked) -> int | None:
        """None: let it do so."""
        try:
            if asked.number in WRITES:
                return self._judge_write(asked, WRITES[asked.number])
            return self._look(asked)
        except (OSError, KeyError, ValueError):  # who asked is no more
            return None

    def _judge_write(self, asked: Asked, write: _Write) -> int | None:
        descriptor = asked.arguments[write.file] & 0xFFFFFFFF
        if not SEEN_AT.match(_shown(asked.pid, descriptor)):
            return None
        file = os.stat(f"/proc/{asked.pid}/fd/{descriptor}")
        if not stat.S_ISREG(file.st_mode):
            return None
        size = 1 if write.size is None else asked.arguments[write.size]
        if write.source is not None:
            source = asked.arguments[write.source] & 0xFFFFFFFF
            size = min(size, os.stat(f"/proc/{asked.pid}/fd/{source}").st_size)
        if write.offset is not None:
            start = asked.arguments[write.offset]
        else:
            start = _position(asked.pid, descriptor, file.st_size)
        more = max(0, start + size - file.st_size)
        if more > self._free_bytes and more > self._count_again():
            return errno.ENOSPC
        self._free_bytes -= more
        return None

    def _look(self, asked: Asked) -> int | None:
        """0 if it was told what is free."""
        if asked.number == FSTATFS.number:
            path = _shown(asked.pid, asked.arguments[0] & 0xFFFFFFFF)
        else:
            path = _path_in(asked.pid, asked.arguments[0])
        if not SEEN_AT.match(path):
            return None
        content = ctypes.create_string_buffer(STATFS_BYTES)
        if _libc.statfs(os.fsencode(path), content) != 0:
            return None
        block_bytes = int.from_bytes(content.raw[8:16], "little")
        free = self._count() // block_bytes
        told = bytearray(content.raw)
        struct.pack_into("=QQ", told, FREE_OFFSET, free, free)
        with _memory(asked.pid) as memory:
            os.pwrite(memory.fileno(), told, asked.arguments[1])
        return 0

    def _count_again(self) -> int:
        """Unless that takes long and was done just now: a program may go on failing for as long as
        it likes, and nobody else is served meanwhile."""
        began_s = time.monotonic()
        if began_s >= self._not_counted_before_s:
            self._count()
            took_s = time.monotonic() - began_s
            if took_s > LONG_S:
                self._not_counted_before_s = began_s + 3 * took_s
        return self._free_bytes

    def _count(self) -> int:
        """What is free now; system and root may have gone beyond the limit."""
        assert self._limit_bytes is not None
        self._free_bytes = max(0, self._limit_bytes - _used_bytes())
        return self._free_bytes


def _shown(pid: int, descriptor: int) -> str:
    return os.readlink(f"/proc/{pid}/fd/{descriptor}")


def _position(pid: int, descriptor: int, size_bytes: int) -> int:
    """Where in a file of that size the next byte goes."""
    with open(f"/proc/{pid}/fdinfo/{descriptor}", encoding="utf-8") as file:
        facts = dict(line.rstrip("\n").split(":\t", 1) for line in file if ":\t" in line)
    return size_bytes if int(facts["flags"], 8) & os.O_APPEND else int(facts["pos"])


def _path_in(pid: int, address: int) -> str:
    """A path that is in that process's memory, without links."""
    path = b""
    with _memory(pid) as memory:
        while b"\0" not in path and len(path) < PATH_LIMIT_BYTES:
            place = address + len(path)
            piece = os.pread(memory.fileno(), PAGE_BYTES - place % PAGE_BYTES, place)
            if not piece:
                raise OSError(errno.EFAULT, "who asked has ended")
            path += piece
    where = os.fsdecode(path.partition(b"\0")[0])
    return os.path.realpath(os.path.join(os.readlink(f"/proc/{pid}/cwd"), where))


def _memory(pid: int) -> BinaryIO:
    return open(f"/proc/{pid}/mem", "r+b", buffering=0)


def _used_bytes() -> int:
    return sum(_sizes(DATA))


def _sizes(folder: str) -> Iterator[int]:
    """Of all files below; of what goes away meanwhile, nothing."""
    try:
        entries = list(os.scandir(folder))
    except OSError:
        return
    for entry in entries:
        if entry.is_dir(follow_symlinks=False):
            yield from _sizes(entry.path)
            continue
        try:
            yield entry.stat(follow_symlinks=False).st_size
        except OSError:
            continue


def _try_to_supervise() -> None:
    pid = os.fork()
    if pid == 0:
        try:
            supervise(LOOKS)
            os._exit(0)
        except OSError as error:
            os._exit(error.errno or errno.EIO)
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    if code:
        raise OSError(code, os.strerror(code))
