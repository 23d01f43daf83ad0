"""The judge of wording: the sentence of 2018, and what a correct warning looks like beside it."""

from __future__ import annotations

import json

import pytest

from holdfast.dialogs.captured import DialogText
from holdfast.dialogs.judge import judge
from holdfast.dialogs.judgement import DataLossStatement, DialogVerdict, Operation, Outcome
from holdfast.dialogs.policy import Clause

THE_SENTENCE_OF_2018 = DialogText(
    id="smartisan-2018",
    language="zh-CN",
    message="APP签名不一致，可能导致数据丢失",
    buttons=("取消", "确认"),
    app_name="微信",
)
CORRECT = DialogText(
    language="zh-CN",
    title="更新会删除微信的全部聊天记录",
    message="此更新会删除微信在本机上的所有数据（11 GB），删除后无法恢复。请先备份。",
    buttons=("取消", "先备份", "删除并更新"),
    app_name="微信",
)


def test_the_sentence_of_2018_is_inadequate_with_exactly_the_clauses_that_it_misses() -> None:
    judgement = judge(THE_SENTENCE_OF_2018)
    assert judgement.verdict is DialogVerdict.INADEQUATE_WARNING
    assert judgement.says_data_will_be_lost is DataLossStatement.HEDGED
    assert [c.clause for c in judgement.missed] == [
        Clause.SAYS_DATA_WILL_BE_LOST,
        Clause.NAMES_THE_APP,
        Clause.WHAT_OR_HOW_MUCH,
        Clause.BACKUP_OFFERED,
    ]
    assert [c.clause for c in judgement.failing] == [Clause.SAYS_DATA_WILL_BE_LOST]
    words = judgement.clause(Clause.SAYS_DATA_WILL_BE_LOST).words
    assert [w.text for w in words] == ["可能", "数据丢失"]


def test_a_warning_that_says_what_is_lost_is_correct() -> None:
    judgement = judge(CORRECT)
    assert judgement.verdict is DialogVerdict.CORRECT_WARNING, judgement.why
    assert judgement.missed == ()


@pytest.mark.parametrize(
    ("message", "verdict"),
    [
        ("All of Chat's data will be deleted.", DialogVerdict.CORRECT_WARNING),
        ("Chat's data may be deleted.", DialogVerdict.INADEQUATE_WARNING),
        ("Signatures do not match.", DialogVerdict.INADEQUATE_WARNING),
        ("Do you want to uninstall this app?", DialogVerdict.INADEQUATE_WARNING),
        ("Your existing data will not be lost.", DialogVerdict.NOT_A_DATA_WARNING),
        ("Turn off mobile data?", DialogVerdict.NOT_A_DATA_WARNING),
        ("Delete some photos to free up space.", DialogVerdict.NOT_A_DATA_WARNING),
    ],
)
def test_the_verdict_follows_what_the_words_say(message: str, verdict: DialogVerdict) -> None:
    dialog = DialogText(message=message, buttons=("Cancel", "Continue"), app_name="Chat")
    assert judge(dialog).verdict is verdict


def test_an_announced_loss_is_a_false_alarm_where_the_operation_keeps_the_data() -> None:
    harmless = judge(CORRECT, operation=Operation.KEEPS_DATA)
    assert harmless.false_alarm is not None
    assert not harmless.false_alarm.known
    assert harmless.verdict is DialogVerdict.INADEQUATE_WARNING
    assert judge(CORRECT, operation=Operation.DESTROYS_DATA).false_alarm is None


def test_what_words_do_not_show_is_undecidable_and_never_counts_as_missed() -> None:
    judgement = judge(CORRECT)
    for clause in (
        Clause.BEFORE_ANYTHING_IS_DESTROYED,
        Clause.AFFIRMATIVE_NOT_DEFAULT,
        Clause.SECOND_CONFIRMATION,
        Clause.RISK_SET_APART,
        Clause.TEXT_NOT_CUT_OFF,
    ):
        assert judgement.clause(clause).outcome is Outcome.UNDECIDABLE


def test_a_judgement_goes_through_json_with_its_clauses_and_words() -> None:
    written = json.loads(json.dumps(judge(THE_SENTENCE_OF_2018).to_json()))
    assert written["verdict"] == "inadequate_warning"
    assert written["says_data_will_be_lost"] == "hedged"
    assert {c["clause"] for c in written["clauses"]} == {c.value for c in Clause}
