"""What each Android's `pm` and `cmd package` say when they cannot do it: text, stream, status.

Sources: Pm.java of 5.0, 6.0, 8.0, 8.1; PackageManagerShellCommand of 7.0 to 16; ShellCommand and
BasicShellCommandHandler, PermissionManagerService of the same versions.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from selftests.virtualdevice.system.apks import NAME, apk
from selftests.virtualdevice.system.fake_machine import Answer, Rig, booted

OLD_USAGE = "usage: pm list packages [-f] [-d] [-e] [-s] [-3] [-i] [-u] [--user USER_ID] [FILTER]\n"
USAGE = "usage: pm path [--user USER_ID] PACKAGE\n"
SAID_8 = "\nException occurred while executing:\n"
SAID_7 = "\nException occurred while dumping:\n"
ILLEGAL = "java.lang.IllegalArgumentException: "
NONE = "org.example.none"
FINE = "android.permission.ACCESS_FINE_LOCATION"
INTERNET = "android.permission.INTERNET"
CAMERA = "android.permission.CAMERA"


def said_11(verb: str) -> str:
    return f"\nException occurred while executing '{verb}':\n"


def denied_8(text: str) -> str:
    return f"Security exception: {text}\n\njava.lang.SecurityException: {text}\n"


def denied_11(verb: str, text: str) -> str:
    return f"{said_11(verb)}java.lang.SecurityException: {text}\n"


MAY_NOT_DISABLE = "Shell cannot change component state for"
NO_TYPE = "is not a changeable permission type"
Row = tuple[str, int, str, str]
ROWS: dict[int, list[Row]] = {
    21: [
        ("pm dance", 0, "", "Error: unknown command 'dance'\n" + OLD_USAGE),
        ("pm list", 0, "", "Error: didn't specify type of data to list\n"),
        ("pm list dishes", 0, "", "Error: unknown list type 'dishes'\n"),
        ("pm list packages -U", 0, "", "Error: Unknown option: -U\n"),
        (f"pm path {NONE}", 0, "", ""),
        (f"pm uninstall --user 0 {NONE}", 0, "", "Failure - not installed for 0\n"),
        (f"pm clear {NONE}", 0, "", "Failed\n"),
        ("pm install", 0, "", "\tpkg: null\nError: no package specified\n"),
    ],
    23: [
        ("pm dance", 1, "", "Error: unknown command 'dance'\n" + OLD_USAGE),
        ("pm list dishes", 1, "", "Error: unknown list type 'dishes'\n"),
        (f"pm path {NONE}", 1, "", ""),
        ("pm uninstall", 1, "", "Error: no package specified\n"),
        ("pm suspend x", 1, "", "Error: unknown command 'suspend'\n" + OLD_USAGE),
        (
            f"pm grant {NAME} {FINE}",
            1,
            "",
            (
                "Operation not allowed: java.lang.SecurityException: Package "
                f"{NAME} has not requested permission {FINE}\n"
            ),
        ),
        (
            f"pm grant {NONE} {FINE}",
            1,
            "",
            f"Bad argument: {ILLEGAL}Unknown package: {NONE}\n",
        ),
    ],
    25: [
        ("pm dance", 1, "", "Error: unknown command 'dance'\n" + USAGE),
        ("cmd package dance", 255, "Unknown command: dance\n", ""),
        (f"cmd package path {NAME}", 255, "Unknown command: path\n", ""),
        # Java's pm hands these two on and does not learn how they ended.
        ("pm list dishes", 0, "Error: unknown list type 'dishes'\n", ""),
        ("cmd package list dishes", 255, "Error: unknown list type 'dishes'\n", ""),
        ("pm list packages -U", 0, "Error: Unknown option: -U\n", ""),
        (f"pm uninstall {NONE}", 0, "Failure [DELETE_FAILED_INTERNAL_ERROR]\n", ""),
        (f"cmd package uninstall {NONE}", 1, "Failure [DELETE_FAILED_INTERNAL_ERROR]\n", ""),
        ("pm install --odd", 1, "", f"Error: {ILLEGAL}Unknown option --odd\n"),
        ("cmd package install --odd", 255, "", f"{SAID_7}{ILLEGAL}Unknown option --odd\n"),
        ("cmd package suspend", 1, "Error: package name not specified\n", ""),
        ("pm install-existing x", 1, "", "Error: unknown command 'install-existing'\n" + USAGE),
    ],
    27: [
        (f"pm path {NONE}", 1, "", ""),
        ("pm path", 1, "", "Error: no package specified\n"),
        (f"pm clear --user x {NAME}", 1, "", "Error: no USER_ID specified\n"),
        ("cmd package has-feature", 1, "", "Error: expected FEATURE name\n"),
        ("cmd package has-feature android.hardware.wifi", 0, "true\n", ""),
        ("cmd package install-write 1 base", 255, "", "*"),
        ("pm list packages --uid x", 0, "*", ""),
        (
            f"pm enable {NONE}",
            1,
            "",
            f"Error: {ILLEGAL}Unknown package: {NONE}\n",
        ),
    ],
    28: [
        ("pm dance", 255, "Unknown command: dance\n", ""),
        ("pm list", 255, "Error: didn't specify type of data to list\n", ""),
        ("pm list packages --odd", 255, "Error: Unknown option: --odd\n", ""),
        (
            "pm list packages --user x",
            255,
            f"Error: {ILLEGAL}Bad user number: x\n",
            "",
        ),
        ("pm list packages -a", 255, "Error: Unknown option: -a\n", ""),
        ("pm path", 255, "", f'{SAID_8}{ILLEGAL}Argument expected after "path"\n'),
        (f"pm path --user x {NAME}", 255, "", f"{SAID_8}{ILLEGAL}Bad user number: x\n"),
        (f"pm enable {NONE}", 255, "", f"{SAID_8}{ILLEGAL}Unknown package: {NONE}\n"),
        (
            f"pm disable {NAME}",
            255,
            "",
            denied_8(f"{MAY_NOT_DISABLE} {NAME}/null to 2"),
        ),
        (
            f"pm grant {NAME} {INTERNET}",
            255,
            "",
            denied_8(f"Permission {INTERNET} {NO_TYPE}"),
        ),
        (f"pm suspend {NONE}", 1, f"{ILLEGAL}Unknown target package: {NONE}\n", ""),
        ("pm uninstall --odd x", 1, "Error: Unknown option: --odd\n", ""),
        ("pm set-installer x", 1, "", "Must provide both target and installer package names\n"),
        ("pm compile x", 1, "Cannot run without any of*", ""),
        ("pm compile -m speed x", 1, "Failure: package x could not be compiled\n", ""),
        (f"pm compile -m speed -f {NAME}", 0, "Success\n", ""),
        ("pm trim-caches 1x", 1, "", "Invalid suffix: x\n"),
        ("pm get-install-location", 0, "0[auto]\n", ""),
        ("pm set-install-location", 1, "", "Error: no install location specified.\n"),
    ],
    30: [
        (f"pm grant {NONE} {FINE}", 0, "", ""),
        ("pm install -S 5 - more", 1, "Error: can't specify SPLIT(s) along with STDIN\n", ""),
        ("pm install", 1, "Error: must either specify a package size or an APK file\n", ""),
        ("pm install -S 0", 255, "", f"{said_11('install')}{ILLEGAL}Size must be positive\n"),
        ("pm uninstall --user 0 " + NONE, 1, "Failure [not installed for 0]\n", ""),
        (
            f"pm grant {NAME} {INTERNET}",
            255,
            "",
            denied_11("grant", f"Permission {INTERNET} requested by {NAME} {NO_TYPE}"),
        ),
        (f"pm clear --odd {NAME}", 0, "Success\n", ""),
    ],
    34: [
        (
            f"pm disable {NAME}",
            255,
            "",
            denied_11("disable", f"{MAY_NOT_DISABLE} null to 2"),
        ),
        ("pm clear --odd x", 1, "Error: Unknown option: --odd\n", ""),
        (f"pm clear --cache-only {NAME}", 0, "Success\n", ""),
        (
            "pm install --multi-package x",
            255,
            "",
            f"{said_11('install')}{ILLEGAL}Unsupported option --multi-package\n",
        ),
        ("pm help", 255, "Package manager (package) commands:*", ""),
    ],
    35: [
        (
            f"pm grant {NONE} {FINE}",
            1,
            "Failure [package not found]\n",
            "Error: package not found\n",
        ),
        (f"pm grant {NAME} {FINE}", 0, "", ""),
        ("pm uninstall --user 77 x", 1, "Failure [user 77 doesn't exist]\n", ""),
        ("pm install --user 77 x", 1, "Failure [user 77 doesn't exist]\n", ""),
        ("pm help", 0, "Package manager (package) commands:*", ""),
    ],
}


def is_like(said: str, wanted: str) -> bool:
    """A star at the end stands for the rest."""
    return said.startswith(wanted[:-1]) if wanted.endswith("*") else said == wanted


@pytest.mark.parametrize("api", ROWS)
async def test_a_refusal_has_the_text_stream_and_status_of_the_version(
    tmp_path: Path, api: int
) -> None:
    rig = await booted(tmp_path, f"aosp-{api}")
    path = await rig.put("/data/local/tmp/it.apk", apk())
    await rig.run("pm", "install", path)
    wrong = []
    for words, status, out, error in ROWS[api]:
        answer = await rig.run(*words.split())
        same = answer.status == status and is_like(answer.out, out) and is_like(answer.error, error)
        if not same:
            wrong.append((words, answer))
    assert wrong == []


async def session(rig: Rig, *words: str) -> str:
    answer = await rig.run("cmd", "package", "install-create", *words)
    return answer.out.partition("[")[2].partition("]")[0]


@pytest.mark.parametrize(
    ("api", "on_stdout", "text"),
    [
        (25, True, "Error: must specify a APK size\n"),
        (28, False, "Error: must specify a APK size\n"),
        (33, False, "Error: must specify a APK size\n"),
        (34, False, "Error: must specify an APK size\n"),
    ],
)
async def test_a_write_from_a_stream_wants_its_size(
    tmp_path: Path, api: int, on_stdout: bool, text: str
) -> None:
    rig = await booted(tmp_path, f"aosp-{api}")
    number = await session(rig)
    answer = await rig.run("cmd", "package", "install-write", number, "base.apk", "-", stdin=b"a")
    out, error = (text, "") if on_stdout else ("", text)
    assert answer == Answer(status=1, out=out, error=error)


@pytest.mark.parametrize(("api", "said"), [(25, "40"), (34, "5000")])
async def test_a_stream_that_ends_early_is_found_out_when_it_is_committed(
    tmp_path: Path, api: int, said: str
) -> None:
    rig = await booted(tmp_path, f"aosp-{api}")
    number = await session(rig)
    words = ("cmd", "package", "install-write", "-S", "5000", number, "base.apk", "-")
    assert (await rig.run(*words, stdin=b"a" * 40)).out == f"Success: streamed {said} bytes\n"
    answer = await rig.run("cmd", "package", "install-commit", number)
    assert answer.out.startswith("Failure [INSTALL_PARSE_FAILED_NOT_APK")


@pytest.mark.parametrize(("api", "status"), [(25, 4), (28, 4), (30, 1)])
async def test_a_commit_that_fails_ends_with_the_public_status_up_to_10(
    tmp_path: Path, api: int, status: int
) -> None:
    rig = await booted(tmp_path, f"aosp-{api}")
    number = await session(rig)
    await rig.run(
        "cmd", "package", "install-write", "-S", "9", number, "base.apk", "-", stdin=b"no apk at"
    )
    assert (await rig.run("cmd", "package", "install-commit", number)).status == status


async def test_uninstalling_with_the_name_of_a_split_removes_that_alone(tmp_path: Path) -> None:
    rig = await booted(tmp_path, "aosp-30")
    base = await rig.put("/data/local/tmp/base.apk", apk())
    split = await rig.put("/data/local/tmp/more.apk", apk(split_name="more"))
    assert (await rig.run("pm", "install", base, split)).out == "Success\n"
    assert len((await rig.run("pm", "path", NAME)).out.splitlines()) == 2
    assert (await rig.run("pm", "uninstall", NAME, "more")).out == "Success\n"
    assert len((await rig.run("pm", "path", NAME)).out.splitlines()) == 1


async def test_permissions_are_listed_without_a_sign_before_them(tmp_path: Path) -> None:
    rig = await booted(tmp_path, "aosp-30")
    answer = await rig.run("pm", "list", "permissions")
    assert answer.out.startswith("All Permissions:\n\n")
    assert not any(line.startswith("+") for line in answer.out.splitlines())
    dangerous = await rig.run("pm", "list", "permissions", "-d")
    assert dangerous.out == "Dangerous Permissions:\n\n"


async def test_clearing_the_caches_leaves_the_data(tmp_path: Path) -> None:
    rig = await booted(tmp_path, "aosp-34")
    path = await rig.put("/data/local/tmp/it.apk", apk())
    await rig.run("pm", "install", path)
    await rig.put(f"/data/data/{NAME}/files/letter", b"dear")
    await rig.put(f"/data/data/{NAME}/cache/thumb", b"t")
    assert (await rig.run("pm", "clear", "--cache-only", NAME)).out == "Success\n"
    home = rig.machine.files.host(f"/data/data/{NAME}")
    assert (home / "files/letter").exists()
    assert not (home / "cache/thumb").exists()
