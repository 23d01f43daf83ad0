"""Install sessions that have not ended: over reboots, and what is thrown about them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from selftests.virtualdevice.system.apks import NAME, apk
from selftests.virtualdevice.system.fake_machine import SHELL, Answer, Rig, booted
from virtualdevice.seams import Credentials

DAY_MS = 24 * 60 * 60 * 1000
OLD_APP = Credentials(uid=10123, gid=10123)
NO_ACCESS = "Caller has no access to session"
CHILD = "Session {child} is a child of multi-package session {parent} and may not be"


async def created(rig: Rig, *options: str) -> str:
    found = re.search(r"\[(\d+)\]", (await rig.run("pm", "install-create", *options)).out)
    assert found is not None
    return found[1]


async def write(rig: Rig, session: str, data: bytes, name: str = "base.apk") -> Answer:
    size = str(len(data))
    return await rig.run("pm", "install-write", "-S", size, session, name, "-", stdin=data)


async def set_back(rig: Rig, days: float) -> None:
    """As if all sessions had been created so long ago."""
    for session in rig.phone.sessions:
        session.created_ms -= int(days * DAY_MS)
    other = await created(rig)  # writes all of them down
    assert (await rig.run("pm", "install-abandon", other)).status == 0


def stages(rig: Rig) -> list[str]:
    return [path.name for path in rig.machine.files.host("/data/app").glob("vmdl*")]


def logged(rig: Rig, *, tag: str = "PackageInstaller") -> list[str]:
    return [line.text for line in rig.phone.parts.log.lines(["system"]) if line.tag == tag]


@pytest.mark.parametrize("personality", ["aosp-25", "aosp-28", "aosp-30", "aosp-33", "aosp-36"])
async def test_a_session_outlives_a_reboot_with_what_was_written(
    tmp_path: Path, personality: str
) -> None:
    rig = await booted(tmp_path, personality)
    number = await created(rig)
    await write(rig, number, apk())
    assert stages(rig) == [f"vmdl{number}.tmp"]
    await rig.reboot()
    assert (await rig.run("pm", "install-commit", number)).out == "Success\n"
    assert rig.phone.parts.registry.installed(NAME) is not None
    assert stages(rig) == []
    await rig.reboot()
    assert NO_ACCESS in (await rig.run("pm", "install-commit", number)).error


@pytest.mark.parametrize(
    ("personality", "says"),
    [
        ("aosp-28", "Abandoning old session first created at "),
        ("aosp-30", "Abandoning old session created at "),
        ("aosp-36", "Abandoning old session created at "),
    ],
)
async def test_a_session_is_forgotten_at_a_boot_after_three_days(
    tmp_path: Path, personality: str, says: str
) -> None:
    rig = await booted(tmp_path, personality)
    number = await created(rig)
    await write(rig, number, apk())
    await set_back(rig, 2.9)
    await rig.reboot()
    assert len(list(rig.phone.sessions)) == 1
    await set_back(rig, 0.2)
    await rig.reboot()
    assert list(rig.phone.sessions) == []
    assert stages(rig) == []
    lines = logged(rig)
    assert any(line.startswith(says) for line in lines)
    assert f"Deleting orphan stage /data/app/vmdl{number}.tmp" in lines
    removed = f"Remove old session: {number}" in lines
    assert removed is (rig.phone.api >= 33)


async def test_a_group_grows_old_as_a_whole_from_android_13_on(tmp_path: Path) -> None:
    rig = await booted(tmp_path, "aosp-33")
    parent, child = await created(rig, "--multi-package"), await created(rig)
    await rig.run("pm", "install-add-session", parent, child)
    for session in rig.phone.sessions:
        if session.parent:
            session.created_ms -= 4 * DAY_MS
    await set_back(rig, 0)
    await rig.reboot()
    assert len(list(rig.phone.sessions)) == 2
    await set_back(rig, 3)
    await rig.reboot()
    assert list(rig.phone.sessions) == []


@pytest.mark.parametrize(("personality", "stays"), [("aosp-22", False), ("aosp-23", True)])
async def test_android_5_forgets_a_session_that_nobody_opened(
    tmp_path: Path, personality: str, stays: bool
) -> None:
    rig = await booted(tmp_path, personality)
    number = await created(rig)
    await rig.reboot()
    assert bool(list(rig.phone.sessions)) is stays
    says = f"Abandoning internal session with missing stage /data/app/vmdl{number}.tmp"
    assert (says in logged(rig)) is not stays


async def test_a_stage_without_a_session_is_deleted_at_a_boot(tmp_path: Path) -> None:
    rig = await booted(tmp_path, "aosp-33")
    await rig.put("/data/app/vmdl77.tmp/base.apk", b"half an ap")
    await rig.put("/data/app-staging/session_78/base.apk", b"half")
    await rig.reboot()
    assert stages(rig) == []
    assert await rig.machine.files.list("/data/app-staging") == []
    assert "Deleting orphan stage /data/app/vmdl77.tmp" in logged(rig)


async def test_a_staged_session_does_not_grow_old_before_it_is_over(tmp_path: Path) -> None:
    rig = await booted(tmp_path, "aosp-33")
    number = await created(rig, "--staged")
    await write(rig, number, apk())
    await set_back(rig, 30)
    await rig.reboot()
    assert (await rig.run("pm", "install-commit", number)).status == 0
    await rig.reboot()
    assert rig.phone.parts.registry.installed(NAME) is not None


@pytest.mark.parametrize(
    ("personality", "command", "status", "error"),
    [
        ("aosp-25", "pm", 1, "Error: java.lang.SecurityException: {says}\n"),
        (
            "aosp-25", "cmd", 255,
            "Security exception: {says}\n\njava.lang.SecurityException: {says}\n",
        ),
        (
            "aosp-28", "pm", 255,
            "Security exception: {says}\n\njava.lang.SecurityException: {says}\n",
        ),
        (
            "aosp-33", "pm", 255,
            ("\nException occurred while executing '{verb}':\n"
            "java.lang.SecurityException: {says}\n"),
        ),
    ],
)  # fmt: skip
async def test_a_session_that_is_not_there_is_no_business_of_the_caller(
    tmp_path: Path, personality: str, command: str, status: int, error: str
) -> None:
    rig = await booted(tmp_path, personality)
    head = ("pm",) if command == "pm" else ("cmd", "package")
    for words in (
        ("install-commit", "7"),
        ("install-abandon", "7"),
        ("install-write", "-S", "1", "7", "base.apk", "-"),
    ):
        says = f"{NO_ACCESS} 7"
        expected = error.format(says=says, verb=words[0])
        answer = await rig.run(*head, *words, stdin=b"x")
        assert answer == Answer(status=status, out="", error=expected)


async def test_a_session_is_its_creators_and_roots_alone(tmp_path: Path) -> None:
    rig = await booted(tmp_path, "aosp-33")
    number = await created(rig)
    theirs = await rig.run("pm", "install-abandon", number, caller=OLD_APP)
    assert f"{NO_ACCESS} {number}" in theirs.error
    root = Credentials(uid=0, gid=0)
    assert (await rig.run("pm", "install-abandon", number, caller=root)).out == "Success\n"


async def test_a_session_is_committed_once(tmp_path: Path) -> None:
    rig = await booted(tmp_path, "aosp-33")
    number = await created(rig)
    await write(rig, number, apk())
    assert (await rig.run("pm", "install-commit", number)).status == 0
    assert f"{NO_ACCESS} {number}" in (await rig.run("pm", "install-commit", number)).error


@pytest.mark.parametrize(
    ("personality", "cookie"),
    [("aosp-29", "openWrite"), ("aosp-30", "assertCanWrite"), ("aosp-36", "assertCanWrite")],
)
async def test_nothing_is_written_to_a_session_that_was_committed(
    tmp_path: Path, personality: str, cookie: str
) -> None:
    rig = await booted(tmp_path, personality)
    number = await created(rig, "--staged")
    await write(rig, number, apk())
    assert (await rig.run("pm", "install-commit", number)).status == 0
    answer = await write(rig, number, apk(version_code=2))
    assert f"java.lang.SecurityException: {cookie} not allowed after commit\n" in answer.error


async def test_a_commit_that_the_power_cut_can_be_made_again(tmp_path: Path) -> None:
    rig = await booted(tmp_path, "aosp-33")
    number = await created(rig)
    await write(rig, number, apk())
    session = next(iter(rig.phone.sessions))
    session.sealed = True
    await set_back(rig, 0)
    await rig.reboot()
    assert "not allowed after commit" in (await write(rig, number, b"x")).error
    assert (await rig.run("pm", "install-commit", number)).out == "Success\n"


@pytest.mark.parametrize(("personality", "stays"), [("aosp-28", False), ("aosp-33", True)])
async def test_a_sealed_session_without_an_apk_ends_at_a_boot_of_9_to_11(
    tmp_path: Path, personality: str, stays: bool
) -> None:
    rig = await booted(tmp_path, personality)
    number = await created(rig)
    await write(rig, number, b"no apk")
    next(iter(rig.phone.sessions)).sealed = True
    await set_back(rig, 0)
    await rig.reboot()
    assert bool(list(rig.phone.sessions)) is stays


@pytest.mark.parametrize(
    ("personality", "abandoned", "committed"),
    [
        ("aosp-30", f"{CHILD} abandoned directly.", f"{CHILD} committed directly."),
        (
            "aosp-33",
            "abandon can't be called on a child session, id={child} parentId={parent}",
            "commit can't be called on a child session, id={child} parentId={parent}",
        ),
    ],
)
async def test_a_child_goes_with_its_group(
    tmp_path: Path, personality: str, abandoned: str, committed: str
) -> None:
    rig = await booted(tmp_path, personality)
    parent, child = await created(rig, "--multi-package"), await created(rig)
    await write(rig, child, apk())
    await rig.run("pm", "install-add-session", parent, child)
    facts = {"parent": parent, "child": child}
    for verb, says in (("abandon", abandoned), ("commit", committed)):
        answer = await rig.run("pm", f"install-{verb}", child)
        assert f"java.lang.IllegalStateException: {says.format(**facts)}\n" in answer.error
    assert (await rig.run("pm", "install-abandon", parent)).out == "Success\n"
    assert stages(rig) == []
    assert NO_ACCESS in (await rig.run("pm", "install-abandon", child)).error


@pytest.mark.parametrize(
    ("personality", "missing", "taken", "nested"),
    [
        (
            "aosp-30",
            "Unable to add child session 7 as it does not exist or is in an invalid state.",
            "Unable to add child session {child} as it does not exist or is in an invalid state.",
            "",
        ),
        (
            "aosp-34",
            "Unable to add child session 7 as it does not exist.",
            "Unable to add child session {child} as it is in an invalid state.",
            "Multi-session {other} can't be a child.",
        ),
    ],
)
async def test_what_cannot_be_a_child_is_told(
    tmp_path: Path, personality: str, missing: str, taken: str, nested: str
) -> None:
    rig = await booted(tmp_path, personality)
    parent, child = await created(rig, "--multi-package"), await created(rig)
    other = await created(rig, "--multi-package")
    assert (await rig.run("pm", "install-add-session", parent, child)).out == "Success\n"
    assert (await rig.run("pm", "install-add-session", parent, child)).out == "Success\n"
    cases = [(parent, "7", missing), (other, child, taken), (parent, other, nested)]
    for group, member, says in cases:
        error = (await rig.run("pm", "install-add-session", group, member)).error
        assert says.format(child=child, other=other) in error
        assert bool(error) is bool(says)


async def test_a_child_with_other_settings_is_refused_when_it_is_added_from_12_on(
    tmp_path: Path,
) -> None:
    rig = await booted(tmp_path, "aosp-34")
    parent, child = await created(rig, "--multi-package", "--staged"), await created(rig)
    assert (
        f"Multipackage Inconsistency: session {child} and session {parent} have inconsistent "
        "staged settings\n"
    ) in (await rig.run("pm", "install-add-session", parent, child)).error


async def test_a_split_is_removed_of_a_named_package_only(tmp_path: Path) -> None:
    rig = await booted(tmp_path, "aosp-33")
    number = await created(rig)
    answer = await rig.run("pm", "install-remove", number, "xxhdpi")
    assert "IllegalStateException: Must specify package name to remove a split\n" in answer.error


@pytest.mark.parametrize(
    ("personality", "has", "has_not"),
    [
        ("aosp-25", {"installerUid=2000 ", "mPermissionsAccepted=false "}, {"mCommitted=false "}),
        ("aosp-28", {"mOriginalInstallerUid=2000 ", "mFds=0 "}, {"isStaged=false "}),
        ("aosp-30", {"updatedMillis=", "mChildSessionIds={} "}, {"committedMillis="}),
        ("aosp-33", {"Active Session ", "mSessionReady=false "}, {"mStagedSessionReady="}),
        ("aosp-36", {"Active Session ", "unarchiveId=-1 "}, {"grantedRuntimePermissions="}),
    ],
)
async def test_dumpsys_shows_the_sessions_in_the_format_of_the_version(
    tmp_path: Path, personality: str, has: set[str], has_not: set[str]
) -> None:
    rig = await booted(tmp_path, personality)
    number = await created(rig, "-S", "4096")
    await write(rig, number, apk())
    shown = (await rig.run("dumpsys", "package", "installs")).out
    head, _, tail = shown.partition("Historical install sessions:\n")
    assert head.startswith("Active install sessions:\n")
    assert f"Session {number}:\n    userId=0 " in head
    assert f"stageDir=/data/app/vmdl{number}.tmp " in head
    assert "sizeBytes=4096 " in head
    assert all(text in head for text in has)
    assert not any(text in head for text in has_not)
    assert max(map(len, head.splitlines())) <= 120
    assert "Session" not in tail
    await rig.run("pm", "install-abandon", number)
    _, _, tail = (await rig.run("dumpsys", "package", "installs")).out.partition("Historical")
    assert f"Session {number}:\n" in tail
    assert "mFinalStatus=-115 " in tail
    assert tail.count("Legacy install sessions:\n  {}\n") == 1


async def test_a_session_is_written_down_as_the_systems(tmp_path: Path) -> None:
    rig = await booted(tmp_path, "aosp-33")
    number = await created(rig)
    await write(rig, number, apk())
    stat = await rig.machine.files.stat(f"/data/app/vmdl{number}.tmp")
    assert stat is not None
    assert (stat.uid, stat.mode) == (1000, 0o775)
    assert SHELL.uid == next(iter(rig.phone.sessions)).owner_uid
