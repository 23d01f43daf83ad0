"""Which commands an Android of some API level has, and how the oldest look."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from selftests.virtualdevice.fake_system import FakeSystem
from selftests.virtualdevice.machine.test_isolation import ROOT, SHELL, run
from selftests.virtualdevice.real_clients import RunningDevice, running_device
from virtualdevice.machine.applets import applets_for

EVERYTHING = frozenset(
    "find stat xargs sha256sum sha1sum md5sum tar ls ps cat cp rm id dd head tail wc sort".split()  # noqa: SIM905
)
ABSENT_BEFORE_TOYBOX = frozenset(
    "find stat xargs sha256sum sha1sum md5sum tar head tail wc sort".split()  # noqa: SIM905
)


def names(api: int) -> frozenset[str]:
    applets = applets_for(api, toybox_has=EVERYTHING)
    return applets.toybox | applets.busybox | applets.own | applets.scripts.keys()


def test_android_5_lacks_what_came_with_toybox() -> None:
    assert not ABSENT_BEFORE_TOYBOX & names(22)
    assert names(23) >= ABSENT_BEFORE_TOYBOX - {"sha256sum"}


def test_sha256sum_came_with_android_8() -> None:
    assert "sha256sum" not in names(25)
    assert "sha256sum" in names(26)


def test_ps_was_toolbox_s_up_to_android_7() -> None:
    assert "ps" in applets_for(25, toybox_has=EVERYTHING).own
    assert "ps" in applets_for(26, toybox_has=EVERYTHING).scripts


@pytest.fixture(scope="module")
def android_5(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningDevice]:
    with running_device(FakeSystem(api=22), tmp_path_factory.mktemp("android5")) as running:
        yield running


@pytest.fixture(scope="module")
def android_7(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningDevice]:
    with running_device(FakeSystem(api=25), tmp_path_factory.mktemp("android7")) as running:
        yield running


def test_android_5_lists_as_toolbox_did(android_5: RunningDevice) -> None:
    setup = (
        "cd /data/local/tmp; mkdir d; echo -n 12345 > f; ln -s f l; chmod 644 f; chmod 711 d;"
        " touch -t 20260102.030405 f; ls -l; ls d; ls -l f /data/local/tmp/f; ls -n f"
    )
    status, output = run(android_5, setup, credentials=SHELL)
    lines = output.splitlines()
    assert status == 0
    assert lines[0].startswith("drwx--x--x shell    shell             20")
    assert lines[0].endswith(" d")
    assert lines[1].startswith("-rw-r--r-- shell    shell           5 2026-01-02 03:04 f")
    assert lines[2].startswith("lrwxrwxrwx shell    shell             20")
    assert lines[2].endswith(" l -> f")
    assert lines[3] == lines[4] == lines[1]
    assert lines[5].startswith("-rw-r--r-- 2000     2000            5 ")


def test_android_5_says_what_it_cannot_open_as_toolbox_did(android_5: RunningDevice) -> None:
    assert run(android_5, "ls -l /data/data") == (1, "opendir failed, Permission denied\n")
    assert run(android_5, "ls /none") == (1, "/none: No such file or directory\n")


def test_android_5_follows_a_link_to_a_directory_only_before_a_slash(
    android_5: RunningDevice,
) -> None:
    run(android_5, "echo > /data/media/0/f", credentials=ROOT)
    assert run(android_5, "ls /sdcard") == (0, "/sdcard\n")
    assert run(android_5, "ls /sdcard/") == (0, "f\n")


def test_android_5_lists_a_tree_as_recorded(android_5: RunningDevice) -> None:
    run(android_5, "mkdir -p /data/local/tmp/tree/databases; echo hello > /data/local/tmp/tree/a")
    _, output = run(android_5, "cd /data/local/tmp/tree; toolbox ls -R .")
    assert output == "\n.:\na\ndatabases\n\n./databases:\n"


def test_android_5_has_md5_and_the_short_id(android_5: RunningDevice) -> None:
    command = "cd /data/local/tmp; echo hello > h; md5 h; id"
    _, output = run(android_5, command)
    assert output.splitlines()[0] == "b1946ac92492d2347c6235b4d2611184  h"
    assert output.splitlines()[1] == "uid=2000(shell) gid=2000(shell) groups=1015(sdcard_rw)"


@pytest.mark.parametrize("name", ["find", "xargs", "stat", "sha256sum", "tar", "head", "toybox"])
def test_android_5_has_no_such_command(android_5: RunningDevice, name: str) -> None:
    status, output = run(android_5, name)
    assert (status, output) == (127, f"/system/bin/sh: {name}: not found\n")


def test_android_7_s_ps_knows_no_options_but_part_of_a_name(android_7: RunningDevice) -> None:
    _, all_processes = run(android_7, "ps", credentials=ROOT)
    header = "USER      PID   PPID  VSIZE  RSS   WCHAN            PC  NAME\n"
    assert all_processes.startswith(header + "root      1     0 ")
    assert run(android_7, "ps -A") == (0, header)
    assert run(android_7, "ps /ini", credentials=ROOT)[1].endswith(" /init\n")


@pytest.fixture(scope="module")
def android_14(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningDevice]:
    with running_device(FakeSystem(api=34), tmp_path_factory.mktemp("android14")) as running:
        yield running


def test_a_new_ps_prints_nine_columns_with_the_name_last(android_14: RunningDevice) -> None:
    _, output = run(android_14, "ps -A", credentials=ROOT)
    lines = output.splitlines()
    assert lines[0].split() == "USER PID PPID VSZ RSS WCHAN ADDR S NAME".split()  # noqa: SIM905
    assert lines[1].split()[1] == "1"
    assert lines[-1].split()[-1] == "ps"


def test_a_new_dd_takes_small_letters(android_14: RunningDevice) -> None:
    status, output = run(android_14, "dd if=/dev/zero bs=1m count=2 2>/dev/null | wc -c")
    assert (status, output) == (0, "2097152\n")


def test_names_that_are_not_ascii_are_listed_as_they_are(android_14: RunningDevice) -> None:
    run(android_14, "mkdir -p /data/local/tmp/names; touch '/data/local/tmp/names/数据 é'")
    assert run(android_14, "ls /data/local/tmp/names") == (0, "数据 é\n")
