"""Files over adb's sync service (AOSP: system/core/adb/SYNC.TXT), with a deadline on every step."""

from __future__ import annotations

import io
import stat
import struct
import time
from pathlib import Path

from holdfast.deadline import Deadline
from holdfast.device.adb import AdbLink, AdbStream
from holdfast.errors import DeviceLost, DeviceRefused

__all__ = ["AdbFiles"]

_CHUNK_BYTES = 1 << 16  # the protocol's own limit
_MAX_PATH_BYTES = 1024


class AdbFiles:
    """The `Files` of a device that adb reaches."""

    def __init__(self, link: AdbLink) -> None:
        self._link = link

    def push(
        self, content: bytes | Path, remote: str, *, deadline: Deadline, mode: int = 0o644
    ) -> None:
        what = f"writing {remote}"
        target = f"{remote},{stat.S_IFREG | mode}"
        source = io.BytesIO(content) if isinstance(content, bytes) else content.open("rb")
        with source, self._link.stream("sync:", deadline=deadline) as stream:
            stream.send(_request(b"SEND", target), deadline=deadline, what=what)
            while part := source.read(_CHUNK_BYTES):
                stream.send(_head(b"DATA", len(part)) + part, deadline=deadline, what=what)
            stream.send(_head(b"DONE", int(time.time())), deadline=deadline, what=what)
            word, length = self._answer(stream, deadline=deadline, what=what)
            if word == b"FAIL":
                raise self._refusal(stream, what, length, deadline)
            if word != b"OKAY":
                raise DeviceLost(f"{what}: adb answered {word!r}", device=self._link.device)

    def pull(self, remote: str, *, deadline: Deadline, limit_bytes: int = 64 << 20) -> bytes:
        what = f"reading {remote}"
        content = bytearray()
        with self._link.stream("sync:", deadline=deadline) as stream:
            stream.send(_request(b"RECV", remote), deadline=deadline, what=what)
            while True:
                word, length = self._answer(stream, deadline=deadline, what=what)
                if word == b"DONE":
                    return bytes(content)
                if word == b"FAIL":
                    raise self._refusal(stream, what, length, deadline)
                if word != b"DATA" or length > _CHUNK_BYTES:
                    raise DeviceLost(f"{what}: adb answered {word!r}", device=self._link.device)
                content += stream.receive_exactly(length, deadline=deadline, what=what)
                if len(content) > limit_bytes:
                    raise DeviceRefused(
                        what, answer=f"more than {limit_bytes} bytes", device=self._link.device
                    )

    def _answer(self, stream: AdbStream, *, deadline: Deadline, what: str) -> tuple[bytes, int]:
        raw = stream.receive_exactly(8, deadline=deadline, what=what)
        word, length = struct.unpack("<4sI", raw)
        return word, length

    def _refusal(
        self, stream: AdbStream, what: str, length: int, deadline: Deadline
    ) -> DeviceRefused:
        text = stream.receive_exactly(min(length, _CHUNK_BYTES), deadline=deadline, what=what)
        answer = text.decode("utf-8", "replace")
        return DeviceRefused(what, answer=answer, device=self._link.device)


def _head(word: bytes, number: int) -> bytes:
    return word + struct.pack("<I", number)


def _request(word: bytes, path: str) -> bytes:
    raw = path.encode("utf-8", "surrogateescape")
    if len(raw) > _MAX_PATH_BYTES:
        raise DeviceRefused(f"a path of {len(raw)} bytes", answer="adb's limit is 1024")
    return _head(word, len(raw)) + raw
