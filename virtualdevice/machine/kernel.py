"""The system calls that Python 3.11 has no name for. Errors are OSError."""

from __future__ import annotations

import array
import ctypes
import fcntl
import os
import socket
import struct
from enum import IntFlag

__all__ = [
    "MountFlag",
    "Namespace",
    "add_interface",
    "bring_up_interface",
    "die_with_parent",
    "drop_from_bounding_set",
    "give_back_free_memory",
    "mount",
    "name_this_process",
    "pivot_into",
    "receive_with_descriptors",
    "send_with_descriptors",
    "set_child_subreaper",
    "unmount",
    "unshare",
]

_libc = ctypes.CDLL(None, use_errno=True)


class Namespace(IntFlag):
    """CLONE_NEW… (linux/sched.h)."""

    MOUNT = 0x00020000
    UTS = 0x04000000
    IPC = 0x08000000
    USER = 0x10000000
    PID = 0x20000000
    NETWORK = 0x40000000


class MountFlag(IntFlag):
    """MS_… (linux/mount.h)."""

    NONE = 0
    READ_ONLY = 0x1
    NO_SUID = 0x2
    NO_DEVICES = 0x4
    NO_EXEC = 0x8
    REMOUNT = 0x20
    BIND = 0x1000
    RECURSIVE = 0x4000
    PRIVATE = 0x40000
    SHARED = 0x100000


MNT_DETACH = 2
PR_SET_PDEATHSIG = 1
PR_SET_NAME = 15
PR_CAPBSET_DROP = 24
PR_SET_CHILD_SUBREAPER = 36
SIGKILL = 9
SYS_PIVOT_ROOT = {"x86_64": 155, "aarch64": 41}
SIOCGIFFLAGS = 0x8913
SIOCSIFFLAGS = 0x8914
SIOCSIFADDR = 0x8916
SIOCBRADDBR = 0x89A0
IFF_UP = 0x1


def _checked(result: int, what: str) -> None:
    if result != 0:
        code = ctypes.get_errno()
        raise OSError(code, f"{what}: {os.strerror(code)}")


def unshare(namespaces: Namespace) -> None:
    _checked(_libc.unshare(int(namespaces)), "unshare")


def mount(
    source: str,
    target: str,
    kind: str = "",
    flags: MountFlag = MountFlag.NONE,
    *,
    options: str = "",
) -> None:
    result = _libc.mount(
        source.encode(), target.encode(), kind.encode(), int(flags), options.encode()
    )
    _checked(result, f"mount {target}")


def unmount(target: str) -> None:
    """Take it off now, and let go of it when its last user does."""
    _checked(_libc.umount2(target.encode(), MNT_DETACH), f"umount {target}")


def pivot_into(new_root: str) -> None:
    """Make a mount point the root directory; nothing of the old one stays reachable."""
    os.chdir(new_root)
    number = SYS_PIVOT_ROOT[os.uname().machine]
    _checked(_libc.syscall(number, b".", b"."), "pivot_root")
    unmount(".")
    os.chdir("/")


def die_with_parent() -> None:
    _checked(_libc.prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0), "prctl")


def give_back_free_memory() -> None:
    """What the C library keeps of memory that was freed: much, after a start."""
    if hasattr(_libc, "malloc_trim"):  # glibc
        _libc.malloc_trim(0)


def set_child_subreaper() -> None:
    """Orphans below this process become its children, not the host's init's."""
    _checked(_libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0), "prctl")


def drop_from_bounding_set(*capabilities: int) -> None:
    for capability in capabilities:
        _checked(_libc.prctl(PR_CAPBSET_DROP, capability, 0, 0, 0), "prctl")


def name_this_process(name: bytes) -> None:
    """What `ps` shows: the thread's name, and the command line, written over in place."""
    _libc.prctl(PR_SET_NAME, name[:15], 0, 0, 0)
    with open("/proc/self/stat", "rb") as file:
        fields = file.read().rpartition(b")")[2].split()
    start, end = int(fields[45]), int(fields[46])
    if end - start > len(name):
        ctypes.memmove(start, name + bytes(end - start - len(name)), end - start)


def bring_up_interface(name: str) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        request = struct.pack("16sH14x", name.encode(), 0)
        answer = fcntl.ioctl(control, SIOCGIFFLAGS, request)
        (flags,) = struct.unpack_from("H", answer, 16)
        fcntl.ioctl(control, SIOCSIFFLAGS, struct.pack("16sH14x", name.encode(), flags | IFF_UP))


def add_interface(name: str, address: str) -> None:
    """A network interface that leads nowhere (a bridge without ports), with an IPv4 address."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        fcntl.ioctl(control, SIOCBRADDBR, name.encode() + b"\0")
        where = struct.pack("=H2x4s8x", socket.AF_INET, socket.inet_aton(address))
        fcntl.ioctl(control, SIOCSIFADDR, struct.pack("16s16s8x", name.encode(), where))
    bring_up_interface(name)


def send_with_descriptors(
    channel: socket.socket, data: bytes, descriptors: tuple[int, ...] = ()
) -> None:
    """One message; the receiver gets duplicates of the descriptors."""
    if descriptors:
        rights = array.array("i", descriptors)
        ancillary = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, rights)]
        channel.sendmsg([data], ancillary)
    else:
        channel.send(data)


def receive_with_descriptors(
    channel: socket.socket, limit_bytes: int, *, most_descriptors: int = 4
) -> tuple[bytes, list[int]]:
    """One message and the descriptors that came with it (close-on-exec); b"" at the end."""
    space = socket.CMSG_SPACE(most_descriptors * 4)
    data, ancillary, flags, _ = channel.recvmsg(limit_bytes, space, socket.MSG_CMSG_CLOEXEC)
    descriptors = array.array("i")
    for level, kind, content in ancillary:
        if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
            whole = len(content) - len(content) % descriptors.itemsize
            descriptors.frombytes(content[:whole])
    if flags & (socket.MSG_TRUNC | socket.MSG_CTRUNC):
        for descriptor in descriptors:
            os.close(descriptor)
        raise OSError("a message was cut off")
    return data, list(descriptors)
