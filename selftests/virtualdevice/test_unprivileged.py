"""A device that a plain user runs: its ids are the user's own and those of /etc/subuid.

Root plays that user, with a name and a /etc/subuid that only the device sees; anybody else is one
already, and then every other test is this one.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from selftests.virtualdevice.real_clients import AdbClient, adb_programs, running_adb
from selftests.virtualdevice.system.apks import NAME as APP
from selftests.virtualdevice.system.apks import apk
from selftests.virtualdevice.test_running import PROJECT, ready

UID, FIRST_ID = 54321, 3_000_000
TOOLS = ("unshare", "setpriv", "newuidmap", "newgidmap", "mount")
NAME = "holdfast-tester"
SCRIPT = """\
mount --bind "$1/subuid" /etc/subuid && mount --bind "$1/subuid" /etc/subgid &&
mount --bind "$1/passwd" /etc/passwd && shift && exec "$@"
"""


def _plain_user() -> list[str]:
    """The words before a command that make it run as a user without rights. One is left where the
    interpreter lies in somebody's private directory: to read it."""
    words = ["setpriv", f"--reuid={UID}", f"--regid={UID}", "--clear-groups"]
    parents = Path(sys.executable).resolve().parents
    if all(folder.stat().st_mode & 0o001 for folder in parents):
        return words
    return [*words, "--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search"]


@contextmanager
def _device(temporary: Path, ids: str) -> Iterator[subprocess.Popen[str]]:
    if os.getuid() != 0:
        pytest.skip("only root can play another user; this run's own devices are unprivileged")
    missing = [name for name in TOOLS if shutil.which(name) is None]
    if missing:
        pytest.skip(f"this host has no {', '.join(missing)}")
    accounts = Path("/etc/passwd").read_text(encoding="utf-8")
    entry = f"{NAME}:x:{UID}:{UID}::/nonexistent:/bin/sh\n"
    for name, text in (("subuid", ids), ("passwd", accounts + entry)):
        (temporary / name).write_text(text, encoding="utf-8")
        (temporary / name).chmod(0o644)
    home = temporary / "home"
    home.mkdir()
    os.chown(home, UID, UID)
    process = subprocess.Popen(
        ["unshare", "--mount", "sh", "-c", SCRIPT, "sh", str(temporary), *_plain_user(),
         sys.executable, "-m", "virtualdevice", "run", "aosp-34", "--json",
         "--until-stdin-closes"],
        cwd=PROJECT,
        env={**os.environ, "TMPDIR": str(home), "HOME": str(home)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )  # fmt: skip
    with process:
        try:
            yield process
        finally:
            assert process.stdin is not None
            process.stdin.close()
            process.wait(60)


@pytest.fixture
def temporary() -> Iterator[Path]:
    """Not below pytest's own folder: each pytest that begins on this host shuts others out of it,
    also in the middle of this test."""
    with tempfile.TemporaryDirectory() as made:
        Path(made).chmod(0o755)
        yield Path(made)


@pytest.fixture
def adb(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AdbClient]:
    program = adb_programs()["adb36"] or adb_programs()["adb29"]
    if program is None:
        pytest.skip("no adb is installed")
    with running_adb(program, tmp_path_factory.mktemp("adb")) as client:
        yield client


def test_a_plain_users_device_is_a_whole_phone(temporary: Path, adb: AdbClient) -> None:
    with _device(temporary, f"{NAME}:{FIRST_ID}:65536\n") as process:
        answer = ready(process)
        serial = answer["adb"]

        def shell(command: str) -> str:
            return adb("-s", serial, "shell", command).text.strip()

        adb("connect", serial)
        assert adb("-s", serial, "wait-for-device").status == 0
        assert Path(f"/proc/{answer['pid']}").stat().st_uid == UID
        assert shell("id -u") == "2000"
        assert shell("pm list packages com.android.settings") == "package:com.android.settings"
        assert "Permission denied" in shell("ls /data/data 2>&1")
        assert shell("echo kept > /data/local/tmp/f; stat -c %U /data/local/tmp/f") == "shell"
        adb("-s", serial, "reboot")
        assert adb("-s", serial, "wait-for-device").status == 0
        assert shell("cat /data/local/tmp/f") == "kept"
        while shell("getprop sys.boot_completed") != "1":
            adb("connect", serial)
        assert shell("pm create-user --profileOf 0 --managed Work") == "Success: created user id 10"
        assert shell("am start-user 10") == "Success: user started"
        (temporary / "app.apk").write_bytes(apk(debuggable=True))
        assert adb("-s", serial, "install", str(temporary / "app.apk")).status == 0
        uids = [int(shell(f"run-as {APP} --user {n} id -u")) for n in (0, 10)]
        assert uids[1] == uids[0] + 1_000_000
        shell(f"run-as {APP} --user 10 sh -c 'echo mine > letter; chmod 600 letter'")
        assert shell(f"run-as {APP} --user 10 cat letter") == "mine"
        assert "Permission denied" in shell(f"run-as {APP} cat /data/user/10/{APP}/letter 2>&1")
        assert shell("echo x > /storage/emulated/10/f; cat /storage/emulated/10/f") == "x"
    assert not list((temporary / "home").glob("virtualdevice-*"))


def test_a_plain_users_device_is_saved_restored_and_reset(temporary: Path, adb: AdbClient) -> None:
    with _device(temporary, f"{NAME}:{FIRST_ID}:65536\n") as process:
        answer = ready(process)

        def after(command: str) -> str:
            assert process.stdin is not None
            assert process.stdout is not None
            process.stdin.write(f"{command}\n")
            process.stdin.flush()
            assert json.loads(process.stdout.readline())["event"] != "refused"
            adb("connect", answer["adb"])
            adb("-s", answer["adb"], "wait-for-device")
            return adb("-s", answer["adb"], "shell", "cat /data/local/tmp/f 2>/dev/null").text

        adb("connect", answer["adb"])
        adb("-s", answer["adb"], "wait-for-device", "shell", "echo first > /data/local/tmp/f")
        assert after("save seeded") == "first\n"
        adb("-s", answer["adb"], "shell", "rm /data/local/tmp/f")
        assert after("restore seeded") == "first\n"
        assert after("reset") == ""
        assert after("restore seeded") == "first\n"
        assert after("fault full_disk") == "first\n"
        full = adb("-s", answer["adb"], "shell", "echo > /sdcard/new; df /data")
        assert "No space left on device" in full.errors
        assert " 0 100% " in full.text
        trash = Path(answer["state"]) / "disk" / "trash"
        while any(trash.iterdir()):
            adb("-s", answer["adb"], "shell", "sleep 0.05")
    assert not list((temporary / "home").glob("virtualdevice-*"))


def test_with_few_ids_it_is_a_phone_for_one_user(temporary: Path, adb: AdbClient) -> None:
    with _device(temporary, f"{NAME}:{FIRST_ID}:25000\n") as process:
        serial = ready(process)["adb"]
        adb("connect", serial)
        assert adb("-s", serial, "wait-for-device").status == 0
        most = adb("-s", serial, "shell", "pm get-max-users").text.strip()
        assert most == "Maximum supported users: 1"
        refused = adb("-s", serial, "shell", "pm create-user Anna")
        assert refused.status == 1
        assert refused.errors.endswith("Error: couldn't create User.\n")


def test_without_ids_of_their_own_a_user_is_told_what_to_do(temporary: Path) -> None:
    with _device(temporary, "somebody:100000:65536\n") as process:
        assert process.stderr is not None
        assert process.wait(60) == 3
        sentence = process.stderr.read()
    assert f"gives {NAME} no 20000 ids of their own" in sentence
    assert "usermod --add-subuids" in sentence
