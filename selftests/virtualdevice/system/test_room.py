"""A phone with no room: how each Android refuses to install, what its tools make of their files."""

from __future__ import annotations

from pathlib import Path

import pytest

from holdfast.apk.decision import Door
from selftests.virtualdevice.system.apks import NAME, apk
from selftests.virtualdevice.system.fake_machine import ROOT, Rig, booted
from selftests.virtualdevice.system.test_installer_ui import (
    ON_DISK,
    activity,
    install,
    phone_of,
    press,
    texts,
    view,
)
from virtualdevice.system.packages.candidate import ApkFile
from virtualdevice.system.packages.rules import InstallOptions

APK = apk()
WANT = "Requested internal only, but not enough space"
THROWN = f"android.os.ParcelableException: java.io.IOException: {WANT}\n"
AT_CREATION = {
    "aosp-24": f"Exception occurred while dumping:\njava.lang.IllegalStateException: ☃{WANT}\n",
    "aosp-28": f"Exception occurred while executing:\n{THROWN}",
    "aosp-30": f"Exception occurred while executing 'VERB':\n{THROWN}",
    "aosp-36": f"Exception occurred while executing 'VERB':\n{THROWN}",
}


async def full(root: Path, base: str, *, free_bytes: int = 0) -> Rig:
    rig = await booted(root, base)
    rig.machine.free_bytes = free_bytes
    return rig


@pytest.mark.parametrize("base", AT_CREATION)
@pytest.mark.parametrize("way", ["stream", "path", "session"])
async def test_from_7_on_no_session_is_made_for_what_there_is_no_room_for(
    tmp_path: Path, base: str, way: str
) -> None:
    rig = await full(tmp_path, base, free_bytes=len(APK) - 1)
    path = await rig.put("/data/local/tmp/it.apk", APK)
    words = {
        "stream": ("install", "-S", str(len(APK))),
        "path": ("install", "-r", path),
        "session": ("install-create", "-S", str(len(APK))),
    }[way]
    answer = await rig.run("cmd", "package", *words, stdin=APK)
    assert answer.status == 255
    assert answer.text.lstrip("\n") == AT_CREATION[base].replace("VERB", words[0])
    assert rig.phone.parts.registry.get(NAME) is None
    rig.machine.free_bytes = len(APK)
    assert "Success" in (await rig.run("cmd", "package", *words, stdin=APK)).text


@pytest.mark.parametrize(
    ("base", "thrown"),
    [
        ("aosp-25", f"java.lang.IllegalStateException: ☃{WANT}"),
        ("aosp-27", THROWN.strip()),
    ],
)
async def test_the_pm_of_7_and_8_prints_what_it_is_thrown(
    tmp_path: Path, base: str, thrown: str
) -> None:
    rig = await full(tmp_path, base)
    answer = await install(rig, APK)
    assert (answer.status, answer.error) == (1, f"Error: {thrown}\n")


@pytest.mark.parametrize("base", ["aosp-21", "aosp-23"])
async def test_up_to_6_the_package_manager_refuses_and_gives_no_reason(
    tmp_path: Path, base: str
) -> None:
    rig = await full(tmp_path, base)
    answer = await install(rig, APK)
    assert "Failure [INSTALL_FAILED_INSUFFICIENT_STORAGE]" in answer.text
    assert "Failure [INSTALL_FAILED_INVALID_APK]" in (await install(rig, b"no apk")).text


@pytest.mark.parametrize(
    ("base", "text"),
    [
        ("aosp-22", "Failed to free enough space"),
        ("aosp-25", "Failed to free enough space"),
        ("aosp-26", f"Failed to allocate {len(APK)} because only 7 allocatable"),
        ("aosp-34", f"Failed to allocate {len(APK)} because only 7 allocatable"),
    ],
)
@pytest.mark.parametrize("from_path", [False, True])
async def test_a_session_without_a_size_fails_when_it_is_written_to(
    tmp_path: Path, base: str, text: str, *, from_path: bool
) -> None:
    rig = await full(tmp_path, base, free_bytes=7)
    created = (await rig.run("pm", "install-create", "-r")).out
    number = created.partition("[")[2].partition("]")[0]
    path = await rig.put("/data/local/tmp/it.apk", APK)
    words = ("-S", str(len(APK)), number, "base.apk", path if from_path else "-")
    written = await rig.run("pm", "install-write", *words, stdin=APK)
    assert (written.status, written.error) == (1, f"Error: failed to write; {text}\n")


async def test_what_was_written_to_a_session_takes_up_room(tmp_path: Path) -> None:
    rig = await full(tmp_path, "aosp-34", free_bytes=len(APK) + 5)
    number = (await rig.run("pm", "install-create")).out.partition("[")[2].partition("]")[0]
    words = ("-S", str(len(APK)), number)
    assert "Success" in (await rig.run("pm", "install-write", *words, "a", stdin=APK)).out
    rig.machine.free_bytes -= await rig.machine.files.size_bytes("/data/app")
    again = await rig.run("pm", "install-write", *words, "b", stdin=APK)
    assert "because only 5 allocatable" in again.error


async def test_the_installed_version_and_its_data_stay(tmp_path: Path) -> None:
    rig = await booted(tmp_path, "aosp-30")
    await install(rig, APK)
    before = rig.record_line(NAME)
    rig.machine.free_bytes = 10
    assert WANT in (await install(rig, apk(version_code=9))).text
    assert rig.record_line(NAME) == before
    await rig.reboot()
    assert rig.record_line(NAME) == before


@pytest.mark.parametrize("base", ["aosp-22", "aosp-25"])
async def test_the_installer_app_tells_a_person_up_to_7_1(tmp_path: Path, base: str) -> None:
    rig = await phone_of(tmp_path, base)
    rig.machine.free_bytes = 0
    await view(rig, APK)
    await press(rig, "Install")
    assert "Manage apps" in texts(rig)


@pytest.mark.parametrize("base", ["aosp-28", "aosp-34"])
async def test_from_8_on_it_takes_what_it_cannot_copy_for_a_broken_file(
    tmp_path: Path, base: str
) -> None:
    rig = await phone_of(tmp_path, base)
    rig.machine.free_bytes = 0
    await view(rig, APK)
    assert "There was a problem parsing the package." in texts(rig)


async def test_and_of_a_session_that_it_cannot_make_it_says_nothing(tmp_path: Path) -> None:
    rig = await phone_of(tmp_path, "aosp-28")
    await view(rig, APK)
    rig.machine.free_bytes = 0
    await press(rig, "Install")
    assert activity(rig) == "InstallFailed"
    assert "App not installed." in texts(rig)
    assert "Manage apps" not in texts(rig)


async def test_the_tools_of_the_shell_leave_empty_files_and_do_not_complain(
    tmp_path: Path,
) -> None:
    rig = await full(tmp_path, "aosp-30")
    host = rig.machine.files.host
    for name, words in {
        "dump.xml": ("uiautomator", "dump", "/sdcard/dump.xml"),
        "look.png": ("screencap", "-p", "/sdcard/look.png"),
        "film.mp4": ("screenrecord", "--time-limit", "1", "/sdcard/film.mp4"),
    }.items():
        host("/sdcard").mkdir(exist_ok=True)
        assert (await rig.run(*words)).status == 0
        assert host(f"/sdcard/{name}").read_bytes() == b""
        assert (await rig.run(*words, caller=ROOT)).status == 0
        assert host(f"/sdcard/{name}").read_bytes() != b""
    log = (await rig.run("logcat", "-d")).out
    assert log.count("failed to dump window to file") == 1


@pytest.mark.parametrize(("base", "lines"), [("aosp-22", 4), ("aosp-30", 5)])
async def test_dumpsys_shows_what_is_free(tmp_path: Path, base: str, lines: int) -> None:
    rig = await full(tmp_path, base, free_bytes=1 << 35)
    said = (await rig.run("dumpsys", "diskstats")).out.splitlines()
    assert said[1] == f"Data-Free: {1 << 25}K / {1 << 26}K total = 50% free"
    assert len(said) == lines
    await rig.machine.fill()
    said = (await rig.run("dumpsys", "diskstats")).out.splitlines()
    assert said[1] == f"Data-Free: 0K / {1 << 26}K total = 0% free"


async def test_a_store_is_refused_as_well(tmp_path: Path) -> None:
    rig = await full(tmp_path, "aosp-30")
    answer = await rig.phone.installer.install(
        [ApkFile(name="base.apk", data=APK, path=ON_DISK)],
        InstallOptions(replace=True, given=True),
        door=Door.SESSION_APP,
        caller_uid=10050,
    )
    assert answer.code == "INSTALL_FAILED_INSUFFICIENT_STORAGE"


async def test_an_installation_takes_the_disk_s_time_and_tells_how_far_it_is(
    tmp_path: Path,
) -> None:
    rig = await booted(tmp_path, "aosp-30")
    await install(rig, APK)
    assert rig.machine.waited_for_bytes == len(APK)
    assert rig.machine.install_shares == [0.0, 0.5, 1.0]
    assert "DOWNGRADE" in (await install(rig, apk(version_code=0))).text
    assert rig.machine.install_shares == [0.0, 0.5, 1.0]
