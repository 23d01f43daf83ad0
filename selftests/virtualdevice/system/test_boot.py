"""The first boot of another build over the same data: AOSP's table of what becomes of whom."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from holdfast.apk.archive import Apk
from holdfast.apk.manifest import read_manifest
from selftests.virtualdevice.system.apks import NAME, apk
from selftests.virtualdevice.system.fake_machine import Rig, booted
from virtualdevice.system import build_system_server
from virtualdevice.system.personality import Personality, load_personality
from virtualdevice.system.server import AndroidServer

HOME = f"/data/data/{NAME}"


def build(folder: Path, base: str, incremental: str, preloads: Sequence[bytes]) -> Personality:
    """A build of `base` of its own number, with these preloads."""
    folder.mkdir(exist_ok=True)
    text = f'extends: {base}\ntitle: Build {incremental}\nbuild: {{incremental: "{incremental}"}}\n'
    text += "packages:\n" if preloads else ""
    for number, preload in enumerate(preloads):
        name = read_manifest(Apk.from_bytes(preload)).package_name
        (folder / f"{incremental}-{number}.apk").write_bytes(preload)
        text += f"  {name}: {{apk: {incremental}-{number}.apk}}\n"
    file = folder / f"build-{incremental}.yaml"
    file.write_text(text)
    return load_personality(file)


class Upgradable:
    """A phone whose system image can be changed between boots."""

    def __init__(self, tmp_path: Path, base: str) -> None:
        self._folder = tmp_path / "builds"
        self._root = tmp_path / "root"
        self._root.mkdir()
        self._base = base
        self._rig: Rig | None = None

    async def boot(self, incremental: str, *preloads: bytes, defects: Sequence[str] = ()) -> Rig:
        personality = build(self._folder, self._base, incremental, preloads)
        if self._rig is None:
            self._rig = await booted(self._root, personality, defects=defects)
            return self._rig
        await self._rig.server.stop()
        server = build_system_server(personality, defects=defects, settings={})
        assert isinstance(server, AndroidServer)
        self._rig = Rig(server, self._rig.machine)
        await server.start(self._rig.machine)
        return self._rig


async def install(rig: Rig, data: bytes) -> None:
    path = await rig.put("/data/local/tmp/it.apk", data)
    assert (await rig.run("pm", "install", "-r", path)).out == "Success\n"


async def seed(rig: Rig) -> None:
    await rig.put(f"{HOME}/files/letter", b"dear")
    await rig.put(f"{HOME}/code_cache/old", b"compiled")


async def state(rig: Rig) -> Mapping[str, object]:
    record = rig.phone.parts.registry.get(NAME)
    text = "\n".join(line.text for line in rig.phone.parts.log.lines(("system", "events")))
    return {
        "letter": rig.machine.files.host(f"{HOME}/files/letter").exists(),
        "system": record.is_system if record else None,
        "version": record.version_code if record else None,
        "signer": record.signing.cert_sha256s if record else None,
        "app_id": record.app_id if record else None,
        "log": text,
    }


async def test_another_build_clears_code_caches_and_says_so(tmp_path: Path) -> None:
    phone = Upgradable(tmp_path, "aosp-30")
    rig = await phone.boot("1")
    await install(rig, apk())
    await seed(rig)
    rig = await phone.boot("1")
    assert rig.machine.files.host(f"{HOME}/code_cache/old").exists()
    rig = await phone.boot("2")
    assert not rig.machine.files.host(f"{HOME}/code_cache/old").exists()
    found = await state(rig)
    assert found["letter"] is True
    assert "Build fingerprint changed; clearing code caches" in str(found["log"])


@pytest.mark.parametrize(
    ("base", "says"),
    [
        ("aosp-25", "appeared on system, but signatures don't match existing userdata copy; rem"),
        ("aosp-30", f"System package signature mismatch; name: {NAME}"),
    ],
)
async def test_a_preload_by_another_signer_wipes_the_users_app(
    tmp_path: Path, base: str, says: str
) -> None:
    phone = Upgradable(tmp_path, base)
    rig = await phone.boot("1")
    await install(rig, apk())
    await seed(rig)
    before = await state(rig)
    after = await state(await phone.boot("2", apk(signer="B", version_code=2)))
    assert (after["letter"], after["system"], after["version"]) == (False, True, 2)
    assert after["app_id"] != before["app_id"]
    assert says in str(after["log"])


@pytest.mark.parametrize(("version", "runs"), [(3, 3), (1, 2)])
async def test_a_preload_by_the_same_signer_takes_the_app_over_with_its_data(
    tmp_path: Path, version: int, runs: int
) -> None:
    phone = Upgradable(tmp_path, "aosp-30")
    rig = await phone.boot("1")
    await install(rig, apk(version_code=2))
    await seed(rig)
    before = await state(rig)
    after = await state(await phone.boot("2", apk(version_code=version)))
    assert (after["letter"], after["system"], after["version"]) == (True, True, runs)
    assert after["app_id"] == before["app_id"]


async def test_a_preload_that_is_signed_anew_reads_the_old_data(tmp_path: Path) -> None:
    phone = Upgradable(tmp_path, "aosp-30")
    rig = await phone.boot("1", apk())
    await seed(rig)
    before = await state(rig)
    after = await state(await phone.boot("2", apk(signer="B")))
    assert after["letter"] is True
    assert after["signer"] != before["signer"]
    assert f"System package {NAME} signature changed; retaining data." in str(after["log"])


@pytest.mark.parametrize(("image", "runs"), [(3, 2 + 1), (1, 2)])
async def test_an_updated_preload_is_replaced_only_by_a_newer_image(
    tmp_path: Path, image: int, runs: int
) -> None:
    phone = Upgradable(tmp_path, "aosp-30")
    rig = await phone.boot("1", apk(version_code=1))
    await install(rig, apk(version_code=2))
    await seed(rig)
    after = await state(await phone.boot("2", apk(version_code=image)))
    assert (after["letter"], after["system"], after["version"]) == (True, True, runs)


async def test_a_preload_that_the_image_drops_is_wiped(tmp_path: Path) -> None:
    phone = Upgradable(tmp_path, "aosp-30")
    rig = await phone.boot("1", apk())
    await seed(rig)
    after = await state(await phone.boot("2"))
    assert (after["letter"], after["system"]) == (False, None)
    assert "no longer exists; it's data will be wiped" in str(after["log"])


async def test_a_dropped_preload_with_an_update_lives_on_as_an_app(tmp_path: Path) -> None:
    phone = Upgradable(tmp_path, "aosp-30")
    rig = await phone.boot("1", apk())
    await install(rig, apk(version_code=2))
    await seed(rig)
    after = await state(await phone.boot("2"))
    assert (after["letter"], after["system"], after["version"]) == (True, False, 2)


async def test_uninstalling_updates_to_an_older_factory_version_wipes(tmp_path: Path) -> None:
    phone = Upgradable(tmp_path, "aosp-30")
    rig = await phone.boot("1", apk())
    await install(rig, apk(version_code=2))
    await seed(rig)
    assert "Hidden system packages:" in (await rig.run("dumpsys", "package", NAME)).out
    assert (await rig.run("pm", "uninstall", NAME)).out == "Success\n"
    after = await state(rig)
    assert (after["letter"], after["system"], after["version"]) == (False, True, 1)


@pytest.mark.parametrize(
    ("base", "kept", "says"),
    [
        ("aosp-22", False, "old data erased"),
        ("aosp-30", True, "Failed to create app data for org.example.chat: "),
        ("aosp-34", False, "Recovery succeeded!"),
    ],
)
async def test_data_that_another_id_owns_is_treated_as_each_version_does(
    tmp_path: Path, base: str, kept: bool, says: str
) -> None:
    phone = Upgradable(tmp_path, base)
    rig = await phone.boot("1")
    await install(rig, apk())
    await seed(rig)
    await rig.machine.files.change_owner(HOME, uid=10099, gid=10099, recursive=True)
    found = await state(await phone.boot("1"))
    assert found["letter"] is kept
    assert says in str(found["log"])


async def test_data_of_a_package_that_nobody_knows_is_destroyed(tmp_path: Path) -> None:
    phone = Upgradable(tmp_path, "aosp-30")
    rig = await phone.boot("1")
    await install(rig, apk())
    await seed(rig)
    record = rig.phone.parts.registry.get(NAME)
    assert record is not None
    await rig.machine.files.remove_tree(record.code_path)
    await rig.put("/data/system/packages.xml", b"<broken")
    found = await state(await phone.boot("1"))
    assert (found["letter"], found["system"]) == (False, None)
    assert (
        f"Destroying /data/user/0/{NAME} due to: com.android.server.pm.PackageManagerException: "
        f"Package {NAME} is unknown"
    ) in str(found["log"])


async def give_to_user_10(rig: Rig) -> Path:
    """A letter in the chat app of a second user."""
    await rig.run("pm", "create-user", "Anna")
    await rig.run("pm", "install-existing", "--user", "10", NAME)
    letter = await rig.put(f"/data/user/10/{NAME}/files/letter", b"dear")
    await rig.put(f"/data/user/10/{NAME}/code_cache/old", b"compiled")
    return rig.machine.files.host(letter)


async def test_what_a_boot_keeps_or_wipes_it_keeps_or_wipes_for_every_user(tmp_path: Path) -> None:
    phone = Upgradable(tmp_path, "aosp-30")
    rig = await phone.boot("1")
    await install(rig, apk())
    letter = await give_to_user_10(rig)
    rig = await phone.boot("2")
    assert letter.exists()
    assert not (letter.parents[1] / "code_cache/old").exists()
    record = rig.phone.parts.registry.get(NAME)
    assert record is not None
    before = (record.app_id, record.user(10).ce_inode)
    rig = await phone.boot("3", apk(signer="B", version_code=2))  # a preload by another signer
    record = rig.phone.parts.registry.get(NAME)
    assert record is not None
    assert not letter.exists()
    assert record.user_ids == (0, 10)
    assert (record.app_id, record.user(10).ce_inode) != before


async def test_a_preload_that_the_image_drops_is_wiped_for_every_user(tmp_path: Path) -> None:
    phone = Upgradable(tmp_path, "aosp-30")
    rig = await phone.boot("1", apk())
    letter = await give_to_user_10(rig)
    await phone.boot("2")
    assert not letter.exists()


@pytest.mark.parametrize(("base", "kept"), [("aosp-30", True), ("aosp-34", False)])
async def test_data_of_a_second_user_with_another_owner_is_treated_alike(
    tmp_path: Path, base: str, kept: bool
) -> None:
    phone = Upgradable(tmp_path, base)
    rig = await phone.boot("1")
    await install(rig, apk())
    letter = await give_to_user_10(rig)
    home = f"/data/user/10/{NAME}"
    await rig.machine.files.change_owner(home, uid=1010999, gid=1010999, recursive=True)
    await phone.boot("1")
    assert letter.exists() is kept
