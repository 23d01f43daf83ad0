"""Several users on one phone: who there is, what each has of a package, and whose storage is open.

The formats are those of AOSP's Pm.java, PackageManagerShellCommand, Am.java and
LockSettingsShellCommand.
"""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from selftests.virtualdevice.system.apks import NAME, apk
from selftests.virtualdevice.system.fake_machine import ROOT, Answer, Rig, booted
from virtualdevice.system.personality import UserFacts, load_personality
from virtualdevice.system.users.records import UserKind

WORK = ("pm", "create-user", "--profileOf", "0", "--managed", "Work")
CAMERA = "android.permission.CAMERA"


async def install(rig: Rig, data: bytes, *options: str) -> Answer:
    path = await rig.put("/data/local/tmp/it.apk", data)
    return await rig.run("pm", "install", *options, path)


async def with_work_profile(root: Path, personality: str, *defects: str) -> Rig:
    """User 10, a work profile of user 0, is there and runs."""
    rig = await booted(root, personality, defects=defects)
    assert (await rig.run(*WORK)).out == "Success: created user id 10\n"
    assert (await rig.run("am", "start-user", "10")).out == "Success: user started\n"
    return rig


def home(rig: Rig, user_id: int) -> Path:
    root = "/data/data" if user_id == 0 else f"/data/user/{user_id}"
    return rig.machine.files.host(f"{root}/{NAME}")


async def users_with_it(rig: Rig) -> list[int]:
    """Who has the chat app, as dumpsys says."""
    text = (await rig.run("dumpsys", "package", NAME)).out
    found = re.findall(r"^    User (\d+): .*\binstalled=true", text, re.MULTILINE)
    return [int(user_id) for user_id in found]


@pytest.mark.parametrize(
    ("personality", "owner", "profile", "status"),
    [
        ("aosp-22", "0:Owner:13", "10:Work:30", 1),
        ("aosp-28", "0:Owner:13", "10:Work:30", 0),
        ("aosp-30", "0:Owner:c13", "10:Work:1030", 0),
        ("aosp-34", "0:Owner:4c13", "10:Work:1030", 0),
    ],
)
async def test_a_work_profile_is_listed_as_each_version_does(
    tmp_path: Path, personality: str, owner: str, profile: str, status: int
) -> None:
    rig = await booted(tmp_path, personality)
    created = await rig.run(*WORK)
    assert (created.out, created.status) == ("Success: created user id 10\n", status)
    not_started = profile.replace("30", "20")
    users = (await rig.run("pm", "list", "users")).out
    assert users == f"Users:\n\tUserInfo{{{owner}}} running\n\tUserInfo{{{not_started}}}\n"
    await rig.run("am", "start-user", "10")
    users = (await rig.run("pm", "list", "users")).out
    assert users == f"Users:\n\tUserInfo{{{owner}}} running\n\tUserInfo{{{profile}}} running\n"


async def test_there_is_room_for_so_many_users_and_for_one_work_profile(tmp_path: Path) -> None:
    rig = await booted(tmp_path, "aosp-34")
    assert (await rig.run("pm", "get-max-users")).out == "Maximum supported users: 4\n"
    assert (await rig.run(*WORK)).status == 0
    refused = await rig.run(*WORK)
    assert refused.status == 1
    assert refused.error == (
        "Error: android.os.ServiceSpecificException: Cannot add more profiles of type "
        "android.os.usertype.profile.MANAGED for user 0 (code 6)\n"
        "Error: couldn't create User.\n"
    )
    ids = [(await rig.run("pm", "create-user", name)).out[-3:-1] for name in "abc"]
    assert ids == ["11", "12", "13"]
    assert "Maximum user limit is reached." in (await rig.run("pm", "create-user", "d")).error
    assert "user id 14" in (await rig.run("pm", "create-user", "--guest", "g")).out
    again = (await rig.run("pm", "create-user", "--guest", "h")).error
    assert "Cannot add more users of type android.os.usertype.full.GUEST." in again


async def test_a_host_with_few_ids_makes_it_a_phone_for_one(tmp_path: Path) -> None:
    rig = await booted(tmp_path, "aosp-34")
    rig.machine.first_foreign_id = 65_536
    assert (await rig.run("pm", "get-max-users")).out == "Maximum supported users: 1\n"
    assert (await rig.run(*WORK)).error.endswith("Error: couldn't create User.\n")


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("create-user",), "Error: no user name specified."),
        (("create-user", "--nonsense", "x"), "Error: unknown option --nonsense"),
        (("create-user", "--profileOf", "7", "--managed", "x"), "Error: couldn't create User."),
        (("remove-user", "x"), "Error: user id 'x' is not a number."),
        (("remove-user", "0"), "Error: couldn't remove user id 0"),
        (("remove-user", "12"), "Error: couldn't remove user id 12"),
    ],
)
async def test_what_cannot_be_done_to_users_is_said(
    tmp_path: Path, words: tuple[str, ...], says: str
) -> None:
    rig = await booted(tmp_path, "aosp-29")
    answer = await rig.run("pm", *words)
    assert (answer.status, answer.error.strip()) == (1, says)


async def test_an_install_is_for_everybody_unless_it_names_a_user(tmp_path: Path) -> None:
    rig = await with_work_profile(tmp_path, "aosp-34")
    assert (await install(rig, apk(), "--user", "10")).out == "Success\n"
    assert await users_with_it(rig) == [10]
    assert (home(rig, 0).exists(), home(rig, 10).exists()) == (False, True)
    assert (await rig.run("pm", "path", NAME)).status == 1
    assert (await rig.run("pm", "path", "--user", "10", NAME)).out.startswith("package:/data/app")
    existing = await rig.run("pm", "install-existing", "--user", "0", NAME)
    assert existing.out == f"Package {NAME} installed for user: 0\n"
    assert await users_with_it(rig) == [0, 10]
    await rig.run("pm", "uninstall", NAME)
    await install(rig, apk())
    assert await users_with_it(rig) == [0, 10]
    unknown = await install(rig, apk(version_code=2), "--user", "77")
    assert "Failure [user 77 doesn't exist]" in unknown.text


async def test_each_user_has_directories_of_their_own_uid(tmp_path: Path) -> None:
    rig = await with_work_profile(tmp_path, "aosp-34")
    await install(rig, apk())
    record = rig.phone.parts.registry.get(NAME)
    assert record is not None
    for path in (f"/data/user/10/{NAME}", f"/data/user_de/10/{NAME}"):
        stat = await rig.machine.files.stat(path)
        assert stat is not None
        assert stat.uid == 1_000_000 + record.app_id
    assert record.user(10).ce_inode == home(rig, 10).stat().st_ino
    assert rig.machine.accounts[1_000_000 + record.app_id] == f"u10_a{record.app_id - 10000}"
    assert rig.machine.attached == {0, 10}
    listed = (await rig.run("pm", "list", "packages", "-U", NAME)).out
    assert listed == f"package:{NAME} uid:{record.app_id},{1_000_000 + record.app_id}\n"
    alone = (await rig.run("pm", "list", "packages", "-U", "--user", "10", NAME)).out
    assert alone == f"package:{NAME} uid:{1_000_000 + record.app_id}\n"


async def test_an_update_keeps_what_every_user_has(tmp_path: Path) -> None:
    rig = await with_work_profile(tmp_path, "aosp-30")
    await install(rig, apk(permissions=(CAMERA,)))
    for user_id in (0, 10):
        (home(rig, user_id) / "files").mkdir()
        (home(rig, user_id) / "files/letter").write_text("dear")
        (home(rig, user_id) / "code_cache/old").write_text("compiled")
    await rig.run("pm", "grant", "--user", "10", NAME, CAMERA)
    before = rig.phone.parts.registry.get(NAME)
    assert (await install(rig, apk(permissions=(CAMERA,), version_code=2), "-r")).status == 0
    after = rig.phone.parts.registry.get(NAME)
    assert before is not None
    assert after is not None
    assert after.users == before.users
    assert [after.user(n).runtime_permissions for n in (0, 10)] == [(), (CAMERA,)]
    for user_id in (0, 10):
        assert (home(rig, user_id) / "files/letter").exists()
        assert not (home(rig, user_id) / "code_cache/old").exists()


@pytest.mark.parametrize(
    ("personality", "kept"), [("aosp-29", False), ("aosp-30", True), ("aosp-36", True)]
)
async def test_keeping_data_for_one_user_works_from_11_on(
    tmp_path: Path, personality: str, kept: bool
) -> None:
    rig = await with_work_profile(tmp_path, personality)
    await install(rig, apk())
    assert (await rig.run("pm", "uninstall", "-k", "--user", "10", NAME)).out == "Success\n"
    assert await users_with_it(rig) == [0]
    assert home(rig, 10).exists() is kept
    assert home(rig, 0).exists()
    again = await rig.run("pm", "uninstall", "--user", "10", NAME)
    assert again.out == "Failure [not installed for 10]\n"


async def test_a_kept_directory_of_one_user_is_destroyed_at_the_next_boot(tmp_path: Path) -> None:
    rig = await with_work_profile(tmp_path, "aosp-30")
    await install(rig, apk())
    await rig.run("pm", "uninstall", "-k", "--user", "10", NAME)
    await rig.reboot()
    assert not home(rig, 10).exists()
    assert home(rig, 0).exists()
    said = "\n".join(line.text for line in rig.phone.parts.log.lines(("system",)))
    assert f"Destroying /data/user/10/{NAME} due to: " in said
    assert f"Package {NAME} not installed for user 10\n" in said


async def test_the_last_user_who_uninstalls_takes_the_code_along(tmp_path: Path) -> None:
    rig = await with_work_profile(tmp_path, "aosp-30")
    await install(rig, apk())
    for user_id in ("0", "10"):
        assert (await rig.run("pm", "uninstall", "--user", user_id, NAME)).out == "Success\n"
    assert rig.phone.parts.registry.get(NAME) is None
    assert not [home(rig, n) for n in (0, 10) if home(rig, n).exists()]


async def test_a_system_app_is_taken_from_one_user_and_given_back(tmp_path: Path) -> None:
    rig = await with_work_profile(tmp_path, "aosp-34")
    name = "com.android.calculator2"
    assert (await rig.run("pm", "uninstall", "--user", "0", name)).out == "Success\n"
    listed = (await rig.run("pm", "list", "packages", "--user", "0")).out.split()
    assert f"package:{name}" not in listed
    assert f"package:{name}" in (await rig.run("pm", "list", "packages", "--user", "10")).out
    await rig.reboot()
    assert (await rig.run("pm", "path", name)).status == 1
    await rig.run("pm", "install-existing", name)
    assert (await rig.run("pm", "path", name)).status == 0


async def test_clearing_for_one_user_leaves_the_other(tmp_path: Path) -> None:
    rig = await with_work_profile(tmp_path, "aosp-34")
    await install(rig, apk())
    for user_id in (0, 10):
        (home(rig, user_id) / "letter").write_text("dear")
    assert (await rig.run("pm", "clear", "--user", "10", NAME)).out == "Success\n"
    assert [(home(rig, n) / "letter").exists() for n in (0, 10)] == [True, False]


async def test_removing_a_user_destroys_all_that_was_theirs(tmp_path: Path) -> None:
    rig = await with_work_profile(tmp_path, "aosp-34")
    await install(rig, apk())
    await install(rig, apk(package_name="org.example.work"), "--user", "10")
    assert (await rig.run("pm", "remove-user", "10")).out == "Success: removed user\n"
    files = rig.machine.files
    for root in ("/data/user/10", "/data/user_de/10", "/data/media/10", "/data/system/users/10"):
        assert not files.host(root).exists()
    assert (rig.machine.attached, rig.machine.covered) == ({0}, {})
    assert (await rig.run("pm", "list", "packages", "-3")).out == f"package:{NAME}\n"
    assert "User 10:" not in (await rig.run("dumpsys", "package", NAME)).out
    assert (await rig.run(*WORK)).out == "Success: created user id 11\n"
    await rig.run("pm", "remove-user", "11")
    await rig.reboot()
    assert (await rig.run(*WORK)).out == "Success: created user id 10\n"


async def test_users_start_stop_and_have_the_screen_by_turns(tmp_path: Path) -> None:
    rig = await booted(tmp_path, "aosp-34")
    await rig.run("pm", "create-user", "Anna")

    async def am(*words: str) -> str:
        return (await rig.run("am", *words)).text.strip()

    assert await am("get-started-user-state", "10") == "User is not started: 10"
    assert await am("switch-user", "10") == ""
    assert await am("get-current-user") == "10"
    assert await am("get-started-user-state", "10") == "RUNNING_UNLOCKED"
    assert await am("stop-user", "10") == "Switch failed: -2 (Can't stop current user)"
    assert await am("stop-user", "0") == "Switch failed: -3 (System user cannot be stopped)"
    assert await am("stop-user", "55") == "Switch failed: -1 (Unknown user 55)"
    assert await am("switch-user", "55") == "Error: Failed to switch to user 55"
    assert (await rig.run("pm", "remove-user", "10")).status == 1
    await am("switch-user", "0")
    assert await am("stop-user", "-w", "-f", "10") == ""
    assert await am("get-started-user-state", "10") == "User is not started: 10"
    assert rig.server.get_property("sys.user.10.ce_available") == "false"
    assert set(rig.machine.covered) == {"/data/user/10", "/data/media/10"}


async def test_an_app_runs_once_for_each_user(tmp_path: Path) -> None:
    rig = await with_work_profile(tmp_path, "aosp-34")
    await install(rig, apk())
    await rig.run("am", "start", "--user", "10", NAME)
    uids = [who.uid for argv, who in rig.machine.spawned if NAME.encode() in argv]
    record = rig.phone.parts.registry.get(NAME)
    assert record is not None
    assert uids == [1_000_000 + record.app_id]
    assert [record.user(n).stopped for n in (0, 10)] == [True, False]
    await rig.run("am", "force-stop", "--user", "10", NAME)
    record = rig.phone.parts.registry.get(NAME)
    assert record is not None
    assert record.user(10).stopped


@pytest.mark.parametrize("personality", ["aosp-28", "aosp-34"])
async def test_with_a_pin_storage_stays_closed_until_it_is_typed(
    tmp_path: Path, personality: str
) -> None:
    rig = await with_work_profile(tmp_path, personality)
    await install(rig, apk(debuggable=True))
    assert (await rig.run("locksettings", "set-pin", "1234")).out == "Pin set to '1234'\n"
    assert (await rig.run("am", "get-started-user-state", "0")).out == "RUNNING_UNLOCKED\n"
    await rig.reboot()
    for user_id in ("0", "10"):  # the profile has no credential of its own
        state = await rig.run("am", "get-started-user-state", user_id)
        assert state.out == "RUNNING_LOCKED\n"
        assert rig.server.get_property(f"sys.user.{user_id}.ce_available") == "false"
    assert NAME not in rig.machine.covered["/data/data"]
    assert rig.machine.attached == ({0, 10} if personality == "aosp-28" else set())
    assert "run-as: " in (await rig.run("run-as", NAME, "id")).error
    assert rig.server.get_property("sys.boot_completed") == "1"
    await rig.run("wm", "dismiss-keyguard")
    await rig.run("input", "text", "4321")
    await rig.run("input", "keyevent", "ENTER")
    assert (await rig.run("am", "get-started-user-state", "0")).out == "RUNNING_LOCKED\n"
    assert "Wrong PIN" in rig.phone.screen.hierarchy()
    await rig.run("input", "text", "1234")
    await rig.run("input", "keyevent", "ENTER")
    for user_id in ("0", "10"):
        state = await rig.run("am", "get-started-user-state", user_id)
        assert state.out == "RUNNING_UNLOCKED\n"
        assert rig.server.get_property(f"sys.user.{user_id}.ce_available") == "true"
    assert (rig.machine.covered, rig.machine.attached) == ({}, {0, 10})
    assert not rig.phone.screen.locked


async def test_the_keys_of_the_lock_screen_type_the_pin(tmp_path: Path) -> None:
    personality = replace(load_personality("aosp-34"), credential="2580")
    rig = await booted(tmp_path, personality)
    assert (await rig.run("am", "get-started-user-state", "0")).out == "RUNNING_LOCKED\n"
    await rig.run("input", "keyevent", "MENU")
    for key in ("key2", "key9", "delete_button", "key5", "key8", "key0", "key_enter"):
        root = rig.phone.screen.top.view(rig.phone.screen.frame)
        view = next(v for v in root.walk() if v.resource_id.endswith(f":id/{key}"))
        await rig.run("input", "tap", *map(str, view.bounds.centre))
    assert (await rig.run("am", "get-started-user-state", "0")).out == "RUNNING_UNLOCKED\n"


async def test_locksettings_asks_for_the_old_credential_and_opens_with_it(tmp_path: Path) -> None:
    rig = await with_work_profile(tmp_path, "aosp-34")

    async def lock(*words: str) -> str:
        return (await rig.run("locksettings", *words)).text.strip()

    assert await lock("verify", "--old", "1") == "Old password provided but user has no password"
    assert await lock("set-pin", "1234") == "Pin set to '1234'"
    assert await lock("set-password", "secret") == "Old password '' didn't match"
    assert await lock("set-password", "--old", "1234", "secret") == "Password set to 'secret'"
    assert await lock("set-pin", "--user", "10", "9999") == "Profile uses unified challenge"
    await rig.reboot()
    assert await lock("verify", "--old", "wrong") == "Old password 'wrong' didn't match"
    assert (await rig.run("am", "get-started-user-state", "0")).out == "RUNNING_LOCKED\n"
    assert await lock("verify", "--old", "secret") == "Lock credential verified successfully"
    assert (await rig.run("am", "get-started-user-state", "0")).out == "RUNNING_UNLOCKED\n"
    assert await lock("clear", "--old", "secret") == "Lock credential cleared"
    await rig.reboot()
    assert (await rig.run("am", "get-started-user-state", "10")).out == "RUNNING_UNLOCKED\n"


async def test_a_profile_with_its_own_challenge_waits_for_that(tmp_path: Path) -> None:
    rig = await with_work_profile(tmp_path, "aosp-34")
    await rig.run("locksettings", "set-pin", "--user", "10", "9999")
    await rig.reboot()
    assert (await rig.run("am", "get-started-user-state", "0")).out == "RUNNING_UNLOCKED\n"
    assert (await rig.run("am", "get-started-user-state", "10")).out == "RUNNING_LOCKED\n"
    await rig.run("locksettings", "verify", "--user", "10", "--old", "9999")
    assert (await rig.run("am", "get-started-user-state", "10")).out == "RUNNING_UNLOCKED\n"


async def test_a_personality_brings_its_users_along(tmp_path: Path) -> None:
    users = (UserFacts(name="Work", kind=UserKind.MANAGED), UserFacts(name="Anna"))
    rig = await booted(tmp_path, replace(load_personality("aosp-30"), users=users))
    listed = (await rig.run("pm", "list", "users")).out.splitlines()[1:]
    assert listed == [
        "\tUserInfo{0:Owner:c13} running",
        "\tUserInfo{10:Work:1030} running",
        "\tUserInfo{11:Anna:400}",
    ]
    await rig.run("pm", "remove-user", "11")
    await rig.reboot()
    assert "Anna" not in (await rig.run("pm", "list", "users")).out


async def test_dumpsys_user_names_everybody_and_their_state(tmp_path: Path) -> None:
    rig = await with_work_profile(tmp_path, "aosp-34")
    text = (await rig.run("dumpsys", "user")).out
    assert "UserInfo{0:Owner:4c13} serialNo=0 isPrimary=true\n" in text
    assert "UserInfo{10:Work:1030} serialNo=10 isPrimary=false parentId=0\n" in text
    assert "Type: android.os.usertype.profile.MANAGED" in text
    assert "Flags: 4144 (INITIALIZED|MANAGED_PROFILE|PROFILE)" in text
    assert text.count("State: RUNNING_UNLOCKED") == 2
    verbose = (await rig.run("cmd", "user", "list", "-v")).out
    assert "1: id=10, name=Work, type=profile.MANAGED, " in verbose


async def test_only_root_hides_an_app_from_a_user(tmp_path: Path) -> None:
    rig = await with_work_profile(tmp_path, "aosp-34")
    await install(rig, apk())
    assert "MANAGE_USERS" in (await rig.run("pm", "hide", "--user", "10", NAME)).error
    answer = await rig.run("pm", "hide", "--user", "10", NAME, caller=ROOT)
    assert answer.out == f"Package {NAME} new hidden state: true\n"
    assert " hidden=true" in (await rig.run("dumpsys", "package", NAME)).out
    assert home(rig, 10).exists()


@pytest.mark.parametrize(
    ("defect", "left", "state"),
    [
        ("", ["0", "10", "11"], "RUNNING_UNLOCKED"),
        ("ce_of_other_users_left_locked", ["0", "10", "11"], "RUNNING_LOCKED"),
        ("work_profile_lost_on_reboot", ["0", "11"], "User is not started: 10"),
        ("other_users_lost_on_reboot", ["0"], "User is not started: 10"),
    ],
)
async def test_a_defect_of_users_shows_after_a_reboot(
    tmp_path: Path, defect: str, left: list[str], state: str
) -> None:
    rig = await with_work_profile(tmp_path, "aosp-34", *([defect] if defect else []))
    await rig.run("pm", "create-user", "Anna")
    await install(rig, apk())
    await rig.reboot()
    listed = (await rig.run("pm", "list", "users")).out
    assert re.findall(r"UserInfo\{(\d+):", listed) == left
    assert (await rig.run("am", "get-started-user-state", "10")).out.strip() == state
    assert (await rig.run("am", "get-started-user-state", "0")).out == "RUNNING_UNLOCKED\n"
    assert home(rig, 10).exists() is ("10" in left)
    assert ("/data/user/10" in rig.machine.covered) is (state == "RUNNING_LOCKED")
    assert await users_with_it(rig) == [int(n) for n in left]


async def test_settings_and_rows_are_each_users_own_and_global_ones_everybodys(
    tmp_path: Path,
) -> None:
    rig = await with_work_profile(tmp_path, "aosp-34")

    async def setting(namespace: str, user_id: int) -> str:
        words = ("settings", "--user", str(user_id), "get", namespace, "mine")
        return (await rig.run(*words)).out.strip()

    for namespace in ("secure", "global"):
        await rig.run("settings", "--user", "10", "put", namespace, "mine", "work")
    insert = ("content", "insert", "--uri", "content://sms", "--bind", "body:s:hello")
    await rig.run(*insert, "--user", "10")
    await rig.put("/storage/emulated/10/DCIM/dog.jpg", b"a dog")
    await rig.run("pm", "create-user", "Anna")
    await rig.reboot()
    assert [await setting("secure", n) for n in (0, 10, 11)] == ["null", "work", "null"]
    assert [await setting("global", n) for n in (0, 10)] == ["work", "work"]
    for uri in ("content://sms", "content://media/external/images/media"):
        query = ("content", "query", "--uri", uri, "--user")
        answers = [(await rig.run(*query, n)).out.startswith("Row: 0") for n in ("0", "10")]
        assert answers == [False, True]
    locked = await rig.run("content", "query", "--uri", "content://sms", "--user", "11")
    assert "Could not find provider: sms" in locked.error
    await rig.run("am", "switch-user", "11")
    assert (await rig.run("settings", "get", "global", "mine")).out.strip() == "work"
    refused = await rig.run("settings", "--user", "77", "get", "secure", "mine")
    assert (refused.status, refused.error) == (255, "Invalid user: 77\n")
    await rig.run("pm", "remove-user", "10")
    assert not [key for key in rig.phone.parts.registry.extra if "user 10" in key]


async def test_roles_and_app_ops_are_each_users_own(tmp_path: Path) -> None:
    rig = await with_work_profile(tmp_path, "aosp-34")
    await install(rig, apk())
    role = "android.app.role.SMS"
    await rig.run("cmd", "role", "add-role-holder", "--user", "10", role, NAME)
    await rig.run("appops", "set", "--user", "10", NAME, "CAMERA", "deny")
    for user_id, holder, mode in (("0", "", "No operations."), ("10", NAME, "CAMERA: deny")):
        found = await rig.run("cmd", "role", "holders", "--user", user_id, role)
        assert found.out.strip() == holder
        found = await rig.run("appops", "get", "--user", user_id, NAME)
        assert found.out.strip() == mode


async def test_who_came_for_a_while_is_gone_after_a_reboot(tmp_path: Path) -> None:
    rig = await booted(tmp_path, "aosp-34")
    assert "user id 10" in (await rig.run("pm", "create-user", "--ephemeral", "Guest")).out
    await rig.reboot()
    assert "Guest" not in (await rig.run("pm", "list", "users")).out
    assert not rig.machine.files.host("/data/user/10").exists()


async def test_before_the_first_unlock_no_app_can_be_opened(tmp_path: Path) -> None:
    rig = await booted(tmp_path, replace(load_personality("aosp-34"), credential="1234"))
    await install(rig, apk())
    refused = await rig.run("am", "start", "-n", f"{NAME}/.Main")
    assert "does not exist" in refused.error
    assert f"package:{NAME}" in (await rig.run("pm", "list", "packages")).out


@pytest.mark.parametrize(
    ("personality", "says"),
    [
        ("aosp-22", "run-as: Package 'org.example.chat' has corrupt installation"),
        ("aosp-25", ""),
        ("aosp-28", "run-as: package has corrupt installation: org.example.chat"),
        ("aosp-29", ""),
        ("aosp-36", ""),
    ],
)
async def test_run_as_reaches_a_second_user_but_in_8_and_9(
    tmp_path: Path, personality: str, says: str
) -> None:
    rig = await with_work_profile(tmp_path, personality)
    await install(rig, apk(debuggable=True), "--user", "10")
    answer = await rig.run("run-as", NAME, "--user", "10", "id")
    assert answer.error.strip() == says
    assert not says or answer.status == 1
    if personality == "aosp-36":
        missing = (await rig.run("run-as", NAME, "id")).error
        assert f"couldn't stat /data/user/0/{NAME}: No such file or directory" in missing
        assert "negative user id: -1" in (await rig.run("run-as", NAME, "--user", "-1")).error


@pytest.mark.parametrize(
    ("defect", "left"),
    [
        ("", [True, True]),
        ("other_users_data_cleared_on_update", [True, False]),
        ("files_wiped_on_update", [False, False]),
        ("data_directory_recreated_on_update", [True, True]),
    ],
)
async def test_a_defect_of_updating_strikes_the_users_whom_it_means(
    tmp_path: Path, defect: str, left: list[bool]
) -> None:
    rig = await with_work_profile(tmp_path, "aosp-34", *([defect] if defect else []))
    await install(rig, apk())
    letters = [home(rig, user_id) / "files/letter" for user_id in (0, 10)]
    inodes = [home(rig, user_id).stat().st_ino for user_id in (0, 10)]
    for letter in letters:
        letter.parent.mkdir()
        letter.write_text("dear")
    assert (await install(rig, apk(version_code=2), "-r")).out == "Success\n"
    assert [letter.exists() for letter in letters] == left
    same = [home(rig, n).stat().st_ino == inode for n, inode in zip((0, 10), inodes, strict=True)]
    assert same == [defect != "data_directory_recreated_on_update"] * 2
    record = rig.phone.parts.registry.get(NAME)
    assert record is not None
    assert record.user(10).ce_inode == home(rig, 10).stat().st_ino


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("pm", "clear", "--user", "all", NAME), "Call does not support special user #-1"),
        (("pm", "path", "--user", "me", NAME), "Bad user number: me"),
        (("am", "start", "--user", "all", NAME), "Error: Can't start service with user 'all'"),
        (("locksettings", "set-pin", "--user", "55", "1234"), "executing command: set-pin"),
        (("locksettings", "set-pin", "12"), "executing command: set-pin"),
        (("locksettings", "set-pin", "--new", "1234"), "Unknown option: --new"),
        (("am", "start-user", "ten"), 'java.lang.NumberFormatException: For input string: "ten"'),
    ],
)
async def test_a_user_who_cannot_be_meant_is_refused(
    tmp_path: Path, words: tuple[str, ...], says: str
) -> None:
    rig = await with_work_profile(tmp_path, "aosp-34")
    await install(rig, apk())
    answer = await rig.run(*words)
    assert answer.status != 0
    assert says in answer.error
