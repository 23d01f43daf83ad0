"""Firmware that comes by the real fastboot."""

from __future__ import annotations

from pathlib import Path

from selftests.virtualdevice.ota.phones import firmware_file, ota_phone, package_file
from selftests.virtualdevice.ota.test_update_engine import apply, newer, rooted
from selftests.virtualdevice.real_clients import AdbClient
from virtualdevice.__main__ import main
from virtualdevice.ota.firmware import pack_firmware
from virtualdevice.ota.package import PackagePlan

NUT_OLD, NUT_NEW = "nut-pro-2-before-4.2.5.1", "nut-pro-2-4.2.5.1"


def test_an_update_zip_brings_the_build_and_keeps_user_data(
    one_adb: AdbClient, tmp_path: Path
) -> None:
    archive = tmp_path / "update.zip"
    assert main(["ota", "image", "--to", NUT_NEW, "-o", str(archive)]) == 0
    with ota_phone(one_adb, NUT_OLD, tmp_path) as phone:
        phone.shell("mkdir -p /sdcard/x; echo mine > /sdcard/x/note")
        phone.adb("reboot", "bootloader")
        result = phone.fastboot("update", str(archive))
        assert result.status == 0, result.errors
        phone.wait_for("device")
        assert phone.shell("getprop ro.smartisan.version").startswith("4.2.5.1-")
        assert phone.shell("cat /sdcard/x/note") == "mine"


def test_an_image_larger_than_one_download_arrives_in_sparse_parts(
    one_adb: AdbClient, tmp_path: Path
) -> None:
    image = tmp_path / "system.img"
    image.write_bytes(pack_firmware(NUT_NEW, size_bytes=70 << 20))
    with ota_phone(one_adb, NUT_OLD, tmp_path) as phone:
        phone.adb("reboot", "bootloader")
        result = phone.fastboot("flash", "system", str(image))
        assert result.status == 0, result.errors
        phone.fastboot("reboot")
        phone.wait_for("device")
        assert "/4.2.5.1:" in phone.build


def test_a_slot_with_another_build_boots_it_when_it_is_made_active(
    one_adb: AdbClient, tmp_path: Path
) -> None:
    image = tmp_path / "system.img"
    other = firmware_file(tmp_path / "fw", "aosp-34", "other", 'build: {incremental: "9"}\n')
    image.write_bytes(pack_firmware(other))
    with ota_phone(one_adb, "aosp-34", tmp_path) as phone:
        old = phone.build
        phone.adb("reboot", "bootloader")
        phone.fastboot("flash", "system_b", str(image))
        phone.fastboot("set_active", "b")
        assert phone.variable("slot-successful:b") == "no"
        phone.fastboot("reboot")
        phone.wait_for("device")
        assert "/9:user" in phone.build
        phone.adb("reboot", "bootloader")
        assert phone.variable("slot-successful:b") == "yes"
        phone.fastboot("set_active", "a")
        phone.fastboot("reboot")
        phone.wait_for("device")
        assert phone.build == old


def test_a_damaged_firmware_ends_in_the_bootloader(one_adb: AdbClient, tmp_path: Path) -> None:
    image = tmp_path / "system.img"
    content = bytearray(pack_firmware(NUT_NEW))
    content[5000] ^= 0xFF
    image.write_bytes(content)
    with ota_phone(one_adb, NUT_OLD, tmp_path) as phone:
        phone.adb("reboot", "bootloader")
        phone.fastboot("flash", "system", str(image))
        phone.fastboot("reboot")
        assert phone.variable("product") == "osborn"
        image.write_bytes(pack_firmware(NUT_NEW))
        phone.fastboot("flash", "system", str(image))
        phone.fastboot("reboot")
        phone.wait_for("device")
        assert "/4.2.5.1:" in phone.build


def test_a_snapshot_brings_firmware_and_slots_back_with_the_user_data(
    one_adb: AdbClient, tmp_path: Path
) -> None:
    image = tmp_path / "system.img"
    other = firmware_file(tmp_path / "fw", "aosp-34", "other", 'build: {incremental: "9"}\n')
    image.write_bytes(pack_firmware(other))
    with ota_phone(one_adb, "aosp-34", tmp_path) as phone:
        old = phone.build
        phone.shell("echo old > /data/local/tmp/note")
        phone.device.do(phone.device.device.save_snapshot("old"))
        phone.wait_for("device")
        phone.adb("reboot", "bootloader")
        phone.fastboot("flash", "system_b", str(image))
        phone.fastboot("set_active", "b")
        phone.fastboot("reboot")
        phone.wait_for("device")
        assert "/9:user" in phone.build
        phone.shell("echo new > /data/local/tmp/note")
        phone.device.do(phone.device.device.save_snapshot("new"))
        for name, build, slot in (("old", old, "_a"), ("new", "/9:user", "_b"), ("old", old, "_a")):
            phone.device.do(phone.device.device.restore_snapshot(name))
            phone.wait_for("device")
            assert build in phone.build
            assert phone.shell("getprop ro.boot.slot_suffix") == slot
            assert phone.shell("cat /data/local/tmp/note") == name


def test_an_update_that_waits_in_snapshots_is_dropped_by_fastboot(
    one_adb: AdbClient, tmp_path: Path
) -> None:
    package = package_file(tmp_path / "ota.zip", PackagePlan(target=newer(tmp_path)))
    with rooted(one_adb, tmp_path) as phone:
        old = phone.build
        assert apply(phone, package)[1].succeeded
        phone.adb("reboot", "bootloader")
        assert phone.variable("snapshot-update-status") == "snapshotted"
        assert phone.variable("current-slot") == "b"
        assert phone.fastboot("snapshot-update", "cancel").status == 0
        assert phone.variable("snapshot-update-status") == "none"
        phone.fastboot("reboot")
        phone.wait_for("device")
        assert phone.build == old
        assert phone.shell("getprop ro.boot.slot_suffix; cat /sdcard/x/note") == "_a\nmine"


def test_a_slot_without_its_system_partition_boots_no_more(
    one_adb: AdbClient, tmp_path: Path
) -> None:
    with ota_phone(one_adb, "aosp-34", tmp_path) as phone:
        phone.adb("reboot", "fastboot")
        assert phone.variable("is-userspace") == "yes"
        assert phone.fastboot("delete-logical-partition", "system_a").status == 0
        phone.fastboot("reboot")
        phone.wait_for("device")
        assert phone.shell("getprop ro.boot.slot_suffix") == "_b"
