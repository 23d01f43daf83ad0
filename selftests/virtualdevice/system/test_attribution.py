"""Who brought a package: written anew, forgotten; what dumpsys and `pm list` say of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from selftests.virtualdevice.system.apks import NAME, apk
from selftests.virtualdevice.system.fake_machine import Rig, booted

STORE = "org.example.store"
LEVELS = ["aosp-21", "aosp-24", "aosp-28", "aosp-30", "aosp-33", "aosp-34", "aosp-36"]


async def install(rig: Rig, data: bytes, *options: str) -> None:
    path = await rig.put("/data/local/tmp/it.apk", data)
    assert (await rig.run("pm", "install", "-r", *options, path)).out == "Success\n"


async def from_store(rig: Rig) -> None:
    await install(rig, apk(package_name=STORE, signer="B"))
    await install(rig, apk(), "-i", STORE)


async def listed(rig: Rig) -> str:
    shown = (await rig.run("pm", "list", "packages", "-i", NAME)).out
    return shown.partition("installer=")[2].strip()


async def dumped(rig: Rig) -> dict[str, str]:
    lines = (await rig.run("dumpsys", "package", NAME)).out.splitlines()
    return dict(
        line.strip().split("=", 1) for line in lines if line.startswith("    ") and "=" in line
    )


@pytest.mark.parametrize("personality", LEVELS)
async def test_each_installation_writes_the_installer_anew(
    tmp_path: Path, personality: str
) -> None:
    rig = await booted(tmp_path, personality)
    await from_store(rig)
    assert await listed(rig) == STORE
    await rig.reboot()
    await install(rig, apk(version_code=2))
    assert await listed(rig) == "null"
    await install(rig, apk(version_code=3), "-i", STORE)
    assert await listed(rig) == STORE


@pytest.mark.parametrize("personality", LEVELS)
async def test_an_installer_that_is_uninstalled_is_forgotten_from_7_on(
    tmp_path: Path, personality: str
) -> None:
    rig = await booted(tmp_path, personality)
    await from_store(rig)
    if rig.phone.api >= 24:
        await rig.run("cmd", "package", "uninstall", "-k", STORE)
        assert await listed(rig) == STORE
        await install(rig, apk(package_name=STORE, signer="B"))
    assert (await rig.run("pm", "uninstall", STORE)).out == "Success\n"
    assert await listed(rig) == ("null" if rig.phone.api >= 24 else STORE)


@pytest.mark.parametrize("personality", ["aosp-33", "aosp-34"])
async def test_from_14_on_an_installer_that_is_not_there_is_none(
    tmp_path: Path, personality: str
) -> None:
    rig = await booted(tmp_path, personality)
    await install(rig, apk(), "-i", "com.unknown")
    assert await listed(rig) == ("null" if rig.phone.api >= 34 else "com.unknown")


async def test_dumpsys_of_13_has_an_installer_where_there_is_one(tmp_path: Path) -> None:
    rig = await booted(tmp_path, "aosp-33")
    await install(rig, apk())
    found = await dumped(rig)
    assert "installerPackageName" not in found
    assert found["packageSource"] == "1"
    await install(rig, apk(version_code=2), "-i", "com.example")
    assert (await dumped(rig))["installerPackageName"] == "com.example"


@pytest.mark.parametrize(("personality", "more"), [("aosp-34", False), ("aosp-35", True)])
async def test_dumpsys_of_14_says_who_asked(tmp_path: Path, personality: str, more: bool) -> None:
    rig = await booted(tmp_path, personality)
    await install(rig, apk())
    found = await dumped(rig)
    names = [name for name in found if name.startswith(("install", "initiat", "originat"))]
    assert names[:4] == [
        "installerPackageName",
        "installerPackageUid",
        "initiatingPackageName",
        "originatingPackageName",
    ]
    assert [found[name] for name in names[:4]] == ["null", "-1", "com.android.shell", "null"]
    assert (found["packageSource"], found["appMetadataFilePath"]) == ("1", "null")
    assert ("appMetadataSource" in found) is more
    await from_store(rig)
    found = await dumped(rig)
    store = rig.phone.parts.registry.get(STORE)
    assert store is not None
    assert (found["installerPackageName"], found["installerPackageUid"]) == (
        STORE,
        str(store.app_id),
    )
    assert "updateOwnerPackageName" not in found


async def test_each_user_has_the_lines_of_the_version_in_its_order(tmp_path: Path) -> None:
    for base, names in (
        ("aosp-33", ["installReason", "firstInstallTime", "uninstallReason"]),
        ("aosp-35", ["installReason", "dataDir", "firstInstallTime", "uninstallReason"]),
    ):
        rig = await booted(tmp_path / base, base)
        await install(rig, apk())
        lines = (await rig.run("dumpsys", "package", NAME)).out.splitlines()
        shown = [line.strip().partition("=")[0] for line in lines if line.startswith("      ")]
        assert [name for name in shown if name in names] == names


@pytest.mark.parametrize(
    ("base", "has", "has_not"),
    [
        ("aosp-24", {"applicationInfo"}, {"queriesPackages"}),
        ("aosp-30", {"queriesPackages", "applicationInfo"}, {"cpuAbiOverride", "usesNonSdkApi"}),
        ("aosp-31", {"queriesPackages", "applicationInfo", "cpuAbiOverride"}, {"apexModuleName"}),
        ("aosp-33", {"usesNonSdkApi", "minExtensionVersions"}, {"queriesPackages"}),
        ("aosp-34", {"apexModuleName"}, {"scannedAsStoppedSystemApp"}),
        ("aosp-35", {"apexModuleName", "scannedAsStoppedSystemApp"}, {"applicationInfo"}),
    ],
)
async def test_the_block_of_a_package_has_the_lines_of_the_version(
    tmp_path: Path, base: str, has: set[str], has_not: set[str]
) -> None:
    rig = await booted(tmp_path, base)
    await install(rig, apk())
    found = await dumped(rig)
    assert has <= set(found)
    assert not has_not & set(found)
    await rig.run("pm", "uninstall", "-k", NAME)
    await rig.reboot()
    left = await dumped(rig)
    assert (left["pkg"], left["versionCode"]) == ("null", "1")


async def test_the_owner_of_updates_is_shown_until_it_is_gone(tmp_path: Path) -> None:
    rig = await booted(tmp_path, "aosp-34")
    await install(rig, apk(package_name=STORE, signer="B"))
    await install(rig, apk(), "-i", STORE, "--update-ownership")
    assert (await dumped(rig))["updateOwnerPackageName"] == STORE
    await install(rig, apk(version_code=2), "-i", STORE)
    assert (await dumped(rig))["updateOwnerPackageName"] == STORE
    await rig.run("pm", "uninstall", STORE)
    assert "updateOwnerPackageName" not in await dumped(rig)


async def test_a_rollback_leaves_the_installer(tmp_path: Path) -> None:
    rig = await booted(tmp_path, "aosp-34")
    await from_store(rig)
    await install(rig, apk(version_code=2), "-i", STORE, "--enable-rollback")
    assert (await rig.run("pm", "rollback-app", NAME)).out == "Success\n"
    found = await dumped(rig)
    assert found["installerPackageName"] == STORE
    assert found["initiatingPackageName"] == "android"
