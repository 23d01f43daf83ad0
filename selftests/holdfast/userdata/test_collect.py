from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing

import pytest

from holdfast.errors import LabError
from holdfast.userdata.collect import checked_name, collect
from holdfast.userdata.diff import diff
from holdfast.userdata.plant import plant
from holdfast.userdata.seed import ODD_NAMES
from holdfast.userdata.storing import dump_snapshot, load_snapshot
from holdfast.userdata.values import Area, AreaState, EntryKind, Reach, Snapshot, path_of_bytes
from selftests.holdfast.userdata.folder_device import (
    PACKAGE,
    FolderDevice,
    folder_device,
    needs_mksh,
    soon,
)

__all__ = ["folder_device"]
pytestmark = needs_mksh


def seeded(device: FolderDevice) -> Snapshot:
    planted = plant(device, PACKAGE, deadline=soon())
    assert planted.not_covered == ()
    return collect(device, PACKAGE, deadline=soon())


def test_seeded_data_of_every_kind_is_in_the_snapshot(folder_device: FolderDevice) -> None:
    snapshot = seeded(folder_device)
    assert snapshot.access is Reach.RUN_AS
    assert all(snapshot.state(area) is AreaState.SEEN for area in Area)
    assert {"EnMicroMsg.db", "notes.db", "alarms.db"} == {d.name for d in snapshot.databases}
    chat = next(d for d in snapshot.databases if d.name == "EnMicroMsg.db")
    message = chat.table("message")
    assert message
    assert message.row_count == 1204
    account = next(p for p in snapshot.preferences if p.name == "account")
    assert account.values["logged_in"] == "boolean:true"
    assert snapshot.identity.ce_data_inode == 4711
    assert snapshot.identity.signers == ("f741199",)


def test_two_looks_at_untouched_data_show_no_difference(folder_device: FolderDevice) -> None:
    before = seeded(folder_device)
    found = diff(before, collect(folder_device, PACKAGE, deadline=soon()))
    assert found.intact
    assert found.changes == ()
    assert not found.nothing_seen


def test_every_odd_name_comes_back_byte_by_byte(folder_device: FolderDevice) -> None:
    snapshot = seeded(folder_device)
    paths = {e.path for e in snapshot.entries(Area.CREDENTIAL)}
    assert {"files/odd/" + path_of_bytes(name) for name in ODD_NAMES} <= paths


def test_looking_and_planting_leave_nothing_in_the_scratch_folder(
    folder_device: FolderDevice,
) -> None:
    seeded(folder_device)
    assert list((folder_device.root / "data/local/tmp").iterdir()) == []


def test_looking_changes_no_byte_and_no_time(folder_device: FolderDevice) -> None:
    plant(folder_device, PACKAGE, deadline=soon())
    wal = folder_device.data / "databases/EnMicroMsg.db-wal"
    was = (wal.read_bytes(), wal.stat().st_mtime_ns, sorted(wal.parent.iterdir()))
    collect(folder_device, PACKAGE, deadline=soon())
    assert (wal.read_bytes(), wal.stat().st_mtime_ns, sorted(wal.parent.iterdir())) == was


def test_a_snapshot_takes_three_round_trips(folder_device: FolderDevice) -> None:
    collect(folder_device, PACKAGE, deadline=soon())
    assert len(folder_device.shell.commands) == 3


def test_a_snapshot_comes_back_from_json(folder_device: FolderDevice) -> None:
    snapshot = seeded(folder_device)
    assert load_snapshot(dump_snapshot(snapshot)) == snapshot


@pytest.mark.parametrize("cut", [0, 1, 100, 3000, 20000, 60000])
def test_a_cut_stream_is_an_error_and_never_a_snapshot(
    folder_device: FolderDevice, cut: int
) -> None:
    seeded(folder_device)
    folder_device.shell.cut_after_bytes = cut
    with pytest.raises(LabError):
        collect(folder_device, PACKAGE, deadline=soon())


@pytest.mark.parametrize("size", [1, 7, 64, 1000])
def test_how_a_stream_is_chopped_does_not_matter(folder_device: FolderDevice, size: int) -> None:
    before = seeded(folder_device)
    folder_device.shell.chunk_bytes = size
    after = collect(folder_device, PACKAGE, deadline=soon())
    assert after.areas == before.areas
    assert after.databases == before.databases


def test_an_app_that_refuses_us_is_not_seen_and_says_so(folder_device: FolderDevice) -> None:
    plant(folder_device, PACKAGE, deadline=soon())
    folder_device.refuse_run_as(f"run-as: package not debuggable: {PACKAGE}")
    snapshot = collect(folder_device, PACKAGE, deadline=soon())
    assert snapshot.access is Reach.EXTERNAL
    assert snapshot.state(Area.CREDENTIAL) is AreaState.NOT_SEEN
    assert snapshot.unseen[0].endswith(f"run-as: package not debuggable: {PACKAGE}")
    assert snapshot.identity.ce_data_inode == 4711


def test_what_cannot_be_planted_is_reported_by_name(folder_device: FolderDevice) -> None:
    folder_device.refuse_run_as(f"run-as: package not debuggable: {PACKAGE}")
    planted = plant(folder_device, PACKAGE, deadline=soon())
    assert [line.split(":")[0] for line in planted.not_covered] == [
        "device-protected data",
        "private data",
    ]
    assert planted.files[Area.EXTERNAL] == 4


def empty_the_chat(device: FolderDevice) -> None:
    for file in (device.data / "databases").glob("EnMicroMsg.db*"):
        file.unlink()
    with closing(sqlite3.connect(device.data / "databases/EnMicroMsg.db")) as database:
        database.execute("CREATE TABLE message (msgId INTEGER PRIMARY KEY)")
        database.commit()


def reinstall(device: FolderDevice) -> None:
    device.uninstall()
    device.install(app_id=device.app_id + 1, inode=4712, installed_at="2026-11-03 11:00:00")


CHAT = "databases/EnMicroMsg.db"


@pytest.mark.parametrize(
    ("harm", "line"),
    [
        (empty_the_chat, "1 204 of 1 204 messages in EnMicroMsg.db are gone"),
        (reinstall, f"{PACKAGE} was uninstalled and installed anew (app id "),
        (FolderDevice.uninstall, f"{PACKAGE} is no longer installed (nothing of it is left)"),
        (lambda d: (d.data / CHAT).unlink(), "1 204 of 1 204 messages in EnMicroMsg.db are gone"),
        (
            lambda d: (d.data / CHAT).write_bytes(b""),
            "file databases/EnMicroMsg.db (163.8 kB) in private data was replaced by an empty",
        ),
        (
            lambda d: (d.data / "files/voice/msg-1.amr").unlink(),
            "file files/voice/msg-1.amr (",
        ),
        (
            lambda d: shutil.rmtree(d.shared / "Android/data"),
            "4 documents (",
        ),
        (
            lambda d: shutil.rmtree(d.device_protected / "files"),
            "3 files (",
        ),
        (
            lambda d: (d.data / "shared_prefs/settings.xml").write_text("<map/>"),
            "3 of 3 settings in settings are gone: dark_mode, font_size, ringtone",
        ),
        (
            lambda d: (d.data / "files/voice/msg-1.amr").chmod(0),
            "file files/voice/msg-1.amr (",
        ),
    ],
)
def test_every_harm_is_seen_and_said(
    folder_device: FolderDevice, harm: Callable[[FolderDevice], object], line: str
) -> None:
    before = seeded(folder_device)
    harm(folder_device)
    found = diff(before, collect(folder_device, PACKAGE, deadline=soon()))
    assert not found.intact
    assert any(shown.startswith(line) for shown in found.lines()), found.lines()


def test_checkpoint_and_vacuum_are_no_loss(folder_device: FolderDevice) -> None:
    before = seeded(folder_device)
    with closing(sqlite3.connect(folder_device.data / CHAT)) as database:
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        database.execute("PRAGMA journal_mode = DELETE")
        database.execute("PRAGMA page_size = 8192")
        database.execute("VACUUM")
    found = diff(before, collect(folder_device, PACKAGE, deadline=soon()))
    assert found.changes == ()


def test_fifos_sockets_and_looping_links_neither_hang_nor_mislead(
    folder_device: FolderDevice,
) -> None:
    folder = folder_device.data / "files"
    folder.mkdir()
    os.mkfifo(folder / "pipe")
    (folder / "loop").symlink_to(".")
    (folder / "link\nwith -> odd name").symlink_to("target\nwith line break")
    snapshot = collect(folder_device, PACKAGE, deadline=soon())
    found = {e.path: e for e in snapshot.entries(Area.CREDENTIAL)}
    assert found["files/pipe"].kind is EntryKind.OTHER
    assert found["files/loop"].target == "."
    assert found["files/link\nwith -> odd name"].target == "target\nwith line break"


def test_a_name_that_is_no_package_never_reaches_a_shell() -> None:
    with pytest.raises(ValueError, match="not the name of a package"):
        checked_name("com.example;reboot")


def test_android_9_gives_the_same_picture_as_a_newer_one(folder_device: FolderDevice) -> None:
    newer = seeded(folder_device)
    folder_device.become_android_9()
    older = collect(folder_device, PACKAGE, deadline=soon())
    for area in Area:
        was = [(e.path, e.mode, e.uid, e.inode, e.digest, e.target) for e in newer.entries(area)]
        now = [(e.path, e.mode, e.uid, e.inode, e.digest, e.target) for e in older.entries(area)]
        assert now == was
    assert older.databases == newer.databases
    assert diff(newer, older).changes == ()


def test_a_directory_without_files_is_seen_whole_on_each_android(
    folder_device: FolderDevice,
) -> None:
    """There is nothing to ask `stat` about, which must not be told as something unreadable."""
    shutil.rmtree(folder_device.data)
    folder_device.data.mkdir()
    for older in (False, True):
        if older:
            folder_device.become_android_9()
        snapshot = collect(folder_device, PACKAGE, deadline=soon())
        assert snapshot.state(Area.CREDENTIAL) is AreaState.SEEN
        assert [line for line in snapshot.unseen if "stat" in line] == []


@pytest.mark.parametrize("older", [False, True])
def test_what_changes_while_it_is_read_is_named_and_nothing_else_is(
    folder_device: FolderDevice, older: bool
) -> None:
    seeded(folder_device)
    if older:
        folder_device.become_android_9()
    busy = folder_device.data / "files/busy.log"
    busy.write_bytes(b"a line\n")
    folder_device.disturb_checksums(f"echo more >> {busy}")
    snapshot = collect(folder_device, PACKAGE, deadline=soon())
    assert [e.path for e in snapshot.entries(Area.CREDENTIAL) if e.unstable] == ["files/busy.log"]
    assert snapshot.unseen == ("private data: files/busy.log changed while it was read",)


@pytest.mark.parametrize("older", [False, True])
def test_a_checksum_program_that_is_killed_spoils_the_whole_snapshot(
    folder_device: FolderDevice, older: bool
) -> None:
    seeded(folder_device)
    if older:
        folder_device.become_android_9()
    folder_device.disturb_checksums('case "$*" in ?*) kill -9 $$;; esac')
    with pytest.raises(LabError):
        collect(folder_device, PACKAGE, deadline=soon())


def test_a_file_far_above_the_limit_is_compared_by_its_ends_and_says_so(
    folder_device: FolderDevice,
) -> None:
    folder_device.data.joinpath("files").mkdir()
    huge = folder_device.data / "files/huge.bin"
    with huge.open("wb") as out:
        out.truncate(20 << 30)
    before = collect(folder_device, PACKAGE, deadline=soon())
    assert before.unseen == (
        "private data: files/huge.bin is so large that only its ends were compared",
    )
    with huge.open("r+b") as out:
        out.seek(-5, 2)
        out.write(b"x")
    found = diff(before, collect(folder_device, PACKAGE, deadline=soon()))
    assert [c.path for c in found.losses] == ["files/huge.bin"]
