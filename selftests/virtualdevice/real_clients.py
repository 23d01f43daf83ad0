"""The real adb programs, against a private server; and a device on a loop in a thread."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import threading
from collections.abc import Callable, Coroutine, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import adbutils
import pytest

from selftests.ports import free_port
from selftests.virtualdevice.fake_system import FakeSystem
from virtualdevice.faults import Fault
from virtualdevice.machine.host import HostCannot
from virtualdevice.process import DeviceEndpoints, VirtualDevice

__all__ = ["AdbClient", "Result", "RunningDevice", "adb_programs", "running_adb", "running_device"]

T = TypeVar("T")
LIMIT_S = 60


def adb_programs() -> dict[str, str | None]:
    """Debian's adb, and the one that adbutils brings; None where it is missing."""
    bundled = Path(adbutils.__file__).parent / "binaries" / "adb"
    return {
        "adb29": shutil.which("adb", path="/usr/bin"),
        "adb36": str(bundled) if bundled.exists() else None,
    }


@dataclass(frozen=True, kw_only=True, slots=True)
class Result:
    status: int
    stdout: bytes
    stderr: bytes

    @property
    def text(self) -> str:
        return self.stdout.decode(errors="replace")

    @property
    def errors(self) -> str:
        return self.stderr.decode(errors="replace")


@dataclass(frozen=True, kw_only=True, slots=True)
class AdbClient:
    """One adb program with its own server, home and keys."""

    program: str
    home: Path
    port: int
    extra: Mapping[str, str] = field(default_factory=dict)

    @property
    def environment(self) -> dict[str, str]:
        return {
            "PATH": "/usr/bin:/bin",
            "HOME": str(self.home),
            "ANDROID_USER_HOME": str(self.home),
            "TMPDIR": str(self.home),
            "ANDROID_ADB_SERVER_PORT": str(self.port),
            "ADB_MDNS": "0",
            "ADB_EMU": "0",
            "ADB_LIBUSB": "0",
            **self.extra,
        }

    def __call__(self, *words: str, stdin: bytes = b"", limit_s: float = LIMIT_S) -> Result:
        done = subprocess.run(
            [self.program, *words],
            input=stdin,
            env=self.environment,
            capture_output=True,
            check=False,
            timeout=limit_s,
        )
        return Result(status=done.returncode, stdout=done.stdout, stderr=done.stderr)


@contextmanager
def running_adb(program: str, home: Path, **extra: str) -> Iterator[AdbClient]:
    """`extra` goes into the environment of the server."""
    client = AdbClient(program=program, home=home, port=free_port(), extra=extra)
    started = client("start-server")
    assert started.status == 0, started.errors
    try:
        yield client
    finally:
        client("kill-server")


@dataclass(frozen=True, kw_only=True, slots=True)
class RunningDevice:
    """A device on another thread's loop."""

    device: VirtualDevice
    system: FakeSystem
    endpoints: DeviceEndpoints
    loop: asyncio.AbstractEventLoop
    state: Path

    @property
    def serial(self) -> str:
        return f"127.0.0.1:{self.endpoints.adb_port}"

    def do(self, work: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine on the device's loop."""
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(LIMIT_S)


@contextmanager
def running_device(
    system: FakeSystem,
    state: Path,
    *,
    faults: Sequence[Fault] = (),
    factory: Callable[[], bytes] = bytes,
) -> Iterator[RunningDevice]:
    """Skips, with the host's reason, where no device can run."""
    if os.getuid() == 0:
        os.chmod(state, 0o755)  # noqa: PTH101 (the device's own ids must reach its disk)
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        yield from _started(system, state, loop, faults, factory)
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(LIMIT_S)
        loop.close()


def _started(
    system: FakeSystem,
    state: Path,
    loop: asyncio.AbstractEventLoop,
    faults: Sequence[Fault],
    factory: Callable[[], bytes],
) -> Iterator[RunningDevice]:
    async def start() -> tuple[VirtualDevice, DeviceEndpoints]:
        device = VirtualDevice(
            system, state=state, serialno="TEST0001", faults=faults, factory=factory
        )
        return device, await device.start()

    try:
        device, endpoints = asyncio.run_coroutine_threadsafe(start(), loop).result(LIMIT_S)
    except HostCannot as reason:
        pytest.skip(f"no virtual device on this host: {reason}")
    try:
        yield RunningDevice(
            device=device, system=system, endpoints=endpoints, loop=loop, state=state
        )
    finally:
        asyncio.run_coroutine_threadsafe(device.stop(), loop).result(LIMIT_S)
