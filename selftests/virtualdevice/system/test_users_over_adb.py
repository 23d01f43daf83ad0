"""Users of a whole phone by the real adb: what the kernel lets whom read, and what is locked."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from selftests.virtualdevice.system.apks import NAME, apk
from selftests.virtualdevice.system.real_phone import Phone, connected_phone, one_adb

LETTER = f"/data/user/10/{NAME}/files/letter"


@contextmanager
def phone_with_work_profile(root: Path, personality: str, *defects: str) -> Iterator[Phone]:
    """The chat app is there for users 0 and 10, and each has a letter in it."""
    for folder in ("adb", "phone"):
        (root / folder).mkdir()
    (root / "chat.apk").write_bytes(apk(debuggable=True))
    with (
        one_adb(root / "adb") as client,
        connected_phone(client, personality, root / "phone", defects=defects) as phone,
    ):
        assert "user id 10" in phone.shell("pm create-user --profileOf 0 --managed Work")
        assert "Success: user started" in phone.shell("am start-user 10")
        assert "Success" in phone.install(root / "chat.apk")
        for user_id in (0, 10):
            write = f"mkdir files; echo user {user_id} > files/letter"
            assert phone.shell(f"run-as {NAME} --user {user_id} sh -c '{write}'") == ""
        yield phone


@pytest.fixture(scope="module", params=["aosp-29", "aosp-34-userdebug"])
def phone(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Phone]:
    with phone_with_work_profile(tmp_path_factory.mktemp("users"), request.param) as running:
        yield running


def test_the_kernel_keeps_the_users_of_an_app_apart(phone: Phone) -> None:
    uids = [int(phone.shell(f"run-as {NAME} --user {n} id -u")) for n in (0, 10)]
    assert uids[1] == uids[0] + 1_000_000
    name = phone.shell(f"run-as {NAME} --user 10 id -un").strip()
    assert name == f"u10_a{uids[0] - 10000}"
    assert phone.shell(f"run-as {NAME} --user 10 cat {LETTER}") == "user 10\n"
    assert "Permission denied" in phone.shell(f"run-as {NAME} cat {LETTER} 2>&1")
    assert phone.shell(f"run-as {NAME} cat files/letter") == "user 0\n"


def test_shared_storage_is_each_users_own(phone: Phone, tmp_path: Path) -> None:
    (tmp_path / "picture").write_bytes(b"a dog")
    assert phone.adb("push", str(tmp_path / "picture"), "/storage/emulated/10/DCIM/").status == 0
    assert phone.shell("cat /storage/emulated/10/DCIM/picture") == "a dog"
    assert phone.shell("ls /sdcard/DCIM") == ""


def test_behind_a_pin_nothing_of_ce_storage_is_there_until_it_is_typed(
    phone: Phone, tmp_path: Path
) -> None:
    api = int(phone.shell("getprop ro.build.version.sdk"))
    assert phone.shell("locksettings set-pin 1234") == "Pin set to '1234'\n"
    phone.shell("echo here > /sdcard/note")
    phone.reboot()
    try:
        assert phone.shell("am get-started-user-state 0") == "RUNNING_LOCKED\n"
        assert phone.shell("getprop sys.user.0.ce_available") == "false\n"
        assert phone.adb("shell", "run-as", NAME, "cat", "files/letter").status != 0
        assert phone.adb("shell", "cat", "/sdcard/note").status != 0
        assert "note" not in phone.shell("ls /sdcard/")
        listing = phone.adb("shell", "ls", "/sdcard/")
        assert (listing.status == 0) == (api < 30)  # 10 shows encrypted names, 11 no storage
        (tmp_path / "file").write_bytes(b"x")
        assert phone.adb("push", str(tmp_path / "file"), "/sdcard/file").status != 0
        assert phone.adb("push", str(tmp_path / "file"), "/data/local/tmp/file").status == 0
        if "restarting adbd as root" in phone.adb("root").text:
            phone.client("connect", phone.device.serial)
            phone.adb("wait-for-device")
            assert NAME in phone.shell("ls /data/user_de/0")
            assert NAME not in phone.shell("ls /data/data")
            assert "No such file" in phone.shell(f"cat {LETTER} 2>&1")
            phone.adb("unroot")
            phone.client("connect", phone.device.serial)
            phone.adb("wait-for-device")
    finally:
        phone.shell("input keyevent 82; input text 1234; input keyevent 66")
    for user_id in (0, 10):
        assert phone.shell(f"am get-started-user-state {user_id}") == "RUNNING_UNLOCKED\n"
        letter = phone.shell(f"run-as {NAME} --user {user_id} cat files/letter")
        assert letter == f"user {user_id}\n"
    assert phone.shell("cat /sdcard/note") == "here\n"
    phone.shell("locksettings clear --old 1234")


def test_removing_the_profile_leaves_nothing(phone: Phone) -> None:
    files = phone.device.device.machine.files

    def there() -> list[str]:
        roots = ("/data/user/10", "/data/user_de/10", "/data/media/10")
        return [root for root in roots if phone.device.do(files.stat(root)) is not None]

    assert len(there()) == 3
    assert phone.shell("pm remove-user 10") == "Success: removed user\n"
    assert phone.shell("pm list users").count("UserInfo") == 1
    assert there() == []
    assert "No such file" in phone.shell("ls /storage/emulated/10 2>&1")
    assert phone.shell(f"run-as {NAME} cat files/letter") == "user 0\n"
