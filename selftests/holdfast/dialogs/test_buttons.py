"""The roles of buttons: by resource id, by the words of the language, by position."""

from __future__ import annotations

import pytest

from holdfast.dialogs.buttons import SeenButton, button_roles, read_buttons
from holdfast.dialogs.captured import ButtonRole
from holdfast.dialogs.wording import LanguageRules, rules_for
from selftests.holdfast.dialogs.seen import bounds

YES, NO, NEUTRAL = ButtonRole.AFFIRMATIVE, ButtonRole.NEGATIVE, ButtonRole.NEUTRAL


def seen(text: str, *, resource_id: str = "", left: int = 0, top: int = 0) -> SeenButton:
    place = bounds(left, top, left + 100, top + 50)
    return SeenButton(text=text, resource_id=resource_id, class_name="Button", bounds=place)


def rules(language: str) -> LanguageRules:
    found = rules_for(language)
    assert found is not None
    return found


def test_a_resource_id_tells_the_role_in_any_language() -> None:
    buttons = [seen("xx", resource_id="android:id/button2"), seen("yy", resource_id="a:id/button1")]
    assert button_roles(buttons, language="tlh") == (NO, YES)


@pytest.mark.parametrize(
    ("language", "labels", "roles"),
    [
        ("zh-CN", ("取消", "确认"), (NO, YES)),
        ("zh-CN", ("暂不更新", "立即更新"), (NO, YES)),
        ("zh-TW", ("解除安裝", "取消"), (YES, NO)),
        ("de", ("Nicht jetzt", "Sichern", "Weiter"), (NO, NEUTRAL, YES)),
        ("ru", ("Отмена", "Удалить"), (NO, YES)),
        ("ar", ("إلغاء", "حذف"), (NO, YES)),
        ("tr", ("İPTAL", "KALDIR"), (NO, YES)),
    ],
)
def test_the_words_of_the_language_tell_the_role(
    language: str, labels: tuple[str, ...], roles: tuple[ButtonRole, ...]
) -> None:
    assert button_roles([seen(label) for label in labels], language=language) == roles


def test_where_nothing_else_tells_the_last_of_a_row_affirms() -> None:
    row = [seen("vo", left=100), seen("HIja", left=300)]
    assert button_roles(row, language="tlh") == (NO, YES)
    assert button_roles(row, language="tlh", right_to_left=True) == (YES, NO)


def test_where_nothing_else_tells_the_first_of_a_column_affirms() -> None:
    column = [seen("HIja", top=100), seen("vo", top=200)]
    assert button_roles(column, language="tlh") == (YES, NO)


def test_a_single_button_affirms() -> None:
    assert button_roles([seen("HIja")], language="tlh") == (YES,)


def test_a_mere_ok_beside_a_button_that_goes_on_leaves_things_as_they_are() -> None:
    read = read_buttons(("OK", "Deinstallieren"), rules("de"))
    assert [w.text for w in read.cancel] == ["OK"]
    assert read_buttons(("OK",), rules("de")).cancel == ()


def test_refusing_the_backup_is_not_declining() -> None:
    read = read_buttons(("备份", "不备份，继续安装"), rules("zh-CN"))
    assert read.cancel == ()
    assert [w.index for w in read.backup] == [0]
    assert [w.index for w in read.confirm] == [1]


def test_a_label_that_was_never_translated_is_understood() -> None:
    read = read_buttons(("<android:string/cancel>",), rules("fa"))
    assert len(read.cancel) == 1
