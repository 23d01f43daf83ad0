"""A low battery, heat and a clock that jumped, as a phone of each version shows them."""

from __future__ import annotations

import re
import time
from pathlib import Path

import pytest

from selftests.virtualdevice.ota.conftest import one_adb
from selftests.virtualdevice.ota.phones import ota_phone
from selftests.virtualdevice.real_clients import AdbClient
from selftests.virtualdevice.system.fake_machine import booted

__all__ = ["one_adb"]

DAY_MS = 86_400_000


@pytest.mark.parametrize("personality", ["aosp-25", "aosp-28", "aosp-30", "aosp-34"])
async def test_heat_is_seen_in_the_battery_and_from_10_on_in_the_thermal_service(
    tmp_path: Path, personality: str
) -> None:
    rig = await booted(tmp_path, personality)
    cool = (await rig.run("dumpsys", "battery")).out
    assert "  health: 2\n" in cool
    assert "  temperature: 250\n" in cool
    rig.server.switch_on("overheated")
    hot = (await rig.run("dumpsys", "battery")).out
    assert "  health: 3\n" in hot
    assert "  temperature: 680\n" in hot
    thermal = await rig.run("dumpsys", "thermalservice")
    if rig.phone.api < 29:
        assert "Can't find service: thermalservice" in thermal.text
    else:
        assert "Thermal Status: 4\n" in thermal.out
        assert "{mValue=68.0, mType=3, mName=skin, mStatus=4}" in thermal.out


async def test_a_clock_that_jumped_is_seen_by_the_alarm_manager(tmp_path: Path) -> None:
    rig = await booted(tmp_path, "aosp-34")
    for days in (0, 400):
        found = re.search(r"nowRTC=(\d+)=\d{4}-\d\d-\d\d ", (await rig.run("dumpsys", "alarm")).out)
        assert found is not None
        assert (int(found[1]) - time.time() * 1000) / DAY_MS == pytest.approx(days, abs=0.1)
        rig.server.switch_on("clock_jumps")


async def test_the_shell_sets_the_clock_from_9_on(tmp_path: Path) -> None:
    rig = await booted(tmp_path, "aosp-28")
    assert (await rig.run("cmd", "alarm", "set-time", "1700000000000")).status == 0
    assert abs(rig.phone.parts.clock() - 1_700_000_000) < DAY_MS / 1000
    for words, said in (
        (["set-time", "noon"], 'java.lang.NumberFormatException: For input string: "noon"'),
        (["set-time"], 'java.lang.IllegalArgumentException: Argument expected after "set-time"'),
        (["ring"], "Unknown command: ring"),
    ):
        wrong = await rig.run("cmd", "alarm", *words)
        assert (wrong.out.strip(), wrong.status) == (said, 255)
    older = await booted(tmp_path / "older", "aosp-27")
    answer = await older.run("cmd", "alarm", "set-time", "1700000000000")
    assert "No shell command implementation." in answer.text
    assert abs(older.phone.parts.clock() - time.time()) < DAY_MS / 1000


def test_a_low_battery_is_seen_by_android_the_bootloader_and_recovery_alike(
    one_adb: AdbClient, tmp_path: Path
) -> None:
    with ota_phone(one_adb, "aosp-34", tmp_path) as phone:
        assert "level: 100" in phone.shell("dumpsys battery")
        phone.device.do(phone.device.device.strike("low_battery"))
        assert "level: 5\n" in phone.shell("dumpsys battery")
        phone.adb("reboot", "bootloader")
        assert phone.variable("battery-soc-ok") == "no"
        phone.fastboot("reboot")
        phone.wait_for("device")
        assert "level: 5\n" in phone.shell("dumpsys battery")


def test_date_has_the_time_that_the_clock_jumped_to(one_adb: AdbClient, tmp_path: Path) -> None:
    with ota_phone(one_adb, "aosp-34", tmp_path) as phone:
        before = int(phone.shell("date +%s"))
        phone.device.do(phone.device.device.strike("clock_jumps"))
        days = (int(phone.shell("date +%s")) - before) / 86_400
        assert days == pytest.approx(400, abs=0.1)
