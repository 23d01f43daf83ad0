"""Commands over adb: exit status, clean output and a deadline on old and new devices."""

from __future__ import annotations

import re
import socket
import threading

import pytest

from holdfast.deadline import Deadline
from holdfast.device.adb import AdbLink
from holdfast.device.adb_files import AdbFiles
from holdfast.device.adb_shell import MAX_OLD_COMMAND_BYTES, AdbShell
from holdfast.device.shell import ShellResult, quote
from holdfast.errors import DeadlineExceeded, DeviceLost, DeviceUnauthorized, LabError
from selftests.holdfast.device.adb_server import AdbServer, exactly, packet, running


def new_shell(server: AdbServer, *, shell_v2: bool) -> AdbShell:
    link = AdbLink(device="phone", serial="x", server_port=server.port)
    return AdbShell(link, AdbFiles(link), shell_v2=shell_v2)


def soon(seconds: float = 20) -> Deadline:
    return Deadline.after(seconds)


def v2_service(*packets: bytes) -> AdbServer:
    def answer(sock: socket.socket, command: str) -> None:
        sock.sendall(b"".join(packets))

    return AdbServer(services={"shell,v2,raw:": answer})


def old_shell(output: bytes, status: int) -> AdbServer:
    """What `exec:` of Android 5 does: output, then whatever the rest of the line echoes."""

    def answer(sock: socket.socket, command: str) -> None:
        marker = re.search(r"echo (\S+):\$\?", command)
        assert marker
        sock.sendall(output + f"{marker[1]}:{status}\n".encode())

    return AdbServer(services={"exec:": answer})


def test_output_errors_and_status_come_apart_on_new_devices() -> None:
    server = v2_service(packet(1, b"a\n"), packet(2, b"oops"), packet(1, b"b"), packet(3, b"\x07"))
    with running(server):
        result = new_shell(server, shell_v2=True).run("x", deadline=soon())
    assert result == ShellResult(stdout=b"a\nb", stderr=b"oops", exit_status=7)


def test_old_devices_get_their_status_written_behind_the_output() -> None:
    server = old_shell(b"no end of line", 3)
    with running(server):
        result = new_shell(server, shell_v2=False).run("false", deadline=soon())
    assert result == ShellResult(stdout=b"no end of line", exit_status=3)


def test_binary_output_of_old_devices_stays_as_it_is() -> None:
    raw = bytes(range(256)) + b"\r\n\n"
    server = old_shell(raw, 0)
    with running(server):
        assert new_shell(server, shell_v2=False).run("cat x", deadline=soon()).stdout == raw


@pytest.mark.parametrize("shell_v2", [True, False])
def test_a_connection_that_ends_early_is_a_lost_device_and_no_result(shell_v2: bool) -> None:
    def cut(sock: socket.socket, command: str) -> None:
        sock.sendall(packet(1, b"half") if shell_v2 else b"half")

    server = AdbServer(services={"shell,v2,raw:": cut, "exec:": cut})
    # How the other side's system tells of it is a matter of timing: by an end, or by a reset.
    lost = "(ended|broke) during: shell command `ls`"
    with running(server), pytest.raises(DeviceLost, match=lost):
        new_shell(server, shell_v2=shell_v2).run("ls", deadline=soon())


@pytest.mark.parametrize("shell_v2", [True, False])
def test_a_command_that_hangs_ends_by_its_deadline(shell_v2: bool) -> None:
    ended = threading.Event()

    def hang(sock: socket.socket, command: str) -> None:
        ended.wait(20)

    server = AdbServer(services={"shell,v2,raw:": hang, "exec:": hang})
    with running(server), pytest.raises(DeadlineExceeded, match="shell command `sleep 99`"):
        new_shell(server, shell_v2=shell_v2).run("sleep 99", deadline=soon(0.2))
    ended.set()


def test_input_reaches_the_command_and_ends() -> None:
    received = []

    def cat(sock: socket.socket, command: str) -> None:
        while True:
            head = exactly(sock, 5)
            data = exactly(sock, int.from_bytes(head[1:], "little"))
            if head[0] == 4:
                break
            received.append(data)
        sock.sendall(packet(3, b"\0"))

    server = AdbServer(services={"shell,v2,raw:": cat})
    with running(server):
        new_shell(server, shell_v2=True).run("cat", deadline=soon(), stdin=b"x" * 100_000)
    assert b"".join(received) == b"x" * 100_000


def test_an_unauthorised_device_says_what_to_do() -> None:
    server = AdbServer(state="unauthorized")
    with running(server), pytest.raises(DeviceUnauthorized, match="USB debugging"):
        new_shell(server, shell_v2=True).run("ls", deadline=soon())


@pytest.mark.parametrize(("state", "seen"), [("offline", "offline"), ("gone", "not found")])
def test_a_device_that_is_not_there_is_lost(state: str, seen: str) -> None:
    server = AdbServer(state=state)
    with running(server), pytest.raises(DeviceLost, match=seen):
        new_shell(server, shell_v2=True).run("ls", deadline=soon())


def test_a_server_that_does_not_run_is_not_started() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    shell = new_shell(AdbServer(port=port), shell_v2=True)
    with pytest.raises(LabError, match="no adb server answers"):
        shell.run("ls", deadline=soon())


def test_a_command_that_is_too_long_for_an_old_device_goes_as_a_file() -> None:
    pushed = []

    def sync(sock: socket.socket, _: str) -> None:
        head = exactly(sock, 8)
        exactly(sock, int.from_bytes(head[4:], "little"))
        while True:
            word, size = exactly(sock, 4), int.from_bytes(exactly(sock, 4), "little")
            if word == b"DONE":
                break
            pushed.append(exactly(sock, size))
        sock.sendall(b"OKAY\0\0\0\0")

    server = old_shell(b"", 0)
    server.services["sync:"] = sync
    command = "echo " + "x" * MAX_OLD_COMMAND_BYTES
    with running(server):
        new_shell(server, shell_v2=False).run(command, deadline=soon())
    assert b"".join(pushed) == command.encode()


def test_a_stream_comes_in_chunks_and_needs_no_status() -> None:
    server = v2_service(packet(1, b"one"), packet(2, b"noise"), packet(1, b"two"), packet(3, b"\0"))
    with running(server):
        chunks = list(new_shell(server, shell_v2=True).stream("x", deadline=soon()))
    assert chunks == [b"one", b"two"]


@pytest.mark.parametrize("word", ["a b", "it's", "$HOME", "`x`", "", "a\nb", "名字", "-n"])
def test_a_quoted_word_is_one_word_for_a_shell(word: str) -> None:
    import subprocess

    out = subprocess.run(
        ["sh", "-c", f"printf %s {quote(word)}"], capture_output=True, check=True, timeout=20
    ).stdout
    assert out.decode() == word or word == "-n"


def test_a_name_that_is_no_text_goes_through_unchanged() -> None:
    assert quote(b"\xff x").encode("utf-8", "surrogateescape") == b"'\xff x'"


def test_nul_is_no_part_of_a_command() -> None:
    with pytest.raises(ValueError, match="NUL"):
        quote("a\0b")
