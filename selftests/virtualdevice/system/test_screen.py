"""The screen: what is dumped, what is drawn, where keys go."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from selftests.virtualdevice.system.apks import NAME, apk
from selftests.virtualdevice.system.fake_machine import Rig, booted
from virtualdevice.seams import KeyAnswer
from virtualdevice.system.screen import drawing
from virtualdevice.system.screen.adb_key import key_digest
from virtualdevice.system.screen.hierarchy import dump_hierarchy, escape
from virtualdevice.system.screen.keys import KeyCode, key_code, letter_of
from virtualdevice.system.screen.view import Bounds, View, text_width_px, wrap
from virtualdevice.system.uiserver.selector import find_all


async def with_chat(root: Path, personality: str = "aosp-30") -> Rig:
    rig = await booted(root, personality)
    path = await rig.put("/data/local/tmp/it.apk", apk())
    await rig.run("pm", "install", path)
    await rig.put(f"/data/data/{NAME}/files/letter", b"dear")
    await rig.run("monkey", "-p", NAME, "1")
    return rig


def test_text_of_any_kind_is_safe_in_the_dump() -> None:
    odd = 'a<b>&"c"\n\x07\ud800é中'
    view = View(kind="android.widget.TextView", bounds=Bounds(0, 0, 1, 1), text=odd)
    root = ET.fromstring(dump_hierarchy([("p", view)], rotation=0).encode())
    assert root[0].get("text") == 'a<b>&"c"\n..é中'
    assert escape("plain") == "plain"


def test_an_empty_screen_is_the_dump_that_clients_ask_for_again() -> None:
    assert dump_hierarchy([], rotation=0).endswith('\r\n<hierarchy rotation="0" />')


def test_a_dump_goes_no_deeper_than_was_asked() -> None:
    leaf = View(kind="leaf", bounds=Bounds(0, 0, 1, 1))
    middle = View(kind="middle", bounds=Bounds(0, 0, 1, 1), children=[leaf])
    top = View(kind="top", bounds=Bounds(0, 0, 1, 1), children=[middle])
    assert "leaf" in dump_hierarchy([("p", top)], rotation=0)
    assert "leaf" not in dump_hierarchy([("p", top)], rotation=0, max_depth=2)


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("one two three", ["one two", "three"]),
        ("数据丢失数据丢失", ["数据丢失", "数据丢失"]),
        ("a\nb", ["a", "b"]),
        ("", [""]),
    ],
)
def test_text_breaks_at_spaces_and_between_wide_characters(text: str, lines: list[str]) -> None:
    assert wrap(text, 10, 45) == lines


def test_wide_characters_take_more_room() -> None:
    assert text_width_px("数据", 10) == 20
    assert text_width_px("ab", 10) < 20


@pytest.mark.parametrize(
    ("word", "code"),
    [("4", 4), ("KEYCODE_BACK", 4), ("enter", 66), ("a", 29), ("KEYCODE_Z", 54), ("nothing", None)],
)
def test_keys_have_names_and_numbers(word: str, code: int | None) -> None:
    assert key_code(word) == code


def test_letters_and_digits_type_themselves() -> None:
    assert [letter_of(code) for code in (29, 54, 7, 16, KeyCode.SPACE, KeyCode.BACK)] == [
        "a", "z", "0", "9", " ", "",
    ]  # fmt: skip


async def test_the_chat_is_drawn_so_that_it_can_be_read(tmp_path: Path) -> None:
    rig = await with_chat(tmp_path, "nut-pro-2-4.2.5.1")
    before = rig.phone.picture()
    await rig.run("input", "text", "hello")
    after = rig.phone.picture()
    assert before.size == (1080, 1920)
    assert before.tobytes() != after.tobytes()
    title = before.crop((0, 72, 400, 240)).getcolors(1 << 20)
    assert title is not None
    assert len(title) > 10  # glyphs, not a bare bar


async def test_a_sleeping_screen_is_black(tmp_path: Path) -> None:
    rig = await with_chat(tmp_path)
    await rig.run("input", "keyevent", "POWER")
    assert rig.phone.picture().getcolors() == [(1080 * 2160, (0, 0, 0))]


def test_without_fonts_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drawing, "LATIN", ("/nowhere/font.ttf",))
    with pytest.raises(drawing.FontsMissing, match="install fonts-dejavu-core"):
        drawing._font(drawing.LATIN, 16)


async def test_the_first_enter_in_a_dialog_without_focus_only_brings_focus(tmp_path: Path) -> None:
    rig = await with_chat(tmp_path)
    path = "/storage/emulated/0/Download/update.apk"
    await rig.put(path, apk(version_code=2))
    row = (await rig.run("content", "query", "--uri", "content://media/external/file",
                         "--projection", "_id", "--where", f"_data='{path}'")).out  # fmt: skip
    uri = f"content://media/external/file/{row.strip().rpartition('=')[2]}"
    await rig.run(
        "am", "start", "-a", "android.intent.action.VIEW", "-d", uri,
        "-t", "application/vnd.android.package-archive",
    )  # fmt: skip
    top = rig.phone.screen.top
    assert top.package == "com.android.packageinstaller"
    rig.phone.fingers.press(KeyCode.ENTER)
    assert rig.phone.screen.top is top
    focused = [v.text for v in top.view(rig.phone.screen.frame).walk() if v.focused]
    assert focused == ["Cancel"]


@pytest.mark.parametrize("personality", ["aosp-30", "aosp-34"])
async def test_a_file_uri_is_not_taken_since_android_10(tmp_path: Path, personality: str) -> None:
    rig = await with_chat(tmp_path, personality)
    answer = await rig.run(
        "am", "start", "-a", "android.intent.action.VIEW",
        "-d", "file:///data/local/tmp/it.apk", "-t", "application/vnd.android.package-archive",
    )  # fmt: skip
    assert "unable to resolve Intent { act=android.intent.action.VIEW" in answer.error
    assert answer.status == 0  # only 15 and later tell it by the status


async def test_unknown_sources_can_be_forbidden(tmp_path: Path) -> None:
    rig = await with_chat(tmp_path, "aosp-25")
    await rig.run("settings", "put", "secure", "install_non_market_apps", "0")
    await rig.run(
        "am", "start", "-a", "android.intent.action.VIEW",
        "-d", "file:///data/local/tmp/it.apk", "-t", "application/vnd.android.package-archive",
    )  # fmt: skip
    texts = [view.text for _, root in rig.phone.screen.roots() for view in root.walk()]
    assert any("unknown sources" in text for text in texts)


async def test_a_selector_looks_only_at_the_fields_of_its_mask(tmp_path: Path) -> None:
    rig = await with_chat(tmp_path)
    roots = rig.phone.screen.roots()
    assert len(find_all(roots, {"mask": 1, "text": "Send", "className": "ignored"})) == 1
    assert find_all(roots, {"mask": 0x11, "text": "Send", "className": "other"}) == []


async def test_an_unknown_computer_brings_up_a_question(tmp_path: Path) -> None:
    rig = await with_chat(tmp_path)
    answers: list[KeyAnswer] = []
    await rig.server.authorize_adb_key(b"QUJD computer@lab", answers.append)
    texts = [view.text for _, root in rig.phone.screen.roots() for view in root.walk()]
    assert any(key_digest(b"QUJD computer@lab") in text for text in texts)
    ok = next(v for _, r in rig.phone.screen.roots() for v in r.walk() if v.text == "OK")
    rig.phone.fingers.tap(*ok.bounds.centre)
    rig.phone.fingers.press(KeyCode.BACK)
    assert answers == [KeyAnswer.ONCE]
    assert rig.phone.screen.top.package != "com.android.systemui"
    await rig.server.authorize_adb_key(b"QUJD computer@lab", answers.append)
    for text in ("Always allow from this computer", "OK"):
        views = (v for _, r in rig.phone.screen.roots() for v in r.walk())
        rig.phone.fingers.tap(*next(v for v in views if v.text == text).bounds.centre)
    await rig.server.authorize_adb_key(b"QUJD computer@lab", answers.append)
    rig.phone.fingers.press(KeyCode.BACK)
    assert answers == [KeyAnswer.ONCE, KeyAnswer.ALWAYS, KeyAnswer.REFUSED]
