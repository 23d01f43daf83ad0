"""Snapshots of /data: which layers are in use, and that the device sees the right ones."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from selftests.virtualdevice.fake_system import FakeSystem
from selftests.virtualdevice.machine.test_isolation import APP, run
from selftests.virtualdevice.real_clients import running_device
from selftests.virtualdevice.test_running import ready, started
from virtualdevice.machine.host import HostCannot
from virtualdevice.machine.layers import DataLayers, NoSuchSnapshot


def test_saving_puts_a_layer_on_top_and_restoring_replaces_it(tmp_path: Path) -> None:
    layers = DataLayers(tmp_path / "disk")
    assert layers.mount_options() is None
    layers.save("clean")
    layers.save("seeded")
    assert layers.mount_options() == {
        "lower": ["layers/1/upper", "data"],
        "upper": "layers/2/upper",
        "work": "layers/2/work",
        "overlay": True,
    }
    layers.restore("clean")
    again = DataLayers(tmp_path / "disk").mount_options()
    top = {"upper": "layers/3/upper", "work": "layers/3/work"}
    assert again == {"lower": ["data"], **top, "overlay": True}


def test_a_snapshot_that_there_is_not_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(NoSuchSnapshot):
        DataLayers(tmp_path / "disk").restore("clean")


def test_only_layers_that_nothing_leads_to_are_discarded(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    for number in (1, 2, 3):
        (disk / "layers" / str(number)).mkdir(parents=True)
    layers = DataLayers(disk)
    layers.save("clean")
    layers.save("seeded")
    layers.restore("clean")
    layers.discard_unused()
    assert {path.name for path in (disk / "layers").iterdir()} == {"1", "3"}


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
