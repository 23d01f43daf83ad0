"""Each verdict, what it takes, and what turns it into another."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from holdfast.android.answers import InstallAnswer, read_answer
from holdfast.scenario.evidence import AppFate, Evidence
from holdfast.scenario.result import Persona, Route, UpdateKind, VerdictKind
from holdfast.scenario.verdict import decide_verdict
from holdfast.userdata.detectors import Detection
from selftests.holdfast.scenario.pieces import (
    BLINK,
    GAP,
    GOOD_WARNING,
    INTACT,
    LOST,
    NOT_SEEN_AGAIN,
    UPDATE_OF_2018,
    confirmed,
    evidence,
    mismatched,
    plan,
    shown,
)

PUSHED = plan(route=Route.STORE_PUSH, persona=Persona.CARELESS)
NO_ROOM = read_answer("Failure [INSTALL_FAILED_INSUFFICIENT_STORAGE: Failed to rename]")
WARNING_2018 = shown(UPDATE_OF_2018, language="zh-CN", buttons=("取消", "确认"))


def verdict(of: Evidence) -> VerdictKind:
    return decide_verdict(of).verdict


def test_a_good_update_that_keeps_everything_passes() -> None:
    assert verdict(evidence()) is VerdictKind.UPDATED_DATA_INTACT


@pytest.mark.parametrize("where", ["after_update", "after_reboot"])
def test_a_loss_that_nobody_was_told_of_is_silent(where: str) -> None:
    result = decide_verdict(evidence(**{where: LOST}))
    assert result.verdict is VerdictKind.SILENT_LOSS
    assert result.reasons[0] == "nobody was told"


def test_what_flashes_up_before_nobody_tells_nobody() -> None:
    assert verdict(evidence(blinks=(BLINK,), after_update=LOST)) is VerdictKind.SILENT_LOSS


RIGHTS_TAKEN = Detection(
    number=22, title="permissions were taken away", evidence=("CAMERA",), missed=True
)
SETTINGS_RESET = Detection(
    number=24, title="settings fell back", evidence=("font_scale was 1.15",), missed=True
)
NO_HARM = Detection(number=28, title="a part of the app's data is gone", evidence=("x",))


@pytest.mark.parametrize("detection", [RIGHTS_TAKEN, SETTINGS_RESET])
def test_rights_and_settings_that_are_reset_are_a_silent_loss(detection: Detection) -> None:
    result = decide_verdict(evidence(detections=(detection,)))
    assert result.verdict is VerdictKind.SILENT_LOSS
    assert result.reasons[1] == f"{detection.title}: {detection.evidence[0]}"
    assert verdict(mismatched(detections=(detection,))) is VerdictKind.SILENT_LOSS


def test_a_detection_of_nothing_that_a_user_misses_changes_no_verdict() -> None:
    assert verdict(evidence(detections=(NO_HARM,))) is VerdictKind.UPDATED_DATA_INTACT


def test_a_right_that_somebody_answered_for_was_not_taken_by_the_firmware() -> None:
    question = replace(
        shown("Allow Example to take pictures?"),
        package_name="com.google.android.permissioncontroller",
        activity="GrantPermissionsActivity",
    )
    asked = evidence(question, plan=PUSHED, answer=None, detections=(RIGHTS_TAKEN,))
    assert verdict(replace(asked, answers=confirmed(1))) is VerdictKind.UPDATED_DATA_INTACT
    assert verdict(asked) is VerdictKind.SILENT_LOSS
    settings = replace(asked, answers=confirmed(1), detections=(SETTINGS_RESET,))
    assert verdict(settings) is VerdictKind.SILENT_LOSS


def test_a_blink_is_too_short_to_doubt_that_all_went_well() -> None:
    assert verdict(evidence(plan=PUSHED, answer=None, blinks=(BLINK,))) is (
        VerdictKind.UPDATED_DATA_INTACT
    )


def test_a_good_update_that_goes_in_late_has_gone_in() -> None:
    late = evidence(plan=PUSHED, answer=None, fate=AppFate.UNTOUCHED, answers=confirmed(1))
    assert verdict(late) is VerdictKind.UPDATED_DATA_INTACT


def test_a_dialog_that_says_nothing_of_a_loss_does_not_make_it_told() -> None:
    dialog = shown("Do you want to update this app?")
    assert verdict(evidence(dialog, after_update=LOST)) is VerdictKind.SILENT_LOSS


def test_the_warning_of_2018_was_inadequate_and_the_missed_clauses_are_named() -> None:
    result = decide_verdict(
        evidence(WARNING_2018, plan=PUSHED, answer=None, after_update=LOST, answers=confirmed(1))
    )
    assert result.verdict is VerdictKind.LOSS_AFTER_INADEQUATE_WARNING
    assert {"says_data_will_be_lost", "second_confirmation"} <= set(result.missed_clauses)
    assert result.dialogs[0].answered == "tapped “OK”"


def test_a_correct_warning_confirmed_twice_by_somebody_who_means_it_is_informed() -> None:
    dialogs = (
        shown(GOOD_WARNING, title="Example"),
        shown(GOOD_WARNING, title="Example", number=2, at_ms=2000),
    )
    asked = evidence(
        *dialogs,
        plan=plan(UpdateKind.OTHER_SIGNER, Route.STORE_PUSH, Persona.PERSISTENT),
        fits=False,
        answer=None,
        after_update=LOST,
        after_reboot=LOST,
        answers=confirmed(1, 2),
    )
    assert [j.verdict.value for j in asked.judgements] == ["correct_warning"] * 2
    assert verdict(asked) is VerdictKind.INFORMED_LOSS
    once = replace(asked, answers=confirmed(1))
    assert verdict(once) is VerdictKind.LOSS_AFTER_INADEQUATE_WARNING
    careless = replace(asked, plan=plan(UpdateKind.OTHER_SIGNER, persona=Persona.CARELESS))
    assert verdict(careless) is VerdictKind.LOSS_AFTER_INADEQUATE_WARNING


def test_a_mismatched_update_that_is_refused_passes() -> None:
    assert verdict(mismatched()) is VerdictKind.REFUSED_DATA_INTACT


def test_a_mismatched_update_that_went_in_over_the_data_exposes_it() -> None:
    went_in = {"answer": read_answer("Success"), "fate": AppFate.UPDATED}
    assert verdict(mismatched(**went_in)) is VerdictKind.EXPOSED


def test_a_mismatched_update_that_comes_with_the_reboot_exposes_the_data_too() -> None:
    assert verdict(mismatched(fate_after_reboot=AppFate.UPDATED)) is VerdictKind.EXPOSED


def test_a_mismatched_update_that_destroys_the_data_is_a_loss_and_no_refusal() -> None:
    assert verdict(mismatched(after_update=LOST)) is VerdictKind.SILENT_LOSS


def test_a_good_update_that_is_refused_is_a_false_warning() -> None:
    refused = evidence(
        answer=read_answer("Failure [INSTALL_FAILED_UPDATE_INCOMPATIBLE]"),
        fate=AppFate.UNTOUCHED,
        fate_after_reboot=AppFate.UNTOUCHED,
    )
    assert verdict(refused) is VerdictKind.FALSE_WARNING


def test_a_good_update_that_is_announced_as_dangerous_is_a_false_warning() -> None:
    assert verdict(evidence(WARNING_2018, answer=None)) is VerdictKind.FALSE_WARNING


def test_a_good_update_that_was_confirmed_and_did_not_go_in_is_a_false_warning() -> None:
    untouched = {"fate": AppFate.UNTOUCHED, "fate_after_reboot": AppFate.UNTOUCHED}
    dialog = shown("Do you want to update this app?")
    asked = evidence(dialog, plan=PUSHED, answer=None, answers=confirmed(1), **untouched)
    assert verdict(asked) is VerdictKind.FALSE_WARNING


def test_an_update_that_nobody_confirmed_is_no_refusal_by_the_firmware() -> None:
    untouched = {"fate": AppFate.UNTOUCHED, "fate_after_reboot": AppFate.UNTOUCHED}
    dialog = shown("Do you want to update this app?")
    result = decide_verdict(evidence(dialog, plan=PUSHED, answer=None, **untouched))
    assert result.verdict is VerdictKind.REFUSED_DATA_INTACT
    assert "nobody confirmed" in result.reasons[0]


def test_a_good_update_that_the_reboot_takes_back_did_not_go_in() -> None:
    assert verdict(evidence(fate_after_reboot=AppFate.UNTOUCHED)) is VerdictKind.FALSE_WARNING


def test_the_control_must_show_a_loss_else_the_harness_is_blind() -> None:
    control = plan(UpdateKind.UNINSTALL_REINSTALL)
    seen = evidence(plan=control, loss_by_design=True, after_update=LOST)
    assert verdict(seen) is VerdictKind.SILENT_LOSS
    blind = evidence(plan=control, loss_by_design=True)
    assert verdict(blind) is VerdictKind.INCONCLUSIVE


DOUBTS = {
    "nothing of the data could be seen": evidence(after_update=replace(INTACT, nothing_seen=True)),
    "the data could not be seen again": evidence(after_update=NOT_SEEN_AGAIN),
    "the screen was not seen, and a false warning may have been shown": evidence(gaps=(GAP,)),
    "the screen was not seen, and a warning may have been shown": evidence(
        gaps=(GAP,), after_update=LOST
    ),
    "something may have flashed up, and somebody may have answered it": evidence(
        plan=PUSHED, answer=None, blinks=(BLINK,), after_update=LOST
    ),
    "the app is something else": evidence(fate=AppFate.SOMETHING_ELSE),
    "there was no room for an update that does not fit": mismatched(answer=NO_ROOM),
    "there was no room for a good update": evidence(
        answer=NO_ROOM, fate=AppFate.UNTOUCHED, fate_after_reboot=AppFate.UNTOUCHED
    ),
    "nothing at all could be installed behind a good update": evidence(
        plan=PUSHED,
        answer=None,
        fate=AppFate.UNTOUCHED,
        fate_after_reboot=AppFate.UNTOUCHED,
        answers=confirmed(1),
        control=NO_ROOM,
    ),
    "nothing at all could be installed behind one that does not fit": mismatched(
        plan=plan(UpdateKind.OTHER_SIGNER, Route.STORE_PUSH, Persona.CARELESS),
        answer=None,
        control=NO_ROOM,
    ),
    "the answer is not understood": mismatched(answer=read_answer("Killed")),
    "the answer and the app contradict each other": mismatched(answer=read_answer("Success")),
}


@pytest.mark.parametrize("name", DOUBTS)
def test_doubt_is_inconclusive(name: str) -> None:
    assert verdict(DOUBTS[name]) is VerdictKind.INCONCLUSIVE


def test_data_that_the_firmware_shuts_away_from_its_user_is_lost() -> None:
    locked = Detection(number=12, title="the user's storage stays locked", evidence=("locked",))
    shut = evidence(after_reboot=NOT_SEEN_AGAIN, detections=(locked,))
    assert verdict(shut) is VerdictKind.SILENT_LOSS


def test_what_was_not_reached_is_named_and_each_line_of_the_reboot_stands_once() -> None:
    unseen = replace(INTACT, unseen=("obb",))
    result = decide_verdict(evidence(after_update=unseen, after_reboot=LOST))
    assert result.not_seen == ("obb",)
    assert result.changes == ()
    assert len(result.changes_after_reboot) == 1


def test_what_the_lab_came_between_blames_nobody_unless_the_update_went_in_or_data_went() -> None:
    between: dict[str, Any] = {
        "trouble": "the link was lost at 50%",
        "answer": InstallAnswer(raw="the link was lost at 50%", success=False),
        "fate": AppFate.UNTOUCHED,
        "fate_after_reboot": AppFate.UNTOUCHED,
    }
    result = decide_verdict(evidence(**between))
    assert result.verdict is VerdictKind.INCONCLUSIVE
    assert result.reasons == ("the lab, not the firmware: the link was lost at 50%",)
    assert verdict(evidence(**between | {"after_update": LOST})) is VerdictKind.SILENT_LOSS
    went_in = evidence(trouble="the link was lost at 50%")
    assert verdict(went_in) is VerdictKind.UPDATED_DATA_INTACT
