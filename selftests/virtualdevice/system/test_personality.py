"""Personalities: those that come with the device, and what is said of a wrong file."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest

from selftests.virtualdevice.system.apks import NAME, apk
from selftests.virtualdevice.system.fake_machine import booted
from virtualdevice.system.personality import (
    Mismatch,
    PersonalityError,
    list_personalities,
    load_personality,
)

GOOD = """\
version: 1
title: Test phone
api: 30
build:
  brand: b
  manufacturer: m
  model: M
  device: d
  product: p
  release: "11"
  id: RQ3A
  incremental: "77"
"""
DELIVERED = {
    "api-demos": 34,
    **{f"aosp-{api}": api for api in range(21, 37)},
    "aosp-34-userdebug": 34,
    "aosp-34-work-profile": 34,
    "aosp-31-blueline": 31,
    "aosp-35-panther": 35,
    "nut-pro-2-before-4.2.5.1": 25,
    "nut-pro-2-4.2.5.1": 25,
    "sibling": 25,
}


def test_the_delivered_ones_all_load() -> None:
    names = [name for name in list_personalities() if not name.startswith("prompt-")]
    assert {name: load_personality(name).api for name in names} == DELIVERED


def test_the_phone_of_the_incident_misjudges_and_reinstalls() -> None:
    phone = load_personality("nut-pro-2-before-4.2.5.1")
    assert (phone.build.model, phone.build.brand, phone.locale) == ("OD103", "SMARTISAN", "zh-CN")
    store = phone.store
    assert store is not None
    assert store.misjudges_signer
    assert store.on_signature_mismatch is Mismatch.WARN_THEN_REINSTALL
    assert store.mismatch_dialog is not None
    assert store.mismatch_dialog.default == "确认"


@pytest.mark.parametrize("name", ["nut-pro-2-4.2.5.1", "sibling"])
def test_the_others_of_its_maker_judge_rightly(name: str) -> None:
    store = load_personality(name).store
    assert store is not None
    assert not store.misjudges_signer
    assert store.on_signature_mismatch is Mismatch.REFUSE


def test_the_build_is_named_by_its_fingerprint(tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text(GOOD)
    build = load_personality(file).build
    assert build.fingerprint == "b/p/d:11/RQ3A/77:user/release-keys"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (GOOD + "colour: red\n", r"mine\.yaml:13: unknown key 'colour'; allowed: version, title"),
        (GOOD.replace("brand: b", "brandt: b"), r"mine\.yaml:5: build: unknown key 'brandt'"),
        (GOOD.replace("api: 30", "api: 99"), r"mine\.yaml: api: 99 is not in 21\.\.36"),
        (GOOD.replace("api: 30", "api: thirty"), r":3: api: 'thirty' must be a whole number"),
        (GOOD.replace('"77"', "77"), r"build\.incremental: 77 must be text in quotes"),
        (GOOD.replace("title: Test phone\n", ""), r"the key 'title' is missing"),
        (GOOD + "title: again\n", r"mine\.yaml:13.*duplicate key"),
        (GOOD + "packages: [a, b]\n", r":13: packages: must be a mapping of keys"),
        (GOOD + "store: {package: x, push_action: y}\n", r"store\.package: x is not among"),
        (GOOD + "packages: {a.b: {screen: cinema}}\n", r"'cinema' is none of: none, launcher"),
        (GOOD + "extends: nowhere\n", r"there is no personality 'nowhere' \("),
        (GOOD + "extends: siblink\n", r"there is no personality 'siblink'; there is sibling"),
        (GOOD + "extends: mine\n", r"extend each other in a circle"),
        ("- a list\n", r"must be a mapping of keys"),
        ("a: [\n", r"mine\.yaml:2"),
        (
            GOOD + "packages: {x.y: {}}\nstore:\n  package: x.y\n  push_action: p\n"
            "  on_signature_mismatch: warn_then_reinstall\n",
            r"store\.mismatch_dialog: warn_then_reinstall needs the dialog",
        ),
        (
            GOOD + "packages: {x.y: {}}\nstore:\n  package: x.y\n  push_action: p\n"
            "  mismatch_dialog:\n    message: m\n    buttons: [{text: a, does: confirm}]\n"
            "    default: b\n",
            r"store\.mismatch_dialog\.default: 'b' is none of the buttons: a",
        ),
    ],
)
def test_a_wrong_file_is_named_with_line_and_reason(tmp_path: Path, text: str, says: str) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text(text)
    with pytest.raises(PersonalityError, match=says):
        load_personality(file)


@pytest.mark.parametrize("name", ["no-such-phone", "absent.yaml"])
def test_a_personality_that_is_not_there_is_said_so(name: str) -> None:
    with pytest.raises(PersonalityError, match="there is no"):
        load_personality(name)


def test_a_file_may_lie_over_another_one(tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text('extends: aosp-34\ntitle: Mine\nbuild: {model: "Other"}\n')
    mine, base = load_personality(file), load_personality("aosp-34")
    assert (mine.title, mine.build.model) == ("Mine", "Other")
    assert (mine.api, mine.packages, mine.name) == (34, base.packages, "mine")


@pytest.mark.parametrize("name", list_personalities())
async def test_each_of_them_boots_installs_and_updates(tmp_path: Path, name: str) -> None:
    rig = await booted(tmp_path, name)
    assert rig.server.get_property("sys.boot_completed") == "1"
    for version in (1, 2):
        path = await rig.put("/data/local/tmp/it.apk", apk(version_code=version))
        assert (await rig.run("pm", "install", "-r", path)).out == "Success\n"
    assert (await rig.run("dumpsys", "package", NAME)).out.count("versionCode=2") == 1
    await rig.run("monkey", "-p", NAME, "1")
    assert rig.phone.screen.top.package == NAME
    assert rig.phone.picture().size[0] == rig.phone.screen.frame.width_px


def test_the_example_in_the_readme_is_a_personality(tmp_path: Path) -> None:
    readme = (Path(__file__).parents[3] / "README.md").read_text(encoding="utf-8")
    example = readme.partition("    extends: ")[2].partition("\n\n")[0]
    file = tmp_path / "my-phone.yaml"
    file.write_text(f"extends: {dedent(f'    {example}')}", encoding="utf-8")
    assert load_personality(file).build.model == "X1"
