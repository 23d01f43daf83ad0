"""What an OTA does to the apps of its user: the boot scan of a new firmware, end to end."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from holdfast.apk.keys import SigningKey
from holdfast.apk.probe import ProbeSpec, build_probe
from holdfast.apk.signer import sign
from selftests.virtualdevice.ota.phones import firmware_file, ota_phone, package_file
from selftests.virtualdevice.real_clients import AdbClient
from virtualdevice.ota.package import PackagePlan

OLD, NEW = "nut-pro-2-before-4.2.5.1", "nut-pro-2-4.2.5.1"
APP = "org.example.notes"
MINE, OTHER = SigningKey.generate(), SigningKey.generate()


def apk(path: Path, version: int, key: SigningKey) -> Path:
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(
        sign(build_probe(ProbeSpec(package_name=APP, version_code=version)), signers=[key])
    )
    return path


@dataclass(frozen=True, kw_only=True, slots=True)
class Case:
    """A preload over version 3 by MINE, what becomes of the data, and what the log says."""

    version: int
    key: SigningKey
    kept: bool
    words: str


CASES = {
    "newer, same signer": Case(version=5, key=MINE, kept=True, words="reverting from /data/app"),
    "older, same signer": Case(version=1, key=MINE, kept=True, words="; hiding system"),
    "another signer": Case(
        version=5,
        key=OTHER,
        kept=False,
        words="appeared on system, but signatures don't match existing userdata copy; removing",
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_a_preload_over_a_users_app(one_adb: AdbClient, tmp_path: Path, name: str) -> None:
    case = CASES[name]
    apk(tmp_path / "fw" / "notes.apk", case.version, case.key)
    target = firmware_file(
        tmp_path / "fw", NEW, "with-notes", f"packages: {{{APP}: {{apk: notes.apk}}}}\n"
    )
    package = package_file(tmp_path / "ota.zip", PackagePlan(target=target))
    with ota_phone(one_adb, OLD, tmp_path) as phone:
        assert phone.adb("install", str(apk(tmp_path / "user.apk", 3, MINE))).status == 0
        phone.shell(f"run-as {APP} sh -c 'mkdir -p files; echo mine > files/note'")
        assert phone.shell(f"run-as {APP} cat files/note") == "mine"
        assert phone.sideload(package).status == 0, phone.last_install
        phone.wait_for("recovery")
        phone.reboot()
        assert case.words in phone.shell("logcat -d -b system")
        found = phone.shell(f"run-as {APP} cat files/note 2>/dev/null")
        assert found == ("mine" if case.kept else "")
        expected = max(case.version, 3)
        assert f"versionCode={expected} " in phone.shell(f"dumpsys package {APP}")


def test_a_preload_that_the_new_firmware_lacks_is_gone_with_its_data(
    one_adb: AdbClient, tmp_path: Path
) -> None:
    apk(tmp_path / "fw" / "notes.apk", 3, MINE)
    base = firmware_file(tmp_path / "fw", OLD, "base", f"packages: {{{APP}: {{apk: notes.apk}}}}\n")
    package = package_file(tmp_path / "ota.zip", PackagePlan(target=NEW))
    with ota_phone(one_adb, base, tmp_path) as phone:
        phone.shell(f"run-as {APP} sh -c 'mkdir -p files; echo mine > files/note'")
        assert phone.sideload(package).status == 0, phone.last_install
        phone.wait_for("recovery")
        phone.reboot()
        assert f"System package {APP} no longer exists; it's data will be wiped" in phone.shell(
            "logcat -d -b system"
        )
        assert APP not in phone.shell("pm list packages")
