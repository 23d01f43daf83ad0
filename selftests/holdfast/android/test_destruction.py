"""What counts as destroying a user's data."""

from __future__ import annotations

import shlex

import pytest

from holdfast.android.destruction import Destruction, destructions
from holdfast.journal import DestructionKind as Kind

DESTROYING = [
    ("pm uninstall org.example.app", Kind.UNINSTALL, "org.example.app"),
    ("pm uninstall -k org.example.app", Kind.UNINSTALL, "org.example.app"),
    ("cmd package uninstall --user 0 org.example.app", Kind.UNINSTALL, "org.example.app"),
    ("/system/bin/pm uninstall org.example.app", Kind.UNINSTALL, "org.example.app"),
    ("pm clear org.example.app", Kind.CLEAR_DATA, "org.example.app"),
    ("cd / && pm clear org.example.app || echo no", Kind.CLEAR_DATA, "org.example.app"),
    (
        "rm -rf /data/data/org.example.app/files",
        Kind.DELETE_FILES,
        "/data/data/org.example.app/files",
    ),
    ("rm -rf /sdcard/Android/data/x", Kind.DELETE_FILES, "/sdcard/Android/data/x"),
    ("rm /data/local/tmp/../../data/x", Kind.DELETE_FILES, "/data/local/tmp/../../data/x"),
    ("rm -r $HOME", Kind.DELETE_FILES, "$HOME"),
    ("run-as org.example.app rm -r files", Kind.DELETE_FILES, "files"),
    ("run-as org.example.app sh -c 'cd files; rm a'", Kind.DELETE_FILES, "a"),
    ("su 0 sh -c \"pm clear 'org.example.app'\"", Kind.CLEAR_DATA, "org.example.app"),
    ("toybox rm -f /sdcard/x", Kind.DELETE_FILES, "/sdcard/x"),
    ("echo $(pm clear a.b)", Kind.CLEAR_DATA, "a.b"),
    ('echo "$(pm clear a.b)"', Kind.CLEAR_DATA, "a.b"),
    ("echo `pm clear a.b`", Kind.CLEAR_DATA, "a.b"),
    ("if true; then pm clear a.b; fi", Kind.CLEAR_DATA, "a.b"),
    ("X=1 pm clear a.b", Kind.CLEAR_DATA, "a.b"),
    ("ls | xargs rm", Kind.DELETE_FILES, "?"),
    ("find /sdcard -name x -delete", Kind.DELETE_FILES, "/sdcard"),
    ("find /sdcard -exec rm {} +", Kind.DELETE_FILES, "/sdcard"),
    ("mv /sdcard/a /data/local/tmp/a", Kind.DELETE_FILES, "/sdcard/a"),
    ("truncate -s 0 /sdcard/a", Kind.DELETE_FILES, "/sdcard/a"),
    ("am broadcast -a android.intent.action.MASTER_CLEAR", Kind.WIPE_USERDATA, "*"),
    ("cmd testharness enable", Kind.WIPE_USERDATA, "*"),
    ("pm remove-user 10", Kind.REMOVE_USER, "10"),
    ("bmgr restore 1 org.example.app", Kind.RESTORE, "1"),
    ("dd if=/dev/zero of=/dev/block/userdata", Kind.FLASH, "/dev/block/userdata"),
    ("recovery --wipe_data", Kind.WIPE_USERDATA, "*"),
    ("echo it's; pm clear a.b", Kind.CLEAR_DATA, "a.b"),
]

HARMLESS = [
    "pm list packages",
    "pm path org.example.app",
    "pm install -r /data/local/tmp/holdfast-1.apk; rm -f /data/local/tmp/holdfast-1.apk",
    "dumpsys package org.example.app",
    "run-as org.example.app ls -l",
    "run-as org.example.app sh -c 'cat > files/a'",
    "getprop",
    "rm -f /data/local/tmp/holdfast-1.apk",
    "echo 'pm clear a.b'",
    "am start -n a.b/.C",
    "find /sdcard -type f -print",
    "grep rm /proc/mounts",
]


@pytest.mark.parametrize(
    ("command", "kind", "target"), DESTROYING, ids=[c for c, _, _ in DESTROYING]
)
def test_a_destroying_command_is_known(command: str, kind: Kind, target: str) -> None:
    assert Destruction(kind=kind, target=target) in destructions(command)


@pytest.mark.parametrize("command", HARMLESS)
def test_a_harmless_command_is_not_taken_for_one(command: str) -> None:
    assert destructions(command) == ()


def test_a_script_on_the_input_of_a_shell_is_read_too() -> None:
    assert destructions("sh", stdin="pm clear a.b\n")
    assert destructions("cat > x", stdin="pm clear a.b\n") == ()


def test_a_command_nested_without_end_counts_as_destruction() -> None:
    command = "ls"
    for _ in range(7):
        command = f"sh -c {shlex.quote(command)}"
    assert destructions(command)


def test_a_long_chain_of_carriers_is_read_quickly_and_to_its_end() -> None:
    assert destructions("eval " * 200 + "pm clear a.b")
