"""The package installer's screens by version: order, texts, ids, and what each answer does."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from holdfast.apk.decision import Decision, Outcome
from selftests.virtualdevice.system.apks import NAME, apk
from selftests.virtualdevice.system.fake_machine import Answer, Rig, booted
from selftests.virtualdevice.system.test_boot import Upgradable
from virtualdevice.system.defects import Defect, Judging
from virtualdevice.system.personality import load_personality
from virtualdevice.system.screen.keys import KeyCode
from virtualdevice.system.screen.view import View

ON_DISK = "/data/media/0/Download/chat.apk"
INSTALLER = "com.android.packageinstaller"
DOCUMENT = "content://com.android.externalstorage.documents/document/primary%3ADownload%2Fchat.apk"
LETTER = f"/data/data/{NAME}/files/letter"


async def phone_of(root: Path, base: str, locale: str = "en-US", **more: Any) -> Rig:
    rig = await booted(root, replace(load_personality(base), locale=locale), **more)
    await rig.run("settings", "put", "secure", "install_non_market_apps", "1")
    return rig


async def settled(rig: Rig) -> None:
    for _ in range(400):
        await asyncio.sleep(0)
        if not rig.phone.is_busy:
            return
        await asyncio.sleep(0.001)


async def install(rig: Rig, data: bytes, *options: str) -> Answer:
    path = await rig.put("/data/local/tmp/it.apk", data)
    return await rig.run("pm", "install", *options, path)


async def view(rig: Rig, data: bytes) -> None:
    """As if a file manager had opened it."""
    await rig.put(ON_DISK, data)
    uri = f"file://{ON_DISK}" if rig.phone.api <= 25 else DOCUMENT
    kind = "application/vnd.android.package-archive"
    await rig.run("am", "start", "-a", "android.intent.action.VIEW", "-d", uri, "-t", kind)
    await settled(rig)


async def ask_to_uninstall(rig: Rig, name: str = NAME, *more: str) -> None:
    words = ("-a", "android.intent.action.DELETE", "-d", f"package:{name}", *more)
    await rig.run("am", "start", *words)
    await settled(rig)


def views(rig: Rig) -> Sequence[View]:
    return [v for _, root in rig.phone.screen.roots() for v in root.walk()]


def texts(rig: Rig) -> list[str]:
    return [one.text for one in views(rig) if one.text]


def by_id(rig: Rig, resource_id: str) -> View:
    return next(one for one in views(rig) if one.resource_id == resource_id)


async def press(rig: Rig, text: str) -> None:
    button = next(v for v in views(rig) if v.text == text and v.clickable)
    rig.phone.fingers.tap(*button.bounds.centre)
    await settled(rig)


def activity(rig: Rig) -> str:
    return rig.phone.screen.top.activity.removeprefix(f"{INSTALLER}.")


APPLICATION = "Do you want to install this application?"


@pytest.mark.parametrize(
    ("base", "question", "button", "end"),
    [
        ("aosp-22", f"{APPLICATION} It will get access to:", "ok_button", "InstallAppProgress"),
        ("aosp-28", f"{APPLICATION} It will get access to:", "ok_button", "InstallSuccess"),
        ("aosp-30", APPLICATION, "button1", "InstallSuccess"),
        ("aosp-36", "Do you want to install this app?", "button1", "InstallSuccess"),
    ],
)
async def test_a_new_app_is_asked_about_and_installed(
    tmp_path: Path, base: str, question: str, button: str, end: str
) -> None:
    rig = await phone_of(tmp_path, base)
    await view(rig, apk())
    assert activity(rig) == "PackageInstallerActivity"
    package = INSTALLER if button == "ok_button" else "android"
    assert by_id(rig, f"{INSTALLER}:id/install_confirm_question").text == question
    assert by_id(rig, f"{package}:id/{button}").text == "Install"
    await press(rig, "Install")
    assert activity(rig) == end
    assert "App installed." in texts(rig)
    assert rig.record_line(NAME)[2] == 1
    await press(rig, "Done")
    assert rig.phone.screen.surfaces[1:] == []


@pytest.mark.parametrize(
    ("base", "locale", "question", "yes"),
    [
        ("aosp-25", "en-US", "Your existing data will not be lost. The updated appl", "Install"),
        ("aosp-25", "zh-CN", "您要安装此应用的新版本吗？您现有的数据不会丢失。", "安装"),
        ("aosp-29", "en-US", "to this existing application? Your existing data will", "Install"),
        ("aosp-29", "zh-CN", "要为此应用安装更新吗？您现有的数据将不会丢失。", "安装"),
        ("aosp-33", "en-US", "Do you want to update this app?", "Update"),
        ("aosp-33", "zh-CN", "要更新此应用吗？", "更新"),
    ],
)
async def test_an_update_is_asked_about_in_the_words_of_the_version(
    tmp_path: Path, base: str, locale: str, question: str, yes: str
) -> None:
    rig = await phone_of(tmp_path, base, locale)
    await install(rig, apk())
    await rig.put(LETTER, b"dear")
    await view(rig, apk(version_code=2))
    assert any(question in text for text in texts(rig))
    await press(rig, yes)
    assert rig.record_line(NAME)[2] == 2
    assert rig.machine.files.host(LETTER).exists()


@pytest.mark.parametrize(
    ("base", "locale", "told"),
    [
        (
            "aosp-21",
            "en-US",
            "An existing package by the same name with a conflicting signature is",
        ),
        ("aosp-25", "en-US", "The package conflicts with an existing package by the same name."),
        ("aosp-28", "zh-CN", "应用未安装：软件包与现有软件包存在冲突。"),
        ("aosp-34", "en-US", "App not installed as package conflicts with an existing package."),
    ],
)
async def test_another_signer_is_offered_and_then_refused_and_nothing_is_lost(
    tmp_path: Path, base: str, locale: str, told: str
) -> None:
    rig = await phone_of(tmp_path, base, locale)
    await install(rig, apk())
    await rig.put(LETTER, b"dear")
    await view(rig, apk(signer="B", version_code=2))
    assert activity(rig) == "PackageInstallerActivity"
    yes = {"Install", "Update", "安装", "更新"}
    await press(rig, next(t for t in texts(rig) if t in yes))
    assert any(text.startswith(told) for text in texts(rig))
    assert rig.record_line(NAME)[2] == 1
    assert rig.machine.files.host(LETTER).exists()


async def test_6_0_only_says_that_it_was_not_installed(tmp_path: Path) -> None:
    rig = await phone_of(tmp_path, "aosp-23")
    await install(rig, apk())
    await view(rig, apk(signer="B", version_code=2))
    await press(rig, "Install")
    assert "App not installed." in texts(rig)
    assert not any("conflict" in text for text in texts(rig))


@pytest.mark.parametrize(
    ("base", "resource_id", "question"),
    [
        (
            "aosp-24",
            "install_confirm_question",
            "Do you want to install an update to this built-in application? Your existing data",
        ),
        (
            "aosp-30",
            "install_confirm_question_update_system",
            "Do you want to install an update to this built-in application? Your existing data",
        ),
        ("aosp-31", "install_confirm_question_update", "Do you want to update this app?"),
    ],
)
async def test_a_built_in_app_has_a_question_of_its_own_to_11(
    tmp_path: Path, base: str, resource_id: str, question: str
) -> None:
    rig = await Upgradable(tmp_path, base).boot("1", apk())
    await rig.run("settings", "put", "secure", "install_non_market_apps", "1")
    await view(rig, apk(version_code=2))
    assert by_id(rig, f"{INSTALLER}:id/{resource_id}").text.startswith(question)


@pytest.mark.parametrize(("by", "asks"), [("com.example.store", False), (None, True)])
async def test_from_14_on_somebody_elses_update_is_a_question_of_its_own(
    tmp_path: Path, by: str | None, asks: bool
) -> None:
    rig = await phone_of(tmp_path, "aosp-34")
    await install(rig, apk(), "-i", by or "com.android.settings", "--update-ownership")
    store = rig.phone.store
    assert store is not None
    if by is None:
        await view(rig, apk(version_code=2))
    else:
        path = await rig.put("/data/local/tmp/it.apk", apk(version_code=2))
        await rig.run("am", "broadcast", "-a", store.push_action, "--es", "path", path)
        await settled(rig)
    assert ("Update anyway" in texts(rig)) is asks
    assert any(text.startswith("Update this app from Shell?\n\n") for text in texts(rig)) is asks


@pytest.mark.parametrize(
    ("base", "title", "told", "settings"),
    [
        ("aosp-22", "Install blocked", "For security, your phone is set to block ", "Settings"),
        ("aosp-25", None, "For security, your phone is set to block installation ", "Settings"),
        ("aosp-30", "Shell", "For your security, your phone is not allowed to ", "Settings"),
        ("aosp-34", "Shell", "For your security, your phone currently isn’t ", "Settings"),
    ],
)
async def test_an_unknown_source_is_stopped_before_any_question(
    tmp_path: Path, base: str, title: str | None, told: str, settings: str
) -> None:
    rig = await phone_of(tmp_path, base)
    if rig.phone.api <= 25:
        await rig.run("settings", "put", "secure", "install_non_market_apps", "0")
    else:
        words = ("com.android.shell", "REQUEST_INSTALL_PACKAGES", "deny")
        await rig.run("appops", "set", *words)
    await view(rig, apk())
    assert by_id(rig, "android:id/message").text.startswith(told)
    titles = [one.text for one in views(rig) if one.resource_id == "android:id/alertTitle"]
    assert titles == ([title] if title else [])
    assert {settings, "Cancel"} <= set(texts(rig))
    await press(rig, "Cancel")
    assert rig.phone.parts.registry.get(NAME) is None


@pytest.mark.parametrize(("base", "title"), [("aosp-22", "Parse error"), ("aosp-30", None)])
async def test_what_is_no_apk_is_told_at_once(tmp_path: Path, base: str, title: str | None) -> None:
    rig = await phone_of(tmp_path, base)
    await view(rig, b"no apk at all")
    assert by_id(rig, "android:id/message").text == "There was a problem parsing the package."
    assert (title in texts(rig)) is (title is not None)


def _refuse_for_want_of_room(judging: Judging) -> Decision:
    code = "INSTALL_FAILED_INSUFFICIENT_STORAGE"
    return replace(judging.decision, outcome=Outcome.REFUSE, code=code, signing_after=None)


@pytest.mark.parametrize("base", ["aosp-22", "aosp-28", "aosp-34"])
async def test_a_full_phone_offers_to_manage_apps(tmp_path: Path, base: str) -> None:
    rig = await phone_of(tmp_path, base)
    rig.phone.defects.switch_on(
        Defect(name="too_late", about="it wants more later", decide=_refuse_for_want_of_room)
    )
    await view(rig, apk())
    await press(rig, "Install")
    told = by_id(rig, "android:id/message").text
    assert told == "Chat couldn't be installed. Free up some space and try again."
    assert ("Out of space" in texts(rig)) is (base == "aosp-22")
    await press(rig, "Cancel")
    assert rig.phone.screen.surfaces[1:] == []


@pytest.mark.parametrize("way", ["Cancel", "back", "home"])
@pytest.mark.parametrize("base", ["aosp-25", "aosp-28", "aosp-34"])
async def test_going_away_from_the_question_installs_nothing(
    tmp_path: Path, base: str, way: str
) -> None:
    rig = await phone_of(tmp_path, base)
    await view(rig, apk())
    if way == "Cancel":
        await press(rig, way)
    else:
        rig.phone.fingers.press(KeyCode.BACK if way == "back" else KeyCode.HOME)
    await settled(rig)
    assert rig.phone.parts.registry.get(NAME) is None
    assert rig.phone.screen.surfaces[1:] == []


async def test_a_turned_phone_asks_the_same_question_in_the_new_frame(tmp_path: Path) -> None:
    rig = await phone_of(tmp_path, "aosp-30")
    await view(rig, apk())
    for name, value in (("accelerometer_rotation", "0"), ("user_rotation", "1")):
        await rig.run("settings", "put", "system", name, value)
    frame = rig.phone.screen.frame
    assert frame.width_px > frame.height_px
    button = by_id(rig, "android:id/button1")
    assert button.bounds.right <= frame.width_px
    await press(rig, "Install")
    assert rig.record_line(NAME)[2] == 1


async def test_the_question_stands_over_the_app_that_was_open(tmp_path: Path) -> None:
    rig = await phone_of(tmp_path, "aosp-30")
    await install(rig, apk())
    await rig.run("monkey", "-p", NAME, "1")
    await view(rig, apk(version_code=2))
    layers = rig.phone.screen.layers()
    assert [dimmed for _, dimmed in layers] == [False, True]
    assert rig.phone.screen.surfaces[1].package == NAME


async def test_from_8_on_what_a_provider_hands_over_is_staged_first(tmp_path: Path) -> None:
    rig = await phone_of(tmp_path, "aosp-30")
    await rig.put(ON_DISK, apk())
    opening = asyncio.ensure_future(view(rig, apk()))
    seen = set()
    while not opening.done():
        seen.add(activity(rig))
        await asyncio.sleep(0)
    await opening
    # The machine of these tests reads at once, so that nobody sees the first screen for long.
    assert activity(rig) == "PackageInstallerActivity"
    assert seen <= {"com.android.launcher3.Launcher", "InstallStaging", "PackageInstallerActivity"}


async def test_the_second_version_of_15_has_one_activity_for_all(tmp_path: Path) -> None:
    rig = await phone_of(tmp_path, "aosp-35")
    await rig.run("settings", "put", "system", "use_pia_v2", "1")
    await view(rig, apk())
    assert activity(rig) == "v2.ui.InstallLaunch"
    await press(rig, "Install")
    await press(rig, "Done")
    await ask_to_uninstall(rig)
    assert activity(rig) == "v2.ui.UninstallLaunch"


@pytest.mark.parametrize(
    ("base", "locale", "words"),
    [
        ("aosp-22", "en-US", ("Do you want to uninstall this app?", "OK", "Uninstall finished.")),
        ("aosp-25", "zh-CN", ("要卸载此应用吗？", "确定", "卸载完成。")),
        ("aosp-28", "zh-CN", ("要卸载此应用吗？", "确定", "已卸载聊天")),
        ("aosp-34", "en-US", ("Do you want to uninstall this app?", "OK", "Uninstalled Chat")),
    ],
)
async def test_an_app_is_uninstalled_after_a_question(
    tmp_path: Path, base: str, locale: str, words: tuple[str, str, str]
) -> None:
    question, ok, toast = words
    rig = await phone_of(tmp_path, base, locale)
    await install(rig, apk())
    await rig.put(LETTER, b"dear")
    await ask_to_uninstall(rig)
    assert activity(rig) == "UninstallerActivity"
    assert by_id(rig, "android:id/message").text == question
    await press(rig, ok)
    assert rig.phone.parts.registry.get(NAME) is None
    assert not rig.machine.files.host(LETTER).exists()
    assert rig.phone.screen.last_toast is not None
    assert rig.phone.screen.last_toast.text == toast


@pytest.mark.parametrize("way", ["Cancel", "back", "home"])
async def test_going_away_from_that_question_keeps_the_app(tmp_path: Path, way: str) -> None:
    rig = await phone_of(tmp_path, "aosp-30")
    await install(rig, apk())
    await ask_to_uninstall(rig)
    if way == "Cancel":
        await press(rig, way)
    else:
        rig.phone.fingers.press(KeyCode.BACK if way == "back" else KeyCode.HOME)
    await settled(rig)
    assert rig.record_line(NAME)[2] == 1
    assert rig.phone.screen.surfaces[1:] == []


@pytest.mark.parametrize("keeps", [False, True])
async def test_fragile_data_can_be_kept_from_10_on(tmp_path: Path, keeps: bool) -> None:
    rig = await phone_of(tmp_path, "aosp-30")
    await install(rig, apk(has_fragile_user_data=True))
    await rig.put(LETTER, b"d" * 5000)
    await ask_to_uninstall(rig)
    box = by_id(rig, f"{INSTALLER}:id/keepData")
    assert (box.text, box.checked) == ("Keep 5.00 kB of app data.", False)
    if keeps:
        await press(rig, box.text)
        assert by_id(rig, f"{INSTALLER}:id/keepData").checked
    await press(rig, "OK")
    assert rig.phone.parts.registry.installed(NAME) is None
    assert rig.machine.files.host(LETTER).exists() is keeps


@pytest.mark.parametrize(
    ("base", "fragile", "letter"),
    [("aosp-28", True, True), ("aosp-30", False, True), ("aosp-30", True, False)],
)
async def test_otherwise_there_is_no_box(
    tmp_path: Path, base: str, fragile: bool, letter: bool
) -> None:
    rig = await phone_of(tmp_path, base)
    await install(rig, apk(has_fragile_user_data=fragile))
    if letter:
        await rig.put(LETTER, b"dear")
    await ask_to_uninstall(rig)
    assert not any(one.checkable for one in views(rig))


@pytest.mark.parametrize(
    ("base", "question"),
    [
        ("aosp-23", "Do you want to replace this app with the factory version?"),
        ("aosp-25", "Replace this app with the factory version? All data will be removed."),
    ],
)
async def test_uninstalling_updates_warns_of_the_loss_from_7_on(
    tmp_path: Path, base: str, question: str
) -> None:
    rig = await Upgradable(tmp_path, base).boot("1", apk())
    await install(rig, apk(version_code=2), "-r")
    await rig.put(LETTER, b"dear")
    await ask_to_uninstall(rig)
    assert by_id(rig, "android:id/message").text == question
    await press(rig, "OK")
    assert rig.record_line(NAME)[2] == 1
    assert not rig.machine.files.host(LETTER).exists()


@pytest.mark.parametrize(
    ("base", "told"),
    [
        ("aosp-23", "Uninstall unsuccessful."),
        ("aosp-30", "Uninstalling Settings unsuccessful."),
    ],
)
async def test_what_cannot_be_uninstalled_is_told_where_the_version_tells_it(
    tmp_path: Path, base: str, told: str
) -> None:
    rig = await phone_of(tmp_path, base)
    await ask_to_uninstall(rig, "com.android.settings")
    await press(rig, "OK")
    assert told in texts(rig)


async def test_a_package_that_is_not_there_is_not_found(tmp_path: Path) -> None:
    rig = await phone_of(tmp_path, "aosp-30", "zh-CN")
    await ask_to_uninstall(rig, "org.nobody.here")
    assert {"未找到应用", "未在已安装应用的列表中找到该应用。"} <= set(texts(rig))
    await press(rig, "确定")
    assert rig.phone.screen.surfaces[1:] == []
