"""Android 5: nothing but toolbox. Its lines are checked against a recording in golden/."""

from __future__ import annotations

import os

import pytest

from holdfast.userdata.collect import collect
from holdfast.userdata.diff import diff
from holdfast.userdata.plant import plant
from holdfast.userdata.seed import ODD_NAMES
from holdfast.userdata.toolbox import label_line, listed_entry
from holdfast.userdata.values import Area, EntryKind, path_of_bytes
from selftests.holdfast.userdata.folder_device import (
    PACKAGE,
    FolderDevice,
    folder_device,
    needs_mksh,
    soon,
)

__all__ = ["folder_device"]

# Recorded on an Android 5.1.1: `run-as org.example.alpha ls -l -a -n`, `ls -l -R`.
RECORDED_LINK = b"lrwxrwxrwx 1012     1012              2026-11-23 23:16 lib -> /data/app-lib/x"
RECORDED_FILE = b"-rw-r--r-- 2000     2000         8551 2026-11-23 23:16 alpha v1 key1.apk"
RECORDED_DIRECTORY = b"drwxrwxrwx 10015    10015             2026-11-23 23:18 databases"


def test_a_recorded_file_line_is_read() -> None:
    entry = listed_entry(RECORDED_FILE, name=None, folder=b".", links=())
    assert (entry.path, entry.size_bytes, entry.uid) == ("alpha v1 key1.apk", 8551, 2000)
    assert entry.mode == 0o100644
    assert entry.mtime == "2026-11-23 23:16"


def test_recorded_links_and_directories_have_no_size() -> None:
    link = listed_entry(RECORDED_LINK, name=None, folder=b".", links=("lib",))
    assert (link.path, link.kind, link.size_bytes) == ("lib", EntryKind.LINK, 0)
    folder = listed_entry(RECORDED_DIRECTORY, name=None, folder=b".", links=())
    assert (folder.path, folder.kind, folder.uid) == ("databases", EntryKind.DIRECTORY, 10015)


def test_a_name_with_an_arrow_is_not_cut_if_the_link_is_known() -> None:
    line = b"lrwxrwxrwx 1 1          2026-11-23 23:16 a -> b -> c"
    assert listed_entry(line, name=None, folder=b"./d", links=("d/a -> b",)).path == "d/a -> b"


@pytest.mark.parametrize(
    ("mode", "bits"),
    [("-rwsr-sr-t", 0o7755), ("-rwSr-Sr-T", 0o7644), ("-rw-------", 0o600), ("drwx--x--x", 0o711)],
)
def test_special_bits_are_read(mode: str, bits: int) -> None:
    line = f"{mode} 1 1 5 2026-11-23 23:16 ./a".encode()
    assert listed_entry(line, name=None, folder=b".", links=()).mode & 0o7777 == bits


def test_what_is_no_line_of_ls_is_an_error() -> None:
    with pytest.raises(ValueError, match="not a line of ls"):
        listed_entry(b"opendir failed, Permission denied", name=None, folder=b".", links=())


def test_labels_are_read() -> None:
    line = b"-rw-rw---- u0_a15   u0_a15            u:object_r:app_data_file:s0 a b"
    assert label_line(line, folder=b"./files") == ("files/a b", "u:object_r:app_data_file:s0")
    assert label_line(b"ls: no such thing", folder=b".") is None


@needs_mksh
def test_android_5_gives_the_same_picture_as_a_newer_one(folder_device: FolderDevice) -> None:
    plant(folder_device, PACKAGE, deadline=soon())
    newer = collect(folder_device, PACKAGE, deadline=soon())
    folder_device.become_android_5()
    older = collect(folder_device, PACKAGE, deadline=soon())
    for area in (Area.CREDENTIAL, Area.EXTERNAL, Area.MEDIA, Area.OBB, Area.SHARED):
        was = [(e.path, e.mode, e.uid, e.kind) for e in newer.entries(area)]
        now = [(e.path, e.mode, e.uid, e.kind) for e in older.entries(area)]
        assert now == was
    files = [e for e in older.entries(Area.CREDENTIAL) if e.kind is EntryKind.FILE]
    assert all(e.digest.startswith("md5:") for e in files)
    assert [e.path for e in files if e.unstable] == []
    assert all(e.label for e in files if "\n" not in e.path)
    assert [d for d in newer.databases if d.area is Area.CREDENTIAL] == list(older.databases)


@needs_mksh
def test_android_5_can_be_seeded_and_every_odd_name_comes_back(
    folder_device: FolderDevice,
) -> None:
    folder_device.become_android_5()
    planted = plant(folder_device, PACKAGE, deadline=soon())
    assert planted.not_covered == ("device-protected data: this Android has none",)
    (folder_device.data / "files/loop").symlink_to(".")
    (folder_device.data / "files/a\nb -> c").symlink_to("x\ny")
    os.mkfifo(folder_device.data / "files/pipe")
    before = collect(folder_device, PACKAGE, deadline=soon())
    found = {e.path: e for e in before.entries(Area.CREDENTIAL)}
    assert {"files/odd/" + path_of_bytes(name) for name in ODD_NAMES} <= found.keys()
    assert found["files/a\nb -> c"].target == "x\ny"
    assert found["files/loop"].target == "."
    assert diff(before, collect(folder_device, PACKAGE, deadline=soon())).changes == ()


@needs_mksh
def test_android_5_shows_a_change_of_one_byte(folder_device: FolderDevice) -> None:
    folder_device.become_android_5()
    plant(folder_device, PACKAGE, deadline=soon())
    before = collect(folder_device, PACKAGE, deadline=soon())
    odd = folder_device.data / "files/odd/line\nbreak.txt"
    odd.write_bytes(b"!" + odd.read_bytes()[1:])
    found = diff(before, collect(folder_device, PACKAGE, deadline=soon()))
    assert [c.path for c in found.losses] == ["files/odd/line\nbreak.txt"]
