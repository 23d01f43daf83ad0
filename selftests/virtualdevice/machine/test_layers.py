"""Snapshots of /data: which layers are in use, and that the device sees the right ones."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from selftests.virtualdevice.fake_system import FakeSystem
from selftests.virtualdevice.machine.test_isolation import APP, ROOT, run
from selftests.virtualdevice.real_clients import RunningDevice, running_device
from selftests.virtualdevice.test_running import ready, started
from virtualdevice.machine.host import HostCannot
from virtualdevice.machine.layers import DataLayers, NoSuchSnapshot

OWN = "/data/data/org.one"


def test_saving_puts_a_layer_on_top_and_restoring_replaces_it(tmp_path: Path) -> None:
    layers = DataLayers(tmp_path / "disk")
    assert layers.as_config() == {"chain": [0], "kept": [0], "overlay": True}
    layers.save("clean")
    layers.save("seeded")
    assert layers.as_config() == {"chain": [0, 1, 2], "kept": [0, 1, 2], "overlay": True}
    layers.restore("clean")
    again = DataLayers(tmp_path / "disk").as_config()
    assert again == {"chain": [0, 3], "kept": [0, 1, 3], "overlay": True}


def test_a_reset_keeps_the_layers_of_snapshots_and_no_other(tmp_path: Path) -> None:
    layers = DataLayers(tmp_path / "disk")
    layers.reset()
    assert layers.as_config() == {"chain": [1], "kept": [1], "overlay": True}
    layers.save("clean")
    layers.reset()
    assert layers.as_config() == {"chain": [3], "kept": [1, 3], "overlay": True}


def test_a_snapshot_that_there_is_not_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(NoSuchSnapshot):
        DataLayers(tmp_path / "disk").restore("clean")


@contextmanager
def overlaid(state: Path) -> Iterator[RunningDevice]:
    """A device whose snapshots are overlays."""
    with running_device(FakeSystem(), state) as device:
        files = device.device.machine.files
        device.do(files.make_directory(OWN, mode=0o700, uid=10123, gid=10123))
        device.do(device.device.save_snapshot("factory"))
        if device.device.machine.data_was_copied:
            pytest.skip("no overlay on this host")
        yield device


def as_app(device: RunningDevice, command: str) -> str:
    status, said = run(device, f"cd {OWN} && {command}", credentials=APP)
    assert status == 0, said
    return said


def test_whiteouts_and_replaced_directories_are_as_they_were(tmp_path: Path) -> None:
    with overlaid(tmp_path) as device:
        as_app(device, "mkdir d e; echo one > d/one; echo one > e/one; echo gone > f")
        device.do(device.device.save_snapshot("full"))
        as_app(device, "rm f; rm -r d; mkdir d; echo two > d/two; mv e/one e/three")
        device.do(device.device.save_snapshot("changed"))
        as_app(device, "rm -r d e; echo again > f")
        device.do(device.device.restore_snapshot("changed"))
        assert as_app(device, "find . -type f | sort") == "./d/two\n./e/three\n"
        device.do(device.device.restore_snapshot("full"))
        assert as_app(device, "find . -type f | sort") == "./d/one\n./e/one\n./f\n"
        device.do(device.device.restore_snapshot("changed"))
        assert as_app(device, "cat d/* e/*") == "two\none\n"


def test_a_directory_keeps_its_inode_over_restoring_writing_and_restarts(tmp_path: Path) -> None:
    with overlaid(tmp_path) as device:

        def inodes() -> str:
            return as_app(device, "stat -c %i . in in/deep")

        device.do(device.device.reset())
        files = device.device.machine.files
        device.do(files.make_directory(OWN, mode=0o700, uid=10123, gid=10123))
        as_app(device, "mkdir -p in/deep; echo 1 > in/deep/f")
        before = inodes()
        device.do(device.device.save_snapshot("one"))
        seen = [inodes()]
        for _ in range(2):
            as_app(device, "echo more > more; echo more > in/deep/more")
            seen.append(inodes())
            device.do(device.device.restart())
            seen.append(inodes())
            device.do(device.device.restore_snapshot("one"))
            seen.append(inodes())
        assert set(seen) == {before}


def test_what_was_thrown_away_is_deleted_while_the_device_runs(tmp_path: Path) -> None:
    with overlaid(tmp_path) as device:
        trash = tmp_path / "disk" / "trash"
        as_app(device, "mkdir d; echo 1 > d/f")
        device.do(device.device.restore_snapshot("factory"))
        while any(trash.iterdir()):
            as_app(device, "sleep 0.05")
        assert {path.name for path in (tmp_path / "disk" / "layers").iterdir()} == {"0", "2"}


def test_what_a_killed_device_did_not_delete_is_deleted_by_its_next_boot(tmp_path: Path) -> None:
    left = tmp_path / "disk" / "trash" / "7" / "user"
    with running_device(FakeSystem(), tmp_path) as device:
        owner = (tmp_path / "disk" / "layers").stat()
    left.mkdir(parents=True)
    (left / "file").write_bytes(b"x")
    for path in (left / "file", left, left.parent):
        os.chown(path, owner.st_uid, owner.st_gid)
    with running_device(FakeSystem(), tmp_path) as device:
        while left.parent.exists():
            run(device, "sleep 0.05")


def test_deleting_sees_nothing_of_the_host(tmp_path: Path) -> None:
    """It is a process of the device: its root of the device could look through its /proc entry."""
    with overlaid(tmp_path) as device:
        as_app(device, "i=0; while [ $i -lt 3000 ]; do echo > $i; i=$((i + 1)); done")
        device.do(device.device.restore_snapshot("factory"))
        look = "for p in /proc/[0-9]*; do ls $p/root/ 2>/dev/null; done | sort -u"
        status, said = run(device, look, credentials=ROOT)
        assert status == 0
        assert not {"home", "usr", "root", "boot"} & set(said.split())


def test_a_restored_device_has_what_it_had_and_nothing_else(tmp_path: Path) -> None:
    with running_device(FakeSystem(), tmp_path) as device:
        files = device.device.machine.files
        device.do(files.make_directory("/data/data/org.one", mode=0o700, uid=10123, gid=10123))
        run(device, "echo first > /data/data/org.one/f; mkdir /data/data/org.one/d",
            credentials=APP)  # fmt: skip
        before = device.do(files.stat("/data/data/org.one"))
        try:
            device.do(device.device.save_snapshot("clean"))
        except HostCannot as reason:
            pytest.skip(f"no overlay on this host: {reason}")
        run(device, "cd /data/data/org.one; echo second > f; rm -r d; echo new > n",
            credentials=APP)  # fmt: skip
        device.do(device.device.restore_snapshot("clean"))
        look = "cd /data/data/org.one; cat f; ls"
        assert run(device, look, credentials=APP) == (0, "first\nd\nf\n")
        after = device.do(files.stat("/data/data/org.one"))
        assert before is not None
        assert after is not None
        assert (after.inode, after.uid, after.mode) == (before.inode, before.uid, before.mode)
        with pytest.raises(NoSuchSnapshot):
            device.do(device.device.restore_snapshot("nosuch"))
        assert run(device, look, credentials=APP)[0] == 0


def test_the_process_takes_its_commands_from_standard_input(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    with started("run", "aosp-34", "--json", "--until-stdin-closes", temporary=tmp_path) as process:
        ready(process)
        assert process.stdin is not None
        assert process.stdout is not None
        answers = []
        for command in ("save clean", "restore clean", "restore nosuch", "dance"):
            process.stdin.write(f"{command}\n")
            process.stdin.flush()
            answers.append(json.loads(process.stdout.readline()))
        if answers[0]["event"] == "refused":
            pytest.skip(f"no overlay on this host: {answers[0]['reason']}")
        assert [answer["event"] for answer in answers] == [
            "saved", "restored", "refused", "refused",
        ]  # fmt: skip
        process.stdin.close()
        assert process.wait(60) == 0


def test_without_overlays_a_snapshot_is_a_copy_and_the_device_says_so(tmp_path: Path) -> None:
    with running_device(FakeSystem(), tmp_path) as device:
        machine = device.device.machine
        device.do(
            machine.files.make_directory("/data/data/org.one", mode=0o700, uid=10123, gid=10123)
        )
        run(device, "echo first > /data/data/org.one/f; ln -s f /data/data/org.one/l",
            credentials=APP)  # fmt: skip
        assert not machine.data_was_copied
        machine.layers.may_overlay = False
        device.do(device.device.save_snapshot("clean"))
        assert machine.data_was_copied
        run(device, "cd /data/data/org.one; echo second > f; rm l", credentials=APP)
        device.do(device.device.restore_snapshot("clean"))
        shown = run(device, "cat /data/data/org.one/f /data/data/org.one/l", credentials=APP)
        assert shown == (0, "first\nfirst\n")
        machine.layers.may_overlay = True
        device.do(device.device.save_snapshot("on top of a copy"))
        assert not machine.data_was_copied
        run(device, "rm /data/data/org.one/l", credentials=APP)
        device.do(device.device.restore_snapshot("on top of a copy"))
        shown = run(device, "ls /data/data/org.one", credentials=APP)
        assert shown == (0, "f\nl\n")
