"""Prompts as a store may show them, on rehearsal devices: done right they pass, done wrong they are
red, with the verdict and the clauses that say why."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pytest

from holdfast.deadline import Deadline
from holdfast.device.device import Device
from holdfast.scenario.result import (
    Circumstance,
    Persona,
    ScenarioPlan,
    ScenarioResult,
    UpdateKind,
    VerdictKind,
)
from holdfast.scenario.run import run_scenario
from holdfast.scenario.updates import UpdateMissing
from selftests.holdfast.scenario.test_on_a_device import APP, pushed, running

REFUSED, INTACT = VerdictKind.REFUSED_DATA_INTACT, VerdictKind.UPDATED_DATA_INTACT
LOCKED, ANOTHER_APP = Circumstance.LOCKED, Circumstance.ANOTHER_APP
LARGEST_FONT = Circumstance.LARGEST_FONT
BADLY_TOLD = VerdictKind.LOSS_AFTER_INADEQUATE_WARNING


@dataclass(frozen=True)
class ExampleStore:
    package: str = "com.example.store"
    upload_to: str = "/data/local/tmp/holdfast-update.apk"
    push: str = "am broadcast -a com.example.store.action.PUSH_UPDATE --es path {apk}"


def run(device: Device, plan: ScenarioPlan) -> ScenarioResult:
    return run_scenario(device, plan, app=APP, store=ExampleStore(), deadline=Deadline.after(120))


def push_other(personality: str, *personas: Persona) -> list[ScenarioResult]:
    with running(personality) as device:
        return [run(device, pushed(UpdateKind.OTHER_SIGNER, persona)) for persona in personas]


def clause(result: ScenarioResult, name: str, *, dialog: int = 1) -> str:
    seen = next(d for d in result.dialogs if d.number == dialog)
    return next(c.outcome for c in seen.clauses if c.clause == name)


def test_whoever_means_it_goes_through_a_correct_warning_and_a_second_question() -> None:
    persistent, careless = push_other("prompt-warns-twice", Persona.PERSISTENT, Persona.CARELESS)
    assert persistent.verdict is VerdictKind.INFORMED_LOSS, persistent
    assert careless.verdict is REFUSED, careless
    assert clause(persistent, "before_anything_is_destroyed") == "met"
    assert clause(persistent, "risk_set_apart") == "met"


def test_the_same_words_asked_once_are_no_informed_consent() -> None:
    (result,) = push_other("prompt-warns-once", Persona.PERSISTENT)
    assert result.verdict is BADLY_TOLD, result
    assert result.missed_clauses == ("second_confirmation",)


@pytest.mark.parametrize(
    ("personality", "verdict"),
    [("prompt-heeds-no-early-tap", REFUSED), ("prompt-warns-once", BADLY_TOLD)],
)
def test_a_tap_in_the_first_half_second_does_no_harm(
    personality: str, verdict: VerdictKind
) -> None:
    (result,) = push_other(personality, Persona.HASTY)
    assert result.verdict is verdict, result
    assert "tapped" in result.dialogs[0].answered


def test_a_warning_in_another_language_than_the_devices_is_none() -> None:
    (result,) = push_other("prompt-in-another-language", Persona.PERSISTENT)
    assert result.verdict is BADLY_TOLD, result
    assert "in_device_language" in result.missed_clauses


@pytest.mark.parametrize(
    ("personality", "verdict"),
    [
        ("prompt-right-to-left", VerdictKind.INFORMED_LOSS),
        ("prompt-right-to-left-hedged", BADLY_TOLD),
    ],
)
def test_buttons_are_found_and_words_judged_where_one_reads_from_the_right(
    personality: str, verdict: VerdictKind
) -> None:
    (result,) = push_other(personality, Persona.PERSISTENT)
    assert result.verdict is verdict, result
    assert result.dialogs[0].answered.startswith("tapped “متابعة”")


@pytest.mark.parametrize(
    ("personality", "verdict"),
    [("prompt-two-in-a-row-guarded", REFUSED), ("prompt-two-in-a-row", BADLY_TOLD)],
)
def test_a_second_prompt_under_the_same_finger_does_no_harm(
    personality: str, verdict: VerdictKind
) -> None:
    (result,) = push_other(personality, Persona.CARELESS)
    assert result.verdict is verdict, result
    assert len([d for d in result.dialogs if d.kind == "dialog"]) >= 2


@pytest.mark.parametrize(
    ("personality", "verdict", "asked"),
    [("prompt-after-a-reboot", REFUSED, 2), ("prompt-silence-is-yes", BADLY_TOLD, 1)],
)
def test_a_prompt_that_nobody_answered_is_asked_again_behind_a_reboot_and_not_taken_for_a_yes(
    personality: str, verdict: VerdictKind, asked: int
) -> None:
    (result,) = push_other(personality, Persona.ABSENT)
    assert result.verdict is verdict, result
    assert len([d for d in result.dialogs if d.kind == "dialog"]) == asked


def test_a_notification_that_costs_everything_is_no_warning() -> None:
    (result,) = push_other("prompt-in-a-notification", Persona.CARELESS)
    assert result.verdict is BADLY_TOLD, result
    assert "says_data_will_be_lost" in result.missed_clauses
    assert result.dialogs[0].kind == "notification"


def test_a_notification_that_only_tells_of_a_refusal_is_right() -> None:
    (result,) = push_other("aosp-30", Persona.CARELESS)
    assert result.verdict is REFUSED, result
    assert result.dialogs[0].kind == "notification"


@pytest.mark.parametrize(
    ("personality", "verdict"),
    [("prompt-turkish", INTACT), ("prompt-turkish-mistranslated", VerdictKind.FALSE_WARNING)],
)
def test_a_good_update_is_not_announced_as_a_loss(personality: str, verdict: VerdictKind) -> None:
    with running(personality) as device:
        result = run(device, pushed(UpdateKind.SAME_SIGNER, Persona.CARELESS))
    assert result.verdict is verdict, result


@pytest.mark.parametrize(
    ("personality", "verdict", "missed"),
    [
        ("prompt-warns-twice", VerdictKind.INFORMED_LOSS, ()),
        ("prompt-cuts-large-text", BADLY_TOLD, ("text_not_cut_off",)),
    ],
)
def test_a_warning_can_be_read_in_the_largest_font(
    personality: str, verdict: VerdictKind, missed: tuple[str, ...]
) -> None:
    with running(personality) as device:
        plan = replace(pushed(UpdateKind.OTHER_SIGNER, Persona.PERSISTENT), when=LARGEST_FONT)
        result = run(device, plan)
        scale = device.shell.run("settings get system font_scale", deadline=Deadline.after(20))
    assert result.verdict is verdict, result
    assert result.missed_clauses == missed
    assert scale.text.strip() == "1.0"


@pytest.mark.parametrize(
    ("personality", "verdict"),
    [("prompt-behind-lock-screen", REFUSED), ("prompt-over-lock-screen", BADLY_TOLD)],
)
def test_nobody_answers_for_the_owner_at_the_lock_screen(
    personality: str, verdict: VerdictKind
) -> None:
    with running(personality) as device:
        plan = replace(pushed(UpdateKind.OTHER_SIGNER, Persona.CARELESS), when=LOCKED)
        result = run(device, plan)
    assert result.verdict is verdict, result
    assert any(dialog.kind == "dialog" for dialog in result.dialogs)


@pytest.mark.parametrize(
    ("personality", "verdict"), [("aosp-30", REFUSED), ("prompt-warns-once", BADLY_TOLD)]
)
def test_a_prompt_over_another_app_takes_no_tap_that_was_meant_for_that(
    personality: str, verdict: VerdictKind
) -> None:
    with running(personality) as device:
        plan = replace(pushed(UpdateKind.OTHER_SIGNER, Persona.HASTY), when=ANOTHER_APP)
        result = run(device, plan)
    assert result.verdict is verdict, result


def test_a_device_without_a_lock_screen_cannot_show_one() -> None:
    plan = replace(pushed(UpdateKind.OTHER_SIGNER, Persona.CARELESS), when=LOCKED)
    with running("aosp-30") as device, pytest.raises(UpdateMissing, match="no lock screen"):
        run(device, plan)
