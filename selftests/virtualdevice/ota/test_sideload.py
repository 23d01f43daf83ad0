"""Sideloading firmware with the real adb: what recovery takes, and what is there afterwards."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from holdfast.apk.keys import SigningKey
from selftests.virtualdevice.ota.phones import OtaPhone, firmware_file, ota_phone, package_file
from selftests.virtualdevice.real_clients import AdbClient
from selftests.virtualdevice.system.apks import apk
from virtualdevice.ota.package import PackagePlan

OLD, NEW = "nut-pro-2-before-4.2.5.1", "nut-pro-2-4.2.5.1"
NEW_BUILD = "SMARTISAN/osborn/osborn:7.1.1/NGI77B/4.2.5.1:user/release-keys"


def seed(phone: OtaPhone) -> None:
    phone.shell("mkdir -p /sdcard/x; echo mine > /sdcard/x/note")


def test_a_package_leads_to_the_new_build_and_keeps_user_data(
    each_adb: AdbClient, tmp_path: Path
) -> None:
    package = package_file(
        tmp_path / "ota.zip", PackagePlan(target=NEW, source=OLD, incremental=True)
    )
    with ota_phone(each_adb, OLD, tmp_path) as phone:
        seed(phone)
        result = phone.sideload(package)
        assert result.status == 0, result.errors
        assert "Install completed with status 0." in phone.last_install
        phone.wait_for("recovery")
        phone.reboot()
        assert phone.build == NEW_BUILD
        assert phone.shell("cat /sdcard/x/note") == "mine"
        log = phone.shell("logcat -d -b system")
        assert "Build fingerprint changed; clearing code caches" in log
        assert "Build fingerprint changed; clearing code caches" in log


@pytest.mark.parametrize(
    ("plan", "words"),
    [
        (
            PackagePlan(target=NEW, key=SigningKey.generate()),
            "E:Signature verification failed",
        ),
        (
            PackagePlan(target=NEW, products=("odin",)),
            "E:Package is for product odin but expected osborn",
        ),
        (
            PackagePlan(target=NEW, source=NEW, incremental=True),
            f"E:Package is for source build {NEW_BUILD} but expected SMARTISAN/osborn",
        ),
        (PackagePlan(target="aosp-34"), "E:Signature verification failed"),
    ],
    ids=["another signer", "another product", "another base", "another maker"],
)
def test_recovery_refuses_a_package_and_the_phone_stays_as_it_was(
    one_adb: AdbClient, tmp_path: Path, plan: PackagePlan, words: str
) -> None:
    package = package_file(tmp_path / "ota.zip", plan)
    with ota_phone(one_adb, OLD, tmp_path) as phone:
        seed(phone)
        before = phone.build
        assert phone.sideload(package).status != 0
        assert words in phone.last_install
        assert "Installation aborted." in phone.last_install
        phone.wait_for("recovery")
        phone.reboot()
        assert phone.build == before
        assert phone.shell("cat /sdcard/x/note") == "mine"


def test_an_older_build_goes_on_only_by_a_package_that_says_so(
    one_adb: AdbClient, tmp_path: Path
) -> None:
    older = firmware_file(tmp_path / "fw", NEW, "older", "build: {time_s: 1500000000}\n")
    plain = package_file(tmp_path / "plain.zip", PackagePlan(target=older))
    back = PackagePlan(target=older, source=NEW, downgrade=True, wipe=True)
    declared = package_file(tmp_path / "declared.zip", back)
    with ota_phone(one_adb, NEW, tmp_path) as phone:
        seed(phone)
        assert phone.sideload(plain).status != 0
        assert "and downgrade not allowed." in phone.last_install
        phone.wait_for("recovery")
        assert phone.sideload(declared).status == 0, phone.last_install
        phone.wait_for("recovery")
        phone.reboot()
        assert phone.shell("getprop ro.build.date.utc") == "1500000000"
        assert phone.shell("cat /sdcard/x/note 2>/dev/null") == ""


def test_an_update_to_the_next_android_keeps_apps_and_their_data(
    one_adb: AdbClient, tmp_path: Path
) -> None:
    name = "org.example.notes"
    app = tmp_path / "notes.apk"
    app.write_bytes(apk(package_name=name, debuggable=True))
    target = firmware_file(tmp_path / "fw", "aosp-34", "next", "build: {device: oriole}\n")
    plan = PackagePlan(target=target, source="aosp-33", incremental=True)
    package = package_file(tmp_path / "ota.zip", plan)
    identity = f"dumpsys package {name} | grep -E 'userId=|appId=|firstInstallTime='"
    with ota_phone(one_adb, "aosp-33", tmp_path) as phone:
        assert "Success" in phone.adb("install", str(app)).text
        phone.shell(f"run-as {name} sh -c 'echo mine > note; echo old > code_cache/made'")
        uid = phone.shell(f"run-as {name} id -u")
        first = re.search(r"firstInstallTime=(.*)", phone.shell(identity))
        assert phone.sideload(package).status == 0, phone.last_install
        phone.wait_for("recovery")
        phone.reboot()
        assert phone.shell("getprop ro.build.version.sdk") == "34"
        assert phone.shell(f"run-as {name} sh -c 'cat note; ls code_cache'") == "mine"
        assert phone.shell(f"run-as {name} id -u") == uid
        assert first is not None
        assert first[0] in phone.shell(identity)
        log = phone.shell("logcat -d -b system")
        assert "Upgrading from" in log
        assert "Build fingerprint changed; clearing code caches" in log
