"""Each defect can be seen from outside, and nothing of it is there without it."""

from __future__ import annotations

import asyncio
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from holdfast.errors import ConfigurationError
from selftests.virtualdevice.system.apks import NAME, apk
from selftests.virtualdevice.system.fake_machine import Rig, booted
from selftests.virtualdevice.system.test_boot import Upgradable, install
from virtualdevice.seams import BootFailed
from virtualdevice.system import build_system_server
from virtualdevice.system.builtin_defects import BUILTIN
from virtualdevice.system.commands import table
from virtualdevice.system.packages import installer
from virtualdevice.system.personality import load_personality

HOME, DEVICE_HOME = f"/data/data/{NAME}", f"/data/user_de/0/{NAME}"
EXTERNAL = "/storage/emulated/0/Android"
SEEDS = {
    f"{HOME}/files/letters": b"dear mother",
    f"{HOME}/files/deep/er/photo": b"\x89PNG..........",
    f"{HOME}/databases/chat.db": b"SQLite format 3\0 rows",
    f"{HOME}/databases/chat.db-wal": b"last rows",
    f"{HOME}/shared_prefs/account.xml": b"<map><string name='user'>anna</string></map>",
    f"{DEVICE_HOME}/files/alarm": b"06:30",
    f"{EXTERNAL}/data/{NAME}/files/map": b"map",
    f"{EXTERNAL}/media/{NAME}/picture": b"picture",
    f"{EXTERNAL}/obb/{NAME}/main.obb": b"level 1",
    "/storage/emulated/0/DCIM/dog.jpg": b"\xff\xd8 a dog",
}
ROWS = (
    "content://media/external/images/media",
    "content://sms",
    "content://com.android.contacts/raw_contacts",
)
ROLE = "android.app.role.SMS"
OLD_NS = 1_500_000_000_000_000_000


async def seeded(root: Path, *defects: str) -> Rig:
    rig = await booted(root, "aosp-30", defects=defects)
    asked = ("android.permission.CAMERA", "android.permission.RECORD_AUDIO")
    base = await rig.put("/data/local/tmp/base.apk", apk(version_code=2, permissions=asked))
    assert (await rig.run("pm", "install", base)).out == "Success\n"
    record = rig.phone.parts.registry.get(NAME)
    assert record is not None
    state = replace(record.user(), first_install_time_ms=OLD_NS // 10**6)
    rig.phone.parts.registry.put(record.with_user(0, state))
    owner = record.app_id
    for path, data in SEEDS.items():
        host = rig.machine.files.host(path)
        host.parent.mkdir(parents=True, exist_ok=True)
        await rig.machine.files.write(path, data, mode=0o600, uid=owner, gid=owner)
        os.utime(host, ns=(OLD_NS, OLD_NS))
    await rig.run("settings", "put", "secure", "private", "1")
    await rig.run("pm", "grant", NAME, "android.permission.CAMERA")
    await rig.run("appops", "set", NAME, "SYSTEM_ALERT_WINDOW", "allow")
    for uri in ROWS[1:]:
        await rig.run("content", "insert", "--uri", uri, "--bind", "body:s:hello")
    await rig.run("cmd", "role", "add-role-holder", "--user", "0", ROLE, NAME)
    return rig


async def seen(rig: Rig, *, with_version: bool = True) -> dict[str, Any]:
    """Everything that the harness could compare, but what an update changes by right."""
    facts: dict[str, Any] = {}
    for path in SEEDS:
        host = rig.machine.files.host(path)
        stat = await rig.machine.files.stat(path)
        facts[path] = None if stat is None else (host.read_bytes(), stat.uid, stat.mtime_ns)
    record = rig.phone.parts.registry.get(NAME)
    if record is not None:
        state = record.user()
        facts["identity"] = (record.app_id, state.ce_inode, record.first_install_time_ms)
        facts["signer"] = record.signing.cert_sha256s
        facts["permissions"] = set(record.granted())
        facts["app-ops"] = dict(state.app_ops)
        facts["enabled"] = state.enabled
        facts["version"] = record.version_code if with_version else None
        facts["owner"] = await rig.phone.parts.storage.owner(NAME)
    facts["setting"] = (await rig.run("settings", "get", "secure", "private")).out
    facts["set up"] = (await rig.run("settings", "get", "secure", "user_setup_complete")).out
    for uri in ROWS:
        facts[uri] = (await rig.run("content", "query", "--uri", uri, "--projection", "_id")).out
    facts["accounts"] = (await rig.run("dumpsys", "account")).out
    facts["role"] = (await rig.run("cmd", "role", "holders", ROLE)).out
    answer = await rig.run("run-as", NAME, "id")
    facts["run-as"] = answer.text
    return facts


async def installed(rig: Rig, data: bytes) -> str:
    update = await rig.put("/data/local/tmp/update.apk", data)
    return (await rig.run("pm", "install", "-r", update)).text


def newer() -> bytes:
    """The same app by the same signer, one version on."""
    asked = ("android.permission.CAMERA", "android.permission.RECORD_AUDIO")
    return apk(version_code=3, permissions=asked)


def of_kind(kind: str) -> list[str]:
    """Defects by what brings them out."""
    special = {
        "silent_reinstall_on_update": "mismatch",
        "accept_other_signer": "mismatch",
        "downgrade_accepted": "downgrade",
        "record_kept_data_removed": "keep",
        "ce_left_locked": "boot",
        "ce_of_other_users_left_locked": "users",
        "other_users_data_cleared_on_update": "users",
        "work_profile_lost_on_reboot": "users",
        "other_users_lost_on_reboot": "users",
        "good_update_refused": "answer",
        "update_reverted_on_reboot": "revert",
        "lock_credential_lost_on_reboot": "lock",
        "data_cannot_be_mounted": "crash",
        "boot_loop_with_users_apps": "crash",
        "boot_loop_with_updated_preloads": "crash",
    }
    chosen = []
    for name, defect in BUILTIN.items():
        if not defect.reference:
            continue
        default = "boot" if defect.at_boot is not None else "update"
        if special.get(name, default) == kind:
            chosen.append(name)
    return chosen


@pytest.mark.parametrize("defect", of_kind("update"))
async def test_a_defect_of_updating_shows_after_a_good_update(tmp_path: Path, defect: str) -> None:
    rig = await seeded(tmp_path, defect)
    before = await seen(rig, with_version=False)
    assert await installed(rig, newer()) == "Success\n"
    assert await seen(rig, with_version=False) != before


async def test_a_sound_phone_keeps_everything_over_an_update_and_a_reboot(tmp_path: Path) -> None:
    rig = await seeded(tmp_path)
    before = await seen(rig, with_version=False)
    assert await installed(rig, newer()) == "Success\n"
    assert await seen(rig, with_version=False) == before
    await rig.reboot()
    assert await seen(rig, with_version=False) == before


@pytest.mark.parametrize("defect", of_kind("boot"))
async def test_a_defect_of_booting_shows_after_a_reboot(tmp_path: Path, defect: str) -> None:
    rig = await seeded(tmp_path, defect)
    before = await seen(rig)
    await rig.reboot()
    assert await seen(rig) != before


@pytest.mark.parametrize("defect", of_kind("mismatch"))
async def test_another_signer_gets_in(tmp_path: Path, defect: str) -> None:
    rig = await seeded(tmp_path, defect)
    before = await seen(rig)
    assert await installed(rig, apk(signer="B", version_code=3)) == "Success\n"
    after = await seen(rig)
    assert after["signer"] != before["signer"]
    kept = after[f"{HOME}/files/letters"] == before[f"{HOME}/files/letters"]
    assert kept == (defect == "accept_other_signer")


async def test_without_a_defect_another_signer_is_refused_and_nothing_changes(
    tmp_path: Path,
) -> None:
    rig = await seeded(tmp_path)
    before = await seen(rig)
    answer = await installed(rig, apk(signer="B", version_code=3))
    assert "INSTALL_FAILED_UPDATE_INCOMPATIBLE" in answer
    assert await seen(rig) == before


async def test_a_downgrade_goes_in_only_where_it_is_a_defect(tmp_path: Path) -> None:
    sound, wrong = tmp_path / "sound", tmp_path / "wrong"
    sound.mkdir()
    wrong.mkdir()
    older = apk(version_code=1)
    assert "VERSION_DOWNGRADE" in await installed(await seeded(sound), older)
    rig = await seeded(wrong, "downgrade_accepted")
    assert await installed(rig, older) == "Success\n"
    assert rig.record_line(NAME)[2] == 1


async def test_a_kept_record_without_its_data(tmp_path: Path) -> None:
    sound, wrong = tmp_path / "sound", tmp_path / "wrong"
    sound.mkdir()
    wrong.mkdir()
    for root, defects, kept in ((sound, (), True), (wrong, ("record_kept_data_removed",), False)):
        rig = await seeded(root, *defects)
        assert (await rig.run("pm", "uninstall", "-k", NAME)).out == "Success\n"
        assert rig.machine.files.host(f"{HOME}/files/letters").exists() is kept


async def test_a_good_update_can_be_refused_wrongly(tmp_path: Path) -> None:
    rig = await seeded(tmp_path, "good_update_refused")
    assert "UPDATE_INCOMPATIBLE" in await installed(rig, newer())


async def test_an_update_can_fall_back_at_the_next_boot(tmp_path: Path) -> None:
    rig = await seeded(tmp_path, "update_reverted_on_reboot")
    await rig.phone.parts.save_packages()
    await rig.reboot()
    assert rig.record_line(NAME)[2] == 1


async def test_after_a_locked_boot_the_app_cannot_be_entered(tmp_path: Path) -> None:
    rig = await seeded(tmp_path, "ce_left_locked")
    assert rig.server.get_property("sys.user.0.ce_available") == "true"
    await rig.reboot()
    assert rig.server.get_property("sys.user.0.ce_available") == "false"
    assert (await rig.run("run-as", NAME, "id")).status == 1


async def test_the_right_pin_can_become_the_wrong_one_at_a_boot(tmp_path: Path) -> None:
    personality = replace(load_personality("aosp-34"), credential="2580")
    rig = await booted(tmp_path, personality, defects=["lock_credential_lost_on_reboot"])
    asked = ("locksettings", "verify", "--old", "2580")
    assert (await rig.run(*asked)).out == "Lock credential verified successfully\n"
    await rig.reboot()
    assert "didn't match" in (await rig.run(*asked)).text


async def test_data_that_cannot_be_mounted_lets_a_phone_come_up_once(tmp_path: Path) -> None:
    rig = await booted(tmp_path, "aosp-30", defects=["data_cannot_be_mounted"])
    for _ in range(2):
        with pytest.raises(BootFailed, match="cannot be mounted"):
            await rig.reboot()


@pytest.mark.parametrize("has_app", [True, False])
async def test_a_new_build_can_crash_over_an_app_of_the_users(
    tmp_path: Path, has_app: bool
) -> None:
    phone = Upgradable(tmp_path, "aosp-30")
    rig = await phone.boot("1")
    if has_app:
        await install(rig, apk())
        for _ in range(2):
            with pytest.raises(BootFailed, match="an app of the user's"):
                await phone.boot("2", defects=["boot_loop_with_users_apps"])
        rig = await phone.boot("1")
        assert rig.phone.parts.registry.get(NAME) is not None
    else:
        await phone.boot("2", defects=["boot_loop_with_users_apps"])


async def test_the_update_of_a_preloaded_app_can_make_each_boot_crash(tmp_path: Path) -> None:
    phone, defects = Upgradable(tmp_path, "aosp-30"), ["boot_loop_with_updated_preloads"]
    await phone.boot("1", apk(), defects=defects)
    rig = await phone.boot("1", apk(), defects=defects)
    await install(rig, apk(version_code=2))
    for _ in range(2):
        with pytest.raises(BootFailed, match="a preloaded app"):
            await rig.reboot()


OUTSIDE = """
from virtualdevice.system.defects import Defect, Parts, Update

async def lose_letters(parts: Parts, update: Update) -> None:
    home = parts.storage.credential_directory(update.after.name)
    await parts.files.remove_tree(f"{home}/files/letters")

LOSE_LETTERS = Defect(name="lose_letters", about="letters go", after_update=lose_letters)
NO_DEFECT = 1
"""


async def test_a_defect_from_an_outside_file_works_like_a_built_in_one(tmp_path: Path) -> None:
    file, root = tmp_path / "mine.py", tmp_path / "root"
    file.write_text(OUTSIDE)
    root.mkdir()
    rig = await seeded(root, f"{file}:LOSE_LETTERS")
    await installed(rig, newer())
    assert not rig.machine.files.host(f"{HOME}/files/letters").exists()
    assert rig.machine.files.host(f"{HOME}/databases/chat.db").exists()


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("no_such_defect", "there is no defect 'no_such_defect'; there are: silent_reinstall"),
        ("absent.py:X", "there is no file absent.py"),
        ("{mine}:NO_DEFECT", "has no Defect by the name of NO_DEFECT"),
        ("{broken}:X", "does not load"),
    ],
)
def test_a_wrong_defect_is_one_clear_sentence(tmp_path: Path, name: str, says: str) -> None:
    mine, broken = tmp_path / "mine.py", tmp_path / "broken.py"
    mine.write_text(OUTSIDE)
    broken.write_text("import nothing_of_that_name\n")
    personality = load_personality("aosp-30")
    chosen = name.format(mine=mine, broken=broken)
    with pytest.raises(ConfigurationError, match=says):
        build_system_server(personality, defects=[chosen], settings={})


def test_every_defect_says_what_it_is_and_which_class_it_belongs_to() -> None:
    for name, defect in BUILTIN.items():
        assert defect.name == name
        assert defect.about
        is_fault = defect.about.startswith("fault: ")
        assert is_fault == (not defect.reference)
        assert is_fault or 1 <= int(defect.reference) <= 33


@pytest.mark.parametrize(
    ("fault", "first", "second"),
    [("boot_never_completes", "", ""), ("second_boot_never_completes", "1", "")],
)
async def test_a_boot_can_fail_to_complete(
    tmp_path: Path, fault: str, first: str, second: str
) -> None:
    rig = await booted(tmp_path, "aosp-30", defects=[fault])
    assert rig.server.get_property("sys.boot_completed") == first
    await rig.reboot()
    assert rig.server.get_property("sys.boot_completed") == second
    assert "Is the system running?" in (await rig.run("pm", "list", "packages")).error


@pytest.mark.parametrize(
    ("fault", "text"),
    [
        ("storage_full", "Requested internal only, but not enough space"),
        ("verification_times_out", "INSTALL_FAILED_VERIFICATION_TIMEOUT"),
    ],
)
async def test_an_installation_can_fail_for_want_of_room_or_time(
    tmp_path: Path, fault: str, text: str
) -> None:
    rig = await booted(tmp_path, "aosp-30", defects=[fault])
    assert text in await installed(rig, newer())
    assert rig.phone.parts.registry.get(NAME) is None


async def test_a_phone_can_be_as_slow_as_an_emulated_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    slept: list[float] = []
    real = asyncio.sleep

    async def sleep(seconds: float) -> None:
        slept.append(seconds)
        await real(0)

    rig = await booted(tmp_path, "aosp-30", defects=["slow_phone"])
    monkeypatch.setattr(asyncio, "sleep", sleep)
    assert "Success" in await installed(rig, newer())
    assert table.SLOW_S["pm"] in slept
    assert installer.SLOW_INSTALL_S in slept


async def test_an_installation_can_hang_and_ends_with_the_phone(tmp_path: Path) -> None:
    rig = await booted(tmp_path, "aosp-30", defects=["installing_hangs"])
    hanging = asyncio.ensure_future(installed(rig, newer()))
    done, _ = await asyncio.wait({hanging}, timeout=0.05)
    assert not done
    hanging.cancel()
    await asyncio.gather(hanging, return_exceptions=True)
    assert rig.phone.parts.registry.get(NAME) is None
