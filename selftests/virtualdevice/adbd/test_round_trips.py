"""There and back again: root, remount, tcpip and usb, per build type and version."""

from __future__ import annotations

from pathlib import Path

import pytest

from selftests.virtualdevice.fake_system import FakeSystem
from selftests.virtualdevice.real_clients import AdbClient, Result, RunningDevice, running_device


def shell(adb: AdbClient, phone: RunningDevice, command: str) -> Result:
    adb("-s", phone.serial, "wait-for-device")
    return adb("-s", phone.serial, "shell", command)


@pytest.mark.parametrize("api", [28, 34])
def test_a_debuggable_build_is_remounted_by_root_and_read_only_again_after_a_restart(
    adb: AdbClient, tmp_path: Path, api: int
) -> None:
    with running_device(FakeSystem(api=api), tmp_path) as phone:
        adb("connect", phone.serial)
        refused = adb("-s", phone.serial, "remount")
        assert 'Not running as root. Try "adb root" first.' in refused.text + refused.errors
        assert shell(adb, phone, "echo > /system/mine").status != 0
        assert "restarting adbd as root" in adb("-s", phone.serial, "root").text
        adb("-s", phone.serial, "wait-for-device")
        assert "remount succeeded" in adb("-s", phone.serial, "remount").text
        assert shell(adb, phone, "echo here > /system/mine; cat /system/mine").text == "here\n"
        assert "restarting adbd as non root" in adb("-s", phone.serial, "unroot").text
        assert shell(adb, phone, "rm /system/mine").status != 0
        adb("-s", phone.serial, "reboot")
        assert shell(adb, phone, "cat /system/mine").text == "here\n"
        assert "adbd not running as root" in adb("-s", phone.serial, "unroot").text
        adb("-s", phone.serial, "root")
        assert shell(adb, phone, "echo > /system/mine").status != 0
        adb("disconnect", phone.serial)


def test_a_user_build_has_no_remount(adb: AdbClient, tmp_path: Path) -> None:
    with running_device(FakeSystem(debuggable=False), tmp_path) as phone:
        adb("connect", phone.serial)
        said = adb("-s", phone.serial, "remount")
        assert "remount: inaccessible or not found" in said.text + said.errors
        assert "restarting" not in adb("-s", phone.serial, "root").text
        adb("disconnect", phone.serial)


def test_tcpip_and_usb_restart_adbd_and_the_device_is_had_where_it_was(
    online: AdbClient, phone: RunningDevice
) -> None:
    """The port that is asked for would be the host's own here: the device keeps the one it has."""
    serial = phone.serial
    assert "restarting in TCP mode port: 5999" in online("-s", serial, "tcpip", "5999").text
    assert shell(online, phone, "echo in").text == "in\n"
    assert phone.system.properties["service.adb.tcp.port"] == "5999"
    assert "restarting in USB mode" in online("-s", serial, "usb").text
    assert shell(online, phone, "echo in").text == "in\n"
    assert phone.system.properties["service.adb.tcp.port"] == "-1"
