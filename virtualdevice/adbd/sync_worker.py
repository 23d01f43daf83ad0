"""The file transfer, as a blocking fork of process 1 with the shell's ids, inside the root.

So a path means here what it means on the device, and no link leads out. Imported by process 1
before it has its root (zygote `workers`).
"""

from __future__ import annotations

import contextlib
import errno
import os
import socket
import stat
import time
from collections.abc import Iterator, Sequence

from virtualdevice.adbd import sync_format
from virtualdevice.adbd.sync_codecs import Decompressor, decompressor, offered_codecs
from virtualdevice.adbd.sync_format import Flag, Ids
from virtualdevice.machine.zygote_children import WORKERS

__all__ = ["serve"]

DIRECTORY_MODE = 0o775
KNOWN_CODECS = Flag.BROTLI | Flag.LZ4 | Flag.ZSTD


class _SyncFailure(Exception):
    """What the host is told after FAIL."""


class _HostGone(Exception):
    pass


def serve(channel: socket.socket, words: Sequence[bytes]) -> int:
    """Requests until QUIT, a failure that ends the stream, or the host's end. The word is how many
    milliseconds the disk takes for each MiB."""
    session = _Session(channel, s_per_byte=int(words[0]) / (1000 << 20))
    try:
        while session.serve_one():
            pass
    except (_HostGone, ConnectionError):
        return 1
    return 0


class _Session:
    def __init__(self, channel: socket.socket, *, s_per_byte: float) -> None:
        self._channel = channel
        self._s_per_byte = s_per_byte
        self._reader = channel.makefile("rb", buffering=1 << 20)

    def serve_one(self) -> bool:
        """One request; False when no more are to come."""
        kind, length = sync_format.REQUEST.unpack(self._read(sync_format.REQUEST.size))
        if kind == Ids.QUIT:
            return False
        if length > sync_format.PATH_LIMIT_BYTES:
            self._fail("path too long")
            return False
        path = self._read(length)
        match kind:
            case Ids.STAT:
                self._channel.sendall(sync_format.pack_stat(_lstat(path)))
            case Ids.STAT_V2 | Ids.LSTAT_V2:
                self._stat_v2(kind, path)
            case Ids.LIST | Ids.LIST_V2:
                self._list(path, version_2=kind == Ids.LIST_V2)
            case Ids.RECEIVE:
                self._send_file(path, Flag.NONE)
            case Ids.RECEIVE_V2:
                self._receive_v2(path)
            case Ids.SEND:
                return self._send_v1(path)
            case Ids.SEND_V2:
                return self._send_v2(path)
            case _:
                self._fail(f"unknown command {kind!r}")
                return False
        return True

    def _read(self, size_bytes: int) -> bytes:
        data: bytes = self._reader.read(size_bytes)
        if len(data) != size_bytes:
            raise _HostGone
        return data

    def _fail(self, text: str) -> None:
        data = text.encode("utf-8", errors="replace")
        self._channel.sendall(sync_format.REQUEST.pack(Ids.FAIL, len(data)) + data)

    def _stat_v2(self, kind: bytes, path: bytes) -> None:
        found, error = None, 0
        try:
            found = os.stat(path) if kind == Ids.STAT_V2 else os.lstat(path)
        except OSError as failure:
            error = failure.errno or errno.EIO
        self._channel.sendall(sync_format.pack_stat_v2(kind, found, error))

    def _list(self, path: bytes, *, version_2: bool) -> None:
        """A directory that cannot be read is an empty one."""
        try:
            names = [b".", b"..", *os.listdir(path)]
        except OSError:
            names = []
        answer = bytearray()
        for name in names:
            found = _lstat(path + b"/" + name)
            if version_2:
                error = 0 if found else errno.ENOENT
                fields = sync_format.stat_fields(found)
                answer += sync_format.ENTRY_V2.pack(Ids.ENTRY_V2, error, *fields, len(name)) + name
            elif found is not None:
                size, time = found.st_size & 0xFFFFFFFF, int(found.st_mtime) & 0xFFFFFFFF
                entry = sync_format.ENTRY_V1.pack(Ids.ENTRY, found.st_mode, size, time, len(name))
                answer += entry + name
        end = sync_format.ENTRY_V2 if version_2 else sync_format.ENTRY_V1
        answer += Ids.DONE + bytes(end.size - len(Ids.DONE))
        self._channel.sendall(answer)

    def _receive_v2(self, path: bytes) -> None:
        _, flags = sync_format.SETUP_RECEIVE.unpack(self._read(sync_format.SETUP_RECEIVE.size))
        self._send_file(path, Flag(flags))

    def _send_file(self, path: bytes, flags: Flag) -> None:
        """`adb pull`. We compress nothing on the way out: a host that asks for it gets a failure
        unless the codec is there."""
        try:
            descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        except OSError as error:
            self._fail(f"open failed: {os.strerror(error.errno or 0)}")
            return
        with open(descriptor, "rb", buffering=0) as file:
            codec = offered_codecs().get(flags & KNOWN_CODECS)
            try:
                for block in (
                    codec.compress(_blocks(file.fileno())) if codec else _blocks(file.fileno())
                ):
                    self._send_data(block)
            except OSError as error:
                self._fail(f"read failed: {os.strerror(error.errno or 0)}")
                return
        self._channel.sendall(sync_format.REQUEST.pack(Ids.DONE, 0))

    def _take_time(self, size_bytes: int) -> None:
        if self._s_per_byte:
            time.sleep(size_bytes * self._s_per_byte)

    def _send_data(self, block: bytes) -> None:
        self._take_time(len(block))
        for start in range(0, len(block), sync_format.DATA_LIMIT_BYTES):
            part = block[start : start + sync_format.DATA_LIMIT_BYTES]
            self._channel.sendmsg([sync_format.REQUEST.pack(Ids.DATA, len(part)), part])

    def _send_v1(self, argument: bytes) -> bool:
        """`PATH,MODE`, with the mode as strtoul(…, 0) reads it."""
        path, comma, mode = argument.rpartition(b",")
        if not comma:
            self._fail("missing , in ID_SEND")
            return False
        return self._take_file(path, _number(mode), Flag.NONE)

    def _send_v2(self, path: bytes) -> bool:
        _, mode, flags = sync_format.SETUP_SEND.unpack(self._read(sync_format.SETUP_SEND.size))
        known = KNOWN_CODECS | Flag.DRY_RUN
        if flags & ~known:
            self._fail(f"unknown flags: {flags & ~known}")
            return False
        return self._take_file(path, mode, Flag(flags))

    def _take_file(self, path: bytes, mode: int, flags: Flag) -> bool:
        """`adb push`. After a failure the rest of the data is read and thrown away, as adbd does,
        so that the host hears of it."""
        data = self._data_blocks()
        try:
            if flags & Flag.DRY_RUN:
                pass
            elif stat.S_ISLNK(mode):
                self._take_link(path, data)
            else:
                self._take_regular(path, mode, _decoded(data, flags))
        except _SyncFailure as failure:
            for _ in data:
                pass
            self._fail(str(failure))
            return False
        for _ in data:
            pass
        if not flags & Flag.DRY_RUN:
            _set_time(path, self._last_time)
        self._channel.sendall(sync_format.REQUEST.pack(Ids.OKAY, 0))
        return True

    _last_time = 0

    def _data_blocks(self) -> Iterator[bytes]:
        """Up to DONE, whose number is the file's time."""
        while True:
            kind, length = sync_format.REQUEST.unpack(self._read(sync_format.REQUEST.size))
            if kind == Ids.DONE:
                self._last_time = length
                return
            if kind != Ids.DATA or length > sync_format.DATA_LIMIT_BYTES:
                raise _HostGone
            yield self._read(length)

    def _take_link(self, path: bytes, data: Iterator[bytes]) -> None:
        target = b"".join(data).rstrip(b"\0")
        _make_room(path)
        try:
            os.symlink(target, path)
        except FileNotFoundError:
            _make_parents(path)
            try:
                os.symlink(target, path)
            except OSError as error:
                raise _failure("couldn't create symlink", error) from error
        except OSError as error:
            raise _failure("couldn't create symlink", error) from error

    def _take_regular(self, path: bytes, mode: int, data: Iterator[bytes]) -> None:
        permissions = sync_format.permissions_of(mode)
        _make_room(path)
        descriptor = _create(path, permissions)
        try:
            for block in data:
                self._take_time(len(block))
                view = memoryview(block)
                while view:
                    view = view[os.write(descriptor, view) :]
        except OSError as error:
            os.unlink(path)
            raise _failure("write failed", error) from error
        except ValueError as error:
            os.unlink(path)
            raise _SyncFailure(f"decompression failed: {error}") from error
        finally:
            os.close(descriptor)
        with contextlib.suppress(OSError):  # As adbd: a file system may have no modes.
            os.chmod(path, permissions)


def _decoded(data: Iterator[bytes], flags: Flag) -> Iterator[bytes]:
    codec: Decompressor | None = decompressor(flags & KNOWN_CODECS)
    if codec is None:
        if flags & KNOWN_CODECS:
            raise _SyncFailure("the compression is not known")
        return data
    return codec(data)


def _lstat(path: bytes) -> os.stat_result | None:
    try:
        return os.lstat(path)
    except OSError:
        return None


def _number(text: bytes) -> int:
    """strtoul with base 0: 0100644 is octal, 33188 decimal."""
    try:
        return int(text, 8) if text.startswith(b"0") and text[1:2] not in b"xX" else int(text, 0)
    except ValueError:
        return 0


def _failure(what: str, error: OSError) -> _SyncFailure:
    return _SyncFailure(f"{what}: {os.strerror(error.errno or 0)}")


def _make_room(path: bytes) -> None:
    """An existing file or link is replaced, not written through."""
    found = _lstat(path)
    if found is not None and (stat.S_ISREG(found.st_mode) or stat.S_ISLNK(found.st_mode)):
        with contextlib.suppress(OSError):  # Else it is cut to nothing, if its mode allows.
            os.unlink(path)


def _create(path: bytes, permissions: int) -> int:
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC
    try:
        return os.open(path, flags, permissions)
    except FileNotFoundError:
        _make_parents(path)
    except OSError as error:
        raise _failure("couldn't create file", error) from error
    try:
        return os.open(path, flags, permissions)
    except OSError as error:
        raise _failure("couldn't create file", error) from error


def _make_parents(path: bytes) -> None:
    parent = os.path.dirname(path)
    try:
        os.makedirs(parent, mode=DIRECTORY_MODE, exist_ok=True)
    except OSError as error:
        raise _failure("secure_mkdirs failed", error) from error


def _set_time(path: bytes, seconds: int) -> None:
    with contextlib.suppress(OSError):  # As adbd.
        os.utime(path, (seconds, seconds), follow_symlinks=False)


def _blocks(descriptor: int) -> Iterator[bytes]:
    while block := os.read(descriptor, sync_format.DATA_LIMIT_BYTES):
        yield block


WORKERS["sync"] = serve
