"""Files over adb's sync service."""

from __future__ import annotations

import socket
import struct
from pathlib import Path

import pytest

from holdfast.deadline import Deadline
from holdfast.device.adb import AdbLink
from holdfast.device.adb_files import AdbFiles
from holdfast.errors import DeviceLost, DeviceRefused
from selftests.holdfast.device.adb_server import AdbServer, exactly, running


class SyncService:
    """The device's half of a sync connection, with files in memory."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.modes: dict[str, int] = {}
        self.refuses = ""

    def __call__(self, sock: socket.socket, _: str) -> None:
        word, length = struct.unpack("<4sI", exactly(sock, 8))
        path = exactly(sock, length).decode("utf-8", "surrogateescape")
        if word == b"SEND":
            self._receive(sock, *path.rsplit(",", 1))
        elif self.refuses:
            self._fail(sock)
        else:
            content = self.files[path]
            for start in range(0, len(content), 65536):
                part = content[start : start + 65536]
                sock.sendall(struct.pack("<4sI", b"DATA", len(part)) + part)
            sock.sendall(b"DONE\0\0\0\0")

    def _receive(self, sock: socket.socket, path: str, mode: str) -> None:
        content = b""
        while True:
            word, length = struct.unpack("<4sI", exactly(sock, 8))
            if word == b"DONE":
                break
            content += exactly(sock, length)
        if self.refuses:
            self._fail(sock)
            return
        self.files[path], self.modes[path] = content, int(mode)
        sock.sendall(b"OKAY\0\0\0\0")

    def _fail(self, sock: socket.socket) -> None:
        text = self.refuses.encode()
        sock.sendall(struct.pack("<4sI", b"FAIL", len(text)) + text)


def files(server: AdbServer) -> AdbFiles:
    return AdbFiles(AdbLink(device="phone", serial="x", server_port=server.port))


def test_what_was_pushed_comes_back(tmp_path: Path) -> None:
    service = SyncService()
    content = bytes(range(256)) * 1000
    local = tmp_path / "file"
    local.write_bytes(content)
    with running(AdbServer(services={"sync:": service})) as server:
        driver, deadline = files(server), Deadline.after(20)
        driver.push(content, "/data/local/tmp/a, b", deadline=deadline)
        driver.push(local, "/data/local/tmp/c", deadline=deadline, mode=0o755)
        assert driver.pull("/data/local/tmp/a, b", deadline=deadline) == content
    assert service.files["/data/local/tmp/c"] == content
    assert service.modes["/data/local/tmp/c"] == 0o100755


def test_a_refusal_keeps_the_devices_words() -> None:
    service = SyncService()
    service.refuses = "couldn't create file: Permission denied"
    with running(AdbServer(services={"sync:": service})) as server:
        with pytest.raises(DeviceRefused, match="Permission denied"):
            files(server).push(b"x" * 200_000, "/system/x", deadline=Deadline.after(20))
        with pytest.raises(DeviceRefused, match="Permission denied"):
            files(server).pull("/system/x", deadline=Deadline.after(20))


def test_a_file_that_is_too_large_is_not_read_whole() -> None:
    service = SyncService()
    service.files["/x"] = b"x" * 500_000
    server = AdbServer(services={"sync:": service})
    with running(server), pytest.raises(DeviceRefused, match="more than 100000 bytes"):
        files(server).pull("/x", deadline=Deadline.after(20), limit_bytes=100_000)


def test_a_connection_that_ends_early_is_a_lost_device() -> None:
    def cut(sock: socket.socket, _: str) -> None:
        exactly(sock, 8)

    with running(AdbServer(services={"sync:": cut})) as server, pytest.raises(DeviceLost):
        files(server).pull("/x", deadline=Deadline.after(20))
