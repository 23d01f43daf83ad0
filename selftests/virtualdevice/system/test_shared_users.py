"""What a shared user is signed by, over its members' coming and going."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from selftests.virtualdevice.system.apks import NAME, apk, key
from selftests.virtualdevice.system.fake_machine import Rig, booted

SECOND, THIRD = "org.example.second", "org.example.third"
GROUP: dict[str, Any] = {"shared_user_id": "org.example.group"}


async def install(rig: Rig, data: bytes) -> str:
    path = await rig.put("/data/local/tmp/it.apk", data)
    return (await rig.run("pm", "install", "-r", path)).text


def signers(rig: Rig) -> list[bytes]:
    return list(rig.phone.parts.registry.shared_signers[GROUP["shared_user_id"]].signers)


@pytest.mark.parametrize("base", ["aosp-28", "aosp-30", "aosp-33", "aosp-36"])
async def test_a_member_that_has_left_leaves_its_key(tmp_path: Path, base: str) -> None:
    rig = await booted(tmp_path, base)
    assert "Success" in await install(rig, apk(**GROUP))
    rotated = apk(signer="A", rotated_to="B", package_name=SECOND, **GROUP)
    assert "Success" in await install(rig, rotated)
    newest = [key("B").certificate]
    assert signers(rig) == newest
    await rig.run("pm", "uninstall", SECOND)
    await rig.reboot()
    assert signers(rig) == newest
    assert "Success" in await install(rig, apk(signer="B", package_name=THIRD, **GROUP))


@pytest.mark.parametrize("base", ["aosp-24", "aosp-33"])
async def test_the_first_member_decides_and_the_last_one_frees(tmp_path: Path, base: str) -> None:
    rig = await booted(tmp_path, base)
    await install(rig, apk(**GROUP))
    stranger = apk(signer="B", package_name=SECOND, **GROUP)
    assert "INSTALL_FAILED_SHARED_USER_INCOMPATIBLE" in await install(rig, stranger)
    await rig.run("pm", "uninstall", "-k", NAME)
    assert "INSTALL_FAILED_SHARED_USER_INCOMPATIBLE" in await install(rig, stranger)
    await install(rig, apk(**GROUP))
    await rig.run("pm", "uninstall", NAME)
    assert "Success" in await install(rig, stranger)
