"""Judge the words of a dialog, and where it was captured also its buttons, sizes and times.

Pure: a dialog in, a judgement out. What words mean is in `languages/`; what a warning must do is in
the policy. The corpus' three verdicts are kept: a correct warning states the loss as certain and in
plain words; an inadequate one destroys data, or sends the user to uninstall, without that; anything
else is no data warning.
"""

from __future__ import annotations

from collections.abc import Sequence

from holdfast.dialogs.buttons import ButtonWords, read_buttons
from holdfast.dialogs.captured import CapturedDialog, Destroyed, DialogKind, DialogText, Gap
from holdfast.dialogs.clauses import Evidence, judge_clauses
from holdfast.dialogs.judgement import (
    DataLossStatement,
    DialogVerdict,
    FalseAlarm,
    Judgement,
    Operation,
    Words,
)
from holdfast.dialogs.language import language_of
from holdfast.dialogs.policy import Policy, load_policy
from holdfast.dialogs.reading import read
from holdfast.dialogs.statements import Certainty, Loss, Reading
from holdfast.dialogs.wording import LanguageRules, rules_for

__all__ = ["judge", "judge_capture"]

FALLBACK_LANGUAGE = "en"


def judge(
    dialog: DialogText,
    *,
    policy: Policy | None = None,
    captured: CapturedDialog | None = None,
    destroyed: Destroyed | None = None,
    separate_confirmations: int | None = None,
    operation: Operation = Operation.UNKNOWN,
) -> Judgement:
    """Judge one dialog.

    `captured`: how it was seen, which decides the clauses on buttons, type and cut text.
    `destroyed`: when the app was first gone, on the capture's clock (None: not known).
    `separate_confirmations`: how many confirmations with a data warning the user was asked for in
    all (None: not known). `operation`: what it truly does; with KEEPS_DATA an announced loss is a
    false alarm.
    """
    policy = policy or load_policy()
    written_in = language_of(dialog)
    rules = rules_for(written_in) or rules_for(FALLBACK_LANGUAGE)
    assert rules is not None, "the rules of English are part of the package"
    reading = read(dialog, rules)
    buttons = read_buttons(dialog.buttons, rules)
    clauses = judge_clauses(
        Evidence(
            dialog=dialog,
            written_in=rules.language,
            reading=reading,
            buttons=buttons,
            captured=captured,
            destroyed=destroyed,
            separate_confirmations=separate_confirmations,
        ),
        policy,
    )
    concerns_data, why = _concerns_data(reading)
    false_alarm = _false_alarm(
        dialog, rules, reading, concerns_data=concerns_data, operation=operation
    )
    failing = [c for c in clauses if c.fails]
    if not concerns_data:
        verdict = DialogVerdict.NOT_A_DATA_WARNING
    elif false_alarm or failing:
        verdict = DialogVerdict.INADEQUATE_WARNING
        why = false_alarm.why if false_alarm else why if not _certain(reading) else failing[0].why
    else:
        verdict = DialogVerdict.CORRECT_WARNING
    return Judgement(
        id=dialog.id,
        verdict=verdict,
        why=why,
        says_data_will_be_lost=_statement(reading),
        names_consequence_in_plain_words=bool(reading.stated_losses),
        relies_on_jargon_only=_jargon_only(reading),
        names_the_app=bool(reading.app_name),
        offers_cancel=bool(buttons.cancel),
        offers_backup_or_safe_path=bool(_safe_path(reading, buttons)),
        is_safe_update_statement=_promises_safety(reading),
        clauses=clauses,
        written_in=rules.language,
        false_alarm=false_alarm,
    )


def judge_capture(
    dialogs: Sequence[CapturedDialog],
    *,
    app_name: str | None,
    policy: Policy | None = None,
    gaps: Sequence[Gap] = (),
    destroyed: Destroyed | None = None,
    operation: Operation = Operation.UNKNOWN,
) -> tuple[Judgement, ...]:
    """Judge what a user was shown: one judgement a dialog, in the order in which they are given.

    A warning's second confirmation may be any other dialog of the sequence that asks, and warns of
    the loss again. With gaps in the capture, a missing one is not decidable.
    """
    texts = [d.wording(app_name=app_name) for d in dialogs]
    asking = sum(
        _asks(captured) and judge(text, policy=policy).verdict is not _NO_WARNING
        for captured, text in zip(dialogs, texts, strict=True)
    )
    confirmations = None if gaps and asking < 2 else asking
    return tuple(
        judge(
            text,
            policy=policy,
            captured=captured,
            destroyed=destroyed,
            separate_confirmations=confirmations,
            operation=operation,
        )
        for captured, text in zip(dialogs, texts, strict=True)
    )


_NO_WARNING = DialogVerdict.NOT_A_DATA_WARNING


def _asks(captured: CapturedDialog) -> bool:
    """A window that waits for the user's answer; a toast or a notification does not."""
    return captured.kind in (DialogKind.DIALOG, DialogKind.ACTIVITY) and bool(captured.buttons)


def _statement(reading: Reading) -> DataLossStatement:
    losses = reading.stated_losses
    if any(x.certainty is Certainty.CERTAIN for x in losses):
        return DataLossStatement.YES
    return DataLossStatement.HEDGED if losses else DataLossStatement.NO


def _certain(reading: Reading) -> tuple[Loss, ...]:
    losses = reading.stated_losses
    return tuple(x for x in losses if x.certainty is Certainty.CERTAIN and x.is_of_data)


def _jargon_only(reading: Reading) -> bool:
    """Words of signatures and packages, and none of what happens to the data."""
    jargon = reading.mismatch or reading.jargon
    return bool(jargon) and not reading.stated_losses and not reading.other_matter


def _safe_path(reading: Reading, buttons: ButtonWords) -> tuple[Words, ...]:
    """A backup, or a way that keeps the data beside one that does not."""
    return (*reading.safe_path, *buttons.backup)


def _promises_safety(reading: Reading) -> bool:
    return bool(reading.kept or reading.denied_losses) and not reading.stated_losses


def _concerns_data(reading: Reading) -> tuple[bool, str]:
    """Whether the operation costs data, or leads to uninstalling: by the words alone."""
    if reading.other_matter:
        return False, f"it is about something else: {reading.other_matter[0].text}"
    if _certain(reading):
        return True, "it says that data will be lost"
    if _promises_safety(reading):
        return False, "it promises that data stays"
    if any(x.certainty is Certainty.HEDGED and x.is_of_data for x in reading.stated_losses):
        return True, "it says only that data may be lost"
    for found, why in (
        (reading.uninstall, "it leads to uninstalling without a word on the data"),
        (reading.wipe_operation, "it leads to a wipe without saying that data will be lost"),
        (reading.mismatch, "it gives a technical reason and not what happens to the data"),
    ):
        if found:
            return True, why
    return False, "it says nothing that touches the user's data"


def _false_alarm(
    dialog: DialogText,
    rules: LanguageRules,
    reading: Reading,
    *,
    concerns_data: bool,
    operation: Operation,
) -> FalseAlarm | None:
    known = rules.false_warning(dialog.whole)
    losses = tuple(w for x in reading.stated_losses for w in x.words)
    if known is not None and _certain(reading):
        return FalseAlarm(
            why=f"a known mistranslation: it says that a harmless update costs data; "
            f"seen in {known.seen_in}",
            words=losses,
            known=True,
        )
    if operation is Operation.KEEPS_DATA and concerns_data:
        return FalseAlarm(
            why="the operation keeps all data, and the dialog announces a danger to it",
            words=losses or reading.uninstall or reading.mismatch,
            known=False,
        )
    return None
