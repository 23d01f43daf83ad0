"""What runs on the device, root included, reaches nothing of the host."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from selftests.virtualdevice.fake_system import FakeSystem
from selftests.virtualdevice.real_clients import RunningDevice, running_device
from virtualdevice.seams import Credentials

ROOT = Credentials(uid=0, gid=0, groups=(3009,))
SHELL = Credentials(uid=2000, gid=2000, groups=(1015,))
APP, OTHER_APP = Credentials(uid=10123, gid=10123), Credentials(uid=10124, gid=10124)


@pytest.fixture(scope="module")
def device(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningDevice]:
    with running_device(FakeSystem(), tmp_path_factory.mktemp("device")) as running:
        yield running


def run(
    device: RunningDevice, command: str, *, credentials: Credentials = SHELL
) -> tuple[int, str]:
    """Exit status, and output with errors."""

    async def work() -> tuple[int, int]:
        reader, writer = os.pipe()
        child = await device.device.machine.spawn(
            [b"/system/bin/sh", b"-c", command.encode()],
            credentials=credentials,
            stdout=writer,
            stderr=writer,
        )
        os.close(writer)
        return await child.wait(), reader

    status, reader = device.do(work())
    with open(reader, "rb") as output:  # noqa: PTH123
        return status, output.read().decode(errors="replace")


@pytest.mark.parametrize("credentials", [ROOT, SHELL], ids=["root", "shell"])
@pytest.mark.parametrize(
    "way",
    ["/../../../../..", "/proc/1/root/../..", "/proc/self/cwd/../..", "/data/local/tmp/up/../.."],
)
def test_no_path_leads_to_the_host_s_files(
    device: RunningDevice, tmp_path: Path, credentials: Credentials, way: str
) -> None:
    secret = tmp_path / "secret"
    secret.write_text("outside", encoding="utf-8")
    run(device, "rm -f /data/local/tmp/up; ln -s ../../../../../.. /data/local/tmp/up")
    status, output = run(device, f"cat '{way}{secret}'", credentials=credentials)
    assert status != 0
    assert "outside" not in output


def test_a_link_to_a_host_path_leads_into_the_device(device: RunningDevice) -> None:
    status, output = run(
        device, "rm -f /data/local/tmp/l; ln -s /etc/passwd /data/local/tmp/l;"
        " cat /data/local/tmp/l", credentials=ROOT
    )  # fmt: skip
    assert status == 0
    assert "sdcard_rw::1015" in output


def test_a_hard_link_out_of_the_device_cannot_be_made(device: RunningDevice) -> None:
    status, output = run(device, "ln /system/bin/sh /data/local/tmp/hard", credentials=ROOT)
    assert status != 0
    assert "ross-device" in output or "Read-only" in output


def test_root_of_the_device_makes_no_device_nodes_and_loads_no_modules(
    device: RunningDevice,
) -> None:
    for command in (
        "mknod /data/local/tmp/disk b 254 0",
        "mknod /data/local/tmp/mem c 1 1",
        "insmod /system/bin/sh",
        "echo 1 > /proc/sys/kernel/sysrq",
        "mount -t tmpfs none /proc/sys && umount /proc/sys && dmesg",
    ):
        status, _ = run(device, command, credentials=ROOT)
        assert status != 0, command


def test_root_of_the_device_is_never_root_on_the_host(device: RunningDevice) -> None:
    run(device, "echo x > /data/local/tmp/by-root; chmod 4777 /data/local/tmp/by-root",
        credentials=ROOT)  # fmt: skip
    files = [path for path in device.state.rglob("*") if not path.is_symlink()]
    on_disk = [path for path in files if path.name == "by-root"]
    assert len(on_disk) == 1
    if os.getuid() == 0:
        assert on_disk[0].stat().st_uid >= 100_000
        assert all(p.lstat().st_uid >= 100_000 for p in (device.state / "disk").rglob("*"))
    assert not any(stat.S_ISBLK(p.lstat().st_mode) for p in files)


def test_the_device_sees_its_own_processes_only(device: RunningDevice) -> None:
    _, output = run(device, "cd /proc; echo [0-9]*", credentials=ROOT)
    assert str(os.getpid()) not in output.split()
    assert output.split()[0] == "1"


def test_the_device_has_a_network_of_its_own(device: RunningDevice) -> None:
    _, output = run(device, "cat /proc/net/dev", credentials=ROOT)
    names = {line.split(":")[0].strip() for line in output.splitlines()[2:]}
    assert names == {"lo", "wlan0"}
    _, routes = run(device, "cat /proc/net/route", credentials=ROOT)
    destinations = {line.split()[1] for line in routes.splitlines()[1:]}
    assert "00000000" not in destinations, "a default route leads out of the device"


def test_an_app_s_directory_is_closed_to_other_apps_and_to_the_shell(
    device: RunningDevice,
) -> None:
    files = device.device.machine.files
    device.do(files.make_directory("/data/data/org.one", mode=0o700, uid=10123, gid=10123))
    assert run(device, "echo mine > /data/data/org.one/f", credentials=APP) == (0, "")
    for other in (OTHER_APP, SHELL):
        status, output = run(device, "cat /data/data/org.one/f", credentials=other)
        assert (status, "mine" in output) == (1, False)
        assert "Permission denied" in output


def test_the_system_partition_is_read_only_to_all_but_the_package_manager(
    device: RunningDevice,
) -> None:
    for credentials in (ROOT, SHELL):
        status, output = run(device, "echo x > /system/app/x", credentials=credentials)
        assert status != 0
        assert "Read-only" in output
    device.do(device.device.machine.files.write("/system/app/x", b"x", mode=0o644, uid=0, gid=0))
    assert run(device, "cat /system/app/x") == (0, "x")


def test_the_root_directory_shows_nothing_of_the_distribution(device: RunningDevice) -> None:
    _, output = run(device, "ls /")
    assert not {"lib", "lib64", "usr", "home", "root", "tmp", "var"} & set(output.split())


def test_nothing_of_the_host_s_environment_or_descriptors_is_inherited(
    device: RunningDevice, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOLDFAST_SECRET", "1")
    _, output = run(device, "env; ls -l /proc/self/fd | grep -v /proc/", credentials=SHELL)
    assert "HOLDFAST_SECRET" not in output
    assert "socket:" not in output
    assert "PATH=/product/bin" in output
