"""What the machine offers to the system server: files, processes, tools, accounts."""

from __future__ import annotations

import asyncio
import errno
import os
import signal
from collections.abc import Iterator

import pytest

from selftests.virtualdevice.fake_system import FakeSystem
from selftests.virtualdevice.machine.test_isolation import APP, ROOT, run
from selftests.virtualdevice.real_clients import RunningDevice, running_device
from virtualdevice.machine.machine import DeviceMachine
from virtualdevice.seams import FileKind


@pytest.fixture(scope="module")
def device(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningDevice]:
    with running_device(FakeSystem(), tmp_path_factory.mktemp("device")) as running:
        yield running


@pytest.fixture
def machine(device: RunningDevice) -> DeviceMachine:
    return device.device.machine


def test_a_written_file_is_read_back_with_its_owner_and_mode(
    device: RunningDevice, machine: DeviceMachine
) -> None:
    content = os.urandom(300_000)
    path = "/data/system/数据"
    device.do(machine.files.write(path, content, mode=0o640, uid=1000, gid=10123))
    assert device.do(machine.files.read(path)) == content
    found = device.do(machine.files.stat(path))
    assert found is not None
    assert (found.kind, found.mode, found.uid, found.gid) == (FileKind.FILE, 0o640, 1000, 10123)
    assert found.size_bytes == len(content)
    assert device.do(machine.files.list("/data/system")) == ["数据"]


def test_reading_beyond_the_limit_is_an_error(
    device: RunningDevice, machine: DeviceMachine
) -> None:
    device.do(machine.files.write("/data/system/big", bytes(11), mode=0o600, uid=0, gid=0))
    with pytest.raises(OSError) as caught:
        device.do(machine.files.read("/data/system/big", limit_bytes=10))
    assert caught.value.errno == errno.EFBIG


def test_what_is_absent_is_none_or_empty_or_an_error(
    device: RunningDevice, machine: DeviceMachine
) -> None:
    files = machine.files
    assert device.do(files.stat("/data/none")) is None
    assert device.do(files.stat("/system/bin/sh/none")) is None
    assert device.do(files.list("/data/none")) == []
    assert device.do(files.size_bytes("/data/none")) == 0
    device.do(files.remove_tree("/data/none"))
    device.do(files.empty_directory("/data/none"))
    assert device.do(files.stat("/data/none")) is None
    with pytest.raises(FileNotFoundError):
        device.do(files.read("/data/none"))


def test_trees_are_made_owned_emptied_and_removed(
    device: RunningDevice, machine: DeviceMachine
) -> None:
    files = machine.files
    device.do(files.make_directory("/data/t/a/b", mode=0o700, uid=10123, gid=10123, parents=True))
    device.do(files.write("/data/t/a/b/f", b"12345", mode=0o600, uid=0, gid=0))
    device.do(files.change_owner("/data/t", uid=10124, gid=10124, recursive=True))
    below = device.do(files.stat("/data/t/a/b/f"))
    assert below is not None
    assert (below.uid, device.do(files.size_bytes("/data/t"))) == (10124, 5)
    before = device.do(files.stat("/data/t"))
    device.do(files.empty_directory("/data/t"))
    after = device.do(files.stat("/data/t"))
    assert before is not None
    assert after is not None
    assert (after.inode, device.do(files.list("/data/t"))) == (before.inode, [])
    device.do(files.remove_tree("/data/t"))
    assert device.do(files.stat("/data/t")) is None


def test_a_copy_replaces_its_target_whole(device: RunningDevice, machine: DeviceMachine) -> None:
    files = machine.files
    device.do(files.write("/data/system/one", b"one", mode=0o600, uid=0, gid=0))
    device.do(files.write("/data/system/two", b"another", mode=0o600, uid=0, gid=0))
    device.do(files.copy("/data/system/one", "/data/system/two", mode=0o644, uid=1000, gid=1000))
    assert device.do(files.read("/data/system/two")) == b"one"
    device.do(files.rename("/data/system/two", "/data/system/three"))
    assert device.do(files.stat("/data/system/two")) is None


def test_a_link_that_an_app_plants_is_not_followed_by_removal(
    device: RunningDevice, machine: DeviceMachine
) -> None:
    files = machine.files
    device.do(files.make_directory("/data/data/app", mode=0o700, uid=10123, gid=10123))
    device.do(files.write("/data/system/precious", b"x", mode=0o600, uid=0, gid=0))
    assert run(device, "ln -s /data/system /data/data/app/l", credentials=APP)[0] == 0
    device.do(files.remove_tree("/data/data/app"))
    assert device.do(files.read("/data/system/precious")) == b"x"


def test_many_file_operations_at_once_do_not_mix_their_answers(
    device: RunningDevice, machine: DeviceMachine
) -> None:
    async def work() -> list[bytes]:
        names = [f"/data/system/n{i}" for i in range(40)]
        await asyncio.gather(
            *(machine.files.write(n, n.encode() * 99, mode=0o600, uid=0, gid=0) for n in names)
        )
        return await asyncio.gather(*(machine.files.read(n) for n in names))

    assert device.do(work()) == [f"/data/system/n{i}".encode() * 99 for i in range(40)]


def test_a_child_s_status_is_its_own_or_128_and_its_signal(device: RunningDevice) -> None:
    assert run(device, "exit 5")[0] == 5
    assert run(device, "kill -TERM $$")[0] == 128 + signal.SIGTERM


def test_a_program_that_is_not_there_ends_with_126(
    device: RunningDevice, machine: DeviceMachine
) -> None:
    async def work() -> int:
        child = await machine.spawn([b"/system/bin/nosuch"], credentials=ROOT)
        return await child.wait()

    assert device.do(work()) == 126


def test_a_signal_reaches_a_child_and_a_pid(device: RunningDevice, machine: DeviceMachine) -> None:
    async def work() -> tuple[int, int]:
        one = await machine.spawn([b"sleep", b"1000"], credentials=APP)
        two = await machine.spawn([b"sleep", b"1000"], credentials=APP)
        one.send_signal(signal.SIGKILL)
        machine.signal_process(two.pid, signal.SIGTERM)
        return await one.wait(), await two.wait()

    assert device.do(work()) == (128 + signal.SIGKILL, 128 + signal.SIGTERM)


def test_a_tool_hears_its_caller_and_answers_with_output_and_status(device: RunningDevice) -> None:
    status, output = run(device, "cd /data; probe 3 'a b' '*'; echo $?", credentials=APP)
    assert "probe ['3', 'a b', '*'] uid=10123 cwd=/data pid=True" in output
    assert output.endswith("a complaint\n3\n")
    assert status == 0


def test_a_tool_whose_process_is_killed_is_cancelled(
    device: RunningDevice, machine: DeviceMachine
) -> None:
    device.system.cancelled.clear()

    async def work() -> int:
        child = await machine.spawn([b"hang"], credentials=APP)
        await device.system.hanging.wait()
        child.send_signal(signal.SIGKILL)
        status = await child.wait()
        await device.system.hang_ended.wait()
        return status

    assert device.do(work()) == 128 + signal.SIGKILL
    assert device.system.cancelled == ["hang"]


def test_an_app_s_uid_has_its_name_once_the_accounts_are_set(
    device: RunningDevice, machine: DeviceMachine
) -> None:
    device.do(machine.set_accounts({10123: "u0_a123"}))
    assert run(device, "id -un; id -gn", credentials=APP) == (0, "u0_a123\nu0_a123\n")


def test_a_port_of_the_device_is_not_the_host_s(
    device: RunningDevice, machine: DeviceMachine
) -> None:
    first = device.do(machine.listen_tcp(9008))
    with first:
        with pytest.raises(OSError) as caught:
            device.do(machine.listen_tcp(9008))
        assert caught.value.errno == errno.EADDRINUSE


def test_two_devices_have_the_same_port_each(
    device: RunningDevice, tmp_path_factory: pytest.TempPathFactory
) -> None:
    with running_device(FakeSystem(), tmp_path_factory.mktemp("second")) as second:
        one = device.do(device.device.machine.listen_tcp(9100))
        two = second.do(second.device.machine.listen_tcp(9100))
        with one, two:
            assert device.endpoints.adb_port != second.endpoints.adb_port
