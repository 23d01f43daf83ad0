"""What an update meets when a cable, a battery or a crash comes between."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from selftests.virtualdevice.ota.phones import ota_phone, package_file
from selftests.virtualdevice.ota.test_update_engine import BASE, REMOTE, apply, newer, rooted, words
from selftests.virtualdevice.real_clients import AdbClient
from virtualdevice.faults import Fault, FaultError, FaultKind, Phase, PhaseWatch, parse_fault
from virtualdevice.ota.package import PackagePlan

OF_AN_UPDATE = [phase for phase in Phase if phase is not Phase.INSTALL]
OLD, NEW = "nut-pro-2-before-4.2.5.1", "nut-pro-2-4.2.5.1"


def test_a_fault_may_name_its_place_in_an_update() -> None:
    fault = parse_fault("die=download:50%")
    assert fault == Fault(kind=FaultKind.DIE, phase=Phase.DOWNLOAD, percent=50)
    watch = PhaseWatch([fault])
    assert list(watch.reach(Phase.VERIFY, 1.0)) == []
    assert list(watch.reach(Phase.DOWNLOAD, 0.4)) == []
    assert list(watch.reach(Phase.DOWNLOAD, 0.5)) == [fault]
    assert list(watch.reach(Phase.DOWNLOAD, 0.6)) == []


@pytest.mark.parametrize(
    "text",
    [
        "die",
        "die=now",
        "die=verify:x%",
        "slow_disk",
        "slow_disk=install",
        "slow_disk=5,",
        "slow_disk=5,6",
        "low_battery=1",
        "low_battery=",
        "never_boots=install",
        "full_disk=50%",
    ],
)
def test_a_fault_of_another_form_is_refused(text: str) -> None:
    with pytest.raises(FaultError, match="PHASE is one of download"):
        parse_fault(text)


@pytest.mark.parametrize("percent", [10, 50, 90])
def test_a_link_that_drops_during_sideload_leaves_the_old_build(
    one_adb: AdbClient, tmp_path: Path, percent: int
) -> None:
    package = package_file(tmp_path / "ota.zip", PackagePlan(target=NEW, size_bytes=3_000_000))
    with ota_phone(one_adb, OLD, tmp_path, faults=[f"drop_link=download:{percent}%"]) as phone:
        old = phone.build
        assert phone.sideload(package).status != 0
        phone.wait_for("sideload")
        phone.reboot()
        assert phone.build == old
        assert phone.sideload(package).status == 0
        phone.wait_for("recovery")
        phone.reboot()
        assert "/4.2.5.1:" in phone.build


def test_update_engine_works_on_when_the_link_drops(one_adb: AdbClient, tmp_path: Path) -> None:
    package = package_file(tmp_path / "ota.zip", PackagePlan(target=newer(tmp_path)))
    with rooted(one_adb, tmp_path, faults=["drop_link=download:50%"]) as phone:
        phone.adb("push", str(package), REMOTE)
        phone.shell(f"update_engine_client {words(package, f'file://{REMOTE}')}")
        phone.wait_for("device")
        phone.adb("root")
        phone.wait_for("device")
        again = f"update_engine_client --update --payload=file://{REMOTE} 2>&1"
        answers = (phone.shell(again) for _ in range(500))
        assert any("An update already applied" in said for said in answers)
        phone.reboot()
        assert "/777:" in phone.build


@pytest.mark.parametrize("phase", ["download:50%", "verify", "commit"])
def test_a_restart_before_the_commit_boots_the_old_slot(
    one_adb: AdbClient, tmp_path: Path, phase: str
) -> None:
    package = package_file(tmp_path / "ota.zip", PackagePlan(target=newer(tmp_path)))
    with rooted(one_adb, tmp_path, faults=[f"reboot={phase}"]) as phone:
        old = phone.build
        phone.adb("push", str(package), REMOTE)
        phone.shell(f"update_engine_client {words(package, f'file://{REMOTE}')}")
        phone.wait_for("device")
        assert phone.build == old
        assert phone.shell("cat /sdcard/x/note") == "mine"
        phone.adb("root")
        phone.wait_for("device")
        assert apply(phone, package)[1].succeeded
        phone.reboot()
        assert "/777:" in phone.build


@pytest.mark.parametrize("phase", ["first_boot", "code_optimisation"])
def test_a_restart_in_the_first_boot_is_followed_by_another_try(
    one_adb: AdbClient, tmp_path: Path, phase: str
) -> None:
    package = package_file(tmp_path / "ota.zip", PackagePlan(target=newer(tmp_path)))
    with rooted(one_adb, tmp_path, faults=[f"reboot={phase}"]) as phone:
        assert apply(phone, package)[1].succeeded
        phone.adb("reboot")
        phone.wait_for("device")
        assert "/777:" in phone.build
        assert phone.shell("cat /sdcard/x/note") == "mine"


def test_a_low_battery_and_a_full_disk_begin_no_update(one_adb: AdbClient, tmp_path: Path) -> None:
    package = package_file(tmp_path / "ota.zip", PackagePlan(target=newer(tmp_path)))
    (tmp_path / "full").mkdir()
    with rooted(one_adb, tmp_path / "full", faults=["full_disk"]) as phone:
        assert apply(phone, package)[1].number == 60
    (tmp_path / "low").mkdir()
    nut = package_file(tmp_path / "nut.zip", PackagePlan(target=NEW))
    with ota_phone(one_adb, OLD, tmp_path / "low", faults=["low_battery"]) as phone:
        old = phone.build
        assert phone.sideload(nut).status != 0
        assert "battery capacity is not enough for installing package: 20%" in phone.last_install
        phone.wait_for("recovery")
        phone.reboot()
        assert phone.build == old


def test_a_device_may_come_back_as_another(one_adb: AdbClient, tmp_path: Path) -> None:
    with ota_phone(one_adb, OLD, tmp_path, faults=["other_serial"]) as phone:
        first = phone.shell("getprop ro.serialno")
        phone.reboot()
        assert phone.shell("getprop ro.serialno") not in ("", first)


@contextmanager
def process(
    client: AdbClient, state: Path, *faults: str, personality: str = OLD
) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    """A phone that may die, and the serial by which adb reaches it."""
    words = ("run", personality, "--json", "--state", str(state))
    command = [sys.executable, "-m", "virtualdevice", *words]
    for fault in faults:
        command += ["--fault", fault]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL) as running:
        assert running.stdout is not None
        serial = json.loads(running.stdout.readline())["adb"]
        try:
            client("connect", serial)
            assert client("-s", serial, "wait-for-device").status == 0
            yield running, serial
        finally:
            running.send_signal(signal.SIGTERM)
            running.wait(20)
            client("disconnect", serial)


def as_root(client: AdbClient, serial: str, command: str) -> str:
    client("-s", serial, "root")
    client("connect", serial)
    client("-s", serial, "wait-for-device")
    return client("-s", serial, "shell", command).text.strip()


@pytest.mark.parametrize("phase", ["download:50%", *OF_AN_UPDATE[1:]])
def test_power_lost_in_any_phase_of_an_a_b_update_leaves_a_build_that_boots_and_the_data(
    one_adb: AdbClient, tmp_path: Path, phase: str
) -> None:
    package = package_file(tmp_path / "ota.zip", PackagePlan(target=newer(tmp_path)))
    state = tmp_path / "state"
    state.mkdir()
    os.chmod(tmp_path, 0o755)  # noqa: PTH101 (the device's own ids must reach its disk)
    update = f"update_engine_client {words(package, f'file://{REMOTE}')} 2>&1"
    with process(one_adb, state, f"die={phase}", personality=BASE) as (running, serial):
        as_root(one_adb, serial, "mkdir -p /sdcard/x; echo mine > /sdcard/x/note")
        one_adb("-s", serial, "push", str(package), REMOTE)
        one_adb("-s", serial, "shell", update)
        if running.poll() is None and phase in {Phase.FIRST_BOOT, Phase.CODE_OPTIMISATION}:
            one_adb("-s", serial, "reboot")
        assert running.wait(20) == -signal.SIGKILL
    with process(one_adb, state, personality=BASE) as (_, serial):
        look = "getprop ro.boot.slot_suffix; cat /sdcard/x/note"
        done = phase in {Phase.FIRST_BOOT, Phase.CODE_OPTIMISATION}
        assert as_root(one_adb, serial, look) == ("_b" if done else "_a") + "\nmine"
        if not done:
            assert "kSuccess (0)" in as_root(one_adb, serial, update)


@pytest.mark.parametrize("phase", OF_AN_UPDATE)
def test_a_device_that_hangs_in_any_phase_answers_nobody(
    one_adb: AdbClient, tmp_path: Path, phase: Phase
) -> None:
    package = package_file(tmp_path / "ota.zip", PackagePlan(target=newer(tmp_path)))
    with rooted(one_adb, tmp_path, faults=[f"hang={phase}"]) as phone:
        phone.adb("push", str(package), REMOTE)
        update = f"update_engine_client {words(package, f'file://{REMOTE}')} 2>&1"
        serial = phone.device.serial
        if phase in {Phase.FIRST_BOOT, Phase.CODE_OPTIMISATION}:
            assert "kSuccess (0)" in phone.shell(update)
            phone.adb("reboot")
            update = "true"
        with pytest.raises(subprocess.TimeoutExpired):
            one_adb("-s", serial, "wait-for-device", "shell", update, limit_s=1.5)
        with pytest.raises(subprocess.TimeoutExpired):
            one_adb("-s", serial, "wait-for-device", "shell", "true", limit_s=0.5)


def sideload(client: AdbClient, serial: str, package: Path) -> int:
    client("-s", serial, "reboot", "sideload")
    client("connect", serial)
    client("-s", serial, "wait-for-sideload")
    return client("-s", serial, "sideload", str(package)).status


def test_power_lost_while_the_image_is_written_ends_in_recovery_until_it_is_written(
    one_adb: AdbClient, tmp_path: Path
) -> None:
    package = package_file(tmp_path / "ota.zip", PackagePlan(target=NEW))
    state = tmp_path / "state"
    state.mkdir()
    os.chmod(tmp_path, 0o755)  # noqa: PTH101 (the device's own ids must reach its disk)
    with process(one_adb, state, "die=commit:50%") as (running, serial):
        one_adb("-s", serial, "shell", "mkdir -p /sdcard/x; echo mine > /sdcard/x/note")
        assert sideload(one_adb, serial, package) != 0
        assert running.wait(20) == -signal.SIGKILL
    with subprocess.Popen(
        [sys.executable, "-m", "virtualdevice", "run", OLD, "--json", "--state", str(state)],
        stdout=subprocess.PIPE,
        stdin=subprocess.DEVNULL,
    ) as again:
        assert again.stdout is not None
        serial = json.loads(again.stdout.readline())["adb"]
        one_adb("connect", serial)
        assert one_adb("-s", serial, "wait-for-recovery").status == 0
        assert sideload(one_adb, serial, package) == 0
        one_adb("-s", serial, "wait-for-recovery")
        one_adb("-s", serial, "reboot")
        one_adb("connect", serial)
        one_adb("-s", serial, "wait-for-device")
        asked = one_adb("-s", serial, "shell", "getprop ro.build.fingerprint; cat /sdcard/x/note")
        assert "/4.2.5.1:" in asked.text
        assert asked.text.endswith("mine\n")
        again.send_signal(signal.SIGTERM)
        again.wait(20)
        one_adb("disconnect", serial)
