"""Code without a record, updates without code, data without a package, at a boot."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from selftests.virtualdevice.system.apks import NAME, apk
from selftests.virtualdevice.system.fake_machine import Rig, booted
from selftests.virtualdevice.system.test_boot import HOME, Upgradable, install, seed
from selftests.virtualdevice.system.test_boot_scan import critical_lines


def code_directory(rig: Rig) -> Path:
    record = rig.phone.parts.registry.get(NAME)
    assert record is not None
    return rig.machine.files.host(record.code_path)


@pytest.mark.parametrize(
    ("base", "kind"), [("aosp-26", "user"), ("aosp-28", "user"), ("aosp-30", "app")]
)
async def test_8_to_11_give_a_preload_whose_update_has_no_code_another_id(
    tmp_path: Path, base: str, kind: str
) -> None:
    phone = Upgradable(tmp_path, base)
    rig = await phone.boot("1", apk())
    await install(rig, apk(version_code=2))
    await seed(rig)
    app_id = rig.record_line(NAME)[0]
    shutil.rmtree(code_directory(rig))
    rig = await phone.boot("1", apk())
    lines = await critical_lines(rig)
    assert f"Adding duplicate {kind} id: {app_id} name={NAME}" in lines
    assert f"Failed to create app data for {NAME}, but trying to recover: " in lines
    now = rig.record_line(NAME)
    assert (now[0] != app_id, now[2]) == (True, 1)
    assert not rig.machine.files.host(f"{HOME}/files/letter").exists()
    record = rig.phone.parts.registry.get(NAME)
    assert record is not None
    assert record.preload is None


@pytest.mark.parametrize(("base", "version"), [("aosp-25", None), ("aosp-31", 1), ("aosp-36", 1)])
async def test_other_androids_keep_the_id_and_the_data(
    tmp_path: Path, base: str, version: int | None
) -> None:
    phone = Upgradable(tmp_path, base)
    rig = await phone.boot("1", apk())
    await install(rig, apk(version_code=2))
    await seed(rig)
    before = rig.record_line(NAME)
    shutil.rmtree(code_directory(rig))
    rig = await phone.boot("1", apk())
    assert rig.record_line(NAME)[:2] == before[:2]
    assert rig.machine.files.host(f"{HOME}/files/letter").exists()
    record = rig.phone.parts.registry.installed(NAME)
    assert (record.version_code if record else None) == version


async def stray(rig: Rig, data: bytes, place: str) -> Path:
    return rig.machine.files.host(await rig.put(f"/data/app/{place}/base.apk", data)).parent


@pytest.mark.parametrize("base", ["aosp-21", "aosp-25", "aosp-28", "aosp-30", "aosp-36"])
async def test_half_a_package_is_deleted(tmp_path: Path, base: str) -> None:
    rig = await booted(tmp_path, base)
    half = await stray(rig, apk()[:500], f"{NAME}-half")
    await rig.reboot()
    assert not half.exists()
    assert f"Deleting invalid package at /data/app/{NAME}-half" in await critical_lines(rig)
    assert rig.phone.parts.registry.get(NAME) is None


async def test_an_empty_place_for_code_is_deleted(tmp_path: Path) -> None:
    rig = await booted(tmp_path, "aosp-33")
    rig.machine.files.host("/data/app/~~empty==").mkdir()
    await rig.reboot()
    assert not rig.machine.files.host("/data/app/~~empty==").exists()


@pytest.mark.parametrize(
    ("base", "says"),
    [
        ("aosp-23", ""),
        ("aosp-25", ""),
        ("aosp-26", f"Destroying orphaned/data/app/{NAME}-other"),
        ("aosp-27", f"Destroying orphaned/data/app/{NAME}-other"),
    ],
)
async def test_a_second_copy_that_the_scan_left_goes_from_8_on(
    tmp_path: Path, base: str, says: str
) -> None:
    rig = await booted(tmp_path, base)
    await install(rig, apk())
    other = await stray(rig, apk(), f"{NAME}-other")
    await rig.reboot()
    assert other.exists() is not bool(says)
    assert says in await critical_lines(rig)
    assert code_directory(rig).exists()


@pytest.mark.parametrize(("base", "destroyed"), [("aosp-23", False), ("aosp-24", True)])
async def test_data_of_no_package_is_destroyed_from_7_on(
    tmp_path: Path, base: str, destroyed: bool
) -> None:
    rig = await booted(tmp_path, base)
    await rig.put("/data/data/org.example.gone/files/x", b"x")
    await rig.reboot()
    reason = "com.android.server.pm.PackageManagerException: Package org.example.gone is unknown"
    says = f"Destroying /data/user/0/org.example.gone due to: {reason}"
    assert (says in await critical_lines(rig)) is destroyed
    assert rig.machine.files.host("/data/data/org.example.gone").exists() is not destroyed
