"""Storage of several users: the kernel keeps them apart, and a cover hides what is locked."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from selftests.virtualdevice.fake_system import FakeSystem
from selftests.virtualdevice.machine.test_isolation import ROOT, SHELL, run
from selftests.virtualdevice.real_clients import RunningDevice, running_device
from virtualdevice.seams import Credentials

OWNERS_APP = Credentials(uid=10016, gid=10016)
WORK_APP = Credentials(uid=1010016, gid=1010016)


@pytest.fixture(scope="module")
def device(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningDevice]:
    with running_device(FakeSystem(), tmp_path_factory.mktemp("device")) as running:
        yield running


def say(device: RunningDevice, command: str, who: Credentials = ROOT) -> str:
    return run(device, command, credentials=who)[1]


@pytest.fixture(scope="module")
def home(device: RunningDevice) -> str:
    """An app's directory of user 10, with one letter in it."""
    files = device.device.machine.files
    for path, uid in (("/data/user/10", 1000), ("/data/user/10/app", 1010016)):
        mode = 0o700 if uid > 10000 else 0o771
        device.do(files.make_directory(path, mode=mode, uid=uid, gid=uid))
    device.do(
        files.write("/data/user/10/app/letter", b"dear", mode=0o600, uid=1010016, gid=1010016)
    )
    return "/data/user/10/app"


def test_the_kernel_knows_the_same_app_of_two_users_apart(device: RunningDevice, home: str) -> None:
    assert device.device.machine.can_own(1010016)
    assert say(device, f"cat {home}/letter", WORK_APP) == "dear"
    assert "Permission denied" in say(device, f"cat {home}/letter", OWNERS_APP)
    assert say(device, f"stat -c %u {home}") == "1010016\n"


def test_shared_storage_of_a_user_comes_and_goes(device: RunningDevice) -> None:
    machine = device.device.machine
    device.do(machine.files.make_directory("/data/media/10", mode=0o2777, uid=0, gid=1015))
    for _ in range(2):  # again is the same
        device.do(machine.attach_storage(10))
    assert say(device, "echo x > /storage/emulated/10/f", SHELL) == ""
    assert say(device, "ls /storage/emulated") == "0\n10\n"
    assert device.do(machine.files.read("/data/media/10/f")) == b"x\n"
    assert device.do(machine.files.read("/storage/emulated/10/f")) == b"x\n"
    device.do(machine.attach_storage(0))
    device.do(machine.files.write("/storage/emulated/0/g", b"", mode=0o644, uid=0, gid=0))
    assert say(device, "ls /data/media/0") == "g\n"
    for _ in range(2):
        device.do(machine.detach_storage(10))
    assert device.do(machine.files.list("/storage/emulated")) == ["0"]
    assert say(device, "ls /storage/emulated") == "0\n"
    assert say(device, "cd /storage/emulated/0 && echo there", SHELL) == "there\n"


def test_a_cover_hides_from_everybody_but_installd(device: RunningDevice, home: str) -> None:
    machine = device.device.machine
    for _ in range(2):
        device.do(machine.cover("/data/user/10", {"+aB,": (0o700, 1010016)}))
    shown = say(device, "ls /data/user/10; stat -c '%u %a' /data/user/10/+aB,")
    assert shown == "+aB,\n1010016 700\n"
    assert "No such file" in say(device, f"cat {home}/letter")
    assert "Read-only" in say(device, "touch /data/user/10/new")
    assert device.do(machine.files.read(f"{home}/letter")) == b"dear"
    for _ in range(2):
        device.do(machine.uncover("/data/user/10"))
    assert say(device, f"cat {home}/letter", WORK_APP) == "dear"
