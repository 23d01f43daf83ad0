"""What a boot finds in the image and in /data/app, row by row and in each version's words."""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path
from typing import Any

import pytest

from holdfast.apk.certificates import Certificate
from holdfast.apk.manifest import UpgradeKeySet
from selftests.virtualdevice.system.apks import NAME, apk, key
from selftests.virtualdevice.system.fake_machine import Rig
from selftests.virtualdevice.system.test_boot import HOME, Upgradable, install, seed, state
from virtualdevice.seams import BootFailed

OTHER = "org.example.notes"


async def critical_lines(rig: Rig) -> str:
    return (await rig.run("logcat", "-d", "-b", "events", "-s", "pm_critical_info")).out


def code_of(rig: Rig) -> Path:
    record = rig.phone.parts.registry.get(NAME)
    assert record is not None
    return rig.machine.files.host(record.base_apk)


@pytest.mark.parametrize(
    ("base", "says"),
    [
        ("aosp-21", f"Package {NAME} at /system/app/Chat reverting from /data/app/{NAME}-1: new "),
        ("aosp-27", "new version 3 better than installed 2"),
        ("aosp-28", f"System package updated; name: {NAME}; 2 --> 3; /data/app/"),
        ("aosp-36", f"System package updated; name: {NAME}; 2 --> 3; /data/app/"),
    ],
)
async def test_a_newer_image_takes_the_place_of_an_update_and_deletes_its_code(
    tmp_path: Path, base: str, says: str
) -> None:
    phone = Upgradable(tmp_path, base)
    rig = await phone.boot("1", apk())
    await install(rig, apk(version_code=2))
    code = code_of(rig)
    rig = await phone.boot("2", apk(version_code=3))
    assert says in await critical_lines(rig)
    assert not code.exists()
    assert rig.record_line(NAME)[2] == 3


@pytest.mark.parametrize(
    ("base", "says"),
    [
        ("aosp-21", f"System package {NAME} no longer exists; wiping its data"),
        ("aosp-24", f"System package {NAME} no longer exists; it's data will be wiped"),
        ("aosp-33", f"System package {NAME} no longer exists; its data will be wiped"),
    ],
)
async def test_a_dropped_preload_is_wiped_in_the_words_of_the_version(
    tmp_path: Path, base: str, says: str
) -> None:
    phone = Upgradable(tmp_path, base)
    await seed(await phone.boot("1", apk()))
    rig = await phone.boot("2")
    assert says in await critical_lines(rig)
    assert not rig.machine.files.host(HOME).exists()


@pytest.mark.parametrize(
    ("base", "says"),
    [
        ("aosp-22", f"Updated system app + {NAME} no longer present; removing system privileges"),
        ("aosp-28", f"Updated system package {NAME} no longer exists; revoking system privileges"),
        ("aosp-30", f"Updated system package {NAME} no longer exists; rescanning package on data"),
    ],
)
async def test_a_dropped_preload_with_an_update_becomes_the_users_in_words(
    tmp_path: Path, base: str, says: str
) -> None:
    phone = Upgradable(tmp_path, base)
    await install(await phone.boot("1", apk()), apk(version_code=2))
    assert says in await critical_lines(await phone.boot("2"))


@pytest.mark.parametrize(
    ("base", "says"),
    [
        ("aosp-23", f"Updated system package {NAME} no longer exists; wiping its data"),
        ("aosp-30", f"Updated system package {NAME} no longer exists; removing its data"),
    ],
)
async def test_a_dropped_preload_whose_update_is_gone_too_is_wiped(
    tmp_path: Path, base: str, says: str
) -> None:
    phone = Upgradable(tmp_path, base)
    rig = await phone.boot("1", apk())
    await install(rig, apk(version_code=2))
    await seed(rig)
    code_of(rig).unlink()
    rig = await phone.boot("2")
    assert says in await critical_lines(rig)
    assert rig.phone.parts.registry.get(NAME) is None
    assert not rig.machine.files.host(HOME).exists()


@pytest.mark.parametrize(
    ("base", "version", "says"),
    [
        ("aosp-27", 3, f"Package {NAME} at /system/app/Chat reverting from /data/app/"),
        ("aosp-28", 3, f"System package enabled; name: {NAME}; 2 --> 3"),
        (
            "aosp-27",
            1,
            "appeared at /system/app/Chat but new version 1 better than installed 2; hid",
        ),
        ("aosp-28", 1, f"System package disabled; name: {NAME}; old: /data/app/"),
    ],
)
async def test_a_preload_over_a_users_app_is_told_in_the_words_of_the_version(
    tmp_path: Path, base: str, version: int, says: str
) -> None:
    phone = Upgradable(tmp_path, base)
    await install(await phone.boot("1"), apk(version_code=2))
    assert says in await critical_lines(await phone.boot("2", apk(version_code=version)))


@pytest.mark.parametrize(
    ("base", "says"),
    [
        ("aosp-24", None),
        ("aosp-30", "Upgrading from Android/"),
        ("aosp-34", ") to Android/"),
    ],
)
async def test_another_build_is_told_where_the_version_tells_it(
    tmp_path: Path, base: str, says: str | None
) -> None:
    phone = Upgradable(tmp_path, base)
    await phone.boot("1")
    rig = await phone.boot("2")
    lines = await critical_lines(rig)
    assert ("Upgrading" in lines) is (says is not None)
    assert says is None or says in lines
    log = (await rig.run("logcat", "-d", "-b", "system", "-s", "PackageManager")).out
    regrants = {"aosp-24": False, "aosp-30": False, "aosp-34": True}[base]
    assert ("fingerprint changed from" in log and "regranting" in log) is regrants


@pytest.mark.parametrize(("base", "runs"), [("aosp-28", None), ("aosp-29", 1), ("aosp-36", 1)])
async def test_a_preload_whose_update_is_broken_comes_back_from_10_on(
    tmp_path: Path, base: str, runs: int | None
) -> None:
    phone = Upgradable(tmp_path, base)
    rig = await phone.boot("1", apk())
    await install(rig, apk(version_code=2))
    await seed(rig)
    code_of(rig).write_bytes(b"rotten")
    rig = await phone.boot("1", apk())
    lines = await critical_lines(rig)
    assert "Deleting invalid package at /data/app/" in lines
    reverted = f"Expected better {NAME} but never showed up; reverting to system"
    assert (reverted in lines) is (runs is not None)
    record = rig.phone.parts.registry.installed(NAME)
    assert (record.version_code if record else None) == runs
    assert rig.machine.files.host(f"{HOME}/files/letter").exists()


@pytest.mark.parametrize(("base", "deleted"), [("aosp-25", False), ("aosp-28", True)])
async def test_code_that_somebody_else_has_signed_is_not_run(
    tmp_path: Path, base: str, deleted: bool
) -> None:
    phone = Upgradable(tmp_path, base)
    rig = await phone.boot("1")
    await install(rig, apk())
    await seed(rig)
    code = code_of(rig)
    code.write_bytes(apk(signer="B", version_code=9))
    rig = await phone.boot("1")
    assert (await rig.run("pm", "path", NAME)).status == 1
    assert code.exists() is not deleted
    assert rig.machine.files.host(f"{HOME}/files/letter").exists()


async def test_code_that_is_touched_and_still_right_goes_on_running(tmp_path: Path) -> None:
    phone = Upgradable(tmp_path, "aosp-34")
    rig = await phone.boot("1")
    await install(rig, apk())
    code_of(rig).write_bytes(apk())
    rig = await phone.boot("1")
    assert (await rig.run("pm", "path", NAME)).status == 0


@pytest.mark.parametrize(("base", "runs"), [("aosp-35", 2), ("aosp-36", 1)])
async def test_from_16_on_an_update_has_to_fit_the_image_at_boot_too(
    tmp_path: Path, base: str, runs: int
) -> None:
    phone = Upgradable(tmp_path, base)
    rig = await phone.boot("1", apk())
    await install(rig, apk(version_code=2))
    await seed(rig)
    rig = await phone.boot("2", apk(signer="B"))
    assert rig.record_line(NAME)[2] == runs
    assert rig.machine.files.host(f"{HOME}/files/letter").exists()
    told = f"Updated system app mismatches cert on /system: {NAME}"
    assert (told in await critical_lines(rig)) is (runs == 1)


@pytest.mark.parametrize(("base", "letter"), [("aosp-30", True), ("aosp-34", False)])
async def test_lost_records_give_every_app_a_new_id(
    tmp_path: Path, base: str, letter: bool
) -> None:
    phone = Upgradable(tmp_path, base)
    rig = await phone.boot("1")
    await install(rig, apk())
    await rig.run("pm", "uninstall", NAME)
    await install(rig, apk(version_code=4))  # now one above the lowest free id
    await seed(rig)
    before = rig.record_line(NAME)
    await rig.put("/data/system/packages.xml", b"<broken")
    found = await state(await phone.boot("1"))
    assert (found["version"], found["system"], found["letter"]) == (4, False, letter)
    assert found["app_id"] == before[0] - 1
    assert "Error reading settings: " in str(found["log"])
    assert f"Failed to create app data for {NAME}" in str(found["log"])


async def test_code_at_another_place_than_the_records_is_ignored(tmp_path: Path) -> None:
    phone = Upgradable(tmp_path, "aosp-34")
    rig = await phone.boot("1")
    await install(rig, apk())
    stray = await rig.put("/data/app/stray/base.apk", apk(version_code=9))
    rig = await phone.boot("1")
    assert rig.record_line(NAME)[2] == 1
    assert not rig.machine.files.host(stray).exists()
    log = (await rig.run("logcat", "-d", "-b", "system")).out
    assert f"Application package {NAME} found at /data/app/stray but expected at /data/app/" in log


async def test_data_that_became_roots_is_given_back_on_5_and_6(tmp_path: Path) -> None:
    phone = Upgradable(tmp_path, "aosp-22")
    rig = await phone.boot("1")
    await install(rig, apk())
    await seed(rig)
    await rig.machine.files.change_owner(HOME, uid=0, gid=0, recursive=True)
    rig = await phone.boot("1")
    app_id = rig.record_line(NAME)[0]
    told = f"Package {NAME} unexpectedly changed to uid 0; recovered to {app_id}"
    assert told in await critical_lines(rig)
    assert rig.machine.files.host(f"{HOME}/files/letter").exists()


async def shared(tmp_path: Path, base: str, chat: str, notes: str) -> tuple[Upgradable, Rig]:
    """A phone whose image has two members of a shared user, by these signers since the OTA."""
    phone = Upgradable(tmp_path, base)
    spec: dict[str, Any] = {"shared_user_id": "org.example.shared"}
    await phone.boot("1", apk(**spec), apk(package_name=OTHER, **spec))
    new = (apk(signer=chat, **spec), apk(package_name=OTHER, signer=notes, **spec))
    return phone, await phone.boot("2", *new)


async def test_to_8_1_a_preload_that_does_not_fit_its_shared_user_is_missing(
    tmp_path: Path,
) -> None:
    _, rig = await shared(tmp_path, "aosp-25", "B", "A")
    registry = rig.phone.parts.registry
    assert (registry.get(NAME), registry.get(OTHER) is not None) == (None, True)
    assert "Signature mismatch for shared user: SharedUserSetting{" in await critical_lines(rig)


async def test_a_shared_user_whose_members_all_change_goes_on_from_9_on(tmp_path: Path) -> None:
    _, rig = await shared(tmp_path, "aosp-34", "B", "B")
    lines = await critical_lines(rig)
    assert lines.count("signature changed; retaining data.") == 2


@pytest.mark.parametrize("signers", [("B", "A"), ("A", "B")])
@pytest.mark.parametrize("base", ["aosp-30", "aosp-36"])
async def test_a_system_with_a_split_shared_user_does_not_come_up(
    tmp_path: Path, base: str, signers: tuple[str, str]
) -> None:
    with pytest.raises(BootFailed, match="Signature mismatch on system package"):
        await shared(tmp_path, base, *signers)


@pytest.mark.parametrize("signers", [("B", "A"), ("A", "B")])
async def test_on_9_the_first_member_settles_who_is_missing(
    tmp_path: Path, signers: tuple[str, str]
) -> None:
    _, rig = await shared(tmp_path, "aosp-28", *signers)
    there = [rig.phone.parts.registry.installed(name) is not None for name in (NAME, OTHER)]
    assert there == [True, False]
    lines = await critical_lines(rig)
    assert "Signature mismatch for shared user: SharedUserSetting{" in lines
    assert ("signature changed; retaining data." in lines) is (signers[0] == "B")


async def test_the_messages_outlive_a_reboot_and_leave_out_the_common_one(tmp_path: Path) -> None:
    phone = Upgradable(tmp_path, "aosp-30")
    rig = await phone.boot("1", apk())
    await install(rig, apk(version_code=2))
    await phone.boot("2", apk(signer="B"))
    rig = await phone.boot("2", apk())
    assert "ignored: updated version" in await critical_lines(rig)
    text = (await rig.run("dumpsys", "package", "messages")).out
    assert text.startswith("Settings parse messages:\n\nPackage warning messages:\n")
    assert "Upgrading from " in text
    assert "ignored: updated version" not in text
    assert rig.machine.files.host("/data/system/uiderrors.txt").exists()


@pytest.mark.parametrize(
    ("base", "shared_id"), [("aosp-30", "org.example.shared"), ("aosp-34", None)]
)
async def test_a_new_package_heeds_that_it_is_to_leave_its_shared_user(
    tmp_path: Path, base: str, shared_id: str | None
) -> None:
    phone = Upgradable(tmp_path, base)
    rig = await phone.boot("1")
    leaving: dict[str, Any] = {"shared_user_id": "org.example.shared", "shared_user_max_sdk": 32}
    await install(rig, apk(**leaving))
    record = rig.phone.parts.registry.get(NAME)
    assert record is not None
    assert record.shared_user_id == shared_id
    path = await rig.put(
        "/data/local/tmp/it.apk", apk(version_code=2, shared_user_id="org.example.shared")
    )
    answer = await rig.run("pm", "install", "-r", path)
    refused = f"INSTALL_FAILED_UID_CHANGED: Package {NAME} attempting to rejoin org.example.shared"
    assert (refused in answer.text) is (shared_id is None)


async def test_a_preload_takes_only_the_update_that_it_names(tmp_path: Path) -> None:
    update = apk(version_code=2)
    named = base64.b64encode(hashlib.sha512(update).digest()).decode()
    rig = await Upgradable(tmp_path, "aosp-34").boot("1", apk(restrict_update_hash=named))
    path = await rig.put("/data/local/tmp/it.apk", apk(version_code=2, label="Other"))
    assert (
        f"New package fails restrict-update check: {NAME}"
        in (await rig.run("pm", "install", path)).out
    )
    await install(rig, update)
    again = await rig.put("/data/local/tmp/it.apk", apk(version_code=3))
    assert "restrict-update check" in (await rig.run("pm", "install", again)).out


async def test_the_hidden_copy_of_an_updated_preload_is_dumped_whole(tmp_path: Path) -> None:
    rig = await Upgradable(tmp_path, "aosp-34").boot("1", apk())
    await install(rig, apk(version_code=2))
    text = (await rig.run("dumpsys", "package", NAME)).out
    shown, _, hidden = text.partition("Hidden system packages:\n")
    assert "    versionCode=2 minSdk=21 targetSdk=34" in shown
    assert "    codePath=/data/app/" in shown
    assert "    versionCode=1 minSdk=21 targetSdk=34" in hidden
    assert "    codePath=/system/app/Chat" in hidden
    assert "    pkgFlags=[ SYSTEM " in hidden


async def test_a_preloads_own_upgrade_keys_are_heeded(tmp_path: Path) -> None:
    certificate = Certificate.parse(key("B").certificate)
    public_key = base64.b64encode(certificate.public_key).decode()
    keys = (UpgradeKeySet(name="later", public_keys=(public_key,)),)
    rig = await Upgradable(tmp_path, "aosp-34").boot("1", apk(upgrade_key_sets=keys))
    await install(rig, apk(signer="B", version_code=2))
    # The update names no keys of its own, so that from now on its signer counts.
    path = await rig.put("/data/local/tmp/it.apk", apk(version_code=3))
    assert "INSTALL_FAILED_UPDATE_INCOMPATIBLE" in (await rig.run("pm", "install", path)).out
