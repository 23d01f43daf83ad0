"""Each clause of the policy: met, missed and undecidable, where a capture can tell."""

from __future__ import annotations

import pytest

from holdfast.dialogs.captured import (
    ButtonRole,
    CapturedDialog,
    Destroyed,
    DialogKind,
    DialogText,
    Gap,
)
from holdfast.dialogs.judge import judge, judge_capture
from holdfast.dialogs.judgement import DialogVerdict, Judgement, Outcome
from holdfast.dialogs.policy import Clause
from selftests.holdfast.dialogs.seen import RISK, button, captured, piece

MET, MISSED, UNDECIDABLE = Outcome.MET, Outcome.MISSED, Outcome.UNDECIDABLE
BEFORE = Destroyed(after_ms=4000, by_ms=5000)


def judged(dialog: CapturedDialog, *, destroyed: Destroyed | None = BEFORE) -> Judgement:
    return judge(
        dialog.wording(app_name="Chat"),
        captured=dialog,
        destroyed=destroyed,
        separate_confirmations=2,
    )


def outcome(dialog: CapturedDialog, clause: Clause) -> Outcome:
    return judged(dialog).clause(clause).outcome


def test_a_dialog_that_meets_every_required_clause_is_a_correct_warning() -> None:
    judgement = judged(captured(message=f"{RISK} Please back up first."))
    assert judgement.verdict is DialogVerdict.CORRECT_WARNING
    assert judgement.missed == ()
    assert all(c.outcome is MET for c in judgement.clauses)


def test_a_warning_after_the_data_is_gone_comes_too_late() -> None:
    clause = Clause.BEFORE_ANYTHING_IS_DESTROYED
    whole = Destroyed(after_ms=1000, by_ms=1600)
    assert judged(captured(), destroyed=whole).clause(clause).outcome is MET
    late = judged(captured(), destroyed=Destroyed(after_ms=300, by_ms=999))
    assert late.clause(clause).outcome is MISSED
    assert late.verdict is DialogVerdict.INADEQUATE_WARNING
    for unseen in (None, Destroyed(after_ms=900, by_ms=1100)):
        assert judged(captured(), destroyed=unseen).clause(clause).outcome is UNDECIDABLE


@pytest.mark.parametrize(
    ("message", "clause", "expected"),
    [
        ("Data may be lost.", Clause.SAYS_DATA_WILL_BE_LOST, MISSED),
        ("Signatures conflict.", Clause.PLAIN_WORDS, MISSED),
        ("All data in Chat will be lost.", Clause.NAMES_THE_APP, MET),
        ("All data of the app will be lost.", Clause.NAMES_THE_APP, MISSED),
        ("Data will be lost.", Clause.WHAT_OR_HOW_MUCH, MISSED),
        ("Data will be lost: 11 GB.", Clause.WHAT_OR_HOW_MUCH, MET),
        ("All data will be lost. Back up first.", Clause.BACKUP_OFFERED, MET),
        ("All data will be lost.", Clause.BACKUP_OFFERED, MISSED),
    ],
)
def test_the_words_decide_what_words_can_decide(
    message: str, clause: Clause, expected: Outcome
) -> None:
    assert outcome(captured(message=message), clause) is expected


def test_a_dialog_without_a_button_that_declines_has_no_way_out() -> None:
    dialog = captured(buttons=(button("OK", ButtonRole.AFFIRMATIVE),))
    assert outcome(dialog, Clause.SAFE_WAY_OUT) is MISSED
    assert judged(dialog).verdict is DialogVerdict.INADEQUATE_WARNING
    words_alone = judge(DialogText(message=RISK, buttons=("OK",)))
    assert words_alone.clause(Clause.SAFE_WAY_OUT).outcome is UNDECIDABLE


def test_the_button_that_destroys_must_not_have_the_focus() -> None:
    focused = (
        button("Cancel", ButtonRole.NEGATIVE),
        button("Delete", ButtonRole.AFFIRMATIVE, focused=True),
    )
    assert outcome(captured(buttons=focused), Clause.AFFIRMATIVE_NOT_DEFAULT) is MISSED
    assert outcome(captured(), Clause.AFFIRMATIVE_NOT_DEFAULT) is MET
    none = captured(buttons=(button("Cancel", ButtonRole.NEGATIVE),))
    assert outcome(none, Clause.AFFIRMATIVE_NOT_DEFAULT) is UNDECIDABLE


def second(dialogs: list[CapturedDialog], *, gaps: tuple[Gap, ...] = ()) -> list[Outcome]:
    judgements = judge_capture(dialogs, app_name="Chat", gaps=gaps)
    return [j.clause(Clause.SECOND_CONFIRMATION).outcome for j in judgements]


def test_a_second_confirmation_is_another_dialog_that_warns_and_asks() -> None:
    first, again = captured(), captured(message="Delete all your data?", first_seen_ms=3000)
    assert second([first]) == [MISSED]
    assert second([first, again]) == [MET, MET]


@pytest.mark.parametrize("kind", [DialogKind.TOAST, DialogKind.NOTIFICATION])
def test_a_toast_or_a_notification_is_no_second_confirmation(kind: DialogKind) -> None:
    assert second([captured(), captured(kind=kind)]) == [MISSED, MISSED]


def test_a_dialog_about_something_else_is_no_second_confirmation() -> None:
    assert second([captured(), captured(message="Turn on Wi-Fi?")]) == [MISSED, MISSED]


def test_in_a_gap_of_the_capture_a_second_confirmation_may_have_been_missed() -> None:
    gap = Gap(began_ms=2000, ended_ms=4000, why="the UI server was started again")
    assert second([captured()], gaps=(gap,)) == [UNDECIDABLE]


def test_judgements_stand_in_the_order_of_the_dialogs() -> None:
    late, early = captured(first_seen_ms=3000), captured(message="Turn on Wi-Fi?")
    verdicts = [j.verdict for j in judge_capture([late, early], app_name="Chat")]
    assert verdicts[1] is DialogVerdict.NOT_A_DATA_WARNING
    assert verdicts[0] is not DialogVerdict.NOT_A_DATA_WARNING


@pytest.mark.parametrize(
    ("risk", "rest", "expected"),
    [
        (piece(RISK, size_px=46), piece("Continue?", size_px=40), MET),
        (piece(RISK, size_px=45), piece("Continue?", size_px=40), MISSED),
        (piece(RISK, weight=0.26), piece("Continue?", weight=0.2), MET),
        (piece(RISK, weight=0.24), piece("Continue?", weight=0.2), MISSED),
        (piece(RISK, colour="#d01010"), piece("Continue?"), MET),
        (piece(RISK, colour="#000000"), piece("Continue?", colour="#777777"), MISSED),
        (piece(RISK, colour="#d01010"), piece("Continue?", colour="#d01010"), MISSED),
        (
            piece(RISK, size_px=None, weight=None, colour=None),
            piece("Continue?", size_px=None, weight=None, colour=None),
            UNDECIDABLE,
        ),
    ],
)
def test_a_risk_is_set_apart_by_size_weight_or_colour(
    risk: object, rest: object, expected: Outcome
) -> None:
    assert outcome(captured(texts=(risk, rest)), Clause.RISK_SET_APART) is expected  # type: ignore[arg-type]


def test_a_risk_that_is_the_only_text_is_not_set_apart() -> None:
    assert outcome(captured(texts=(piece(RISK),)), Clause.RISK_SET_APART) is MISSED


def test_a_dialog_in_another_language_than_the_device_misses_its_clause() -> None:
    assert outcome(captured(language="de"), Clause.IN_DEVICE_LANGUAGE) is MISSED
    assert outcome(captured(language="en-GB"), Clause.IN_DEVICE_LANGUAGE) is MET


def test_a_text_that_is_cut_off_misses_its_clause() -> None:
    cut = captured(texts=(piece(RISK, cut_off=True), piece("Continue?")))
    assert outcome(cut, Clause.TEXT_NOT_CUT_OFF) is MISSED
    assert judged(cut).verdict is DialogVerdict.INADEQUATE_WARNING
    assert outcome(captured(), Clause.TEXT_NOT_CUT_OFF) is MET


def test_a_word_of_the_risk_in_another_text_does_not_hide_that_the_risk_is_set_apart() -> None:
    risk = piece(RISK, colour="#d93025")
    dialog = captured(texts=(risk, piece("Please back up Chat's data first.")))
    assert outcome(dialog, Clause.RISK_SET_APART) is MET
