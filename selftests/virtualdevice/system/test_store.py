"""The store's push: the bug of 2018, the fixed build, the sibling, and AOSP's good manners."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from selftests.virtualdevice.system.apks import NAME, apk
from selftests.virtualdevice.system.fake_machine import Rig, booted
from virtualdevice.system.personality import Personality, load_personality
from virtualdevice.system.screen.keys import KeyCode

BEFORE, FIXED, SIBLING = "nut-pro-2-before-4.2.5.1", "nut-pro-2-4.2.5.1", "sibling"
WORDS = "APP签名不一致，可能导致数据丢失"
UPDATE = "/data/local/tmp/holdfast-update.apk"
SEED = f"/data/data/{NAME}/files/letters"


def hurried(name: str) -> Personality:
    """The personality, with a store that does not keep anybody waiting."""
    personality = load_personality(name)
    assert personality.store is not None
    object.__setattr__(personality.store, "delay_ms", 0)
    return personality


async def with_chat(root: Path, personality: str) -> Rig:
    """The chat app is open and has a letter."""
    rig = await booted(root, hurried(personality))
    base = await rig.put("/data/local/tmp/base.apk", apk())
    assert (await rig.run("pm", "install", base)).out == "Success\n"
    await rig.put(SEED, b"dear mother")
    await rig.run("monkey", "-p", NAME, "1")
    return rig


async def push(rig: Rig, data: bytes) -> None:
    """Until the store has either asked, or ended."""
    await rig.put(UPDATE, data)
    store = rig.phone.store
    assert store is not None
    answer = await rig.run("am", "broadcast", "-a", store.push_action, "--es", "path", UPDATE)
    assert "Broadcast completed: result=0" in answer.out
    await settled(rig)


async def settled(rig: Rig) -> None:
    for _ in range(200):
        await asyncio.sleep(0)
        if not rig.phone.is_busy:
            return
        await asyncio.sleep(0.001)


def texts(rig: Rig) -> list[str]:
    """Everything that is written on the screen."""
    return [view.text for _, root in rig.phone.screen.roots() for view in root.walk() if view.text]


async def still_has_letter(rig: Rig) -> bool:
    return rig.machine.files.host(SEED).exists()


async def test_the_store_before_the_fix_warns_of_a_rightly_signed_update(tmp_path: Path) -> None:
    rig = await with_chat(tmp_path, BEFORE)
    await push(rig, apk(version_code=2))
    assert WORDS in texts(rig)
    assert rig.phone.screen.top.package == "com.smartisanos.appstore"


async def test_enter_confirms_because_the_affirmative_button_has_the_focus(tmp_path: Path) -> None:
    rig = await with_chat(tmp_path, BEFORE)
    identity = rig.record_line(NAME)
    await push(rig, apk(version_code=2))
    await rig.run("input", "text", "hello")
    await rig.run("input", "keyevent", "KEYCODE_ENTER")
    await settled(rig)
    assert not await still_has_letter(rig)
    assert rig.record_line(NAME)[0] > identity[0]
    assert rig.record_line(NAME)[2] == 2


async def test_a_tap_where_the_keyboard_was_confirms(tmp_path: Path) -> None:
    rig = await with_chat(tmp_path, BEFORE)
    await push(rig, apk(version_code=2))
    frame = rig.phone.screen.frame
    await rig.run("input", "tap", str(frame.width_px - 90), str(frame.content.bottom - 90))
    await settled(rig)
    assert not await still_has_letter(rig)


@pytest.mark.parametrize("way", ["button", "back", "home"])
async def test_declining_leaves_everything_as_it_was(tmp_path: Path, way: str) -> None:
    rig = await with_chat(tmp_path, BEFORE)
    identity = rig.record_line(NAME)
    await push(rig, apk(version_code=2))
    screen = rig.phone.screen
    if way == "button":
        no = next(v for v in screen.top.view(screen.frame).walk() if v.text == "取消")
        rig.phone.fingers.tap(*no.bounds.centre)
    else:
        rig.phone.fingers.press(KeyCode.BACK if way == "back" else KeyCode.HOME)
    await settled(rig)
    assert await still_has_letter(rig)
    assert rig.record_line(NAME) == identity
    assert WORDS not in texts(rig)


async def test_ignoring_the_question_loses_nothing(tmp_path: Path) -> None:
    rig = await with_chat(tmp_path, BEFORE)
    await push(rig, apk(version_code=2))
    await rig.server.stop()
    assert rig.machine.files.host(SEED).exists()


@pytest.mark.parametrize("personality", [FIXED, SIBLING])
async def test_a_good_build_updates_and_keeps_the_letter(tmp_path: Path, personality: str) -> None:
    rig = await with_chat(tmp_path, personality)
    identity = rig.record_line(NAME)
    await push(rig, apk(version_code=2))
    assert await still_has_letter(rig)
    assert rig.record_line(NAME) == (*identity[:2], 2)
    assert WORDS not in texts(rig)


@pytest.mark.parametrize("personality", [FIXED, SIBLING, "aosp-25", "aosp-34"])
async def test_a_good_build_refuses_another_signer_in_words(
    tmp_path: Path, personality: str
) -> None:
    rig = await with_chat(tmp_path, personality)
    identity = rig.record_line(NAME)
    await push(rig, apk(signer="B", version_code=2))
    assert await still_has_letter(rig)
    assert rig.record_line(NAME) == identity
    assert any("冲突" in text or "conflicts" in text for text in texts(rig))


@pytest.mark.parametrize("personality", ["aosp-22", "aosp-28", "aosp-30", "aosp-36"])
async def test_the_store_of_aosp_asks_by_the_systems_own_dialog(
    tmp_path: Path, personality: str
) -> None:
    rig = await with_chat(tmp_path, personality)
    await push(rig, apk(version_code=2))
    screen = rig.phone.screen
    assert screen.top.package == "com.android.packageinstaller"
    assert rig.record_line(NAME)[2] == 1
    wanted = {"Install", "Update"}
    yes = next(v for v in screen.top.view(screen.frame).walk() if v.text in wanted)
    rig.phone.fingers.tap(*yes.bounds.centre)
    await settled(rig)
    assert rig.record_line(NAME)[2] == 2
    assert await still_has_letter(rig)


async def test_after_the_loss_the_app_asks_to_log_in(tmp_path: Path) -> None:
    rig = await with_chat(tmp_path, BEFORE)
    await push(rig, apk(version_code=2))
    rig.phone.fingers.press(KeyCode.ENTER)
    await settled(rig)
    await rig.run("monkey", "-p", NAME, "1")
    assert "欢迎，请登录" in texts(rig)


async def test_a_dialog_that_heeds_no_early_tap_is_deaf_and_then_hears(tmp_path: Path) -> None:
    rig = await with_chat(tmp_path, "prompt-heeds-no-early-tap")
    await push(rig, apk(signer="B", version_code=2))
    screen = rig.phone.screen
    yes = next(v for v in screen.top.view(screen.frame).walk() if v.text == "Go on")
    rig.phone.fingers.tap(*yes.bounds.centre)
    await settled(rig)
    assert await still_has_letter(rig)
    assert "Go on" in texts(rig)


async def test_a_notice_with_a_button_costs_everything_when_that_is_pressed(
    tmp_path: Path,
) -> None:
    rig = await with_chat(tmp_path, "prompt-in-a-notification")
    await push(rig, apk(signer="B", version_code=2))
    heads_up = rig.phone.screen.heads_up()
    assert heads_up is not None
    button = next(view for view in heads_up.walk() if view.text == "Update")
    rig.phone.fingers.tap(*button.bounds.centre)
    await settled(rig)
    assert not await still_has_letter(rig)


async def test_what_asks_over_the_lock_screen_is_seen_there_and_the_rest_is_not(
    tmp_path: Path,
) -> None:
    for name, seen in (("prompt-over-lock-screen", True), ("prompt-behind-lock-screen", False)):
        rig = await with_chat(tmp_path / name, name)
        rig.phone.screen.switch(on=False)
        rig.phone.screen.switch(on=True)
        await push(rig, apk(signer="B", version_code=2))
        assert ("Go on" in texts(rig)) is seen
        await rig.run("wm", "dismiss-keyguard")
        assert "Go on" in texts(rig)
