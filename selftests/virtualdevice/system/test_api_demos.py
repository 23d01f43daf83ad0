"""The stand-in of ApiDemos, driven as uiautomator2's own tests drive the app; apps as processes."""

from __future__ import annotations

import time
from collections.abc import Iterator

import adbutils
import pytest
import uiautomator2

from selftests.virtualdevice.system.real_phone import Phone, connected_phone, one_adb

NAME = "io.appium.android.apis"


@pytest.fixture(scope="module")
def phone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Phone]:
    home, state = tmp_path_factory.mktemp("home"), tmp_path_factory.mktemp("state")
    with one_adb(home) as client, connected_phone(client, "api-demos", state) as phone:
        yield phone


@pytest.fixture(scope="module")
def ui(phone: Phone) -> Iterator[uiautomator2.Device]:
    client = adbutils.AdbClient(host="127.0.0.1", port=phone.client.port)
    device = uiautomator2.connect(client.device(phone.device.serial))
    yield device
    device.stop_uiautomator()


@pytest.fixture
def demos(ui: uiautomator2.Device) -> uiautomator2.Device:
    ui.app_start(NAME, stop=True)
    return ui


def running(phone: Phone) -> list[str]:
    """Process names, as `ps -A` lists them."""
    return [line.split()[-1] for line in phone.shell("ps -A").splitlines()]


def test_a_row_opens_the_list_behind_it_and_back_leads_back(demos: uiautomator2.Device) -> None:
    demos(text="Media").click()
    assert demos(text="VideoView").exists
    demos.press("back")
    assert demos(text="Accessibility").exists
    assert demos.app_current()["package"] == NAME


def test_what_does_not_fit_is_not_there_until_it_is_scrolled_to(
    demos: uiautomator2.Device,
) -> None:
    demos(text="Graphics").click()
    assert not demos(text="Pictures").exists
    assert demos(scrollable=True).scroll.to(text="Pictures")
    assert demos(text="Pictures").exists
    assert not demos(text="AlphaBitmap").exists
    assert demos(scrollable=True).scroll.toBeginning() is False
    assert demos(text="AlphaBitmap").exists


def test_a_swipe_over_the_list_scrolls_it(demos: uiautomator2.Device) -> None:
    demos(text="App").click()
    assert not demos(text="Voice Recognition").exists
    demos(resourceId="android:id/list").swipe("up", steps=2)
    demos.xpath("@android:id/list").get().swipe("up", 0.5)
    assert demos(text="Voice Recognition").exists


def test_a_short_list_is_not_scrollable(demos: uiautomator2.Device) -> None:
    demos(text="Media").click()
    assert not demos(scrollable=True).exists


def test_a_field_of_a_screen_takes_what_is_typed(demos: uiautomator2.Device) -> None:
    for row in ("App", "Search", "Invoke Search"):
        demos(text=row).click()
    field = demos(resourceId=f"{NAME}:id/txt_query_prefill")
    field.click()
    demos.shell("input text hello")
    assert field.get_text() == "hello"


def test_a_slow_swipe_takes_its_time(ui: uiautomator2.Device) -> None:
    began = time.monotonic()
    ui.swipe(500, 900, 500, 800, steps=100)
    assert time.monotonic() - began >= 0.5


def test_an_app_that_runs_is_a_process_of_its_own_user(
    phone: Phone, demos: uiautomator2.Device
) -> None:
    pid = phone.shell(f"pidof {NAME}").strip()
    assert pid.isdigit()
    assert demos.app_wait(NAME) == int(pid)
    assert demos.app_current()["pid"] == int(pid)
    user = phone.shell(f"ps -A -o USER,NAME | grep {NAME}").split()[0]
    assert user.startswith("u0_a")
    assert phone.shell(f"tr '\\0' ' ' < /proc/{pid}/cmdline").strip() in ("", NAME)


def test_a_stopped_app_has_no_process_and_a_new_one_later(
    phone: Phone, demos: uiautomator2.Device
) -> None:
    before = phone.shell(f"pidof {NAME}")
    demos.app_stop(NAME)
    assert NAME not in running(phone)
    assert NAME not in demos.app_list_running()
    demos.app_start(NAME)
    assert phone.shell(f"pidof {NAME}") not in ("", before)


def test_a_killed_process_takes_its_windows_along(phone: Phone, demos: uiautomator2.Device) -> None:
    assert demos(text="Accessibility").exists
    pid = phone.shell(f"pidof {NAME}").strip()
    assert "not permitted" in phone.shell(f"kill -9 {pid} 2>&1")  # the shell is not the app
    phone.device.do(_crash(phone, int(pid)))
    assert demos(text="Accessibility").wait_gone(5)
    assert NAME not in running(phone)


async def _crash(phone: Phone, pid: int) -> None:
    """As if it had crashed."""
    phone.device.device.machine.signal_process(pid, 9)


def test_the_phone_has_an_address_in_the_wireless_network(
    phone: Phone, ui: uiautomator2.Device
) -> None:
    if "wlan0" not in phone.shell("cat /proc/net/dev"):
        pytest.skip("this host's kernel has no bridges, so its virtual phones have no Wi-Fi")
    assert ui.wlan_ip == "10.0.2.16"
