"""`adb shell`, `exec-out` and `exec-in`, by the real adb programs."""

from __future__ import annotations

import asyncio
import hashlib
import subprocess
from typing import Any

import pytest

from selftests.virtualdevice.conftest import connected
from selftests.virtualdevice.real_clients import AdbClient, RunningDevice
from virtualdevice.machine.zygote_link import ZygoteLink


def test_a_shell_command_gives_its_exit_status(online: AdbClient, phone: RunningDevice) -> None:
    assert online("-s", phone.serial, "shell", "exit 7").status == 7


def test_output_and_errors_arrive_apart(online: AdbClient, phone: RunningDevice) -> None:
    result = online("-s", phone.serial, "shell", "echo out; echo err >&2")
    assert (result.stdout, result.stderr) == (b"out\n", b"err\n")


def test_a_program_that_a_signal_ends_has_128_and_its_number(
    online: AdbClient, phone: RunningDevice
) -> None:
    assert online("-s", phone.serial, "shell", "kill -9 $$").status == 137


def test_a_shell_reads_standard_input_to_its_end(online: AdbClient, phone: RunningDevice) -> None:
    sent = bytes(range(256)) * 4096
    result = online("-s", phone.serial, "shell", "-T", "cat", stdin=sent)
    assert result.stdout == sent


def test_exec_in_is_not_cut_off_by_its_early_close(online: AdbClient, phone: RunningDevice) -> None:
    sent = bytes(range(256)) * 20_000
    online("-s", phone.serial, "shell", "rm -f /data/local/tmp/whole /data/local/tmp/exec-in")
    taking = "cat > /data/local/tmp/exec-in; mv /data/local/tmp/exec-in /data/local/tmp/whole"
    online("-s", phone.serial, "exec-in", taking, stdin=sent)
    waiting = "until [ -f /data/local/tmp/whole ]; do sleep 0.05; done"
    back = online("-s", phone.serial, "exec-out", f"{waiting}; cat /data/local/tmp/whole")
    assert hashlib.sha256(back.stdout).digest() == hashlib.sha256(sent).digest()


def test_exec_out_changes_no_line_ends(online: AdbClient, phone: RunningDevice) -> None:
    assert online("-s", phone.serial, "exec-out", "printf 'a\\nb\\r\\n'").stdout == b"a\nb\r\n"


def test_the_shell_of_version_1_has_no_exit_status(online: AdbClient, phone: RunningDevice) -> None:
    result = online("-s", phone.serial, "shell", "-x", "echo out; echo err >&2; exit 9")
    assert (result.status, result.text) == (0, "out\nerr\n")


def test_a_forced_terminal_is_one(online: AdbClient, phone: RunningDevice) -> None:
    result = online("-s", phone.serial, "shell", "-tt", "tty; stty size >/dev/null; echo end")
    assert result.stdout.startswith(b"/dev/pts/0\r\n")
    assert result.stdout.endswith(b"end\r\n")


def test_an_interactive_shell_ends_with_its_input(online: AdbClient, phone: RunningDevice) -> None:
    result = online("-s", phone.serial, "shell", stdin=b"echo $((6*7))\nexit 3\n")
    assert (result.status, result.text) == (3, "42\n")


def test_the_shell_is_the_user_shell_in_a_phone_s_surroundings(
    online: AdbClient, phone: RunningDevice
) -> None:
    command = "id -un; pwd; umask; echo $TMPDIR $SHELL $EXTERNAL_STORAGE; echo ~"
    result = online("-s", phone.serial, "shell", command)
    assert result.text.splitlines() == [
        "shell",
        "/",
        "000",
        "/data/local/tmp /system/bin/sh /sdcard",
        "/",
    ]


def test_a_command_that_is_not_there_is_said_as_android_says_it(
    online: AdbClient, phone: RunningDevice
) -> None:
    result = online("-s", phone.serial, "shell", "nosuch")
    assert result.status == 127
    assert result.errors == "/system/bin/sh: nosuch: inaccessible or not found\n"


def test_a_host_that_goes_away_hangs_up_on_its_program(
    online: AdbClient, phone: RunningDevice
) -> None:
    online("-s", phone.serial, "shell", "rm -f /data/local/tmp/hung-up")
    command = (
        "exec 2>/dev/null; trap 'echo yes > /data/local/tmp/hung-up; exit' HUP; echo armed;"
        " while :; do sleep 0.1; done"
    )
    with subprocess.Popen(
        [online.program, "-s", phone.serial, "exec-out", command],
        env=online.environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
    ) as client:
        assert client.stdout is not None
        assert client.stdout.readline() == b"armed\n"
        client.kill()
    result = online(
        "-s", phone.serial, "shell",
        "i=0; while [ ! -f /data/local/tmp/hung-up ] && [ $i -lt 50 ]; do sleep 0.1; i=$((i+1));"
        " done; cat /data/local/tmp/hung-up",
    )  # fmt: skip
    assert result.text == "yes\n"


def test_a_program_that_reads_hears_the_hang_up_before_its_input_ends(
    online: AdbClient, phone: RunningDevice, monkeypatch: pytest.MonkeyPatch
) -> None:
    """AOSP's test_sighup. Process 1 is made slow, so that the order shows."""
    ask = ZygoteLink.ask

    async def ask_slowly(link: ZygoteLink, operation: str, *args: int, **fields: object) -> Any:
        await asyncio.sleep(0.2 if operation == "kill" else 0)
        return await ask(link, operation, *args, **fields)

    monkeypatch.setattr(ZygoteLink, "ask", ask_slowly)
    said = "/data/local/tmp/said"
    online("-s", phone.serial, "shell", f"rm -f {said}")
    script = f"trap 'echo hung up > {said}; exit' HUP; echo armed; read line; echo ended > {said}"
    with subprocess.Popen(
        [online.program, "-s", phone.serial, "shell", script],
        env=online.environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as client:
        assert client.stdout is not None
        assert client.stdout.readline() == b"armed\n"
        client.kill()
    waiting = f"until [ -s {said} ]; do sleep 0.05; done; cat {said}"
    assert online("-s", phone.serial, "shell", waiting).text == "hung up\n"


def test_an_old_phone_s_shell_is_a_terminal_without_exit_status(
    adb: AdbClient, old_phone: RunningDevice
) -> None:
    connected(adb, old_phone)
    result = adb("-s", old_phone.serial, "shell", "echo out; echo err >&2; exit 3")
    assert (result.status, result.stdout) == (0, b"out\r\nerr\r\n")
    assert adb("-s", old_phone.serial, "exec-out", "printf 'a\\nb\\n'").stdout == b"a\nb\n"


def test_an_old_phone_says_not_found_as_it_did(adb: AdbClient, old_phone: RunningDevice) -> None:
    connected(adb, old_phone)
    result = adb("-s", old_phone.serial, "shell", "nosuchcommand")
    assert result.stdout == b"/system/bin/sh: nosuchcommand: not found\r\n"


def test_an_old_phone_offers_no_features(adb: AdbClient, old_phone: RunningDevice) -> None:
    connected(adb, old_phone)
    assert adb("-s", old_phone.serial, "features").text.strip() == ""
