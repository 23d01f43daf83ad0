"""Preparations of a virtual phone, through the real adb and the real fastboot."""

from __future__ import annotations

import os
import re
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from holdfast.deadline import Deadline
from holdfast.device.connect import connect
from holdfast.errors import ConfigurationError, DeviceLost, DeviceRefused, LabError
from holdfast.firmware.preparation import Goal, Preparation, UserData
from holdfast.firmware.prepare import WrongBuild, WrongDevice, prepare
from holdfast.firmware.reach import reach_mode
from holdfast.firmware.sideload import sideload
from holdfast.firmware.states import Mode
from holdfast.journal import Fact
from selftests.holdfast.firmware.phone import Phone, phone
from virtualdevice.ota.keys import release_key
from virtualdevice.ota.whole_file_signing import sign_whole_file

BEFORE, AFTER = "nut-pro-2-before-4.2.5.1", "nut-pro-2-4.2.5.1"
PACKAGE_BYTES = 3_000_000
MARK = "/sdcard/Download/mine"
ALLOWED_S = 120.0
OFF = Mode.ABSENT


def soon() -> Deadline:
    return Deadline.after(ALLOWED_S)


@pytest.fixture(scope="module")
def pixel() -> Iterator[Phone]:
    with phone("aosp-30") as made:
        yield made


@pytest.fixture
def nut() -> Iterator[Phone]:
    with phone(BEFORE) as made:
        yield made


def fingerprint(made: Phone) -> str:
    bench = made.bench()
    reach_mode(bench.controls, Mode.SYSTEM, soon(), made.journal)
    return bench.build(soon()).fingerprint


def ask(made: Phone, command: str) -> str:
    return made.bench()._shell.run(command, deadline=soon()).text.strip()


def update_zip(folder: Path, product: str) -> Path:
    path = folder / "update.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("android-info.txt", f"require product={product}\n")
        archive.writestr("boot.img", b"b" * 8192)
        archive.writestr("system.img", b"s" * 8192)
    return path


def ota_zip(folder: Path, product: str, *, to: str, frm: str = "") -> Path:
    path = folder / "ota.zip"
    lines = [f"pre-device={product}", f"post-build={to}", "ota-type=BLOCK"]
    lines += [f"pre-build={frm}"] if frm else []
    lines += ["post-timestamp=1900000000"]
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("META-INF/com/android/metadata", "\n".join(lines) + "\n")
        archive.writestr("META-INF/com/google/android/update-binary", "#!/sbin/sh\n")
        archive.writestr("system.new.dat", os.urandom(PACKAGE_BYTES))
    brand = "SMARTISAN" if product == "osborn" else "Android"
    path.write_bytes(sign_whole_file(path.read_bytes(), release_key(brand)))
    return path


def put_into(made: Phone, mode: Mode) -> None:
    if mode is OFF:
        reach_mode(made.bench().controls, Mode.SYSTEM, soon(), made.journal)
        made.off()
    else:
        reach_mode(made.bench().controls, mode, soon(), made.journal)


def test_a_phone_that_is_off_and_cannot_be_switched_on_is_lost_by_name(
    pixel: Phone, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_into(pixel, OFF)
    bench = pixel.bench(power=False)
    reset = Preparation(goal=Goal.FACTORY_RESET, user_data=UserData.WIPE)
    with pytest.raises(DeviceLost, match=r"adb_reconnect: .*or give the lab switched USB power"):
        prepare(bench, reset, Deadline.after(90))
    pixel.on()


def test_a_factory_reset_takes_user_data_and_sets_the_phone_up(pixel: Phone) -> None:
    fingerprint(pixel)
    ask(pixel, f"mkdir -p /sdcard/Download; echo mine > {MARK}")
    reset = Preparation(goal=Goal.FACTORY_RESET, user_data=UserData.WIPE)
    prepare(pixel.bench(), reset, soon())
    assert ask(pixel, f"cat {MARK} 2>/dev/null") == ""
    assert ask(pixel, "settings get global device_provisioned") == "1"
    assert ask(pixel, "settings get global window_animation_scale") == "0"


@pytest.mark.parametrize("mode", [Mode.SYSTEM, Mode.BOOTLOADER, Mode.FASTBOOTD], ids=str)
def test_one_phone_has_one_serial_number_in_each_mode(pixel: Phone, mode: Mode) -> None:
    put_into(pixel, mode)
    pixel.bench(serialno=pixel.serialno).require_same_hardware(soon())
    with pytest.raises(WrongDevice, match=f"the hardware {pixel.serialno} answers where X1 was"):
        pixel.bench(serialno="X1").require_same_hardware(soon())


def test_a_phone_that_comes_back_as_another_is_left_alone(pixel: Phone) -> None:
    pixel.off()
    pixel.faults = ["other_serial"]
    pixel.on()
    fingerprint(pixel)
    device = connect(
        name="phone",
        serial=pixel.serial,
        adb_server_port=pixel.adb_port,
        journal=pixel.journal,
        ledger=pixel.ledger,
        deadline=soon(),
    )
    with pytest.raises(DeviceLost, match=rf"behind a reboot .* where {pixel.serialno} was"):
        device.reboot(deadline=soon())
    pixel.off()
    pixel.faults = ["other_serial"]
    pixel.on()
    fingerprint(pixel)
    reset = Preparation(goal=Goal.FACTORY_RESET, user_data=UserData.WIPE)
    with pytest.raises(WrongDevice, match=r"answers where .* was"):
        prepare(pixel.bench(), reset, soon())
    pixel.off()
    pixel.on()


def test_a_phone_of_a_user_build_speaks_the_language_that_was_declared(pixel: Phone) -> None:
    fingerprint(pixel)
    wanted = Preparation(goal=Goal.FACTORY_RESET, user_data=UserData.WIPE, locale="zh-CN")
    prepare(pixel.bench(), wanted, soon())
    device = connect(
        name="phone",
        serial=pixel.serial,
        adb_server_port=pixel.adb_port,
        journal=pixel.journal,
        ledger=pixel.ledger,
        deadline=soon(),
    )
    assert device.build.locale == "zh-CN"
    assert ask(pixel, "getprop persist.sys.locale") == "en-US"
    prepare(pixel.bench(), replace(wanted, locale=""), soon())
    assert pixel.bench()._power.read_build(deadline=soon()).locale == "en-US"


def test_a_language_that_only_root_may_set_is_named() -> None:
    wanted = Preparation(goal=Goal.FACTORY_RESET, user_data=UserData.WIPE, locale="de-DE")
    with (
        phone("aosp-23") as old,
        pytest.raises(LabError, match="it speaks en-US, de-DE is wanted, and before Android 7"),
    ):
        prepare(old.bench(), wanted, soon())


def test_a_clock_that_is_wrong_is_set() -> None:
    with phone("aosp-30", more=["--defect", "clock_jumps"]) as fast:
        reset = Preparation(goal=Goal.FACTORY_RESET, user_data=UserData.WIPE)
        prepare(fast.bench(), reset, soon())
        facts = {e.key: e.value for e in fast.journal.events if isinstance(e, Fact)}
        assert re.fullmatch(r"it was \+345\d+ s off; set", str(facts["clock.set"]))


def test_a_clock_that_the_shell_may_not_set_is_named() -> None:
    with phone("aosp-26", more=["--defect", "clock_jumps"]) as fast:
        reset = Preparation(goal=Goal.FACTORY_RESET, user_data=UserData.WIPE)
        with pytest.raises(LabError, match=r"clock \+345\d+ s off: give it a network"):
            prepare(fast.bench(), reset, soon())


def test_a_flash_that_leads_to_another_build_than_declared_is_named(
    pixel: Phone, tmp_path: Path
) -> None:
    fingerprint(pixel)
    wanted = Preparation(
        goal=Goal.FLASH,
        user_data=UserData.KEEP,
        package=update_zip(tmp_path, "blueline"),
        build="maker/phone:13/NEW",
    )
    with pytest.raises(WrongBuild, match=r"maker/phone:13/NEW was declared"):
        prepare(pixel.bench(), wanted, soon())


def test_images_for_another_product_are_refused_by_fastboot_itself(
    pixel: Phone, tmp_path: Path
) -> None:
    build = fingerprint(pixel)
    put_into(pixel, Mode.BOOTLOADER)
    wrong = Preparation(
        goal=Goal.FLASH,
        user_data=UserData.KEEP,
        package=update_zip(tmp_path, "other"),
        build=build,
    )
    with pytest.raises(DeviceRefused, match="requirements not met"):
        prepare(pixel.bench(), wrong, soon())


def test_a_folder_of_images_is_flashed_one_by_one(pixel: Phone, tmp_path: Path) -> None:
    build = fingerprint(pixel)
    put_into(pixel, Mode.BOOTLOADER)
    for name in ("boot", "system", "vbmeta"):
        (tmp_path / f"{name}.img").write_bytes(name.encode() * 1024)
    (tmp_path / "android-info.txt").write_text("require product=blueline\n", encoding="utf-8")
    wanted = Preparation(goal=Goal.FLASH, user_data=UserData.KEEP, package=tmp_path, build=build)
    already = len(pixel.ledger.commands)
    prepare(pixel.bench(), wanted, soon())
    flashed = [entry.target for entry in pixel.ledger.commands[already:]]
    assert flashed == ["boot", "vbmeta", "system"]


def test_a_package_for_another_product_or_build_touches_nothing(
    pixel: Phone, tmp_path: Path
) -> None:
    build = fingerprint(pixel)
    for product, base, words in (
        ("other", "", "it is for other, the device is blueline"),
        ("blueline", "maker:OLD", "it updates maker:OLD"),
    ):
        package = ota_zip(tmp_path, product, to=build, frm=base)
        wanted = Preparation(goal=Goal.SIDELOAD, user_data=UserData.KEEP, package=package)
        with pytest.raises(ConfigurationError, match=words):
            prepare(pixel.bench(), wanted, soon())
    assert pixel.bench().controls.mode(soon()) is Mode.SYSTEM


def test_recovery_refuses_a_package_and_the_phone_comes_back(pixel: Phone, tmp_path: Path) -> None:
    build = fingerprint(pixel)
    bench = pixel.bench()
    package = ota_zip(tmp_path, "other", to=build)
    with pytest.raises(DeviceRefused, match="it is not in sideload mode"):
        sideload(bench.controls._link, package, deadline=soon())
    put_into(pixel, Mode.SIDELOAD)
    with pytest.raises(DeviceRefused, match="recovery refused it"):
        sideload(bench.controls._link, package, deadline=soon())
    assert fingerprint(pixel) == build
