"""File work as root inside the device's root: the other end of files.DeviceFiles.

A fork of process 1 with a mount namespace of its own, in which / and /system can be written (as
the package manager's preloads are, when a firmware is made). One request at a time: a JSON line,
then `size` raw bytes; the answer has the same form.
"""

from __future__ import annotations

import errno
import json
import os
import shutil
import socket
import stat
from collections.abc import Callable, Sequence
from typing import Any, BinaryIO

from virtualdevice.machine.kernel import MountFlag, Namespace, mount, unshare

__all__ = ["serve"]

Answer = dict[str, Any]


def serve(channel: socket.socket, _words: Sequence[bytes]) -> int:
    """Until the other end closes."""
    unshare(Namespace.MOUNT)
    for place in ("/", "/system"):
        mount("none", place, "", MountFlag.REMOUNT | MountFlag.BIND)
    os.umask(0)
    stream = channel.makefile("rwb")
    while line := stream.readline():
        request = json.loads(line)
        content = stream.read(request.pop("size"))
        try:
            answer, data = _carry_out(request, content)
        except OSError as error:
            answer, data = {"errno": error.errno or errno.EIO}, b""
        stream.write(json.dumps({**answer, "size": len(data)}).encode() + b"\n")
        stream.write(data)
        stream.flush()
    return 0


def _carry_out(request: Answer, content: bytes) -> tuple[Answer, bytes]:
    operation = request.pop("op")
    if operation == "read":
        return {}, _read(**request)
    if operation == "write":
        return _write(content=content, **request), b""
    return OPERATIONS[operation](**request), b""


def _make_directory(path: str, mode: int, uid: int, gid: int, parents: bool) -> Answer:
    if parents:
        missing = []
        parent = os.path.dirname(path)
        while not os.path.isdir(parent):
            missing.append(parent)
            parent = os.path.dirname(parent)
        for one in reversed(missing):
            os.mkdir(one)
            _own(one, mode, uid, gid)
    try:
        os.mkdir(path)
    except FileExistsError:
        if not stat.S_ISDIR(os.lstat(path).st_mode):
            raise
    _own(path, mode, uid, gid)
    return {}


def _own(path: str, mode: int, uid: int, gid: int) -> None:
    os.chown(path, uid, gid, follow_symlinks=False)
    os.chmod(path, mode)


def _temporary(path: str) -> tuple[str, int]:
    # Not beside it by its own name: a name of 255 bytes leaves no room for a suffix.
    folder = path.rpartition("/")[0]
    name = f"{folder}/.{os.urandom(6).hex()}.tmp"
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW
    return name, os.open(name, flags, 0o600)


def _finish(name: str, path: str, mode: int, uid: int, gid: int) -> None:
    _own(name, mode, uid, gid)
    os.rename(name, path)


def _write(path: str, mode: int, uid: int, gid: int, content: bytes) -> Answer:
    name, descriptor = _temporary(path)
    try:
        with open(descriptor, "wb") as file:
            file.write(content)
        _finish(name, path, mode, uid, gid)
    except OSError:
        os.unlink(name)
        raise
    return {}


def _read(path: str, limit_bytes: int) -> bytes:
    with open(path, "rb") as file:
        if os.fstat(file.fileno()).st_size > limit_bytes:
            raise OSError(errno.EFBIG, "too large")
        data = file.read(limit_bytes + 1)
    if len(data) > limit_bytes:
        raise OSError(errno.EFBIG, "too large")
    return data


def _copy(source: str, target: str, mode: int, uid: int, gid: int) -> Answer:
    with open(source, "rb") as reader:
        name, descriptor = _temporary(target)
        try:
            with open(descriptor, "wb") as writer:
                _copy_bytes(reader, writer)
            _finish(name, target, mode, uid, gid)
        except OSError:
            os.unlink(name)
            raise
    return {}


def _copy_bytes(reader: BinaryIO, writer: BinaryIO) -> None:
    shutil.copyfileobj(reader, writer, 1 << 20)


def _rename(source: str, target: str) -> Answer:
    os.rename(source, target)
    return {}


def _remove_tree(path: str) -> Answer:
    try:
        kind = os.lstat(path).st_mode
    except FileNotFoundError:
        return {}
    if stat.S_ISDIR(kind):
        shutil.rmtree(path)
    else:
        os.unlink(path)
    return {}


def _empty_directory(path: str) -> Answer:
    for name in _list(path)["names"]:
        _remove_tree(f"{path}/{name}")
    return {}


def _change_owner(path: str, uid: int, gid: int, recursive: bool) -> Answer:
    """The set-uid bits that a change of owner clears are not wanted back."""
    os.chown(path, uid, gid, follow_symlinks=False)
    if recursive:
        for folder, folders, files in os.walk(path):
            for name in (*folders, *files):
                os.chown(f"{folder}/{name}", uid, gid, follow_symlinks=False)
    return {}


def _kind(mode: int) -> str:
    if stat.S_ISREG(mode):
        return "file"
    if stat.S_ISDIR(mode):
        return "directory"
    return "symlink" if stat.S_ISLNK(mode) else "other"


def _stat(path: str) -> Answer:
    try:
        found = os.lstat(path)
    except (FileNotFoundError, NotADirectoryError):
        return {"absent": True}
    return {
        "kind": _kind(found.st_mode),
        "mode": stat.S_IMODE(found.st_mode),
        "uid": found.st_uid,
        "gid": found.st_gid,
        "size_bytes": found.st_size,
        "inode": found.st_ino,
        "mtime_ns": found.st_mtime_ns,
    }


def _list(path: str) -> Answer:
    try:
        return {"names": sorted(os.listdir(path))}
    except FileNotFoundError:
        return {"names": []}


def _size_bytes(path: str) -> Answer:
    try:
        own = os.lstat(path)
    except FileNotFoundError:
        return {"total": 0}
    if not stat.S_ISDIR(own.st_mode):
        return {"total": own.st_size}
    total = 0
    for folder, _, files in os.walk(path):
        total += sum(os.lstat(f"{folder}/{name}").st_size for name in files)
    return {"total": total}


OPERATIONS: dict[str, Callable[..., Answer]] = {
    "make_directory": _make_directory,
    "copy": _copy,
    "rename": _rename,
    "remove_tree": _remove_tree,
    "empty_directory": _empty_directory,
    "change_owner": _change_owner,
    "stat": _stat,
    "list": _list,
    "size_bytes": _size_bytes,
}
