"""What `settings`, `wm`, `input` and others say in each version: text, stream and status."""

from __future__ import annotations

from pathlib import Path

import pytest

from selftests.virtualdevice.system.fake_machine import booted
from selftests.virtualdevice.system.test_package_texts import is_like, said_11

Row = tuple[str, int, str, str]
SETTINGS: dict[int, list[Row]] = {
    22: [
        ("settings list system", 0, "", "usage:  settings [--user NUM] get *"),
        ("settings get global nothing", 0, "null\n", ""),
        ("settings get odd nothing", 0, "", "Invalid namespace 'odd'\nusage: *"),
        ("settings get global a b", 0, "", "Too many arguments\nusage: *"),
    ],
    25: [
        ("settings put global a", 0, "", "usage:  settings [--user NUM] get *"),
        ("settings list odd", 0, "", "Invalid namespace 'odd'\nusage: *"),
        ("settings reset secure untrusted_clear", 0, "", "Invalid command: reset\nusage: *"),
    ],
    27: [
        ("settings", 255, "Settings provider (settings) commands:*", ""),
        ("settings GET GLOBAL nothing", 0, "null\n", ""),
        ("settings odd", 255, "", "Invalid command: odd\n"),
        ("settings get odd x", 255, "", "Invalid namespace 'odd'\n"),
        ("settings put global a", 255, "", "Bad arguments\n"),
        ("settings --user 0 list system", 255, "", "--user not supported for delete and list.\n"),
        ("settings reset secure", 255, "", "Bad arguments\n"),
    ],
    34: [
        ("settings put global a b tag default", 0, "", ""),
        ("settings get global a", 0, "b\n", ""),
        ("settings --user 0 delete global a", 0, "Deleted 1 rows\n", ""),
        ("settings delete global a", 0, "Deleted 0 rows\n", ""),
        ("settings get global a b", 255, "", "Too many arguments\n"),
        ("settings --user 77 get global a", 255, "", "Invalid user: 77\n"),
        ("settings --user all get global a", 255, "", "Invalid user: all\n"),
        (
            "settings --user x get global a",
            255,
            "",
            f"{said_11('--user')}java.lang.IllegalArgumentException: Bad user number: x\n",
        ),
        ("settings reset system untrusted_clear", 0, "", "Invalid table; no reset performed\n"),
    ],
}
WM_USAGE = "usage: wm [subcommand] [options]\n"
NO_NUMBER = 'java.lang.NumberFormatException: For input string: "x"\n'
SCREEN: dict[int, list[Row]] = {
    22: [
        ("wm dismiss-keyguard", 0, "", f"{WM_USAGE}\nError: unknown command 'dismiss-keyguard'\n"),
        ("input tap 1", 0, "", "Error: Invalid arguments for command: tap\n*"),
        ("input dance", 0, "", "Error: Unknown command: dance\n*"),
    ],
    26: [
        ("wm dismiss-keyguard", 0, "", ""),
        ("wm size 5", 0, "", "Error: bad size 5\n"),
        ("wm size 500dpx900px", 0, "", ""),
        ("wm dance", 0, "", f"{WM_USAGE}\nError: unknown command 'dance'\n"),
    ],
    30: [
        ("wm dance", 255, "Unknown command: dance\n", ""),
        ("wm density 50", 255, "", "Error: density must be >= 72\n"),
        ("wm density x", 255, "", f"Error: bad number {NO_NUMBER}"),
        ("wm size", 0, "Physical size: 1080x2160\n", ""),
        ("wm size 320dpx400", 0, "", ""),
        ("wm size", 0, "Physical size: 1080x2160\nOverride size: 880x400\n", ""),
        ("wm size reset", 0, "", ""),
        ("wm user-rotation", 255, "Unknown command: user-rotation\n", ""),
        ("input dance", 0, "", "*Error: Unknown command: dance\n"),
    ],
    34: [
        ("wm user-rotation lock 1", 0, "", ""),
        ("wm user-rotation", 0, "lock 1\n", ""),
        ("settings get system user_rotation", 0, "1\n", ""),
        ("wm user-rotation free", 0, "", ""),
        ("wm user-rotation", 0, "free\n", ""),
        ("wm user-rotation odd", 255, "", "Error: argument needs to be either -d, free or lock.\n"),
        ("input keyevent NO_SUCH_KEY", 0, "", ""),
        ("input dance", 0, "Unknown command: dance\n", ""),
        (
            "input tap 5",
            255,
            "",
            f'{said_11("tap")}java.lang.IllegalArgumentException: Argument expected after "5"\n',
        ),
    ],
}


@pytest.mark.parametrize(
    ("api", "rows"), [*SETTINGS.items(), *SCREEN.items()], ids=lambda value: str(value)[:24]
)
async def test_each_version_says_it_in_its_words(tmp_path: Path, api: int, rows: list[Row]) -> None:
    rig = await booted(tmp_path, f"aosp-{api}")
    wrong = []
    for words, status, out, error in rows:
        answer = await rig.run(*words.split())
        heard = answer.error if not error.startswith("*") else "*" + answer.error[-len(error) + 1 :]
        same = answer.status == status and is_like(answer.out, out) and is_like(heard, error)
        if not same:
            wrong.append((words, answer))
    assert wrong == []


LOGCAT: list[Row] = [
    ("logcat -G 16M", 0, "", ""),
    ("logcat -b main -g", 0, "main: ring buffer is 16384 KiB (*", ""),
    ("logcat -G x", 1, "", "logcat: -G must be specified as <num><multiplier>.\n"),
    ("logcat -d -b odd", 1, "", "logcat: Unknown -b buffer 'odd'.\n"),
    ("logcat -d -v odd", 1, "", "logcat: Invalid -v 'odd'.\n"),
    ("logcat -d -T yesterday", 1, "", "logcat: -T 'yesterday' not in time format.\n"),
    ("logcat -d --odd", 1, "", "logcat: Unknown option '--odd'.\n"),
    ("logcat -d -m 0", 1, "", "logcat: -m '0' isn't an integer greater than zero.\n"),
    ("logcat -d -v threadtime,year -s nobody", 0, "", ""),
    ("logcat -S", 0, "", ""),
    ("reboot -h", 1, "", "usage: reboot [-p] [rebootcommand]\n"),
]


async def test_logcat_ends_where_it_is_not_to_follow_and_names_what_is_wrong(
    tmp_path: Path,
) -> None:
    rig = await booted(tmp_path, "aosp-34")
    wrong = []
    for words, status, out, error in LOGCAT:
        answer = await rig.run(*words.split())
        if answer.status != status or not is_like(answer.out, out) or answer.error != error:
            wrong.append((words, answer))
    assert wrong == []


async def test_logcat_shows_what_its_options_ask_for(tmp_path: Path) -> None:
    rig = await booted(tmp_path, "aosp-34")
    await rig.run("logcat", "-c", "-b", "all")
    log = rig.phone.parts.log
    log.write("Chat", "one", pid=7)
    log.write("Chat", "two", pid=8)
    since = log.lines(["main"])[1].time_s

    async def said(*words: str) -> list[str]:
        out = (await rig.run("logcat", "-d", "-v", "raw", *words)).out.splitlines()
        return [line for line in out if not line.startswith("---------")]

    assert await said() == ["one", "two"]
    assert await said("--pid", "7") == ["one"]
    assert await said("--pid=8") == ["two"]
    assert await said("-e", "t.o") == ["two"]
    assert await said("-m", "1") == ["one"]
    assert await said("-t", "1") == ["two"]
    assert await said("-T", repr(since)) == ["two"]
    assert await said("-T", "2001-01-01 00:00:00.000") == ["one", "two"]
    path = await rig.put("/data/local/tmp/log.txt", b"")
    assert await said("-f", path) == []
    assert rig.machine.files.host(path).read_text().endswith("one\ntwo\n")


OTHERS: dict[int, list[Row]] = {
    22: [
        ("appops set", 0, "", "Error: Package name not specified.\n"),
        ("appops get org.example.none", 0, "", "Error: No UID for org.example.none in user 0\n"),
    ],
    34: [
        ("appops", 255, "AppOps service (appops) commands:*", ""),
        ("appops dance", 255, "Unknown command: dance\n", ""),
        ("appops get", 255, "", "Error: Package name not specified.\n"),
        ("appops set com.android.settings", 255, "", "Error: Operation not specified.\n"),
        ("appops set com.android.settings CAMERA", 255, "", "Error: Mode not specified.\n"),
        ("appops set com.android.settings CAMERA x", 255, "", "Error: Mode x is not valid\n"),
        ("appops set com.android.settings CAMERA deny --user 0", 0, "", ""),
        ("appops get com.android.settings CAMERA", 0, "CAMERA: deny\n", ""),
        ("content query", 0, "usage: adb shell content *", ""),
        ("content dance --uri content://x", 0, "usage: adb shell content *", ""),
        (
            "content insert --uri content://settings/secure --bind name:s:a --bind value:i:7",
            0,
            "",
            "",
        ),
        ("settings get secure a", 0, "7\n", ""),
        (
            "content query --uri content://settings/secure --projection value --where name='a'",
            0,
            "Row: 0 value=7\n",
            "",
        ),
        (
            "cmd package query-activities --components -c android.intent.category.HOME",
            0,
            "com.android.launcher3/.Launcher\n",
            "",
        ),
        ("cmd package query-activities -a odd", 0, "No activities found\n", ""),
        ("cmd user", 255, "User manager (user) commands:\n", ""),
        ("cmd user dance", 255, "Unknown command: dance\n", ""),
    ],
}


@pytest.mark.parametrize("api", OTHERS)
async def test_app_ops_and_providers_are_refused_as_the_version_does(
    tmp_path: Path, api: int
) -> None:
    rig = await booted(tmp_path, f"aosp-{api}")
    wrong = []
    for words, status, out, error in OTHERS[api]:
        answer = await rig.run(*words.split())
        if answer.status != status or not is_like(answer.out, out) or answer.error != error:
            wrong.append((words, answer))
    assert wrong == []
