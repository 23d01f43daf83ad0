"""An API 22 phone of ours, held against what a real Android 5.1.1 said."""

from __future__ import annotations

import asyncio
import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from selftests.corpus import RECORDED_ANDROID_5_1_1, needs_recordings
from selftests.virtualdevice.system.apks import apk
from selftests.virtualdevice.system.fake_machine import Rig, booted
from virtualdevice.system.commands.table import commands_of

ALPHA = "org.example.alpha"
SPEC: dict[str, Any] = {
    "package_name": ALPHA,
    "label": "Alpha",
    "labels": {},
    "permissions": ("android.permission.INTERNET",),
    "target_sdk": 22,
    "min_sdk": 21,
}
# What differs from one device, boot or minute to the next.
VARIABLE = (
    (re.compile(r"\b[0-9a-f]{6,8}\b"), "HASH"),
    (re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d"), "TIME"),
    (re.compile(r"userId=\d+"), "userId=N"),
    (re.compile(r"Signing KeySets: \d+"), "Signing KeySets: N"),
    (re.compile(r"/\.?(?:org\.holdfast\.probe\.ProbeActivity|Main)\b"), "/ACTIVITY"),
)


def sections() -> dict[str, str]:
    """The recorded commands and what each printed the first time."""
    text = (RECORDED_ANDROID_5_1_1 / "shell.txt").read_text(encoding="utf-8")
    parts = re.split(r"^\$ (.*)\n", text, flags=re.MULTILINE)
    return dict(reversed(list(zip(parts[1::2], parts[2::2], strict=True))))


def plain(text: str) -> list[str]:
    for pattern, name in VARIABLE:
        text = pattern.sub(name, text)
    return [line.rstrip() for line in text.strip().splitlines()]


async def alpha_phone(root: Path) -> Rig:
    rig = await booted(root, "aosp-22")
    for version in (1, 2):
        path = await rig.put(
            f"/data/local/tmp/alpha-v{version}-key1.apk",
            apk(version_code=version, version_name=f"{version}.0", **SPEC),
        )
        await rig.run("pm", "install", "-r", path)
    other = apk(signer="B", version_code=3, version_name="3.0", **SPEC)
    await rig.put("/data/local/tmp/alpha-v3-key2.apk", other)
    return rig


@needs_recordings
async def test_dumpsys_package_has_the_recorded_form(tmp_path: Path) -> None:
    rig = await alpha_phone(tmp_path)
    ours = (await rig.run("dumpsys", "package", ALPHA)).out
    assert plain(ours) == plain(sections()[f"dumpsys package {ALPHA}"])


@needs_recordings
@pytest.mark.parametrize(
    "command",
    [
        f"pm list packages -f {ALPHA[:11]}",
        f"pm list packages -u {ALPHA[:11]}",
        f"pm path {ALPHA}",
        "run-as com.android.calculator2 id",
        "run-as no.such.pkg id",
        f"pm grant {ALPHA} android.permission.CAMERA",
        "settings get global device_provisioned",
        "settings get secure user_setup_complete",
        "pm install /data/local/tmp/none.apk",
        f"pm clear {ALPHA}",
        f"pm uninstall {ALPHA}",
    ],
)
async def test_a_command_says_what_was_recorded(tmp_path: Path, command: str) -> None:
    rig = await alpha_phone(tmp_path)
    answer = await rig.run(*command.split())
    assert plain(answer.error + answer.out) == plain(sections()[command])


@needs_recordings
async def test_an_absent_package_is_refused_as_recorded(tmp_path: Path) -> None:
    rig = await booted(tmp_path, "aosp-22")
    answer = await rig.run("pm", "uninstall", ALPHA)
    assert answer.text == "Failure [DELETE_FAILED_INTERNAL_ERROR]\n"


def test_there_is_no_cmd_on_5_1() -> None:
    assert "cmd" not in commands_of(22)
    assert "cmd" in commands_of(24)


# The installer's screens.


def recorded_screen(name: str) -> ET.Element:
    return ET.fromstring((RECORDED_ANDROID_5_1_1 / f"{name}.xml").read_text(encoding="utf-8"))


def shape(node: ET.Element, depth: int = 0) -> Iterator[str]:
    """A line for each node: everything but where exactly it lies."""
    attributes = {k: v for k, v in node.attrib.items() if k not in ("bounds", "index")}
    yield "  " * depth + str(attributes)
    for child in node:
        yield from shape(child, depth + 1)


async def on_the_confirm_screen(rig: Rig, apk_name: str) -> None:
    await rig.run(
        "am", "start", "-a", "android.intent.action.VIEW",
        "-d", f"file:///data/local/tmp/{apk_name}.apk",
        "-t", "application/vnd.android.package-archive",
    )  # fmt: skip


async def press_install(rig: Rig) -> None:
    screen = rig.phone.screen
    yes = next(v for v in screen.top.view(screen.frame).walk() if v.text == "Install")
    rig.phone.fingers.tap(*yes.bounds.centre)
    while rig.phone.is_busy:
        await rig.run("getprop", "ro.serialno")
        await asyncio.sleep(0.001)


@needs_recordings
@pytest.mark.parametrize(
    ("apk_name", "recording"),
    [("alpha-v2-key1", "same-signer"), ("alpha-v3-key2", "other-signer")],
)
async def test_the_installers_screens_are_those_recorded(
    tmp_path: Path, apk_name: str, recording: str
) -> None:
    rig = await alpha_phone(tmp_path)
    await on_the_confirm_screen(rig, apk_name)
    ours = ET.fromstring(rig.phone.screen.hierarchy())
    assert list(shape(ours)) == list(shape(recorded_screen(f"{recording}-confirm")))
    await press_install(rig)
    ours = ET.fromstring(rig.phone.screen.hierarchy())
    assert list(shape(ours)) == list(shape(recorded_screen(f"{recording}-end")))


@needs_recordings
async def test_on_the_recorded_display_things_lie_where_they_lay(tmp_path: Path) -> None:
    rig = await alpha_phone(tmp_path)
    rig.phone.screen.size_override = (480, 800)
    rig.phone.screen.density_override = 320
    rig.phone.screen.show_bars = False
    await on_the_confirm_screen(rig, "alpha-v2-key1")
    ours = ET.fromstring(rig.phone.screen.hierarchy())
    recorded = recorded_screen("same-signer-confirm")

    def places(root: ET.Element) -> dict[str, str]:
        nodes = (node for node in root.iter("node") if node.get("resource-id"))
        found = {node.attrib["resource-id"]: node.attrib["bounds"] for node in nodes}
        # Text is as wide as the font of the day.
        return {k: v for k, v in found.items() if not k.endswith(("app_name", "/title"))}

    assert places(ours) == places(recorded)
