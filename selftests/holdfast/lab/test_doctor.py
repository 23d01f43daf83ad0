"""What `holdfast doctor` finds about each kind of device, with stand-ins for the tools."""

from __future__ import annotations

from pathlib import Path

import pytest

from holdfast.lab import started
from holdfast.lab.doctor import checks
from holdfast.lab.inventory import read_inventory

SAYS = """#!/bin/sh
case "$1" in
-version) echo "Android emulator version 35.2.10.0" ;;
--version) echo "{version}" ;;
-list-avds) echo nightly ;;
info) {info} ;;
esac
"""
LAB = """version: 1
devices:
  - {name: emu, kind: avd, avd_name: nightly}
  - {name: cvd, kind: cuttlefish, images: build}
  - {name: box, kind: redroid, image: redroid/redroid:14}
  - {name: good, kind: virtual, personality: aosp-30}
  - {name: odd, kind: virtual, personality: aosp-30, defects: [no_such_defect]}
  - {name: late, kind: virtual, personality: aosp-30, firmware_update: nowhere}
  - {name: none, kind: virtual, personality: my-phone.yaml}
  - name: phone
    kind: attached
    serial: "01"
    adb_port: 1
    fastboot: "01"
    usb_power: {hub: 1-1, port: 2}
"""


def tool(folder: Path, name: str, *, version: str = "", info: str = "echo 24.0.7") -> None:
    folder.mkdir(exist_ok=True, parents=True)
    (folder / name).write_text(SAYS.format(version=version, info=info), encoding="utf-8")
    (folder / name).chmod(0o755)


def found(lab: Path) -> dict[str, tuple[bool, str]]:
    """What concerns the devices, by what was looked at."""
    (lab / "devices.yaml").write_text(LAB, encoding="utf-8")
    told = checks(read_inventory(lab / "devices.yaml"), folder=lab)
    return {c.what: (c.well, c.found) for c in told if c.what.startswith("device ")}


@pytest.fixture
def lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/bin")
    monkeypatch.setenv("HOLDFAST_STATE_DIR", str(tmp_path / "state"))
    for name in ("ANDROID_HOME", "ANDROID_SDK_ROOT"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


def test_a_host_that_has_everything_is_well(lab: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tool(lab / "bin", "emulator")
    tool(lab / "bin", "docker", version="Docker version 24.0.7, build afdd53b")
    tool(lab / "bin", "fastboot", version="fastboot version 35.0.2-12147458")
    tool(lab / "bin", "uhubctl")
    for name in ("launch_cvd", "stop_cvd"):
        tool(lab / "build" / "bin", name)
    (lab / "build" / "super.img").touch()
    monkeypatch.setattr(started, "KVM", Path("/dev/null"))
    told = found(lab)
    unwell = {what: said for what, (well, said) in told.items() if not well}
    assert set(unwell) == {
        "device odd: its firmware", "device late: its firmware", "device none: its firmware",
        "device phone: its state",
    }  # fmt: skip
    assert told["device emu: the emulator"][1].endswith("emulator, version 35.2")
    assert told["device good: its firmware"] == (True, "aosp-30")


def test_a_host_that_has_nothing_is_told_what_to_install(
    lab: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(started, "KVM", lab / "no-kvm")
    told = found(lab)
    for what, words in {
        "emu: the emulator": "install the SDK's emulator",
        "emu: hardware acceleration": "set `acceleration: off`",
        "cvd: launch_cvd": "unpack the build's cvd-host_package",
        "cvd: its images": "there is no folder",
        "cvd: hardware acceleration": "Cuttlefish needs KVM",
        "box: docker": "install docker 20.10 or newer",
        "box: docker's daemon": "install docker",
        "phone: fastboot": "platform-tools",
        "phone: uhubctl": "install uhubctl",
    }.items():
        well, said = told[f"device {what}"]
        assert not well
        assert words in said


def test_old_tools_and_a_daemon_that_is_down_are_named(lab: Path) -> None:
    tool(lab / "bin", "docker", version="Docker version 19.03.8", info="echo no daemon; exit 1")
    tool(lab / "bin", "fastboot", version="fastboot version 29.0.6-debian")
    told = found(lab)
    assert "20.10 is the oldest that does" in told["device box: docker"][1]
    assert "docker says: no daemon. start docker" in told["device box: docker's daemon"][1]
    assert "is version 29.0, and 35.0 is the oldest" in told["device phone: fastboot"][1]


def test_a_firmware_or_a_defect_that_nobody_knows_is_known_before_a_run(lab: Path) -> None:
    told = found(lab)
    assert "there is no defect 'no_such_defect'" in told["device odd: its firmware"][1]
    assert "there is no personality 'nowhere'" in told["device late: its firmware"][1]
    assert "my-phone.yaml" in told["device none: its firmware"][1]
