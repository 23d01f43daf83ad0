"""What the host must offer, and how it is said that it does not."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from virtualdevice.machine.host import (
    HostCannot,
    IdMap,
    IdRange,
    choose_id_maps,
    find_programs,
)
from virtualdevice.tools.build import built_client


def test_missing_programs_are_named_as_packages_in_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "mksh").write_text("#!/bin/sh\n", encoding="utf-8")
    (tmp_path / "mksh").chmod(0o755)
    with pytest.raises(HostCannot) as caught:
        find_programs(str(tmp_path))
    assert "'apt-get install toybox busybox-static'" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_root_shifts_all_ids_and_prefers_room_for_a_second_user() -> None:
    maps = choose_id_maps(uid=0, gid=0)
    users, _ = maps[0]
    assert users.lines() == "0 100000 2000000\n"
    assert users.to_device(102_000) == 2000
    assert users.to_device(0) == 65534
    assert maps[1][0].has(1_010_000)
    assert not maps[1][0].has(1_050_000)


def test_anybody_else_is_the_device_s_root_above_their_subordinate_ids(tmp_path: Path) -> None:
    if shutil.which("newuidmap") is None:
        pytest.skip("newuidmap is not installed: 'apt-get install uidmap'")
    table = tmp_path / "subuid"
    table.write_text("someone:5:5\n4321:300000:65536\n", encoding="utf-8")
    ((users, _),) = choose_id_maps(uid=4321, gid=4321, subordinate={"uid": table, "gid": table})
    assert users.ranges[:2] == (
        IdRange(device=0, host=4321, count=1),
        IdRange(device=1, host=300_000, count=29_999),
    )
    assert users.to_device(301_999) == 2000
    assert users.arguments()[:6] == ["0", "4321", "1", "1", "300000", "29999"]


def test_scarce_ids_are_shared_out_among_the_users_of_a_phone(tmp_path: Path) -> None:
    if shutil.which("newuidmap") is None:
        pytest.skip("newuidmap is not installed: 'apt-get install uidmap'")
    table = tmp_path / "subuid"

    def map_for(count: int) -> IdMap:
        table.write_text(f"4321:300000:{count}\n", encoding="utf-8")
        return choose_id_maps(uid=4321, gid=4321, subordinate={"uid": table, "gid": table})[0][0]

    usual = map_for(65_536)
    app, cache = (1_010_016, 1_020_016), (1_710_016, 1_720_016)
    assert all(usual.has(uid) and usual.to_device(_host(usual, uid)) == uid for uid in app + cache)
    assert not usual.has(1_810_016)
    assert sum(part.count for part in usual.ranges[1:]) <= 65_536
    assert not map_for(30_000).has(1_010_016)
    assert map_for(2_000_000).arguments()[3:] == ["1", "300000", "2000000"]


def _host(ids: IdMap, uid: int) -> int:
    """The host's id for one of the device's."""
    part = next(part for part in ids.ranges if 0 <= uid - part.device < part.count)
    return uid - part.device + part.host


def test_a_user_without_subordinate_ids_is_told_the_command(tmp_path: Path) -> None:
    if shutil.which("newuidmap") is None:
        pytest.skip("newuidmap is not installed: 'apt-get install uidmap'")
    table = tmp_path / "subuid"
    table.write_text("someone:100000:65536\n", encoding="utf-8")
    with pytest.raises(HostCannot, match="usermod --add-subuids"):
        choose_id_maps(uid=4321, gid=4321, subordinate={"uid": table, "gid": table})


def test_the_client_is_compiled_once(tmp_path: Path) -> None:
    if not any(shutil.which(name) for name in ("tcc", "cc", "gcc", "clang")):
        pytest.skip("no C compiler: 'apt-get install tcc'")
    first = built_client(cache=tmp_path)
    stamp = first.stat().st_mtime_ns
    assert built_client(cache=tmp_path) == first
    assert first.stat().st_mtime_ns == stamp
    assert os.access(first, os.X_OK)
    assert [path.name for path in tmp_path.iterdir()] == [first.name]


def test_no_compiler_is_said_in_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(HostCannot, match="'apt-get install tcc'"):
        built_client(cache=tmp_path, compilers=("nosuchcompiler",))


def test_a_compiler_that_fails_is_quoted(tmp_path: Path) -> None:
    with pytest.raises(HostCannot, match="does not compile"):
        built_client(cache=tmp_path, compilers=("false",))
