"""Staged and multi-package sessions, and rolling an update back: what Android 10 brought."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from selftests.virtualdevice.system.apks import NAME, apk
from selftests.virtualdevice.system.fake_machine import Answer, Rig, booted

OTHER = "org.example.notes"
LETTER = f"/data/data/{NAME}/files/letter"
READY = "Success. Reboot device to apply staged session\n"


async def install(rig: Rig, data: bytes, *options: str) -> Answer:
    path = await rig.put("/data/local/tmp/it.apk", data)
    return await rig.run("pm", "install", *options, path)


async def created(rig: Rig, *options: str) -> str:
    found = re.search(r"\[(\d+)\]", (await rig.run("pm", "install-create", *options)).out)
    assert found is not None
    return found[1]


async def write(rig: Rig, session: str, data: bytes) -> None:
    size = str(len(data))
    words = ("pm", "install-write", "-S", size, session, "base.apk", "-")
    assert (await rig.run(*words, stdin=data)).status == 0


async def group(rig: Rig, *apks: bytes, options: tuple[str, ...] = ()) -> tuple[str, list[str]]:
    parent = await created(rig, "--multi-package", *options)
    children = []
    for data in apks:
        children.append(await created(rig, *options))
        await write(rig, children[-1], data)
    answer = await rig.run("pm", "install-add-session", parent, *children)
    assert answer == Answer(status=0, out="Success\n", error="")
    return parent, children


def version(rig: Rig, name: str = NAME) -> int | None:
    record = rig.phone.parts.registry.installed(name)
    return record.version_code if record else None


async def staged_list(rig: Rig) -> str:
    verb = ("get-stagedsessions",) if rig.phone.api == 29 else ("list", "staged-sessions")
    answer = await rig.run("pm", *verb)
    assert answer.status == 1  # as on Android, whose command takes 1 for the good end
    return answer.out


@pytest.mark.parametrize(
    ("personality", "says"),
    [("aosp-29", "Success\n"), ("aosp-30", READY), ("aosp-33", READY), ("aosp-36", READY)],
)
async def test_a_staged_update_goes_in_with_the_next_boot(
    tmp_path: Path, personality: str, says: str
) -> None:
    rig = await booted(tmp_path, personality)
    await install(rig, apk())
    await rig.put(LETTER, b"dear")
    before = rig.record_line(NAME)
    assert (await install(rig, apk(version_code=2), "--staged")).out == says
    assert version(rig) == 1
    ready = "isStagedSessionReady = true" if rig.phone.api == 29 else "isReady = true"
    assert ready in await staged_list(rig)
    await rig.reboot()
    assert rig.record_line(NAME) == (*before[:2], 2)
    assert rig.machine.files.host(LETTER).exists()
    assert "Applied = true" in await staged_list(rig)
    await rig.reboot()
    assert version(rig) == 2
    assert await rig.machine.files.list("/data/app-staging") == []


async def test_before_android_10_nothing_can_be_staged(tmp_path: Path) -> None:
    rig = await booted(tmp_path, "aosp-28")
    answer = await install(rig, apk(), "--staged")
    assert "java.lang.IllegalArgumentException: Unknown option --staged" in answer.error
    assert answer.status == 255
    assert "Unknown command: get-stagedsessions" in (await rig.run("pm", "get-stagedsessions")).out


@pytest.mark.parametrize(
    ("personality", "says"),
    [
        ("aosp-30", "Error [1] [INSTALL_FAILED_UPDATE_INCOMPATIBLE: Package org.example.chat sig"),
        ("aosp-31", READY),
        ("aosp-34", READY),
    ],
)
async def test_another_signer_is_found_before_the_reboot_or_at_it(
    tmp_path: Path, personality: str, says: str
) -> None:
    rig = await booted(tmp_path, personality)
    await install(rig, apk())
    await rig.put(LETTER, b"dear")
    answer = await install(rig, apk(signer="B", version_code=2), "--staged")
    assert answer.out.startswith(says)
    await rig.reboot()
    assert version(rig) == 1
    assert rig.machine.files.host(LETTER).exists()
    listed = await staged_list(rig)
    assert "isFailed = true" in listed
    if rig.phone.api >= 31:
        assert "Reverting back to safe state. Marking " in listed
        assert "INSTALL_FAILED_UPDATE_INCOMPATIBLE: " in listed


@pytest.mark.parametrize(
    ("personality", "says"),
    [
        ("aosp-30", "Error [1] [INSTALL_FAILED_VERSION_DOWNGRADE]\n"),
        (
            "aosp-34",
            (
                "Failure [INSTALL_FAILED_VERSION_DOWNGRADE: Downgrade detected: Update version "
                "code 1 is older than current 2]\n"
            ),
        ),
    ],
)
async def test_a_lower_version_is_not_staged(tmp_path: Path, personality: str, says: str) -> None:
    rig = await booted(tmp_path, personality)
    await install(rig, apk(version_code=2))
    assert (await install(rig, apk(version_code=1), "--staged")).out == says


@pytest.mark.parametrize(
    ("personality", "says"),
    [
        ("aosp-31", "INSTALL_FAILED_VERSION_DOWNGRADE: Package Verification Result"),
        ("aosp-34", "INSTALL_FAILED_VERSION_DOWNGRADE: Failed to verify version code"),
    ],
)
async def test_what_was_staged_is_checked_again_when_it_is_applied(
    tmp_path: Path, personality: str, says: str
) -> None:
    rig = await booted(tmp_path, personality)
    await install(rig, apk())
    assert (await install(rig, apk(version_code=2), "--staged")).out == READY
    assert (await install(rig, apk(version_code=3))).out == "Success\n"
    await rig.reboot()
    assert version(rig) == 3
    assert says in await staged_list(rig)


async def test_an_abandoned_staged_session_changes_nothing(tmp_path: Path) -> None:
    rig = await booted(tmp_path, "aosp-34")
    await install(rig, apk())
    await install(rig, apk(version_code=2), "--staged")
    number = (await rig.run("pm", "list", "staged-sessions", "--only-sessionid")).out.strip()
    assert (await rig.run("pm", "install-abandon", number)).out == "Success\n"
    assert (await rig.run("pm", "list", "staged-sessions")).out == ""
    await rig.reboot()
    assert version(rig) == 1


@pytest.mark.parametrize(
    ("personality", "says"),
    [
        ("aosp-29", "There is already in-progress committed staged session "),
        ("aosp-30", "INSTALL_FAILED_OTHER_STAGED_SESSION_IN_PROGRESS: Package: org.example.chat"),
        ("aosp-31", "Error [1] [Package: org.example.chat in session: "),
        ("aosp-34", " has been staged already by session: "),
    ],
)
async def test_a_package_is_staged_once_at_a_time(
    tmp_path: Path, personality: str, says: str
) -> None:
    rig = await booted(tmp_path, personality)
    assert (await install(rig, apk(), "--staged")).status == 0
    again = await install(rig, apk(version_code=2), "--staged")
    assert says in again.out
    assert again.status == 1
    await rig.reboot()
    assert version(rig) == 1


async def test_of_two_staged_sessions_none_goes_in_if_one_cannot(tmp_path: Path) -> None:
    rig = await booted(tmp_path, "aosp-34")
    await install(rig, apk())
    await install(rig, apk(signer="B", version_code=2), "--staged")
    assert (await install(rig, apk(package_name=OTHER), "--staged")).out == READY
    await rig.reboot()
    assert (version(rig), version(rig, OTHER)) == (1, None)
    assert (await staged_list(rig)).count("isFailed = true") == 2


@pytest.mark.parametrize("personality", ["aosp-29", "aosp-34"])
async def test_a_group_of_packages_goes_in_together(tmp_path: Path, personality: str) -> None:
    rig = await booted(tmp_path, personality)
    parent, _ = await group(rig, apk(), apk(package_name=OTHER, version_code=7))
    assert (await rig.run("pm", "install-commit", parent)).out == "Success\n"
    assert (version(rig), version(rig, OTHER)) == (1, 7)


@pytest.mark.parametrize(
    ("second", "says"),
    [
        (apk(package_name=OTHER, signer="B"), "INSTALL_FAILED_UPDATE_INCOMPATIBLE: "),
        (apk(), "INSTALL_FAILED_DUPLICATE_PACKAGE: Duplicate package org.example.chat in multi-"),
        (b"no apk", "INSTALL_PARSE_FAILED_NOT_APK"),
    ],
)
async def test_a_group_with_one_that_is_refused_stays_out_altogether(
    tmp_path: Path, second: bytes, says: str
) -> None:
    rig = await booted(tmp_path, "aosp-34")
    await install(rig, apk(package_name=OTHER))
    parent, _ = await group(rig, apk(), second)
    answer = await rig.run("pm", "install-commit", parent)
    assert answer.out.startswith(f"Failure [{says}")
    assert (version(rig), version(rig, OTHER)) == (None, 1)


async def test_a_staged_group_is_listed_with_its_members(tmp_path: Path) -> None:
    rig = await booted(tmp_path, "aosp-34")
    apks = (apk(), apk(package_name=OTHER))
    parent, children = await group(rig, *apks, options=("--staged",))
    assert (await rig.run("pm", "install-commit", parent)).out == READY
    numbers = (await rig.run("pm", "list", "staged-sessions", "--only-sessionid")).out
    assert numbers == f"{parent}\n  {children[0]}\n  {children[1]}\n"
    await rig.reboot()
    assert (version(rig), version(rig, OTHER)) == (1, 1)


async def test_a_group_is_staged_as_a_whole_or_not(tmp_path: Path) -> None:
    rig = await booted(tmp_path, "aosp-30")
    parent, child = await created(rig, "--multi-package", "--staged"), await created(rig)
    await write(rig, child, apk())
    await rig.run("pm", "install-add-session", parent, child)
    assert (await rig.run("pm", "install-commit", parent)).out == (
        "Failure [INSTALL_FAILED_MULTIPACKAGE_INCONSISTENCY: Multipackage Inconsistency: session "
        f"{child} and session {parent} have inconsistent staged settings]\n"
    )


async def test_only_a_group_takes_children(tmp_path: Path) -> None:
    rig = await booted(tmp_path, "aosp-34")
    one, two = await created(rig), await created(rig)
    assert (await rig.run("pm", "install-add-session", one, two)).error == (
        "Error: parent session ID is not a multi-package session\n"
    )
    parent = await created(rig, "--multi-package")
    assert (
        "Unable to add child session 7 as it does not exist."
        in (await rig.run("pm", "install-add-session", parent, "7")).error
    )
    assert (await rig.run("pm", "install-add-session", parent)).out == (
        "Error: At least two sessions are required.\n"
    )


@pytest.mark.parametrize(
    ("policy", "letters"), [((), {"before"}), (("1",), set()), (("2",), {"before", "after"})]
)
@pytest.mark.parametrize("personality", ["aosp-29", "aosp-34"])
async def test_an_update_is_rolled_back_with_the_data_of_its_policy(
    tmp_path: Path, personality: str, policy: tuple[str, ...], letters: set[str]
) -> None:
    rig = await booted(tmp_path, personality)
    await install(rig, apk())
    files = f"/data/data/{NAME}/files"
    await rig.put(f"{files}/before", b"old")
    before = rig.record_line(NAME)
    await install(rig, apk(version_code=2), "--enable-rollback", *policy)
    await rig.put(f"{files}/after", b"new")
    await rig.reboot()
    assert (await rig.run("pm", "rollback-app", NAME)).out == "Success\n"
    assert rig.record_line(NAME) == before
    assert set(await rig.machine.files.list(files)) == letters
    again = await rig.run("pm", "rollback-app", NAME)
    assert again == Answer(status=1, out=f"No available rollbacks for: {NAME}\n", error="")


async def test_a_later_update_takes_the_place_of_what_was_kept_for_an_earlier_one(
    tmp_path: Path,
) -> None:
    rig = await booted(tmp_path, "aosp-34")
    await install(rig, apk())
    for version_code in (2, 3):
        await install(rig, apk(version_code=version_code), "--enable-rollback")
    kept = [name for name in await rig.machine.files.list("/data/rollback") if name.isdigit()]
    assert len(kept) == 1
    assert (await rig.run("pm", "rollback-app", NAME)).out == "Success\n"
    assert version(rig) == 2


async def test_what_was_found_wanting_before_the_reboot_leaves_no_files(tmp_path: Path) -> None:
    rig = await booted(tmp_path, "aosp-30")
    await install(rig, apk())
    assert (await install(rig, apk(signer="B", version_code=2), "--staged")).status == 1
    assert await rig.machine.files.list("/data/app-staging") == []


@pytest.mark.parametrize("change", ["update", "uninstall"])
async def test_a_rollback_is_gone_with_the_version_that_it_was_for(
    tmp_path: Path, change: str
) -> None:
    rig = await booted(tmp_path, "aosp-34")
    await install(rig, apk())
    await install(rig, apk(version_code=2), "--enable-rollback")
    if change == "update":
        await install(rig, apk(version_code=3))
    else:
        await rig.run("pm", "uninstall", NAME)
        await install(rig, apk(version_code=2))
    assert "No available rollbacks" in (await rig.run("pm", "rollback-app", NAME)).out


async def test_a_rollback_to_an_earlier_signer_is_taken_from_13_on(tmp_path: Path) -> None:
    for personality, goes_back in (("aosp-30", False), ("aosp-34", True)):
        (tmp_path / personality).mkdir()
        rig = await booted(tmp_path / personality, personality)
        await install(rig, apk())
        rotated = apk(version_code=2, rotated_to="B")
        assert (await install(rig, rotated, "--enable-rollback")).out == "Success\n"
        answer = await rig.run("pm", "rollback-app", NAME)
        assert (answer.out == "Success\n") is goes_back, answer
        assert version(rig) == (1 if goes_back else 2)
