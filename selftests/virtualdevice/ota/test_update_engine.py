"""A/B updates by update_engine_client: slots, progress, errors, and what a failed boot leads to."""

from __future__ import annotations

import os
import re
import subprocess
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http.server import HTTPServer, SimpleHTTPRequestHandler
from pathlib import Path

import pytest

from holdfast.apk.keys import SigningKey
from holdfast.firmware.ota_package import read_ota_package
from holdfast.firmware.update_engine import Finished, Progress, read_line, update_arguments
from selftests.virtualdevice.ota.phones import OtaPhone, firmware_file, ota_phone, package_file
from selftests.virtualdevice.real_clients import AdbClient
from virtualdevice.ota.engine_client import _options, _Wrong
from virtualdevice.ota.package import PackagePlan

BASE = "aosp-34-userdebug"
REMOTE = "/data/ota_package/update.zip"


def newer(folder: Path, more: str = "") -> Path:
    return firmware_file(folder / "fw", BASE, "newer", f'build: {{incremental: "777"}}\n{more}')


@contextmanager
def rooted(client: AdbClient, state: Path, *, faults: Sequence[str] = ()) -> Iterator[OtaPhone]:
    with ota_phone(client, BASE, state, faults=faults) as phone:
        phone.adb("root")
        phone.wait_for("device")
        phone.shell("mkdir -p /sdcard/x; echo mine > /sdcard/x/note")
        yield phone


def words(package: Path, uri: str) -> str:
    payload = read_ota_package(package).payload
    assert payload is not None
    return " ".join(f"'{word}'" for word in update_arguments(payload, uri=uri))


def apply(phone: OtaPhone, package: Path) -> tuple[list[Progress], Finished]:
    """What the harness reads from its log."""
    phone.adb("push", str(package), REMOTE)
    command = f"update_engine_client {words(package, f'file://{REMOTE}')} 2>&1; echo rc=$?"
    said = phone.shell(command)
    told = [read_line(line) for line in said.splitlines()]
    finished = next((one for one in told if isinstance(one, Finished)), None)
    assert finished is not None, said
    assert said.endswith("rc=0" if finished.succeeded else "rc=1")
    return [one for one in told if isinstance(one, Progress)], finished


def slots(phone: OtaPhone) -> dict[str, str]:
    """What the bootloader says of them."""
    names = ["current-slot"]
    names += [f"slot-{what}:{s}" for what in ("successful", "unbootable") for s in "ab"]
    phone.adb("reboot", "bootloader")
    found = {name: phone.variable(name) for name in names}
    phone.fastboot("reboot")
    phone.wait_for("device")
    return found


def test_an_update_goes_into_the_other_slot_and_boots_with_the_same_user_data(
    one_adb: AdbClient, tmp_path: Path
) -> None:
    plan = PackagePlan(target=newer(tmp_path), source=BASE, incremental=True)
    package = package_file(tmp_path / "ota.zip", plan)
    with rooted(one_adb, tmp_path) as phone:
        old = phone.build
        assert phone.shell("getprop ro.boot.slot_suffix") == "_a"
        progress, finished = apply(phone, package)
        assert finished == Finished(number=0, name="Success")
        names = list(dict.fromkeys(one.name for one in progress))
        assert names == [
            "IDLE", "UPDATE_AVAILABLE", "DOWNLOADING", "VERIFYING", "FINALIZING",
            "UPDATED_NEED_REBOOT",
        ]  # fmt: skip
        again = phone.shell(f"update_engine_client --update --payload=file://{REMOTE} 2>&1")
        assert "'1: An update already applied, waiting for reboot'" in again
        assert phone.build == old
        phone.reboot()
        assert ":14/AP2A.240905.003/777:userdebug" in phone.build
        assert phone.shell("getprop ro.boot.slot_suffix") == "_b"
        assert phone.shell("cat /sdcard/x/note") == "mine"
        assert slots(phone) == {
            "current-slot": "b",
            "slot-successful:a": "yes",
            "slot-successful:b": "yes",
            "slot-unbootable:a": "no",
            "slot-unbootable:b": "no",
        }


def test_an_update_that_was_reset_is_not_booted(one_adb: AdbClient, tmp_path: Path) -> None:
    package = package_file(tmp_path / "ota.zip", PackagePlan(target=newer(tmp_path)))
    with rooted(one_adb, tmp_path) as phone:
        old = phone.build
        assert apply(phone, package)[1].succeeded
        assert phone.shell("update_engine_client --reset_status; echo $?") == "0"
        phone.reboot()
        assert phone.build == old


@pytest.mark.parametrize("when", ["early", "late"])
def test_a_build_that_crashes_at_its_first_boot_falls_back_to_the_old_slot(
    one_adb: AdbClient, tmp_path: Path, when: str
) -> None:
    target = newer(tmp_path, f"defects: [boot_crashes_{when}]\n")
    package = package_file(tmp_path / "ota.zip", PackagePlan(target=target))
    with rooted(one_adb, tmp_path) as phone:
        old = phone.build
        assert apply(phone, package)[1].succeeded
        phone.adb("reboot")
        phone.wait_for("device")
        assert phone.build == old
        assert phone.shell("cat /sdcard/x/note") == "mine"
        said = slots(phone)
        assert (said["current-slot"], said["slot-unbootable:b"]) == ("a", "yes")


def altered(package: Path, place: str) -> Path:
    """One byte of the payload, at a place, is another."""
    payload = read_ota_package(package).payload
    assert payload is not None
    content = bytearray(package.read_bytes())
    offsets = {"magic": 0, "manifest": 40, "data": payload.size_bytes // 2}
    content[payload.offset_bytes + offsets[place]] ^= 0xFF
    package.write_bytes(content)
    return package


@pytest.mark.parametrize(
    ("place", "code"), [("magic", 21), ("manifest", 26), ("data", 29)], ids=str
)
def test_a_damaged_payload_is_refused_with_the_code_for_it(
    one_adb: AdbClient, tmp_path: Path, place: str, code: int
) -> None:
    package = package_file(tmp_path / "ota.zip", PackagePlan(target=newer(tmp_path)))
    with rooted(one_adb, tmp_path) as phone:
        assert apply(phone, altered(package, place))[1].number == code
        old = phone.build
        phone.reboot()
        assert phone.build == old


def test_each_reason_to_refuse_has_its_code(one_adb: AdbClient, tmp_path: Path) -> None:
    target = newer(tmp_path)
    older = firmware_file(tmp_path / "fw", BASE, "older", "build: {time_s: 1500000000}\n")
    plans = {
        26: PackagePlan(target=target, key=SigningKey.generate()),
        51: PackagePlan(target=older),
        20: PackagePlan(target=target, source="aosp-34", incremental=True),
    }
    with rooted(one_adb, tmp_path) as phone:
        for code, plan in plans.items():
            package = package_file(tmp_path / "ota.zip", plan)
            assert apply(phone, package)[1].number == code
        missing = phone.shell(
            "update_engine_client --update --follow --payload=file:///data/none 2>&1"
        )
        assert "kDownloadTransferError (9)" in missing


def test_only_root_may_ask_update_engine(one_adb: AdbClient, tmp_path: Path) -> None:
    with ota_phone(one_adb, BASE, tmp_path) as phone:
        said = phone.shell("update_engine_client --follow 2>&1; echo rc=$?")
        assert "Failed to get IUpdateEngine binder from service manager" in said
        assert said.endswith("rc=1")


def test_a_user_build_has_no_such_client(one_adb: AdbClient, tmp_path: Path) -> None:
    with ota_phone(one_adb, "aosp-34", tmp_path) as phone:
        assert "not found" in phone.shell("update_engine_client --follow 2>&1")


def test_an_update_can_be_suspended_resumed_and_cancelled(
    one_adb: AdbClient, tmp_path: Path
) -> None:
    package = package_file(tmp_path / "ota.zip", PackagePlan(target=newer(tmp_path)))
    client = "update_engine_client"
    with rooted(one_adb, tmp_path, faults=["slow_disk=20"]) as phone:
        assert "No ongoing update to suspend." in phone.shell(f"{client} --suspend 2>&1")
        phone.adb("push", str(package), REMOTE)
        begin = words(package, f"file://{REMOTE}").replace("'--follow' ", "")
        assert phone.shell(f"{client} {begin}; echo $?") == "0"
        assert phone.shell(f"{client} --suspend; echo $?") == "0"
        assert "Already processing an update" in phone.shell(f"{client} {begin} 2>&1")
        assert phone.shell(f"{client} --resume; echo $?") == "0"
        with followed(phone) as follower:
            assert phone.shell(f"{client} --cancel; echo $?") == "0"
        assert "kUserCanceled (48)" in follower[0]
        assert apply(phone, package)[1].succeeded


def test_a_payload_is_verified_and_space_allocated_by_its_metadata(
    one_adb: AdbClient, tmp_path: Path
) -> None:
    client = "update_engine_client"
    with rooted(one_adb, tmp_path, faults=["full_disk"]) as phone:
        assert "Failed to open /data/ota_package/metadata" in phone.shell(f"{client} --verify 2>&1")
        app = "packages: {org.big: {apk: big.apk}}\n"
        base = firmware_file(tmp_path / "fw", BASE, "base", app)
        (tmp_path / "fw" / "big.apk").write_bytes(os.urandom(40_000))
        plans = {
            "": PackagePlan(target=newer(tmp_path), source=BASE, incremental=True),
            "not ": PackagePlan(target=newer(tmp_path, app), source=base, incremental=True),
        }
        for word, plan in plans.items():
            package = package_file(tmp_path / "ota.zip", plan)
            payload = read_ota_package(package).payload
            assert payload is not None
            (tmp_path / "metadata").write_bytes(package.read_bytes()[payload.offset_bytes :])
            phone.adb("push", str(tmp_path / "metadata"), "/data/ota_package/metadata")
            assert f"Payload is {word}applicable." in phone.shell(f"{client} --verify 2>&1")
        missing = phone.shell(f"{client} --allocate 2>&1; echo $?")
        assert re.search(r"Insufficient space; required \d+ bytes\.\n0$", missing)
        assert "kSuccess (0)" in phone.shell(f"{client} --merge 2>&1")


def test_the_slot_of_an_applied_update_is_switched_back_and_forth(
    one_adb: AdbClient, tmp_path: Path
) -> None:
    package = package_file(tmp_path / "ota.zip", PackagePlan(target=newer(tmp_path)))
    payload = read_ota_package(package).payload
    assert payload is not None
    (tmp_path / "metadata").write_bytes(package.read_bytes()[payload.offset_bytes :])
    with rooted(one_adb, tmp_path) as phone:
        old = phone.build
        phone.adb("push", str(tmp_path / "metadata"), "/data/ota_package/metadata")
        assert apply(phone, package)[1].succeeded
        assert phone.shell("update_engine_client --switch_slot=false; echo $?") == "0"
        phone.reboot()
        assert phone.build == old
        phone.adb("root")
        phone.wait_for("device")
        assert apply(phone, package)[1].succeeded
        for way in ("false", "true"):
            assert phone.shell(f"update_engine_client --switch_slot={way}; echo $?") == "0"
        phone.reboot()
        assert "/777:" in phone.build


@pytest.mark.parametrize(
    ("flag", "since"), [("--perf_mode", 28), ("--verify", 30), ("--switch_slot=true", 34)], ids=str
)
def test_a_flag_is_unknown_before_its_version(flag: str, since: int) -> None:
    assert _options([flag], since)
    with pytest.raises(_Wrong, match="unknown command line flag"):
        _options([flag], since - 1)


@contextmanager
def followed(phone: OtaPhone) -> Iterator[list[str]]:
    """Another client, whose words are there after the block."""
    command = [phone.client.program, "-s", phone.device.serial, "shell"]
    process = subprocess.Popen(
        [*command, "update_engine_client --follow 2>&1"],
        env=phone.client.environment,
        stdout=subprocess.PIPE,
    )
    assert process.stdout is not None
    first = process.stdout.readline()
    said: list[str] = []
    with process:
        yield said
        said.append((first + process.stdout.read()).decode())


class _Ranges(SimpleHTTPRequestHandler):
    """One file, by ranges."""

    content = b""

    def do_GET(self) -> None:
        asked = re.fullmatch(r"bytes=(\d+)-(\d+)", self.headers["Range"])
        assert asked is not None
        piece = self.content[int(asked[1]) : int(asked[2]) + 1]
        self.send_response(206)
        self.send_header("Content-Length", str(len(piece)))
        self.end_headers()
        self.wfile.write(piece)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Say nothing."""


def test_a_payload_is_streamed_over_a_reverse(one_adb: AdbClient, tmp_path: Path) -> None:
    package = package_file(tmp_path / "ota.zip", PackagePlan(target=newer(tmp_path)))
    handler = type("_Package", (_Ranges,), {"content": package.read_bytes()})
    server = HTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=lambda: server.serve_forever(poll_interval=0.05))
    thread.start()
    try:
        with rooted(one_adb, tmp_path) as phone:
            phone.adb("reverse", "tcp:8080", f"tcp:{server.server_address[1]}")
            uri = "http://127.0.0.1:8080/update.zip"
            said = phone.shell(f"update_engine_client {words(package, uri)} 2>&1")
            assert "onPayloadApplicationComplete(ErrorCode::kSuccess (0))" in said
            phone.reboot()
            assert "/777:" in phone.build
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
