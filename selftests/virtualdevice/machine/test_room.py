"""A disk with no room left: the kernel refuses what shell and apps write, also over restarts."""

from __future__ import annotations

import os
import re
import select
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from selftests.virtualdevice.fake_system import FakeSystem
from selftests.virtualdevice.machine.test_isolation import APP, ROOT, SHELL, run
from selftests.virtualdevice.real_clients import AdbClient, RunningDevice, running_device
from virtualdevice.machine import room
from virtualdevice.machine.host import HostCannot
from virtualdevice.machine.room import Room
from virtualdevice.seams import Credentials

NO_ROOM = "No space left on device"
KEPT = "/data/local/tmp/kept"
ROW = re.compile(r"\S+ +(\d+) +(\d+) +(\d+) +(\d+)% ", re.ASCII)


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningDevice]:
    """A phone on which nothing is free."""
    with running_device(FakeSystem(), tmp_path_factory.mktemp("full")) as device:
        say(device, f"head -c 9000 /dev/zero > {KEPT}")
        fill(device)
        yield device


def fill(device: RunningDevice) -> None:
    """Skips, in words, where this host's kernel cannot."""
    try:
        device.do(device.device.machine.fill())
    except HostCannot as reason:
        pytest.skip(str(reason))


def say(device: RunningDevice, command: str, who: Credentials = SHELL) -> str:
    return run(device, f"{{ {command}; }} 2>&1", credentials=who)[1].strip()


@pytest.mark.parametrize(
    "command",
    [
        "echo some > {}",
        "cat /system/bin/sh > {}",
        "dd if=/dev/zero of={} bs=1000 count=1",
        "fallocate -l 1000 {}",
        "tar -cf {} /system/etc",
        "echo some > {}.old; mv {}.old {}; cat {}",
    ],
)
@pytest.mark.parametrize("place", ["/data/local/tmp/new", "/sdcard/new"])
def test_nothing_more_goes_onto_it(full: RunningDevice, command: str, place: str) -> None:
    assert NO_ROOM in say(full, command.replace("{}", place))
    assert say(full, f"stat -c %s {place}; rm {place}") in ("0", "") or command.startswith("fall")


def test_a_copy_of_a_file_is_empty(full: RunningDevice) -> None:
    """Its toybox says nothing: on a disk that is really full it does not either."""
    assert say(full, "cp /system/bin/sh /sdcard/new; stat -c %s /sdcard/new; rm /sdcard/new") == "0"


def test_what_needs_no_room_goes_on(full: RunningDevice) -> None:
    assert say(full, "echo word | cat; echo word > /dev/null") == "word"
    over = f"dd if=/dev/zero of={KEPT} bs=1000 count=2 conv=notrunc 2>/dev/null; echo $?"
    assert say(full, over) == "0"
    assert say(full, "cd /sdcard; mkdir made; touch made/a; mv made moved") == ""
    assert say(full, "ls /sdcard/moved; rm -r /sdcard/moved") == "a"


def test_root_and_the_system_have_their_reserve(full: RunningDevice) -> None:
    assert say(full, "echo some > /data/system/note; cat /data/system/note", ROOT) == "some"
    files = full.device.machine.files
    full.do(files.write("/data/system/note", b"more", mode=0o644, uid=1000, gid=1000))
    assert full.do(files.read("/data/system/note")) == b"more"
    say(full, "rm /data/system/note", ROOT)


def test_an_app_has_none(full: RunningDevice) -> None:
    files = full.device.machine.files
    full.do(files.make_directory("/data/data/app", mode=0o700, uid=APP.uid, gid=APP.gid))
    assert NO_ROOM in say(full, "echo some > /data/data/app/new", APP)


@pytest.mark.parametrize("who", [SHELL, ROOT], ids=["shell", "root"])
@pytest.mark.parametrize("path", ["/data", "/sdcard", "/data/local/tmp", "."])
def test_it_is_seen_to_be_full(full: RunningDevice, who: Credentials, path: str) -> None:
    row = ROW.search(say(full, f"cd /data/local; df {path}", who))
    assert row is not None
    assert (row[3], row[4]) == ("0", "100")
    assert row[1] == row[2]
    assert re.search(r"Free: 0\sAvailable: 0", say(full, f"cd /data/local; stat -f {path}", who))


def test_other_file_systems_are_not(full: RunningDevice) -> None:
    row = ROW.search(say(full, "df /dev"))
    assert row is not None
    assert int(row[3]) > 0


def test_what_is_deleted_gives_room_for_as_much(tmp_path: Path) -> None:
    with running_device(FakeSystem(), tmp_path) as device:
        say(device, f"head -c 900000 /dev/zero > {KEPT}")
        fill(device)
        assert device.do(device.device.machine.space()).free_bytes == 0
        say(device, f"rm {KEPT}")
        assert device.do(device.device.machine.space()).free_bytes == 900_000
        assert NO_ROOM in say(device, "head -c 900001 /dev/zero > /sdcard/new")
        assert say(device, "head -c 900000 /dev/zero > /sdcard/new") == ""
        assert NO_ROOM in say(device, "echo >> /sdcard/new")
        assert say(device, "echo > /sdcard/new") == ""  # it is cut to nothing before


def test_it_stays_full_over_restarts_and_has_room_after_a_factory_reset(tmp_path: Path) -> None:
    with running_device(FakeSystem(), tmp_path) as device:
        phone = device.device
        say(device, f"head -c 900000 /dev/zero > {KEPT}")
        device.do(phone.save_snapshot("before"))
        fill(device)
        assert say(device, f"cat {KEPT} | wc -c") == "900000"
        device.do(phone.restart())
        assert NO_ROOM in say(device, "echo > /sdcard/new")
        device.do(phone.reset())
        assert say(device, "head -c 800000 /dev/zero > /sdcard/new") == ""
        device.do(phone.restore_snapshot("before"))
        assert say(device, f"cat {KEPT} | wc -c") == "900000"
        assert NO_ROOM in say(device, "echo > /sdcard/new")


def test_a_phone_as_old_as_toolbox_shows_it_too(tmp_path: Path) -> None:
    with running_device(FakeSystem(api=22), tmp_path) as device:
        fill(device)
        _, data = say(device, "df /data").splitlines()
        assert data.split()[3] in ("0.0K", "0")


def test_a_push_fails_with_adbd_s_own_words(
    adb: AdbClient, full: RunningDevice, tmp_path: Path
) -> None:
    sent = tmp_path / "sent"
    sent.write_bytes(os.urandom(300_000))
    adb("connect", full.serial)
    adb("-s", full.serial, "wait-for-device")
    for place in ("/data/local/tmp/sent", "/sdcard/sent"):
        failed = adb("-s", full.serial, "push", str(sent), place)
        assert failed.status != 0
        assert f"remote write failed: {NO_ROOM}" in failed.errors + failed.text
        assert say(full, f"ls {place}").endswith("No such file or directory")
    adb("disconnect", full.serial)


def test_programs_that_end_or_are_interrupted_while_they_ask_leave_the_device_well(
    full: RunningDevice,
) -> None:
    for signal_name in ("KILL", "INT", "TERM"):
        say(full, f"timeout -s {signal_name} 0.1 sh -c 'while true; do echo x > /sdcard/n; done'")
        say(full, f"timeout -s {signal_name} 0.05 cat /dev/zero | head -c 1000000 > /dev/null")
        say(full, f"timeout -s {signal_name} 0.05 sh -c 'while true; do df /data; done'")
    assert NO_ROOM in say(full, "echo some > /sdcard/new")
    assert say(full, "echo well") == "well"


def test_a_disk_whose_files_take_long_to_count_is_not_counted_for_each_write(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    counts: list[int] = []

    def count(took_s: float) -> int:
        counts.append(1)
        time.sleep(took_s)
        return 100

    full = Room(select.poll())
    for took_s, expected in ((0.0, 6), (room.LONG_S * 1.2, 2)):
        counts.clear()
        monkeypatch.setattr(room, "_used_bytes", lambda took_s=took_s: count(took_s))
        assert full.fill(None) == 100
        assert [full._count_again() for _ in range(5)] == [0] * 5
        assert len(counts) in (expected, expected + 1)  # fill counts, and measures
