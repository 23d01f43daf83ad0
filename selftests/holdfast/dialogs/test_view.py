"""The page of judged dialogs: what it shows, and that nothing in it can act."""

from __future__ import annotations

import re

from holdfast.dialogs.captured import DialogText
from holdfast.dialogs.judge import judge, judge_capture
from holdfast.dialogs.view import JudgedDialog, render
from selftests.holdfast.dialogs.seen import captured, png

HEDGED = DialogText(
    id="store",
    message="Data may be lost <script>alert(1)</script>",
    buttons=("Cancel", "OK"),
    app_name="Chat",
)


def page(text: DialogText) -> str:
    return render([JudgedDialog(judgement=judge(text), text=text)], title="Seen")


def test_the_words_that_decided_are_marked_with_the_number_of_their_clause() -> None:
    shown = page(HEDGED)
    number = re.search(
        r'<span class="no">(\d+)</span>\s*<span class="asks">It says that data will be lost', shown
    )
    assert number is not None
    marks = re.findall(r'<mark class="missed">([^<]+)<sup>([\d,]+)</sup>', shown)
    assert {text for text, _ in marks} >= {"may"}
    assert all(number[1] in numbers.split(",") for text, numbers in marks if text == "may")


def test_missed_clauses_come_first_and_are_counted() -> None:
    shown = page(HEDGED)
    assert shown.index("Missed ·") < shown.index("Met ·") < shown.index("Not decided ·")
    assert "It misses 1 of the" in shown


def test_texts_of_a_device_are_escaped() -> None:
    assert "<script" not in page(HEDGED)
    assert "&lt;script&gt;" in page(HEDGED)


def test_the_page_is_self_contained() -> None:
    shown = page(HEDGED)
    assert not re.search(r"(?:src|href)=\"(?!data:)", shown)
    assert "url(" not in shown


def test_the_screenshot_bears_a_box_for_each_text_that_decided() -> None:
    dialog = captured(screenshot=png())
    text = dialog.wording(app_name="Chat")
    (judgement,) = judge_capture([dialog], app_name="Chat")
    shown = render([JudgedDialog(judgement=judgement, text=text, captured=dialog)], title="Seen")
    assert 'src="data:image/png;base64,' in shown
    assert 'x="94" y="594" width="812" height="72"' in shown
    assert "over com.example.chat" in shown


def test_boxes_are_laid_out_by_the_size_of_the_picture_itself() -> None:
    dialog = captured(screenshot=png(720, 1440))
    assert (dialog.screen.width_px, dialog.screen.height_px) != (720, 1440)
    text = dialog.wording(app_name="Chat")
    judged = JudgedDialog(judgement=judge(text), text=text, captured=dialog)
    assert 'viewBox="0 0 720 1440"' in render([judged], title="Seen")


def test_a_screenshot_that_is_no_png_is_not_embedded() -> None:
    dialog = captured(screenshot=b"GIF89a")
    text = dialog.wording(app_name="Chat")
    judged = JudgedDialog(judgement=judge(text), text=text, captured=dialog)
    assert "<img" not in render([judged], title="Seen")


def test_a_known_false_warning_says_so() -> None:
    text = DialogText(
        message="Bu uygulamaya bir güncelleme yüklemek istiyor musunuz? "
        "Mevcut verileriniz kaybedilecek. Özel bir erişim gerekmez.",
        language="tr",
    )
    assert "False warning: a known mistranslation" in page(text)


def test_the_numbers_of_a_box_at_the_edge_stay_on_the_picture() -> None:
    dialog = captured(screenshot=png())
    text = dialog.wording(app_name="Chat")
    (judgement,) = judge_capture([dialog], app_name="Chat")
    shown = render([JudgedDialog(judgement=judgement, text=text, captured=dialog)], title="Seen")
    (width_px,) = map(int, re.findall(r'viewBox="0 0 (\d+) ', shown))
    tags = re.findall(r'<rect class="tag \w+" x="(-?\d+)" y="(-?\d+)" width="(\d+)"', shown)
    assert tags
    for x_px, y_px, tag_px in tags:
        assert int(x_px) + int(tag_px) <= width_px
        assert int(y_px) >= 0
