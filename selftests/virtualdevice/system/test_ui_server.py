"""The uiautomator2 server, asked by the real uiautomator2 library over the real adb."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import adbutils
import pytest
import uiautomator2

from selftests.virtualdevice.system.apks import NAME, apk
from selftests.virtualdevice.system.real_phone import Phone, connected_phone, one_adb


@pytest.fixture(scope="module")
def phone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Phone]:
    home, state = tmp_path_factory.mktemp("home"), tmp_path_factory.mktemp("state")
    with one_adb(home) as client, connected_phone(client, "aosp-30", state) as phone:
        file = home / "chat.apk"
        file.write_bytes(apk())
        assert "Success" in phone.install(file, "-t")
        phone.shell(f"run-as {NAME} sh -c 'mkdir files; echo dear > files/letter'")
        yield phone


@pytest.fixture(scope="module")
def ui(phone: Phone) -> Iterator[uiautomator2.Device]:
    client = adbutils.AdbClient(host="127.0.0.1", port=phone.client.port)
    device = uiautomator2.connect(client.device(phone.device.serial))
    yield device
    device.stop_uiautomator()


@pytest.fixture
def chat(ui: uiautomator2.Device) -> uiautomator2.Device:
    """The chat app, open and new."""
    ui.app_stop(NAME)
    ui.app_start(NAME)
    return ui


def test_it_says_what_device_it_is(ui: uiautomator2.Device) -> None:
    info = ui.info
    assert (info["displayWidth"], info["displayHeight"], info["sdkInt"]) == (1080, 2160, 30)
    assert info["screenOn"] is True
    assert ui.window_size() == (1080, 2160)


def test_the_app_in_front_is_known(chat: uiautomator2.Device) -> None:
    assert chat.app_current()["package"] == NAME
    chat.press("home")
    assert chat.app_current()["package"] == "com.android.launcher3"


def test_typed_text_goes_to_the_field_that_has_the_focus(chat: uiautomator2.Device) -> None:
    field = chat(className="android.widget.EditText")
    assert field.info["focused"] is True
    chat.shell("input text hello")
    assert field.get_text() == "hello"
    chat.press("enter")
    assert chat(text="hello", resourceId=f"{NAME}:id/message").exists


def test_text_can_be_set_and_cleared(chat: uiautomator2.Device) -> None:
    field = chat(resourceId=f"{NAME}:id/entry")
    field.set_text("héllo 你好")
    assert field.get_text() == "héllo 你好"
    field.clear_text()
    assert field.get_text() == "Message"


def test_keys_of_the_keyboard_type_letters(chat: uiautomator2.Device) -> None:
    for letter in "cab":
        chat(description=letter, packageName="com.android.inputmethod.latin").click()
    assert chat(text="cab").exists
    chat(description="Enter").click()
    assert chat(resourceId=f"{NAME}:id/message", text="cab").exists


def test_xpath_and_selectors_mean_the_same(chat: uiautomator2.Device) -> None:
    assert chat.xpath('//*[@text="Send"]').exists
    assert chat(text="Send").exists
    assert chat(textContains="end", clickable=True).count == 1
    assert chat(textMatches="S.*d").info["className"] == "android.widget.Button"
    assert not chat(text="Nothing of the kind").exists
    assert chat(resourceId=f"{NAME}:id/history").child(text="Where shall we meet?").exists
    assert chat(className="android.widget.EditText").sibling(text="Send").exists


def test_what_is_not_there_is_not_found(chat: uiautomator2.Device) -> None:
    with pytest.raises(uiautomator2.UiObjectNotFoundError):
        _ = chat(text="Nothing of the kind").info
    assert not chat(text="Nothing of the kind").wait(timeout=0.1)
    assert chat(text="Nothing of the kind").wait_gone(timeout=0.1)


def test_a_picture_is_as_large_as_the_display(chat: uiautomator2.Device) -> None:
    picture = chat.screenshot()
    assert picture.size == (1080, 2160)
    assert len(picture.convert("RGB").getcolors(1 << 24) or []) > 20


def test_a_toast_is_remembered(chat: uiautomator2.Device) -> None:
    chat.jsonrpc.clearLastToast()
    assert chat.last_toast is None
    chat.jsonrpc.makeToast("saved", 1000)
    assert chat.last_toast == "saved"


def test_the_clipboard_keeps_what_it_got(ui: uiautomator2.Device) -> None:
    ui.jsonrpc.setClipboard("label", "a text")
    assert ui.jsonrpc.getClipboard() == "a text"


def test_the_shade_opens_by_a_swipe_and_closes_by_back(chat: uiautomator2.Device) -> None:
    chat.swipe(0.5, 0.0, 0.5, 0.6)
    assert chat(resourceId="com.android.systemui:id/notification_panel").exists
    chat.press("back")
    assert not chat(resourceId="com.android.systemui:id/notification_panel").exists


def test_the_screen_can_be_put_to_sleep_and_woken(ui: uiautomator2.Device) -> None:
    ui.screen_off()
    assert ui.info["screenOn"] is False
    ui.screen_on()
    assert ui.info["screenOn"] is True


def test_turning_the_device_turns_the_display(ui: uiautomator2.Device) -> None:
    ui.set_orientation("left")
    try:
        assert ui.window_size() == (2160, 1080)
        assert 'rotation="1"' in ui.dump_hierarchy()
    finally:
        ui.set_orientation("natural")


def test_an_unknown_method_is_refused(ui: uiautomator2.Device) -> None:
    with pytest.raises(uiautomator2.RPCError):
        ui.jsonrpc.noSuchMethod()


def test_the_server_ends_with_the_shell_that_started_it(
    phone: Phone, ui: uiautomator2.Device
) -> None:
    ui.stop_uiautomator()
    assert "9008" not in phone.adb("forward", "--list").text
    assert ui.info["sdkInt"] == 30  # the library starts it anew


def test_a_server_that_dies_is_started_anew_by_the_library(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    home, state = tmp_path_factory.mktemp("home"), tmp_path_factory.mktemp("state")
    faults = ["ui_server_dies"]
    with (
        one_adb(home) as client,
        connected_phone(client, "aosp-30", state, defects=faults) as phone,
    ):
        device = adbutils.AdbClient(host="127.0.0.1", port=client.port).device(phone.device.serial)
        ui = uiautomator2.connect(device)
        for _ in range(30):
            assert ui.info["sdkInt"] == 30
        ui.stop_uiautomator()


def test_the_dump_of_the_platform_lies_where_it_was_told_to(phone: Phone, tmp_path: Path) -> None:
    said = phone.shell("uiautomator dump /data/local/tmp/ui.xml")
    assert said == "UI hierchary dumped to: /data/local/tmp/ui.xml\n"
    phone.adb("pull", "/data/local/tmp/ui.xml", os.fspath(tmp_path / "ui.xml"))
    assert (tmp_path / "ui.xml").read_text(encoding="utf-8").startswith("<?xml version='1.0'")
