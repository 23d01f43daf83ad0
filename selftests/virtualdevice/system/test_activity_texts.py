"""What each Android's `am` says: Am.java to 7.1, ActivityManagerShellCommand from 8.0 on."""

from __future__ import annotations

from pathlib import Path

import pytest

from selftests.virtualdevice.system.apks import NAME, apk
from selftests.virtualdevice.system.fake_machine import Answer, Rig, booted

USAGE = "usage: am [subcommand] [options]\n\n"
ILLEGAL = "java.lang.IllegalArgumentException: "
NO_NUMBER = 'java.lang.NumberFormatException: For input string: "x"\n'
MISSING = "Error type 3\nError: Activity class {org.example.none/org.example.none.Main} "
START = "Starting: Intent { cmp=org.example.none/.Main }\n"
SERVICE = "Starting service: Intent { cmp=org.example.none/.Work }\n"

Row = tuple[int, str, int, str, str]
ROWS: list[Row] = [
    (22, "am dance", 0, "", f"{USAGE}Error: unknown command 'dance'\n"),
    (25, "am dance", 0, "", f"{USAGE}Error: unknown command 'dance'\n"),
    (26, "am dance", 255, "Unknown command: dance\n", ""),
    (25, "cmd activity start -n a/.B", 255, "Unknown command: start\n", ""),
    (25, "am force-stop", 0, "", f'{USAGE}Error: Argument expected after "force-stop"\n'),
    (
        28,
        "am force-stop",
        255,
        "",
        f'\nException occurred while executing:\n{ILLEGAL}Argument expected after "force-stop"\n',
    ),
    (34, "am force-stop --odd x", 255, "", "Error: Unknown option: --odd\n"),
    (
        34,
        "am start-user x",
        255,
        "",
        f"\nException occurred while executing 'start-user':\n{NO_NUMBER}",
    ),
    (25, "am start -n org.example.none/.Main", 0, START, f"{MISSING}does not exist.\n"),
    (34, "am start -n org.example.none/.Main", 0, START, f"{MISSING}does not exist.\n"),
    (34, "am start -W -n org.example.none/.Main", 0, f"{START}{MISSING}does not exist.\n", ""),
    (35, "am start -n org.example.none/.Main", 1, START, f"{MISSING}does not exist.\n"),
    (
        30,
        "am startservice -n org.example.none/.Work",
        255,
        SERVICE,
        "Error: Not found; no service started.\n",
    ),
    (30, "am wait-for-broadcast-idle", 0, "All broadcast queues are idle!\n", ""),
]


@pytest.mark.parametrize("api", sorted({row[0] for row in ROWS}))
async def test_a_refusal_has_the_text_stream_and_status_of_the_version(
    tmp_path: Path, api: int
) -> None:
    rig = await booted(tmp_path, f"aosp-{api}")
    wrong = []
    for level, words, status, out, error in ROWS:
        if level == api:
            answer = await rig.run(*words.split())
            if answer != Answer(status=status, out=out, error=error):
                wrong.append((words, answer))
    assert wrong == []


async def phone_with_app(root: Path, api: int) -> Rig:
    rig = await booted(root, f"aosp-{api}")
    path = await rig.put("/data/local/tmp/it.apk", apk())
    await rig.run("pm", "install", path)
    return rig


async def component(rig: Rig) -> str:
    record = rig.phone.parts.registry.get(NAME)
    assert record is not None
    return f"{NAME}/{rig.phone.activities.launcher_activity(record)}"


@pytest.mark.parametrize(
    ("api", "warning"),
    [
        (26, "its current task has been brought to the front"),
        (34, "intent has been delivered to currently running top-most instance."),
    ],
)
async def test_starting_what_is_in_front_warns_in_the_words_of_the_version(
    tmp_path: Path, api: int, warning: str
) -> None:
    rig = await phone_with_app(tmp_path, api)
    name = await component(rig)
    assert (await rig.run("am", "start", "-n", name)).error == ""
    again = await rig.run("am", "start", "-n", name)
    assert again.error == f"Warning: Activity not started, {warning}\n"
    assert again.status == 0


async def test_starting_what_is_behind_brings_it_to_the_front_hot(tmp_path: Path) -> None:
    rig = await phone_with_app(tmp_path, 34)
    name = await component(rig)
    first = await rig.run("am", "start", "-W", "-n", name)
    assert "LaunchState: COLD\n" in first.out
    await rig.run("am", "start", "-p", "com.android.settings")
    assert rig.phone.screen.top_activity.package == "com.android.settings"
    again = await rig.run("am", "start", "-W", "-n", name)
    assert "its current task has been brought to the front\nStatus: ok\nLaunchState: HOT\n" in (
        again.out
    )


@pytest.mark.parametrize(("api", "line"), [(27, True), (28, False)])
async def test_the_time_of_the_last_activity_is_told_up_to_8(
    tmp_path: Path, api: int, line: bool
) -> None:
    rig = await phone_with_app(tmp_path, api)
    answer = await rig.run("am", "start", "-W", "-n", await component(rig))
    assert ("ThisTime: " in answer.out) == line


async def test_stopping_before_starting_is_told_first(tmp_path: Path) -> None:
    rig = await phone_with_app(tmp_path, 34)
    answer = await rig.run("am", "start", "-S", "-n", await component(rig))
    assert answer.out.startswith(f"Stopping: {NAME}\nStarting: Intent")
