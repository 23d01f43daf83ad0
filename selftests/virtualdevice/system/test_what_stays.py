"""What each operation leaves of an app, on each Android: the table of the reference's section 3.1.

A letter stands for what stayed: Data of the app, its External directory, the Obb, a runtime
Permission, the app Id, the time of the First installation, that of the Last update, the iNode of
its CE directory, the path of its Code.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from selftests.virtualdevice.system.apks import NAME, apk
from selftests.virtualdevice.system.fake_machine import Rig, booted
from selftests.virtualdevice.system.test_boot import Upgradable

CAMERA = "android.permission.CAMERA"
SHARED = "/data/media/0/Android"
FILES = {
    "D": f"/data/data/{NAME}/files/letter",
    "E": f"{SHARED}/data/{NAME}/letter",
    "O": f"{SHARED}/obb/{NAME}/letter",
}
HOUR_MS = 3_600_000
LEVELS = ("aosp-24", "aosp-28", "aosp-29", "aosp-30", "aosp-33", "aosp-34", "aosp-35", "aosp-36")
Operation = Callable[[Rig], Coroutine[None, None, None]]


@dataclass(frozen=True, kw_only=True)
class Facts:
    files: frozenset[str]
    granted: bool
    values: Mapping[str, object]


async def seeded(rig: Rig) -> None:
    """An hour ago, with all that can be lost."""
    for path in FILES.values():
        await rig.put(path, b"dear")
    await rig.run("pm", "grant", NAME, CAMERA)
    record = rig.phone.parts.registry.get(NAME)
    assert record is not None
    state = record.user()
    earlier = replace(state, first_install_time_ms=state.first_install_time_ms - HOUR_MS)
    aged = replace(record.with_user(0, earlier), last_update_time_ms=1_000_000)
    rig.phone.parts.registry.put(aged)
    await rig.phone.parts.save_packages()


def facts(rig: Rig) -> Facts:
    record = rig.phone.parts.registry.get(NAME)
    files = frozenset(k for k, path in FILES.items() if rig.machine.files.host(path).exists())
    if record is None:
        return Facts(files=files, granted=False, values={})
    state = record.user()
    values = {
        "I": record.app_id,
        "F": state.first_install_time_ms,
        "L": record.last_update_time_ms,
        "N": state.ce_inode,
        "C": record.code_path,
    }
    return Facts(files=files, granted=CAMERA in state.runtime_permissions, values=values)


async def stays(rig: Rig, operation: Operation) -> str:
    await seeded(rig)
    before = facts(rig)
    assert before.granted
    await operation(rig)
    after = facts(rig)
    same = [k for k, v in before.values.items() if after.values.get(k) == v]
    kept = [*sorted(after.files), *("P" if after.granted else ""), *same]
    return "".join(letter for letter in "DEOPIFLNC" if letter in kept)


async def pm(rig: Rig, *words: str) -> None:
    assert "Success" in (await rig.run("pm", *words)).text


async def install(rig: Rig, data: bytes) -> str:
    path = await rig.put("/data/local/tmp/it.apk", data)
    return (await rig.run("pm", "install", "-r", path)).text


async def update(rig: Rig) -> None:
    assert "Success" in await install(rig, apk(version_code=2))


async def refused(rig: Rig) -> None:
    assert "Failure" in await install(rig, apk(signer="B", version_code=2))


async def clear(rig: Rig) -> None:
    await pm(rig, "clear", NAME)


async def uninstall(rig: Rig) -> None:
    await pm(rig, "uninstall", NAME)


async def keep(rig: Rig) -> None:
    await pm(rig, "uninstall", "-k", NAME)


async def keep_and_return(rig: Rig) -> None:
    await keep(rig)
    await update(rig)


async def keep_and_return_after_a_boot(rig: Rig) -> None:
    await keep(rig)
    await rig.reboot()
    await update(rig)


async def for_one_user(rig: Rig) -> None:
    await pm(rig, "uninstall", "--user", "0", NAME)


async def keep_for_one_user(rig: Rig) -> None:
    await pm(rig, "uninstall", "-k", "--user", "0", NAME)


async def keep_for_one_user_over_a_boot(rig: Rig) -> None:
    await keep_for_one_user(rig)
    await rig.reboot()


USERS_APP: Mapping[Operation, str] = {
    update: "DEOPIFN",
    refused: "DEOPIFLNC",
    clear: "OIFLNC",
    uninstall: "",
    keep: "DEOPIFLNC",
    keep_and_return: "DEOPIFLN",
    keep_and_return_after_a_boot: "DEOPIFLN",
}
PRELOAD: Mapping[Operation, tuple[tuple[int, str], ...]] = {
    for_one_user: ((24, "IFLC"), (33, "ILC")),
    keep_for_one_user: ((24, "IFLC"), (30, "DEOIFLC"), (33, "DEOILC"), (35, "DEOPIFLNC")),
    keep_for_one_user_over_a_boot: ((24, "IFC"), (30, "EOIFC"), (33, "EOIC"), (35, "DEOPIFNC")),
}
"""(Since API level, what stays). A boot gives a preload the time of the image."""


@pytest.mark.parametrize("base", LEVELS)
async def test_an_operation_on_a_users_app_leaves_what_it_leaves_on_a_phone(
    tmp_path: Path, base: str
) -> None:
    rig = await booted(tmp_path, base)
    found = {}
    for operation in USERS_APP:
        assert "Success" in await install(rig, apk())
        found[operation] = await stays(rig, operation)
        await rig.run("pm", "uninstall", NAME)
    assert found == USERS_APP


@pytest.mark.parametrize("base", LEVELS)
async def test_an_operation_on_a_preload_leaves_what_it_leaves_on_a_phone(
    tmp_path: Path, base: str
) -> None:
    found, expected = {}, {}
    for number, (operation, since) in enumerate(PRELOAD.items()):
        folder = tmp_path / str(number)
        await asyncio.to_thread(folder.mkdir)
        rig = await Upgradable(folder, base).boot("1", apk())
        found[operation] = await stays(rig, operation)
        expected[operation] = [text for api, text in since if api <= rig.phone.api][-1]
    assert found == expected


@pytest.mark.parametrize(("factory", "left"), [(1, ""), (2, "DEO")])
@pytest.mark.parametrize("base", ["aosp-24", "aosp-36"])
async def test_taking_updates_away_takes_the_data_where_the_factory_version_is_older(
    tmp_path: Path, base: str, factory: int, left: str
) -> None:
    rig = await Upgradable(tmp_path, base).boot("1", apk(version_code=factory))
    await update(rig)
    found = await stays(rig, uninstall)
    assert "".join(letter for letter in found if letter in "DEOI") == f"{left}I"


@pytest.mark.parametrize(
    ("base", "at_once", "after_a_boot"),
    [
        ("aosp-22", True, True),
        ("aosp-24", False, True),
        ("aosp-30", False, True),
        ("aosp-35", False, True),
        ("aosp-36", False, False),
    ],
)
async def test_who_forgets_the_version_that_uninstall_k_has_left(
    tmp_path: Path, base: str, at_once: bool, after_a_boot: bool
) -> None:
    """From 7.0 to 15 it is read from the package in memory, which no boot brings back."""
    rig = await booted(tmp_path, base)
    assert "Success" in await install(rig, apk(version_code=2))
    await keep(rig)
    if not at_once:
        assert "VERSION_DOWNGRADE" in await install(rig, apk(version_code=1))
    await rig.reboot()
    assert ("Success" in await install(rig, apk(version_code=1))) is after_a_boot
