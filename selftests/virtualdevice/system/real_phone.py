"""A whole virtual phone on a loop in a thread, and a real adb that is connected to it."""

from __future__ import annotations

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
    adb_programs,
    running_adb,
    running_device,
)
from virtualdevice.system import build_system_server
from virtualdevice.system.personality import load_personality

__all__ = ["Phone", "connected_phone", "one_adb"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Phone:
    """`adb` words go to this phone alone."""

    client: AdbClient
    device: RunningDevice

    def adb(self, *words: str, stdin: bytes = b"") -> Result:
        return self.client("-s", self.device.serial, *words, stdin=stdin)

    def shell(self, command: str) -> str:
        """What it prints, with plain line ends."""
        return self.adb("shell", command).text.replace("\r\n", "\n")

    def install(self, apk: Path, *options: str) -> str:
        """Everything that `adb install` says."""
        result = self.adb("install", *options, str(apk))
        return result.text + result.errors

    def reboot(self) -> None:
        """Over, and up again."""
        self.adb("reboot")
        self.client("connect", self.device.serial)
        assert self.adb("wait-for-device").status == 0
        while self.shell("getprop sys.boot_completed").strip() != "1":
            self.client("connect", self.device.serial)


@contextmanager
def one_adb(home: Path) -> Iterator[AdbClient]:
    """The newest adb that is here; skips if there is none."""
    program = adb_programs()["adb36"] or adb_programs()["adb29"]
    if program is None:
        pytest.skip("no adb is installed")
    with running_adb(program, home) as client:
        yield client


@contextmanager
def connected_phone(
    client: AdbClient, personality: str, state: Path, *, defects: Sequence[str] = ()
) -> Iterator[Phone]:
    server = build_system_server(load_personality(personality), defects=defects, settings={})
    with running_device(cast("FakeSystem", server), state) as device:
        client("connect", device.serial)
        phone = Phone(client=client, device=device)
        waited = phone.adb("wait-for-device")
        assert waited.status == 0, waited.errors
        yield phone
        client("disconnect", device.serial)
