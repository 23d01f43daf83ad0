"""An A/B device in its bootloader, and the real fastboot."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Iterator

import pytest

from selftests.virtualdevice.fake_system import FakeSystem
from selftests.virtualdevice.real_clients import Result, RunningDevice, running_device
from virtualdevice.seams import BootMode

__all__ = ["Fastboot", "reboot", "said"]

LIMIT_S = 60
Fastboot = Callable[..., Result]


@pytest.fixture(scope="module")
def phone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningDevice]:
    """An A/B device."""
    system = FakeSystem(api=30, properties={"ro.build.ab_update": "true"})
    with running_device(system, tmp_path_factory.mktemp("phone")) as device:
        yield device


@pytest.fixture
def fastboot(phone: RunningDevice) -> Fastboot:
    """The real fastboot, with the device in its bootloader."""
    program = shutil.which("fastboot")
    if program is None:
        pytest.skip("fastboot is not installed: 'apt-get install fastboot'")

    def run(*words: str, limit_s: float = LIMIT_S, **more: str) -> Result:
        serial = f"tcp:127.0.0.1:{phone.endpoints.fastboot_port}"
        done = subprocess.run(
            [str(program), "-s", serial, *words],
            env={"PATH": "/usr/bin:/bin", "HOME": "/nonexistent", **more},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            timeout=limit_s,
        )
        return Result(status=done.returncode, stdout=done.stdout, stderr=done.stderr)

    reboot(phone, BootMode.BOOTLOADER)
    return run


def reboot(phone: RunningDevice, mode: BootMode) -> None:
    async def request() -> None:
        phone.device.machine.request_reboot(mode)

    phone.do(request())


def said(result: Result) -> str:
    return result.errors + result.text
