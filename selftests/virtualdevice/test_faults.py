"""Faults on demand, by the real adb."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

import pytest

from selftests.virtualdevice.fake_system import FakeSystem
from selftests.virtualdevice.real_clients import AdbClient, running_device
from selftests.virtualdevice.test_running import answered, ready, started
from virtualdevice.faults import Fault, FaultError, FaultKind, LinkWatch, parse_fault


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
        for fault in ("battery_flat", "clock_jumps", "explode", "drop_link"):
            with commands.open("w") as fifo:
                fifo.write(f"fault {fault}\n")
            answer = json.loads(phone.stdout.readline())
            assert answer["event"] == ("refused" if fault == "explode" else "struck"), answer
        adb("-s", serial, "wait-for-device")
        assert "level: 5" in adb("-s", serial, "shell", "dumpsys battery").text
        ahead_s = int(adb("-s", serial, "shell", "date +%s").text) - time.time()
        assert ahead_s > 30 * 86400
        adb("disconnect", serial)
