"""Faults on demand, by the real adb."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

import pytest

from selftests.virtualdevice.fake_system import FakeSystem
from selftests.virtualdevice.real_clients import AdbClient, running_device
from selftests.virtualdevice.system.apks import apk
from selftests.virtualdevice.test_running import answered, ready, started
from virtualdevice.faults import (
    ABOUT,
    ALSO_CALLED,
    OF_ANDROID,
    Fault,
    FaultError,
    FaultKind,
    LinkWatch,
    parse_fault,
)
from virtualdevice.system.faults import FAULTS


def test_a_fault_is_due_once_its_bytes_have_passed_and_only_once() -> None:
    watch = LinkWatch([parse_fault("drop_link=100"), parse_fault("hang=50")])
    assert watch.pass_bytes(50) == []
    assert watch.pass_bytes(1) == [FaultKind.HANG]
    assert watch.pass_bytes(60) == [FaultKind.DROP_LINK]
    assert watch.pass_bytes(1000) == ()


@pytest.mark.parametrize("text", ["", "explode", "drop_link", "drop_link=x", "never_boots=1"])
def test_a_fault_that_there_is_not_is_an_error_that_lists_those_there_are(text: str) -> None:
    with pytest.raises(FaultError, match=r"drop_link=BYTES or =PHASE.*, hang=BYTES"):
        parse_fault(text)


def test_android_knows_its_own_faults_by_the_same_names() -> None:
    of_a_firmware = {"boot_crashes_early", "boot_crashes_late"}
    assert {one.name for one in FAULTS} - of_a_firmware == {*OF_ANDROID, *ALSO_CALLED}
    assert parse_fault("storage_full") == Fault(kind=FaultKind.FULL_DISK)


def test_each_fault_is_listed_with_its_form_and_what_it_does() -> None:
    listed = answered("list", "faults").stdout
    assert [line.split("=")[0].split("[")[0] for line in listed.splitlines()[:-1:2]] == [*FaultKind]
    assert all(about in listed for about in ABOUT.values())
    assert "slow_disk=MILLISECONDS[,PHASE[:PERCENT%]]" in listed
    assert listed.endswith(
        "PHASE is one of download, verify, commit, first_boot, code_optimisation, install\n"
    )


def test_a_link_that_drops_fails_the_transfer_and_can_be_had_again(
    adb: AdbClient, tmp_path: Path
) -> None:
    sent = tmp_path / "sent"
    sent.write_bytes(os.urandom(3_000_000))
    faults = [Fault(kind=FaultKind.DROP_LINK, after_bytes=1_000_000)]
    with running_device(FakeSystem(), tmp_path, faults=faults) as phone:
        adb("connect", phone.serial)
        assert adb("-s", phone.serial, "push", str(sent), "/data/local/tmp/x").status != 0
        adb("-s", phone.serial, "wait-for-device")
        assert adb("-s", phone.serial, "push", str(sent), "/data/local/tmp/x").status == 0
        adb("disconnect", phone.serial)


def test_a_device_that_hangs_answers_nothing_more(adb: AdbClient, tmp_path: Path) -> None:
    faults = [Fault(kind=FaultKind.HANG, after_bytes=100_000)]
    with running_device(FakeSystem(), tmp_path, faults=faults) as phone:
        adb("connect", phone.serial)
        assert adb("-s", phone.serial, "shell", "echo 1").text == "1\n"
        with pytest.raises(Exception, match="timed out"):
            adb("-s", phone.serial, "exec-out", "cat /dev/zero | head -c 1000000", limit_s=1)
        with pytest.raises(Exception, match="timed out"):
            adb("-s", phone.serial, "shell", "echo 1", limit_s=0.5)
        adb("disconnect", phone.serial)


def test_a_device_that_refuses_has_no_service_until_it_restarts(
    adb: AdbClient, tmp_path: Path
) -> None:
    faults = [Fault(kind=FaultKind.REFUSE, after_bytes=100_000)]
    with running_device(FakeSystem(), tmp_path, faults=faults) as phone:
        adb("connect", phone.serial)
        assert adb("-s", phone.serial, "shell", "echo 1").text == "1\n"
        adb("-s", phone.serial, "exec-out", "cat /dev/zero | head -c 200000")
        refused = adb("-s", phone.serial, "shell", "echo 1")
        assert refused.status != 0
        assert "closed" in refused.errors
        assert f"{phone.serial}\tdevice" in adb("devices").text
        phone.do(phone.device.restart())
        adb("-s", phone.serial, "wait-for-device")
        assert adb("-s", phone.serial, "shell", "echo 1").text == "1\n"
        adb("disconnect", phone.serial)


def test_a_device_that_never_boots_stays_offline(adb: AdbClient, tmp_path: Path) -> None:
    with running_device(
        FakeSystem(), tmp_path, faults=[Fault(kind=FaultKind.NEVER_BOOTS)]
    ) as phone:
        with pytest.raises(Exception, match="timed out"):
            adb("connect", phone.serial, limit_s=1)
        assert f"{phone.serial}\tdevice" not in adb("devices").text
        assert phone.system.boots == 0
        adb("disconnect", phone.serial)


def test_a_device_that_stays_down_is_not_seen_after_its_first_restart(
    adb: AdbClient, tmp_path: Path
) -> None:
    with running_device(FakeSystem(), tmp_path, faults=[Fault(kind=FaultKind.STAYS_DOWN)]) as phone:
        adb("connect", phone.serial)
        adb("-s", phone.serial, "reboot")
        with pytest.raises(Exception, match="timed out"):
            adb("-s", phone.serial, "wait-for-device", "shell", "echo up", limit_s=1)
        adb("disconnect", phone.serial)


def test_a_device_that_dies_is_a_process_that_was_killed(adb: AdbClient, tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    words = ("run", "aosp-34", "--json", "--fault", "die=100000")
    with started(*words, temporary=tmp_path) as process:
        serial = ready(process)["adb"]
        adb("connect", serial)
        adb("-s", serial, "exec-out", "cat /dev/zero | head -c 1000000")
        assert process.wait(60) == -9
        adb("disconnect", serial)


def test_an_unknown_fault_is_status_4() -> None:
    result = answered("run", "aosp-34", "--fault", "explode")
    assert (result.returncode, len(result.stderr.splitlines())) == (4, 1)


def test_a_fault_comes_when_the_device_is_told_so(adb: AdbClient, tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    commands = tmp_path / "commands"
    with started("run", "aosp-34", "--json", f"--commands={commands}", temporary=tmp_path) as phone:
        serial = ready(phone)["adb"]
        adb("connect", serial)
        assert phone.stdout is not None
        struck = ("battery_flat", "clock_jumps", "slow_disk=1", "die=verify", "storage_full")
        for fault in (*struck, "explode", "slow_disk=x", "drop_link"):
            with commands.open("w") as fifo:
                fifo.write(f"fault {fault}\n")
            answer = json.loads(phone.stdout.readline())
            known = fault not in {"explode", "slow_disk=x"}
            assert answer["event"] == ("struck" if known else "refused"), answer
        adb("-s", serial, "wait-for-device")
        assert "level: 5" in adb("-s", serial, "shell", "dumpsys battery").text
        ahead_s = int(adb("-s", serial, "shell", "date +%s").text) - time.time()
        assert ahead_s > 30 * 86400
        full = adb("-s", serial, "shell", "echo > /sdcard/new").errors
        assert "No space left on device" in full
        adb("disconnect", serial)


def test_a_full_disk_from_the_start_is_full_for_adb_shell_and_package_manager(
    adb: AdbClient, tmp_path: Path
) -> None:
    tmp_path.chmod(0o755)
    app = tmp_path / "app.apk"
    app.write_bytes(apk())
    words = ("run", "aosp-34", "--json", "--fault", "full_disk")
    with started(*words, temporary=tmp_path) as process:
        serial = ready(process)["adb"]
        adb("connect", serial)
        adb("-s", serial, "wait-for-device")
        installed = adb("-s", serial, "install", str(app))
        assert installed.status != 0
        assert "Requested internal only, but not enough space" in installed.errors + installed.text
        pushed = adb("-s", serial, "push", str(app), "/sdcard/app.apk")
        assert "remote write failed: No space left on device" in pushed.errors + pushed.text
        said = adb("-s", serial, "shell", "dumpsys diskstats; df /data; pm list packages -3").text
        assert "Data-Free: 0K" in said
        assert " 0 100% " in said
        assert "org.example.chat" not in said
        adb("-s", serial, "reboot")
        adb("-s", serial, "wait-for-device")
        assert adb("-s", serial, "shell", "echo > /sdcard/new").status != 0
        by_android = "getprop > /sdcard/properties; stat -c %s /sdcard/properties"
        assert adb("-s", serial, "shell", by_android).text == "0\n"
        adb("disconnect", serial)


def test_a_slow_disk_takes_its_time_for_what_is_pushed_pulled_and_written(
    adb: AdbClient, tmp_path: Path
) -> None:
    sent, mib = tmp_path / "sent", 1 << 20
    sent.write_bytes(os.urandom(2 * mib))
    faults = [Fault(kind=FaultKind.SLOW_DISK, milliseconds=150)]

    def took_s(*words: str) -> float:
        began = time.monotonic()
        assert adb("-s", phone.serial, *words).status == 0
        return time.monotonic() - began

    with running_device(FakeSystem(), tmp_path, faults=faults) as phone:
        adb("connect", phone.serial)
        adb("-s", phone.serial, "wait-for-device")
        assert took_s("push", str(sent), "/data/local/tmp/x") >= 0.3
        assert took_s("pull", "/data/local/tmp/x", str(tmp_path / "back")) >= 0.3
        assert (tmp_path / "back").read_bytes() == sent.read_bytes()
        machine = phone.device.machine
        began = time.monotonic()
        phone.do(machine.files.write("/data/app/x", bytes(mib), mode=0o644, uid=0, gid=0))
        phone.do(machine.take_time(mib))
        assert time.monotonic() - began >= 0.3
        assert took_s("shell", "cat /data/local/tmp/x > /data/local/tmp/y") < 0.3
        adb("disconnect", phone.serial)
