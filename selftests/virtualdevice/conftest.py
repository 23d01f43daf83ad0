"""Real adb clients and devices with a system server of a few lines.

Tests here may be coroutines: each runs on an event loop of its own.
"""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Iterator

import pytest

from selftests.virtualdevice.fake_system import FakeSystem
from selftests.virtualdevice.real_clients import (
    AdbClient,
    RunningDevice,
    adb_programs,
    running_adb,
    running_device,
)


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """Run a coroutine test to its end; leave the others to pytest."""
    test = pyfuncitem.obj
    if not inspect.iscoroutinefunction(test):
        return None
    names = inspect.signature(test).parameters
    arguments = {name: pyfuncitem.funcargs[name] for name in names}
    asyncio.run(test(**arguments))
    return True


@pytest.fixture(scope="module", params=["adb29", "adb36"])
def adb(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[AdbClient]:
    """Each of the real adb programs, with a server of its own."""
    program = adb_programs()[request.param]
    if program is None:
        pytest.skip(f"{request.param} is not installed: 'apt-get install adb'")
    with running_adb(program, tmp_path_factory.mktemp("adb-home")) as client:
        yield client


@pytest.fixture(scope="module")
def phone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningDevice]:
    """A device of API 34 that lets everybody in."""
    with running_device(FakeSystem(api=34), tmp_path_factory.mktemp("phone")) as device:
        yield device


@pytest.fixture(scope="module")
def old_phone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningDevice]:
    """A device of API 22."""
    with running_device(FakeSystem(api=22), tmp_path_factory.mktemp("old-phone")) as device:
        yield device


@pytest.fixture
def online(adb: AdbClient, phone: RunningDevice) -> AdbClient:
    """The client, connected to `phone`; a device is named by `-s`."""
    return connected(adb, phone)


def connected(adb: AdbClient, device: RunningDevice) -> AdbClient:
    adb("connect", device.serial)
    waited = adb("-s", device.serial, "wait-for-device")
    assert waited.status == 0, waited.errors
    return adb
