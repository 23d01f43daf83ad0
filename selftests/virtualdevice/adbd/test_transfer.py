"""`adb push`, `pull`, `sync` and what lies around them, by the real adb programs."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from selftests.virtualdevice.conftest import connected
from selftests.virtualdevice.real_clients import (
    AdbClient,
    RunningDevice,
    adb_programs,
    running_adb,
)

FOLDER = "/data/local/tmp"


def test_a_file_comes_back_as_it_went(
    online: AdbClient, phone: RunningDevice, tmp_path: Path
) -> None:
    sent, back = tmp_path / "sent", tmp_path / "back"
    sent.write_bytes(os.urandom(3_000_001))
    assert online("-s", phone.serial, "push", str(sent), f"{FOLDER}/there").status == 0
    assert online("-s", phone.serial, "pull", f"{FOLDER}/there", str(back)).status == 0
    assert back.read_bytes() == sent.read_bytes()


@pytest.mark.parametrize("codec", ["brotli", "lz4", "zstd"])
def test_compressed_transfers_are_decoded(
    online: AdbClient, phone: RunningDevice, tmp_path: Path, codec: str
) -> None:
    if "sendrecv_v2" not in online("host-features").text:
        pytest.skip("this adb does not compress")
    sent, back = tmp_path / "sent", tmp_path / "back"
    sent.write_bytes(b"holdfast " * 100_000 + os.urandom(1000))
    pushed = online("-s", phone.serial, "push", "-z", codec, str(sent), f"{FOLDER}/{codec}")
    assert pushed.status == 0, pushed.errors
    pulled = online("-s", phone.serial, "pull", "-z", codec, f"{FOLDER}/{codec}", str(back))
    assert pulled.status == 0, pulled.errors
    assert back.read_bytes() == sent.read_bytes()


def test_a_dry_run_writes_nothing(online: AdbClient, phone: RunningDevice, tmp_path: Path) -> None:
    if "sendrecv_v2" not in online("host-features").text:
        pytest.skip("this adb has no dry run")
    sent = tmp_path / "sent"
    sent.write_bytes(b"x")
    assert online("-s", phone.serial, "push", "-n", str(sent), f"{FOLDER}/dry").status == 0
    assert online("-s", phone.serial, "shell", f"ls {FOLDER}/dry").status == 1


def test_a_tree_with_links_and_odd_names_goes_both_ways(
    online: AdbClient, phone: RunningDevice, tmp_path: Path
) -> None:
    tree = tmp_path / "tree"
    (tree / "sub dir").mkdir(parents=True)
    (tree / "sub dir" / "数据 'x'.txt").write_text("one", encoding="utf-8")
    (tree / "empty").mkdir()
    online("-s", phone.serial, "shell", f"rm -rf {FOLDER}/tree")
    assert online("-s", phone.serial, "push", str(tree), f"{FOLDER}/tree").status == 0
    listing = online("-s", phone.serial, "shell", f"cd {FOLDER}/tree; find . | sort")
    assert "./sub dir/数据 'x'.txt" in listing.text.splitlines()
    back = tmp_path / "back"
    assert online("-s", phone.serial, "pull", f"{FOLDER}/tree", str(back)).status == 0
    assert (back / "sub dir" / "数据 'x'.txt").read_text(encoding="utf-8") == "one"


def test_a_pushed_file_belongs_to_the_shell_and_has_adbd_s_mode_and_time(
    online: AdbClient, phone: RunningDevice, tmp_path: Path
) -> None:
    sent = tmp_path / "sent"
    sent.write_bytes(b"x")
    sent.chmod(0o640)
    os.utime(sent, (1_500_000_000, 1_500_000_000))
    online("-s", phone.serial, "push", str(sent), f"{FOLDER}/mode")
    seen = online("-s", phone.serial, "shell", f"stat -c '%U %a %Y' {FOLDER}/mode")
    assert seen.text == "shell 666 1500000000\n"


def test_pushing_replaces_a_link_instead_of_writing_through_it(
    online: AdbClient, phone: RunningDevice, tmp_path: Path
) -> None:
    sent = tmp_path / "sent"
    sent.write_bytes(b"new")
    setup = f"cd {FOLDER}; rm -f victim link; echo -n old > victim; ln -s victim link"
    online("-s", phone.serial, "shell", setup)
    online("-s", phone.serial, "push", str(sent), f"{FOLDER}/link")
    seen = online("-s", phone.serial, "shell", f"cat {FOLDER}/victim {FOLDER}/link")
    assert seen.text == "oldnew"


def test_a_push_that_is_refused_says_why_after_all_its_data(
    online: AdbClient, phone: RunningDevice, tmp_path: Path
) -> None:
    sent = tmp_path / "sent"
    sent.write_bytes(bytes(2_000_000))
    refused = online("-s", phone.serial, "push", str(sent), "/data/data/x")
    assert refused.status == 1
    assert "couldn't create file: Permission denied" in refused.errors + refused.text
    read_only = online("-s", phone.serial, "push", str(sent), "/nodir/x")
    assert "Read-only file system" in read_only.errors + read_only.text


def test_pulling_what_is_absent_fails(
    online: AdbClient, phone: RunningDevice, tmp_path: Path
) -> None:
    result = online("-s", phone.serial, "pull", f"{FOLDER}/none", str(tmp_path / "x"))
    assert result.status == 1
    assert f"remote object '{FOLDER}/none'" in result.errors + result.text


def test_ls_shows_what_is_there_and_nothing_of_a_closed_directory(
    online: AdbClient, phone: RunningDevice
) -> None:
    names = [line.split()[-1] for line in online("-s", phone.serial, "ls", "/").text.splitlines()]
    assert {".", "..", "data", "system", "proc"} <= set(names)
    assert online("-s", phone.serial, "ls", "/data/data").text == ""


def test_an_old_phone_transfers_by_the_first_version(
    adb: AdbClient, old_phone: RunningDevice, tmp_path: Path
) -> None:
    connected(adb, old_phone)
    sent, back = tmp_path / "sent", tmp_path / "back"
    sent.write_bytes(os.urandom(300_000))
    assert adb("-s", old_phone.serial, "push", str(sent), f"{FOLDER}/x.bin").status == 0
    assert adb("-s", old_phone.serial, "pull", f"{FOLDER}/x.bin", str(back)).status == 0
    assert back.read_bytes() == sent.read_bytes()


def test_burst_mode_s_delayed_acknowledgement_transfers_whole(
    phone: RunningDevice, tmp_path: Path
) -> None:
    program = adb_programs()["adb36"]
    if program is None:
        pytest.skip("adb 36 is not installed")
    sent, back = tmp_path / "sent", tmp_path / "back"
    sent.write_bytes(os.urandom(20_000_000))
    with running_adb(program, tmp_path, ADB_BURST_MODE="1") as adb:
        connected(adb, phone)
        assert adb("-s", phone.serial, "push", str(sent), f"{FOLDER}/burst").status == 0
        assert adb("-s", phone.serial, "pull", f"{FOLDER}/burst", str(back)).status == 0
    assert back.read_bytes() == sent.read_bytes()


@pytest.mark.parametrize("root", [False, True], ids=["shell", "root"])
def test_no_way_leads_a_transfer_to_the_host_s_files(
    online: AdbClient, phone: RunningDevice, tmp_path: Path, root: bool
) -> None:
    secret = tmp_path / "secret"
    secret.write_text("outside", encoding="utf-8")
    online("-s", phone.serial, "root" if root else "unroot")
    online("-s", phone.serial, "wait-for-device")
    plant = "cd /data/local/tmp; ln -sfn / up; ln -sfn ../../../../../.. over"
    online("-s", phone.serial, "shell", plant)
    ways = ("/../../../..", "/proc/1/root/../..", "/proc/self/cwd/../..")
    for way in (*ways, "/data/local/tmp/up", "/data/local/tmp/over", "/proc/self/fd/../root/.."):
        back = online("-s", phone.serial, "pull", f"{way}{secret}", str(tmp_path / "back"))
        assert back.status != 0
        online("-s", phone.serial, "push", str(secret), f"{way}{tmp_path}/planted")
        assert not (tmp_path / "planted").exists()
    for device in ("/dev/sda", "/dev/vda", "/dev/mem", "/dev/kmsg"):
        assert online("-s", phone.serial, "pull", device, str(tmp_path / "back")).status != 0
    online("-s", phone.serial, "unroot")
    online("-s", phone.serial, "wait-for-device")
