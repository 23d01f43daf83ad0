"""Staged and multi-package installs as the real adb asks for them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from selftests.virtualdevice.system.apks import NAME, apk
from selftests.virtualdevice.system.real_phone import Phone, connected_phone, one_adb

OTHER = "org.example.notes"


@pytest.fixture
def phone(tmp_path: Path) -> Iterator[Phone]:
    for folder in ("adb", "phone"):
        (tmp_path / folder).mkdir()
    with (
        one_adb(tmp_path / "adb") as client,
        connected_phone(client, "aosp-34", tmp_path / "phone") as running,
    ):
        yield running


def file(folder: Path, name: str, data: bytes) -> Path:
    path = folder / name
    path.write_bytes(data)
    return path


def version(phone: Phone, name: str) -> str:
    lines = phone.shell(f"dumpsys package {name}").splitlines()
    return next((line.split()[0] for line in lines if "versionCode=" in line), "")


def test_adb_stages_an_update_that_the_next_boot_installs(phone: Phone, tmp_path: Path) -> None:
    phone.install(file(tmp_path, "one.apk", apk()))
    said = phone.install(file(tmp_path, "two.apk", apk(version_code=2)), "--staged")
    assert "Success. Reboot device to apply staged session" in said
    assert version(phone, NAME) == "versionCode=1"
    phone.reboot()
    assert version(phone, NAME) == "versionCode=2"
    assert "isApplied = true" in phone.shell("pm list staged-sessions")


def test_adb_installs_several_packages_together_or_none(phone: Phone, tmp_path: Path) -> None:
    chat = file(tmp_path, "chat.apk", apk())
    notes = file(tmp_path, "notes.apk", apk(package_name=OTHER, signer="B"))
    done = phone.adb("install-multi-package", str(chat), str(notes))
    assert done.status == 0, done.text + done.errors
    assert [version(phone, name) for name in (NAME, OTHER)] == ["versionCode=1"] * 2
    newer = file(tmp_path, "newer.apk", apk(version_code=2))
    strange = file(tmp_path, "strange.apk", apk(package_name=OTHER, version_code=2))
    refused = phone.adb("install-multi-package", str(newer), str(strange))
    assert "INSTALL_FAILED_UPDATE_INCOMPATIBLE" in refused.text + refused.errors
    assert version(phone, NAME) == "versionCode=1"


def test_a_session_that_was_begun_outlives_a_reboot(phone: Phone, tmp_path: Path) -> None:
    phone.adb("push", str(file(tmp_path, "chat.apk", apk())), "/data/local/tmp/chat.apk")
    number = phone.shell("pm install-create").partition("[")[2].partition("]")[0]
    phone.shell(f"pm install-write {number} base.apk /data/local/tmp/chat.apk")
    assert f"Active Session {number}:" in phone.shell("dumpsys package installs")
    phone.reboot()
    assert phone.shell(f"pm install-commit {number}").strip() == "Success"
    assert version(phone, NAME) == "versionCode=1"
    assert "vmdl" not in phone.adb("shell", "ls", "/data/app").text
