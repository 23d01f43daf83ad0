"""A boot that comes to nothing: whoever stops the device afterwards does not wait for ever."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from selftests.virtualdevice.fake_system import FakeSystem
from virtualdevice.machine.assembly import DISK
from virtualdevice.machine.host import HostCannot
from virtualdevice.machine.zygote_link import PROJECT
from virtualdevice.process import VirtualDevice

LIMIT_S = 60


def device(state: Path) -> VirtualDevice:
    if os.getuid() == 0:
        state.chmod(0o755)
    return VirtualDevice(FakeSystem(), state=state, serialno="TEST0001")


def test_a_root_that_cannot_be_set_up_is_said_and_the_device_stops(tmp_path: Path) -> None:
    async def try_to() -> str:
        made = device(tmp_path)
        (tmp_path / DISK).mkdir(mode=0o755)
        (tmp_path / DISK / "root").touch()
        with pytest.raises(HostCannot) as caught:
            await made.start()
        await asyncio.wait_for(made.stop(), LIMIT_S)
        return str(caught.value)

    said = asyncio.run(try_to())
    if "root could not be set up" not in said:
        pytest.skip(f"no virtual device on this host: {said}")
    assert "FileExistsError" in said


def test_a_boot_that_is_broken_off_while_process_1_sets_itself_up_is_stopped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_pidfd = os.pidfd_open
    seen, go_on = threading.Event(), threading.Event()

    def open_and_wait(pid: int) -> int:
        descriptor = open_pidfd(pid)
        seen.set()
        go_on.wait(LIMIT_S)
        return descriptor

    async def break_off() -> None:
        made = device(tmp_path)
        starting = asyncio.ensure_future(made.start())
        seeing = asyncio.ensure_future(asyncio.to_thread(seen.wait, LIMIT_S))
        await asyncio.wait({starting, seeing}, return_when=asyncio.FIRST_COMPLETED)
        starting.cancel()
        asyncio.get_running_loop().call_soon(go_on.set)
        (ended,) = await asyncio.gather(starting, return_exceptions=True)
        seen.set()
        await asyncio.wait_for(made.stop(), LIMIT_S)
        if isinstance(ended, HostCannot):
            pytest.skip(f"no virtual device on this host: {ended}")
        assert isinstance(ended, asyncio.CancelledError)
        assert not made.machine.alive

    monkeypatch.setattr(os, "pidfd_open", open_and_wait)
    asyncio.run(break_off())


def test_process_1_loads_no_library_that_only_the_device_process_needs() -> None:
    """Each costs every device its memory: dataclasses alone half a MiB."""
    program = (
        f"import sys; sys.path.insert(0, {str(PROJECT)!r});"
        "import virtualdevice.machine.zygote, virtualdevice.adbd.sync_worker;"
        "print(*sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", program], capture_output=True, text=True, check=True
    )
    assert {"ctypes", "virtualdevice.machine.room"} <= set(done.stdout.split())
    assert not {"dataclasses", "inspect", "asyncio", "subprocess"} & set(done.stdout.split())
