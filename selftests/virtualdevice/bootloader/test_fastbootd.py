"""fastbootd and its logical partitions, and whole builds, by the real fastboot over TCP."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from pathlib import Path

import pytest

from selftests.virtualdevice.bootloader.conftest import Fastboot, said
from selftests.virtualdevice.real_clients import AdbClient, RunningDevice
from virtualdevice.bootloader.refusal import FlashRefused
from virtualdevice.bootloader.super_partition import SuperPartition, read_metadata_image
from virtualdevice.faults import FaultKind

MIB = 1 << 20


def super_image(sizes: Mapping[str, int]) -> bytes:
    """As lpmake writes it (liblp, metadata_format.h): geometry, header, partitions, extents."""
    partitions, extents = b"", b""
    for number, (name, size) in enumerate(sizes.items()):
        partitions += struct.pack("<36sIIII", name.encode(), 1, number, 1, 0)
        extents += struct.pack("<QIQI", size // 512, 0, 2048, 0)
    table = struct.Struct("<III")
    header = struct.pack(
        "<IHHI32sI32s", 0x414C5030, 10, 0, 128, b"", len(partitions + extents), b""
    )
    header += table.pack(0, len(sizes), 52) + table.pack(len(partitions), len(sizes), 24)
    geometry = struct.pack("<II", 0x616C4467, 52).ljust(4096, b"\0")
    return geometry + header.ljust(128, b"\0") + partitions + extents


@pytest.fixture
def fastbootd(fastboot: Fastboot) -> Fastboot:
    assert fastboot("reboot", "fastboot").status == 0
    return fastboot


def variable(fastboot: Fastboot, name: str) -> str:
    lines = said(fastboot("getvar", name)).splitlines()
    return next(line.removeprefix(f"{name}: ") for line in lines if line.startswith(name))


def test_logical_partitions_are_made_resized_and_deleted(fastbootd: Fastboot) -> None:
    assert variable(fastbootd, "is-logical:system_a") == "yes"
    assert variable(fastbootd, "is-logical:boot_a") == "no"
    assert variable(fastbootd, "super-partition-name") == "super"
    assert fastbootd("create-logical-partition", "scratch", str(5 * MIB + 1)).status == 0
    assert variable(fastbootd, "is-logical:scratch") == "yes"
    assert variable(fastbootd, "partition-size:scratch") == f"{5 * MIB + 4096:#x}"
    again = fastbootd("create-logical-partition", "scratch", "4096")
    assert "Partition already exists" in said(again)
    assert fastbootd("resize-logical-partition", "scratch", str(MIB)).status == 0
    assert variable(fastbootd, "partition-size:scratch") == f"{MIB:#x}"
    too_much = fastbootd("resize-logical-partition", "scratch", str(1 << 50))
    assert "Not enough space to resize partition" in said(too_much)
    assert fastbootd("delete-logical-partition", "scratch").status == 0
    gone = fastbootd("resize-logical-partition", "scratch", "4096")
    assert "Partition does not exist" in said(gone)
    assert "No such file or directory" in said(fastbootd("flash", "scratch", "/etc/hostname"))


def test_a_logical_partition_takes_the_size_of_its_image(
    fastbootd: Fastboot, phone: RunningDevice, tmp_path: Path
) -> None:
    image = tmp_path / "product.img"
    image.write_bytes(b"p" * 3 * MIB)
    assert fastbootd("flash", "product", str(image)).status == 0
    slot = phone.device.flash.state.current_slot
    assert variable(fastbootd, f"partition-size:product_{slot}") == f"{3 * MIB:#x}"
    assert (phone.state / "flash" / f"product_{slot}.img").read_bytes() == image.read_bytes()


def test_the_bootloader_knows_no_logical_partitions(fastboot: Fastboot) -> None:
    assert variable(fastboot, "is-logical:system_a") == "no"
    refused = fastboot("create-logical-partition", "scratch", "4096")
    assert "FAILED (remote: 'unknown command')" in said(refused)
    assert "FAILED" in said(fastboot("getvar", "super-partition-name"))


def test_a_locked_device_changes_no_logical_partition(
    fastboot: Fastboot, phone: RunningDevice
) -> None:
    fastboot("flashing", "lock")
    fastboot("reboot", "fastboot")
    refused = fastboot("delete-logical-partition", "system_b")
    assert "Command not available on locked devices" in said(refused)
    refused = fastboot("erase", "userdata")
    assert "Erase is not allowed on locked devices" in said(refused)
    fastboot("reboot-bootloader")
    assert fastboot("flashing", "unlock").status == 0
    assert phone.device.flash.partition("system_b") is not None


@pytest.mark.parametrize("wipe", [False, True], ids=["keeps user data", "-w"])
def test_flashall_flashes_a_whole_build_by_way_of_fastbootd(
    fastboot: Fastboot, phone: RunningDevice, adb: AdbClient, tmp_path: Path, wipe: bool
) -> None:
    fastboot("reboot")
    adb("connect", phone.serial)
    adb("-s", phone.serial, "wait-for-device", "shell", "echo mine > /data/local/tmp/mine")
    adb("-s", phone.serial, "reboot", "bootloader")
    slot = phone.device.flash.state.current_slot
    names = ("boot", "dtbo", "vbmeta", "system", "vendor", "product")
    for number, name in enumerate(names):
        (tmp_path / f"{name}.img").write_bytes(name[:1].encode() * (number + 1) * 8192)
    (tmp_path / "android-info.txt").write_text("require product=fakephone|other\n")
    logical = {f"{name}_{slot}": 0 for name in ("system", "vendor", "product")}
    (tmp_path / "super_empty.img").write_bytes(super_image(logical))
    words = (["-w"] if wipe else []) + ["flashall"]
    done = fastboot(*words, ANDROID_PRODUCT_OUT=str(tmp_path))
    assert done.status == 0, said(done)
    for number, name in enumerate(names):
        stored = (phone.state / "flash" / f"{name}_{slot}.img").read_bytes()
        assert stored == name[:1].encode() * (number + 1) * 8192, name
    adb("-s", phone.serial, "wait-for-device")
    note = adb("-s", phone.serial, "shell", "cat /data/local/tmp/mine").text
    assert note == ("" if wipe else "mine\n")
    adb("disconnect", phone.serial)


def test_update_super_replaces_the_table_of_the_current_slot_only() -> None:
    sizes = {"system_a": 10 * MIB, "system_b": 20 * MIB}
    table = SuperPartition(sizes, capacity_bytes=64 * MIB)
    table.replace({"system_a": MIB, "odm_a": MIB}, slot="a", wipe=False)
    assert sizes == {"system_a": MIB, "odm_a": MIB, "system_b": 20 * MIB}
    with pytest.raises(FlashRefused, match="wipe needed"):
        table.replace({"system_a": 60 * MIB}, slot="a", wipe=False)
    table.replace({"system_a": 60 * MIB}, slot="a", wipe=True)
    assert sizes == {"system_a": 60 * MIB}


def test_a_metadata_image_is_read_and_anything_else_is_refused() -> None:
    image = super_image({"system_a": 3 * MIB, "vendor_b": 4096})
    assert read_metadata_image(image) == {"system_a": 3 * MIB, "vendor_b": 4096}
    for wrong in (b"", b"x" * 9000, image[:4200], image[:4096] + b"x" * 300):
        with pytest.raises(FlashRefused, match="not a valid logical partition metadata"):
            read_metadata_image(wrong)


def test_a_bootloader_flashes_nothing_with_a_low_battery(
    fastboot: Fastboot, phone: RunningDevice, tmp_path: Path
) -> None:
    image = tmp_path / "boot.img"
    image.write_bytes(b"x" * 4096)
    phone.do(phone.device.strike(FaultKind.LOW_BATTERY))
    try:
        assert variable(fastboot, "battery-soc-ok") == "no"
        assert variable(fastboot, "battery-voltage") == "3400"
        for words in (("flash", "boot", str(image)), ("erase", "userdata")):
            refused = fastboot(*words)
            assert "Warning: battery's capacity is very low" in said(refused)
    finally:
        phone.device.faults.discard(FaultKind.LOW_BATTERY)
    assert variable(fastboot, "battery-soc-ok") == "yes"
    assert fastboot("flash", "boot", str(image)).status == 0
