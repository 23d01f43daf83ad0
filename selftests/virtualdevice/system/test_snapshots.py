"""Snapshots of a whole phone: what it says of an app is the same after each restore."""

from __future__ import annotations

import re
from pathlib import Path

from selftests.virtualdevice.system.apks import apk
from selftests.virtualdevice.system.real_phone import Phone, connected_phone, one_adb

NAME = "org.example.notes"


def app_data(phone: Phone) -> tuple[str, ...]:
    """ceDataInode as dumpsys has it, and the directories' own inodes (CE, DE)."""
    said = phone.shell(f"dumpsys package {NAME}")
    reported = re.search(r"ceDataInode=([1-9]\d*)", said)
    own = phone.shell(f"run-as {NAME} stat -c %i /data/user/0/{NAME} /data/user_de/0/{NAME}")
    return (reported[1] if reported else said, *own.split())


def back(phone: Phone) -> None:
    """adb may still have the connection of before the restart."""
    while phone.shell("getprop sys.boot_completed").strip() != "1":
        phone.client("connect", phone.device.serial)


def test_the_inodes_that_a_phone_reports_of_an_app_outlive_saving_and_restoring(
    tmp_path: Path,
) -> None:
    package = tmp_path / "notes.apk"
    package.write_bytes(apk(package_name=NAME, debuggable=True))
    with one_adb(tmp_path) as client, connected_phone(client, "aosp-34", tmp_path) as phone:
        device = phone.device.device

        def change(what: str) -> None:
            phone.shell(f"run-as {NAME} sh -c 'echo {what} > note'")

        assert "Success" in phone.install(package)
        change("first")
        before = app_data(phone)
        assert before[0] == before[1] != before[2]
        phone.device.do(device.save_snapshot("seeded"))
        for what in ("second", "third"):
            back(phone)
            assert app_data(phone) == before
            change(what)
            phone.reboot()
            assert app_data(phone) == before
            phone.device.do(device.restore_snapshot("seeded"))
        back(phone)
        assert phone.shell(f"run-as {NAME} cat note") == "first\n"
        phone.device.do(device.reset())
        back(phone)
        assert NAME not in phone.shell("pm list packages")
        phone.device.do(device.restore_snapshot("seeded"))
        back(phone)
        assert app_data(phone) == before
