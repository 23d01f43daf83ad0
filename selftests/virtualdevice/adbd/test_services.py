"""Forward, reverse, root, reboot and the smaller services, by the real adb programs."""

from __future__ import annotations

import socket
import struct
import threading
from pathlib import Path

import pytest

from selftests.virtualdevice.fake_system import FakeSystem
from selftests.virtualdevice.real_clients import AdbClient, RunningDevice, running_device


def echo_once(listener: socket.socket) -> None:
    connection, _ = listener.accept()
    with connection:
        connection.sendall(b"<" + connection.recv(100) + b">")


def ask(port: int, text: bytes) -> bytes:
    with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
        connection.sendall(text)
        answer = b""
        while part := connection.recv(100):
            answer += part
    return answer


def test_a_forward_reaches_a_port_in_the_device_s_own_network(
    online: AdbClient, phone: RunningDevice
) -> None:
    listener = phone.do(phone.device.machine.listen_tcp(9008))
    with listener:
        listener.setblocking(True)
        threading.Thread(target=echo_once, args=(listener,)).start()
        port = int(online("-s", phone.serial, "forward", "tcp:0", "tcp:9008").text)
        assert ask(port, b"hello") == b"<hello>"
    online("-s", phone.serial, "forward", "--remove-all")


def test_a_forward_to_a_port_that_nobody_has_is_closed(
    online: AdbClient, phone: RunningDevice
) -> None:
    port = int(online("-s", phone.serial, "forward", "tcp:0", "tcp:9").text)
    assert ask(port, b"") == b""
    online("-s", phone.serial, "forward", "--remove-all")


def test_a_reverse_leads_from_the_device_to_the_host(
    online: AdbClient, phone: RunningDevice
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=echo_once, args=(listener,)).start()
        host_port = listener.getsockname()[1]
        chosen = online("-s", phone.serial, "reverse", "tcp:0", f"tcp:{host_port}").text.strip()
        listed = online("-s", phone.serial, "reverse", "--list").text
        assert f"tcp:{chosen} tcp:{host_port}" in listed
        result = online("-s", phone.serial, "shell", f"(echo hi; sleep 1) | nc 127.0.0.1 {chosen}")
        assert result.text == "<hi\n>"
    assert online("-s", phone.serial, "reverse", "--remove", f"tcp:{chosen}").status == 0
    again = online("-s", phone.serial, "reverse", "--remove", f"tcp:{chosen}")
    assert f"listener 'tcp:{chosen}' not found" in again.errors
    assert online("-s", phone.serial, "reverse", "--list").text.strip() == ""


def test_reverse_takes_abstract_sockets_and_refuses_to_rebind_when_told(
    online: AdbClient, phone: RunningDevice
) -> None:
    assert online("-s", phone.serial, "reverse", "localabstract:x", "tcp:1").status == 0
    assert online("-s", phone.serial, "reverse", "localabstract:x", "tcp:2").status == 0
    refused = online("-s", phone.serial, "reverse", "--no-rebind", "localabstract:x", "tcp:3")
    assert "cannot rebind existing socket" in refused.errors
    online("-s", phone.serial, "reverse", "--remove-all")


def test_root_and_unroot_change_the_shell_s_user(online: AdbClient, phone: RunningDevice) -> None:
    assert "restarting adbd as root" in online("-s", phone.serial, "root").text
    online("-s", phone.serial, "wait-for-device")
    assert online("-s", phone.serial, "shell", "id -u").text == "0\n"
    assert "already running as root" in online("-s", phone.serial, "root").text
    online("-s", phone.serial, "unroot")
    online("-s", phone.serial, "wait-for-device")
    assert online("-s", phone.serial, "shell", "id -u").text == "2000\n"


def test_a_production_build_refuses_root(adb: AdbClient, tmp_path: Path) -> None:
    with running_device(FakeSystem(debuggable=False), tmp_path) as user_build:
        adb("connect", user_build.serial)
        said = adb("-s", user_build.serial, "root").text
        assert "adbd cannot run as root in production builds" in said
        assert adb("-s", user_build.serial, "shell", "id -u").text == "2000\n"
        adb("disconnect", user_build.serial)


def test_a_reboot_keeps_data_and_ends_every_process(
    online: AdbClient, phone: RunningDevice
) -> None:
    boots = phone.system.boots
    command = "echo kept > /data/local/tmp/kept; sleep 1000 >/dev/null 2>&1 </dev/null &"
    online("-s", phone.serial, "shell", command)
    assert online("-s", phone.serial, "reboot").status == 0
    online("-s", phone.serial, "wait-for-device")
    assert online("-s", phone.serial, "shell", "cat /data/local/tmp/kept").text == "kept\n"
    assert online("-s", phone.serial, "shell", "pidof sleep").status == 1
    assert phone.system.boots == boots + 1


def test_a_device_that_kills_itself_comes_back(online: AdbClient, phone: RunningDevice) -> None:
    """What `reboot -f` does by a system call ends process 1."""

    async def kill() -> None:
        phone.system.booted.clear()
        phone.device.machine.crash()
        await phone.system.booted.wait()

    phone.do(kill())
    online("-s", phone.serial, "wait-for-device")
    assert online("-s", phone.serial, "shell", "echo back").text == "back\n"


def test_reboot_to_sideload_shows_that_state_and_no_shell(adb: AdbClient, tmp_path: Path) -> None:
    with running_device(FakeSystem(), tmp_path) as phone:
        adb("connect", phone.serial)
        adb("-s", phone.serial, "reboot", "sideload")
        assert adb("-s", phone.serial, "wait-for-sideload").status == 0
        assert adb("-s", phone.serial, "get-state").text == "sideload\n"
        assert adb("-s", phone.serial, "shell", "echo x").text == ""
        adb("-s", phone.serial, "reboot")
        adb("-s", phone.serial, "wait-for-device")
        assert adb("-s", phone.serial, "shell", "echo x").text == "x\n"
        adb("disconnect", phone.serial)


def test_abb_is_cmd(adb: AdbClient, online: AdbClient, phone: RunningDevice) -> None:
    if "36." not in online("version").text:
        pytest.skip("adb 29 has abb only in debug builds")
    by_abb = online("-s", phone.serial, "abb", "7", "a b")
    by_shell = online("-s", phone.serial, "shell", "cmd 7 'a b'")
    assert by_abb.text == by_shell.text
    assert (by_abb.status, by_shell.status) == (7, 7)
    assert (
        online("-s", phone.serial, "abb").errors
        == online("-s", phone.serial, "shell", "cmd").errors
    )


def test_the_framebuffer_has_the_second_version_s_header(phone: RunningDevice) -> None:
    """Asked for as adbutils does: by the raw service."""
    with socket.create_connection(("127.0.0.1", phone.endpoints.adb_port), timeout=20) as adbd:
        raw = RawHost(adbd)
        raw.greet()
        data = raw.run(b"framebuffer:")
    assert data is not None
    header = struct.unpack("<14I", data[:56])
    assert header[:6] == (2, 32, 1, 8, 2, 1)
    assert data[56:] == phone.do(phone.system.framebuffer())[2]


def test_tcpip_with_a_bad_port_is_refused_in_words(phone: RunningDevice) -> None:
    with socket.create_connection(("127.0.0.1", phone.endpoints.adb_port), timeout=20) as adbd:
        raw = RawHost(adbd)
        raw.greet()
        assert raw.run(b"tcpip:99999") == b"invalid port 99999\n"
        assert raw.run(b"nosuch:") is None


class RawHost:
    """The least that a host says, without an adb program."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection

    def greet(self) -> None:
        self._send(0x4E584E43, 0x01000001, 1 << 20, b"host::features=shell_v2")
        assert self._receive()[0] == 0x4E584E43

    def run(self, service: bytes) -> bytes | None:
        """All that a service says; None if it was refused."""
        self._send(0x4E45504F, 1, 0, service + b"\0")
        output, accepted = b"", False
        while True:
            command, peer, _, payload = self._receive()
            if command == 0x45534C43:
                return output if accepted else None
            accepted = True
            if command == 0x45545257:
                output += payload
                self._send(0x59414B4F, 1, peer, b"")

    def _send(self, command: int, arg0: int, arg1: int, payload: bytes) -> None:
        header = struct.pack("<6I", command, arg0, arg1, len(payload), 0, command ^ 0xFFFFFFFF)
        self._connection.sendall(header + payload)

    def _receive(self) -> tuple[int, int, int, bytes]:
        header = self._exactly(24)
        command, arg0, arg1, length, _, _ = struct.unpack("<6I", header)
        return command, arg0, arg1, self._exactly(length)

    def _exactly(self, size: int) -> bytes:
        data = b""
        while len(data) < size:
            part = self._connection.recv(size - len(data))
            assert part, "the device closed"
            data += part
        return data
