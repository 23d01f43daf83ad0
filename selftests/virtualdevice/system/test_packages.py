"""The package manager from its commands: texts, streams, statuses and what they leave."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from selftests.virtualdevice.system.apks import NAME, apk
from selftests.virtualdevice.system.fake_machine import Answer, Rig, booted

EVERY = ("aosp-22", "aosp-25", "aosp-28", "aosp-30", "aosp-33", "aosp-34", "aosp-36")
HOME = f"/data/data/{NAME}"


async def install(rig: Rig, data: bytes, *options: str) -> Answer:
    path = await rig.put("/data/local/tmp/it.apk", data)
    return await rig.run("pm", "install", *options, path)


@pytest.mark.parametrize(
    ("personality", "line", "stream"),
    [
        ("aosp-22", "Failure [INSTALL_FAILED_UPDATE_INCOMPATIBLE]", "error"),
        (
            "aosp-25",
            (
                "Failure [INSTALL_FAILED_UPDATE_INCOMPATIBLE: Package org.example.chat signatures "
                "do not match the previously installed version; ignoring!]"
            ),
            "error",
        ),
        (
            "aosp-28",
            (
                "Failure [INSTALL_FAILED_UPDATE_INCOMPATIBLE: Package org.example.chat signatures "
                "do not match previously installed version; ignoring!]"
            ),
            "out",
        ),
        (
            "aosp-34",
            (
                "Failure [INSTALL_FAILED_UPDATE_INCOMPATIBLE: Existing package org.example.chat "
                "signatures do not match newer version; ignoring!]"
            ),
            "out",
        ),
    ],
)
async def test_another_signer_is_refused_in_the_words_of_the_version(
    tmp_path: Path, personality: str, line: str, stream: str
) -> None:
    rig = await booted(tmp_path, personality)
    assert (await install(rig, apk())).status == 0
    answer = await install(rig, apk(signer="B", version_code=2), "-r")
    assert line in getattr(answer, stream).splitlines()
    assert answer.status == 1


@pytest.mark.parametrize("personality", EVERY)
async def test_an_update_keeps_identity_and_data_and_empties_the_code_cache(
    tmp_path: Path, personality: str
) -> None:
    rig = await booted(tmp_path, personality)
    await install(rig, apk())
    await rig.put(f"{HOME}/files/letter", b"dear")
    await rig.put(f"{HOME}/cache/thumb", b"t")
    await rig.put(f"{HOME}/code_cache/compiled", b"c")
    before = rig.record_line(NAME)
    assert (await install(rig, apk(version_code=2), "-r")).out == "Success\n"
    assert rig.record_line(NAME) == (*before[:2], 2)
    names = rig.machine.files.host(HOME)
    assert (names / "files/letter").read_bytes() == b"dear"
    assert (names / "cache/thumb").exists()
    assert not (names / "code_cache/compiled").exists()


@pytest.mark.parametrize(
    ("personality", "options", "code"),
    [
        ("aosp-25", (), "INSTALL_FAILED_ALREADY_EXISTS"),
        ("aosp-25", ("-r",), ""),
        ("aosp-28", (), "INSTALL_FAILED_ALREADY_EXISTS"),
        ("aosp-28", ("-t",), ""),
        ("aosp-30", (), ""),
        ("aosp-30", ("-R",), "INSTALL_FAILED_ALREADY_EXISTS"),
    ],
)
async def test_whether_an_installed_app_is_replaced_depends_on_the_version(
    tmp_path: Path, personality: str, options: tuple[str, ...], code: str
) -> None:
    rig = await booted(tmp_path, personality)
    await install(rig, apk())
    answer = await install(rig, apk(version_code=2), *options)
    assert (code in answer.text) if code else (answer.out == "Success\n")


@pytest.mark.parametrize(
    ("personality", "debuggable", "goes_in"),
    [
        ("aosp-22", False, True),
        ("aosp-25", False, False),
        ("aosp-25", True, True),
        ("aosp-30", False, True),
        ("aosp-34", False, False),
        ("aosp-34", True, True),
    ],
)
async def test_who_may_downgrade_with_d(
    tmp_path: Path, personality: str, debuggable: bool, goes_in: bool
) -> None:
    rig = await booted(tmp_path, personality)
    await install(rig, apk(version_code=2, debuggable=debuggable))
    plain = await install(rig, apk(version_code=1, debuggable=debuggable), "-r")
    assert "INSTALL_FAILED_VERSION_DOWNGRADE" in plain.text
    answer = await install(rig, apk(version_code=1, debuggable=debuggable), "-r", "-d")
    assert (answer.out == "Success\n") is goes_in


async def test_reinstalling_gives_a_higher_app_id_until_the_next_boot(tmp_path: Path) -> None:
    rig = await booted(tmp_path, "aosp-30")
    await install(rig, apk())
    first = rig.record_line(NAME)
    assert (await rig.run("pm", "uninstall", NAME)).out == "Success\n"
    assert not rig.machine.files.host(HOME).exists()
    await install(rig, apk())
    second = rig.record_line(NAME)
    assert second[0] == first[0] + 1
    await rig.run("pm", "uninstall", NAME)
    await rig.reboot()
    await install(rig, apk())
    assert rig.record_line(NAME)[0] == first[0]
    assert rig.machine.accounts[first[0]] == f"u0_a{first[0] - 10000}"


@pytest.mark.parametrize("personality", ["aosp-22", "aosp-30", "aosp-36"])
async def test_uninstall_k_leaves_data_and_identity_behind(
    tmp_path: Path, personality: str
) -> None:
    rig = await booted(tmp_path, personality)
    await install(rig, apk(version_code=2))
    await rig.put(f"{HOME}/files/letter", b"dear")
    before = rig.record_line(NAME)
    assert (await rig.run("pm", "uninstall", "-k", NAME)).out == "Success\n"
    assert (await rig.run("pm", "list", "packages", NAME)).out == ""
    assert (await rig.run("pm", "list", "packages", "-u", NAME)).out == f"package:{NAME}\n"
    assert (await rig.run("pm", "path", NAME)).status == 1
    assert "UPDATE_INCOMPATIBLE" in (await install(rig, apk(signer="B", version_code=3))).text
    assert (await install(rig, apk(version_code=2))).out == "Success\n"
    assert rig.record_line(NAME) == before
    assert rig.machine.files.host(f"{HOME}/files/letter").exists()


async def test_clearing_takes_contents_and_grants_and_leaves_directories(tmp_path: Path) -> None:
    rig = await booted(tmp_path, "aosp-30")
    await install(rig, apk(), "-g")
    external = "/storage/emulated/0/Android"
    for path in (f"{HOME}/files/a", f"{external}/data/{NAME}/b", f"{external}/obb/{NAME}/c"):
        await rig.put(path, b"x")
    before = rig.record_line(NAME)
    assert (await rig.run("pm", "clear", NAME)).out == "Success\n"
    assert rig.record_line(NAME) == before
    left = [rig.machine.files.host(p).exists() for p in (
        f"{HOME}/files/a", f"{external}/data/{NAME}/b", f"{external}/obb/{NAME}/c"
    )]  # fmt: skip
    assert left == [False, False, True]
    record = rig.phone.parts.registry.get(NAME)
    assert record is not None
    assert "android.permission.CAMERA" not in record.granted()
    assert "android.permission.INTERNET" in record.granted()


async def test_clearing_what_is_not_there_fails(tmp_path: Path) -> None:
    rig = await booted(tmp_path, "aosp-30")
    assert await rig.run("pm", "clear", NAME) == Answer(status=1, out="", error="Failed\n")


async def test_a_streamed_install_takes_the_announced_bytes_from_stdin(tmp_path: Path) -> None:
    rig = await booted(tmp_path, "aosp-30")
    data = apk()
    answer = await rig.run("cmd", "package", "install", "-S", str(len(data)), stdin=data)
    assert answer == Answer(status=0, out="Success\n", error="")


async def test_a_stream_that_ends_early_installs_nothing(tmp_path: Path) -> None:
    rig = await booted(tmp_path, "aosp-30")
    data = apk()
    answer = await rig.run("cmd", "package", "install", "-S", str(len(data)), stdin=data[:-9])
    assert answer.out.startswith("Failure [")
    assert rig.phone.parts.registry.get(NAME) is None


async def session(rig: Rig, files: dict[str, bytes], *options: str) -> Answer:
    created = await rig.run("pm", "install-create", *options)
    number = re.search(r"\[(\d+)\]", created.out)
    assert number is not None
    for name, data in files.items():
        written = await rig.run(
            "pm", "install-write", "-S", str(len(data)), number[1], name, "-", stdin=data
        )
        assert written.out == f"Success: streamed {len(data)} bytes\n"
    return await rig.run("pm", "install-commit", number[1])


async def test_a_session_installs_a_base_with_its_splits(tmp_path: Path) -> None:
    rig = await booted(tmp_path, "aosp-30")
    files = {"base.apk": apk(), "split_de.apk": apk(split_name="de")}
    assert (await session(rig, files)).out == "Success\n"
    paths = (await rig.run("pm", "path", NAME)).out.split()
    assert [path.rpartition("/")[2] for path in paths] == ["base.apk", "split_de.apk"]


@pytest.mark.parametrize(
    ("files", "says"),
    [
        ({"a": apk(split_name="de")}, "Full install must include a base package"),
        ({}, "No packages staged"),
        (
            {"a": apk(), "b": apk(split_name="de", version_code=2)},
            "version code 2 inconsistent with 1",
        ),
        ({"a": apk(), "b": apk(split_name="de", signer="B")}, "signatures are inconsistent"),
        (
            {"a": apk(), "b": apk(split_name="de", package_name="org.other.app")},
            "package org.other.app inconsistent with org.example.chat",
        ),
        (
            {"a": apk(), "b": apk(split_name="de"), "c": apk(split_name="de")},
            "Split de was defined multiple times",
        ),
        ({"a": b"not an apk"}, "Failed to parse"),
    ],
)
async def test_a_session_that_does_not_hold_together_is_refused(
    tmp_path: Path, files: dict[str, bytes], says: str
) -> None:
    rig = await booted(tmp_path, "aosp-30")
    answer = await session(rig, files)
    assert says in answer.out
    assert answer.status == 1


async def test_an_abandoned_session_is_gone(tmp_path: Path) -> None:
    rig = await booted(tmp_path, "aosp-30")
    number = (await rig.run("pm", "install-create")).out.split("[")[1].split("]")[0]
    assert (await rig.run("pm", "install-abandon", number)).out == "Success\n"
    assert "no access to session" in (await rig.run("pm", "install-commit", number)).error


async def test_a_session_name_cannot_leave_its_directory(tmp_path: Path) -> None:
    rig = await booted(tmp_path, "aosp-30")
    number = (await rig.run("pm", "install-create")).out.split("[")[1].split("]")[0]
    answer = await rig.run("pm", "install-write", "-S", "1", number, "../x", "-", stdin=b"x")
    assert "Invalid name" in answer.error


@pytest.mark.parametrize(
    ("personality", "fields"),
    [
        ("aosp-25", ("    userId=100", "ceDataInode=", "    dataDir=", "    firstInstallTime=")),
        ("aosp-33", ("    userId=100", "      firstInstallTime=", "    packageSource=")),
        ("aosp-34", ("    appId=100", "    privatePkgFlags=", "    dataDir=")),
        ("aosp-36", ("    appId=100", "deDataInode=", "      dataDir=", "quarantined=")),
    ],
)
async def test_dumpsys_package_has_the_fields_of_the_version(
    tmp_path: Path, personality: str, fields: tuple[str, ...]
) -> None:
    rig = await booted(tmp_path, personality)
    await install(rig, apk())
    text = (await rig.run("dumpsys", "package", NAME)).out
    for field in fields:
        assert re.search(rf"^.*{re.escape(field)}", text, re.MULTILINE), field
    signatures = re.search(r"signatures=(.*)", text)
    record = rig.phone.parts.registry.get(NAME)
    assert signatures is not None
    assert record is not None
    assert record.signing.java_hashes[0] in signatures[1]


async def test_a_list_of_packages_shows_what_was_asked_for(tmp_path: Path) -> None:
    rig = await booted(tmp_path, "aosp-30")
    await install(rig, apk(), "-i", "com.example.store")
    app_id = rig.record_line(NAME)[0]
    words = ("-f", "-U", "--show-versioncode", "-i", "-3")
    line = (await rig.run("pm", "list", "packages", *words)).out
    code_path = (await rig.run("pm", "path", NAME)).out.strip()
    assert line == (f"{code_path}={NAME} versionCode:1  installer=com.example.store uid:{app_id}\n")


@pytest.mark.parametrize(
    ("personality", "says"),
    [
        ("aosp-25", "run-as: Package 'org.example.chat' is not debuggable"),
        ("aosp-30", "run-as: package not debuggable: org.example.chat"),
    ],
)
async def test_run_as_wants_a_debuggable_app(tmp_path: Path, personality: str, says: str) -> None:
    rig = await booted(tmp_path, personality)
    await install(rig, apk(debuggable=False))
    answer = await rig.run("run-as", NAME, "id")
    assert (answer.status, answer.error.strip()) == (1, says)
    assert rig.machine.spawned == []


async def test_run_as_starts_the_command_with_the_apps_id(tmp_path: Path) -> None:
    rig = await booted(tmp_path, "aosp-30")
    await install(rig, apk())
    assert (await rig.run("run-as", NAME, "id", "-u")).status == 0
    (argv, credentials), *_ = rig.machine.spawned
    assert argv == [b"id", b"-u"]
    assert credentials.uid == rig.record_line(NAME)[0]


async def test_run_as_notices_data_that_another_app_owns(tmp_path: Path) -> None:
    rig = await booted(tmp_path, "aosp-30")
    await install(rig, apk())
    await rig.machine.files.change_owner(HOME, uid=10099, gid=10099, recursive=False)
    answer = await rig.run("run-as", NAME, "id")
    owner = rig.record_line(NAME)[0]
    assert f"/data/user/0/{NAME} has wrong owner: 10099/10099, not {owner}" in answer.error


async def test_an_installed_split_of_a_later_revision_is_no_update(tmp_path: Path) -> None:
    rig = await booted(tmp_path, "aosp-34")
    base = apk()
    await session(rig, {"base.apk": base, "de.apk": apk(split_name="de", revision_code=5)})
    again = {"base.apk": base, "de.apk": apk(split_name="de", revision_code=4)}
    assert (
        "Update split de revision code 4 is older than current 5" in (await session(rig, again)).out
    )
    log = (await rig.run("logcat", "-d", "-s", "PackageManager")).out
    assert "Downgrade detected: Update split de revision code 4 is older than current 5" in log


async def test_a_session_that_adds_to_what_is_there_needs_the_same_signer(tmp_path: Path) -> None:
    for personality, says in (
        ("aosp-30", "de.apk signatures are inconsistent"),
        ("aosp-34", "Existing signatures are inconsistent"),
    ):
        (tmp_path / personality).mkdir()
        rig = await booted(tmp_path / personality, personality)
        await install(rig, apk())
        added = {"de.apk": apk(split_name="de", signer="B")}
        assert says in (await session(rig, added, "-p", NAME)).out
        assert (await session(rig, {"de.apk": apk(split_name="de")}, "-p", NAME)).out == "Success\n"


async def test_only_a_split_that_is_there_can_be_taken_out(tmp_path: Path) -> None:
    rig = await booted(tmp_path, "aosp-34")
    await session(rig, {"base.apk": apk(), "de.apk": apk(split_name="de")})
    for split, says in (("fr", "Split not found: fr"), ("de", "Success")):
        number = (await rig.run("pm", "install-create", "-p", NAME)).out.split("[")[1].split("]")[0]
        await rig.run("pm", "install-remove", number, split)
        assert says in (await rig.run("pm", "install-commit", number)).out
    paths = (await rig.run("pm", "path", NAME)).out.split()
    assert [path.rpartition("/")[2] for path in paths] == ["base.apk"]


@pytest.mark.parametrize(
    ("personality", "says"),
    [("aosp-22", "Failure [INSTALL_FAILED_UID_CHANGED]\n"), ("aosp-25", "")],
)
async def test_data_of_another_uid_stops_a_first_install_on_5_and_6(
    tmp_path: Path, personality: str, says: str
) -> None:
    rig = await booted(tmp_path, personality)
    await rig.put(f"{HOME}/files/letter", b"dear")
    await rig.machine.files.change_owner(HOME, uid=10099, gid=10099, recursive=False)
    answer = await install(rig, apk())
    assert answer.error.removeprefix("\tpkg: /data/local/tmp/it.apk\n") == says
    assert (answer.status == 0) is (says == "")
