"""A virtual phone whose firmware changes, with the real adb and the real fastboot."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import pytest

from selftests.virtualdevice.fake_system import FakeSystem
from selftests.virtualdevice.real_clients import (
    AdbClient,
    Result,
    RunningDevice,
    running_device,
)
from virtualdevice.faults import parse_fault
from virtualdevice.ota.firmware import pack_firmware
from virtualdevice.ota.package import PackagePlan, build_package
from virtualdevice.system import build_system_server
from virtualdevice.system.personality import load_personality

__all__ = ["OtaPhone", "firmware_file", "ota_phone", "package_file"]

LIMIT_S = 60


@dataclass(frozen=True, kw_only=True, slots=True)
class OtaPhone:
    """`adb` words go to this phone alone."""

    client: AdbClient
    device: RunningDevice

    def adb(self, *words: str) -> Result:
        return self.client("-s", self.device.serial, *words)

    def shell(self, command: str) -> str:
        return self.adb("shell", command).text.replace("\r\n", "\n").strip()

    def wait_for(self, mode: str) -> None:
        self.client("connect", self.device.serial)
        assert self.adb(f"wait-for-{mode}").status == 0
        while mode == "device" and self.shell("getprop sys.boot_completed") != "1":
            self.client("connect", self.device.serial)

    def reboot(self, to: str = "", *, mode: str = "device") -> None:
        """The link is cut at once, so that nothing of the old boot is taken for the new one."""
        self.adb("reboot", *([to] if to else []))
        self.wait_for(mode)

    def sideload(self, package: Path) -> Result:
        self.reboot("sideload", mode="sideload")
        return self.adb("sideload", str(package))

    def fastboot(self, *words: str) -> Result:
        program = shutil.which("fastboot")
        if program is None:
            pytest.skip("fastboot is not installed: 'apt-get install fastboot'")
        serial = f"tcp:127.0.0.1:{self.device.endpoints.fastboot_port}"
        done = subprocess.run(
            [program, "-s", serial, *words],
            env={"PATH": "/usr/bin:/bin", "HOME": "/nonexistent"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            timeout=LIMIT_S,
        )
        return Result(status=done.returncode, stdout=done.stdout, stderr=done.stderr)

    def variable(self, name: str) -> str:
        """What the bootloader says; fastboot may have waited for it before."""
        said = self.fastboot("getvar", name).errors
        found = (line.removeprefix(f"{name}: ") for line in said.splitlines() if name in line)
        return next(found, said)

    @property
    def build(self) -> str:
        return self.shell("getprop ro.build.fingerprint")

    @property
    def last_install(self) -> str:
        return (self.device.state / "sideload" / "last_install").read_text(encoding="utf-8")


@contextmanager
def ota_phone(
    client: AdbClient,
    personality: str | Path,
    state: Path,
    *,
    faults: Sequence[str] = (),
) -> Iterator[OtaPhone]:
    server = build_system_server(load_personality(personality), defects=[], settings={})
    parsed = [parse_fault(text) for text in faults]
    with running_device(
        cast("FakeSystem", server),
        state,
        faults=parsed,
        factory=lambda: pack_firmware(personality),
    ) as device:
        phone = OtaPhone(client=client, device=device)
        phone.wait_for("device")
        yield phone
        client("disconnect", device.serial)


def firmware_file(folder: Path, base: str, name: str, changes: str) -> Path:
    """A personality file of its own on top of another."""
    folder.mkdir(exist_ok=True)
    file = folder / f"{name}.yaml"
    file.write_text(f"extends: {base}\n{changes}", encoding="utf-8")
    return file


def package_file(path: Path, plan: PackagePlan) -> Path:
    path.write_bytes(build_package(plan))
    return path
