"""The bootloader and fastbootd, by the real fastboot over TCP."""

from __future__ import annotations

import filecmp
import os
import subprocess
import zipfile
from pathlib import Path

import pytest

from selftests.virtualdevice.bootloader.conftest import Fastboot, reboot, said
from selftests.virtualdevice.real_clients import AdbClient, RunningDevice
from virtualdevice.ota.keys import release_key
from virtualdevice.ota.package import PackagePlan, build_package
from virtualdevice.seams import BootMode


def test_variables_are_answered(phone: RunningDevice, fastboot: Fastboot) -> None:
    assert "product: fakephone" in said(fastboot("getvar", "product"))
    assert "serialno: TEST0001" in said(fastboot("getvar", "serialno"))
    assert "is-userspace: no" in said(fastboot("getvar", "is-userspace"))
    assert "current-slot: a" in said(fastboot("getvar", "current-slot"))
    assert "has-slot:boot: yes" in said(fastboot("getvar", "has-slot:boot"))
    assert "has-slot:userdata: no" in said(fastboot("getvar", "has-slot:userdata"))
    everything = said(fastboot("getvar", "all"))
    assert "partition-size:system_b:0x100000000" in everything
    unknown = fastboot("getvar", "nonsense")
    assert "FAILED (remote: 'Unknown variable')" in said(unknown)


def test_an_image_is_flashed_to_the_current_slot_and_erased(
    phone: RunningDevice, fastboot: Fastboot, tmp_path: Path
) -> None:
    image = tmp_path / "boot.img"
    image.write_bytes(os.urandom(1_000_000))
    assert fastboot("flash", "boot", str(image)).status == 0
    stored = phone.state / "flash" / "boot_a.img"
    assert stored.read_bytes() == image.read_bytes()
    assert fastboot("flash", "boot_b", str(image)).status == 0
    assert (phone.state / "flash" / "boot_b.img").exists()
    assert fastboot("erase", "boot").status == 0
    assert not stored.exists()


def test_a_large_image_arrives_in_sparse_parts_and_whole(
    phone: RunningDevice, fastboot: Fastboot, tmp_path: Path
) -> None:
    image = tmp_path / "system.img"
    with image.open("wb") as file:
        file.write(os.urandom(4 << 20))
        file.seek(90 << 20)
        file.write(os.urandom(60 << 20))
    result = fastboot("flash", "system", str(image))
    assert result.status == 0, said(result)
    assert "Sending sparse 'system_a' 1/" in said(result)
    stored = phone.state / "flash" / "system_a.img"
    assert filecmp.cmp(stored, image, shallow=False)


def test_what_does_not_fit_or_is_not_there_is_refused(fastboot: Fastboot, tmp_path: Path) -> None:
    image = tmp_path / "vbmeta.img"
    image.write_bytes(bytes(1 << 20) + b"x")
    assert "data too large" in said(fastboot("flash", "vbmeta", str(image)))
    assert "No such partition" in said(fastboot("flash", "nosuch", str(image)))
    assert "unknown command" in said(fastboot("oem", "frobnicate"))


def test_the_slot_is_set_and_kept_over_a_reboot(phone: RunningDevice, fastboot: Fastboot) -> None:
    assert fastboot("--set-active=b").status == 0
    assert fastboot("reboot-bootloader").status == 0
    assert "current-slot: b" in said(fastboot("getvar", "current-slot"))
    assert fastboot("--set-active=a").status == 0


def test_fastbootd_says_that_it_is_in_userspace(fastboot: Fastboot) -> None:
    result = fastboot("reboot", "fastboot")
    assert result.status == 0, said(result)
    assert "is-userspace: yes" in said(fastboot("getvar", "is-userspace"))


def test_erasing_user_data_is_a_factory_reset(
    phone: RunningDevice, fastboot: Fastboot, adb: AdbClient
) -> None:
    boots = phone.system.boots
    fastboot("reboot")
    adb("connect", phone.serial)
    adb("-s", phone.serial, "wait-for-device")
    adb("-s", phone.serial, "shell", "echo mine > /data/local/tmp/mine; sync")
    adb("-s", phone.serial, "reboot", "bootloader")
    assert fastboot("-w").status == 0
    assert fastboot("reboot").status == 0
    adb("-s", phone.serial, "wait-for-device")
    assert adb("-s", phone.serial, "shell", "ls /data/local/tmp").text == ""
    assert phone.system.boots == boots + 2
    adb("-s", phone.serial, "reboot")
    adb("-s", phone.serial, "wait-for-device")
    adb("-s", phone.serial, "shell", "echo stays > /data/local/tmp/mine")
    adb("-s", phone.serial, "reboot")
    adb("-s", phone.serial, "wait-for-device")
    assert adb("-s", phone.serial, "shell", "cat /data/local/tmp/mine").text == "stays\n"
    adb("disconnect", phone.serial)


def test_a_locked_bootloader_flashes_nothing_and_locking_erases_user_data(
    phone: RunningDevice, fastboot: Fastboot, tmp_path: Path
) -> None:
    image = tmp_path / "boot.img"
    image.write_bytes(b"x" * 4096)
    assert fastboot("flashing", "lock").status == 0
    assert "unlocked: no" in said(fastboot("getvar", "unlocked"))
    assert "not allowed in Lock State" in said(fastboot("flash", "boot", str(image)))
    assert "not allowed in Lock State" in said(fastboot("erase", "userdata"))
    assert "get_unlock_ability: 1" in said(fastboot("flashing", "get_unlock_ability"))
    assert fastboot("flashing", "unlock").status == 0
    assert "Device already : unlocked!" in said(fastboot("flashing", "unlock"))
    assert fastboot("flash", "boot", str(image)).status == 0


def update_zip(path: Path, requirement: str) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("android-info.txt", f"require product={requirement}\n")
        archive.writestr("boot.img", b"b" * 8192)
        archive.writestr("system.img", b"s" * 8192)
    return path


def test_an_update_checks_its_requirements_and_flashes_its_images(
    phone: RunningDevice, fastboot: Fastboot, tmp_path: Path
) -> None:
    wrong = fastboot("update", str(update_zip(tmp_path / "wrong.zip", "otherphone")))
    assert wrong.status != 0
    assert "requirements not met" in said(wrong)
    good = fastboot("--skip-reboot", "update", str(update_zip(tmp_path / "x.zip", "fakephone")))
    assert good.status == 0, said(good)
    slot = phone.device.flash.state.current_slot
    with (phone.state / "flash" / f"system_{slot}.img").open("rb") as system:
        assert system.read(8192) == b"s" * 8192


def test_the_port_is_closed_while_android_runs(phone: RunningDevice, fastboot: Fastboot) -> None:
    fastboot("reboot")
    with pytest.raises(subprocess.TimeoutExpired):
        fastboot("getvar", "product", limit_s=0.5)


def ota(path: Path, device: str) -> Path:
    """For an A/B device of no brand."""
    plan = PackagePlan(
        target="aosp-34", products=(device,), key=release_key(""), size_bytes=300_000
    )
    path.write_bytes(build_package(plan))
    return path


def test_sideload_takes_a_package_for_this_device_and_refuses_others(
    adb: AdbClient, phone: RunningDevice, tmp_path: Path
) -> None:
    reboot(phone, BootMode.SIDELOAD)
    adb("connect", phone.serial)
    adb("-s", phone.serial, "wait-for-sideload")
    package = ota(tmp_path / "good.zip", "fakephone")
    result = adb("-s", phone.serial, "sideload", str(package))
    assert result.status == 0, said(result)
    assert (phone.state / "sideload" / "update.zip").read_bytes() == package.read_bytes()
    adb("-s", phone.serial, "wait-for-recovery")
    reboot(phone, BootMode.SIDELOAD)
    adb("-s", phone.serial, "wait-for-sideload")
    assert adb("-s", phone.serial, "sideload", str(ota(tmp_path / "bad.zip", "other"))).status != 0
    adb("-s", phone.serial, "wait-for-recovery")
    log = (phone.state / "sideload" / "last_install").read_text(encoding="utf-8")
    assert "E:Package is for product other but expected fakephone\n" in log
    adb("disconnect", phone.serial)
