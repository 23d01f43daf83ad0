"""Hosts with a key that the device does not know."""

from __future__ import annotations

from pathlib import Path

from selftests.virtualdevice.fake_system import FakeSystem
from selftests.virtualdevice.real_clients import AdbClient, running_device
from virtualdevice.adbd.auth import parse_key, signed_by
from virtualdevice.seams import KeyAnswer


def test_a_key_that_the_user_accepts_is_let_in_and_remembered(
    adb: AdbClient, tmp_path: Path
) -> None:
    with running_device(FakeSystem(secure=True, accepts_keys=KeyAnswer.ALWAYS), tmp_path) as phone:
        adb("connect", phone.serial)
        adb("-s", phone.serial, "wait-for-device")
        assert adb("-s", phone.serial, "get-state").text == "device\n"
        adb("disconnect", phone.serial)
        adb("connect", phone.serial)
        adb("-s", phone.serial, "wait-for-device")
        adb("-s", phone.serial, "reboot")
        adb("-s", phone.serial, "wait-for-device")
        assert adb("-s", phone.serial, "shell", "echo in").text == "in\n"
        assert len(phone.system.keys_asked) == 1
        adb("disconnect", phone.serial)


def test_a_key_that_is_accepted_once_is_asked_about_again(adb: AdbClient, tmp_path: Path) -> None:
    with running_device(FakeSystem(secure=True, accepts_keys=KeyAnswer.ONCE), tmp_path) as phone:
        for times in (1, 2):
            adb("connect", phone.serial)
            adb("-s", phone.serial, "wait-for-device")
            assert adb("-s", phone.serial, "shell", "echo in").text == "in\n"
            assert len(phone.system.keys_asked) == times
            adb("disconnect", phone.serial)


def test_a_key_that_is_refused_stays_outside(adb: AdbClient, tmp_path: Path) -> None:
    system = FakeSystem(secure=True, accepts_keys=KeyAnswer.REFUSED)
    with running_device(system, tmp_path) as phone:
        adb("connect", phone.serial)
        assert "unauthorized" in adb("-s", phone.serial, "shell", "id").errors
        assert len(phone.system.keys_asked) == 1
        adb("disconnect", phone.serial)


def test_a_key_that_nobody_accepts_stays_outside(adb: AdbClient, tmp_path: Path) -> None:
    with running_device(FakeSystem(secure=True), tmp_path) as phone:
        adb("connect", phone.serial)
        assert f"{phone.serial}\tunauthorized" in adb("devices").text
        refused = adb("-s", phone.serial, "shell", "id")
        assert refused.status != 0
        assert "unauthorized" in refused.errors
        adb("disconnect", phone.serial)


def test_text_that_is_no_key_is_none() -> None:
    assert parse_key(b"") is None
    assert parse_key(b"!!!! me@here") is None
    assert parse_key(b"QUJD me@here") is None


def test_a_signature_of_other_bytes_is_not_by_the_key(adb: AdbClient) -> None:
    public = (
        (adb.home / "adbkey.pub").read_bytes()
        if (adb.home / "adbkey.pub").exists()
        else (adb.home / ".android" / "adbkey.pub").read_bytes()
    )
    key = parse_key(public)
    assert key is not None
    assert key.exponent == 65537
    assert not signed_by(key, bytes(20), bytes(256))
    assert not signed_by(key, bytes(20), b"short")
