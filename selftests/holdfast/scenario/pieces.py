"""Evidence for tests of the verdict: a scenario that went well, to be changed in one point."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from holdfast.android.answers import read_answer
from holdfast.dialogs.captured import (
    Bounds,
    Button,
    ButtonRole,
    CapturedDialog,
    DialogKind,
    Gap,
    ScreenState,
)
from holdfast.dialogs.judge import judge_capture
from holdfast.dialogs.judgement import Operation
from holdfast.scenario.evidence import AppFate, Evidence
from holdfast.scenario.personas import Answer
from holdfast.scenario.result import Persona, Route, ScenarioPlan, UpdateKind
from holdfast.userdata.changes import Change, ChangeKind, Subject
from holdfast.userdata.diff import Diff
from holdfast.userdata.values import Area

APP = "org.example.app"
INTACT = Diff(package_name=APP, changes=(), unseen=(), nothing_seen=False)
LOST = replace(
    INTACT,
    changes=(
        Change(
            kind=ChangeKind.LOST, subject=Subject.FILE, area=Area.CREDENTIAL, path="files/letter"
        ),
    ),
)
NOT_SEEN_AGAIN = replace(
    INTACT,
    changes=(Change(kind=ChangeKind.NOT_SEEN, subject=Subject.AREA, area=Area.CREDENTIAL),),
)
BLINK = Gap(began_ms=100, ended_ms=500, why="the screen could not be looked at sooner")
GAP = Gap(began_ms=100, ended_ms=4100, why="the UI server was gone")
UPDATE_OF_2018 = "APP签名不一致，可能导致数据丢失"
GOOD_WARNING = (
    "Updating will permanently delete all your data in Example: every message and photo in it will "
    "be lost and cannot be restored."
)


def plan(
    update: UpdateKind = UpdateKind.SAME_SIGNER,
    route: Route = Route.ADB,
    persona: Persona | None = None,
) -> ScenarioPlan:
    return ScenarioPlan(update=update, route=route, persona=persona)


def evidence(*dialogs: CapturedDialog, **changes: Any) -> Evidence:
    """A same-signer update over adb that went in; `changes` are fields of Evidence."""
    found: Evidence = replace(
        Evidence(
            plan=plan(),
            fits=True,
            why_fits="the same signer",
            answer=read_answer("Success"),
            fate=AppFate.UPDATED,
            fate_after_reboot=AppFate.UPDATED,
            dialogs=dialogs,
            judgements=judge_capture(dialogs, app_name="Example"),
            answers=(),
            gaps=(),
            after_update=INTACT,
            after_reboot=INTACT,
        ),
        **changes,
    )
    return found


def mismatched(*dialogs: CapturedDialog, **changes: Any) -> Evidence:
    """An update by another signer that was refused."""
    base: dict[str, Any] = {
        "plan": plan(UpdateKind.OTHER_SIGNER),
        "fits": False,
        "why_fits": "another signer",
        "answer": read_answer("Failure [INSTALL_FAILED_UPDATE_INCOMPATIBLE]"),
        "fate": AppFate.UNTOUCHED,
        "fate_after_reboot": AppFate.UNTOUCHED,
    }
    return evidence(*dialogs, **{**base, **changes})


def shown(
    message: str,
    *,
    number: int = 1,
    title: str = "",
    language: str = "en",
    buttons: tuple[str, str] = ("Cancel", "OK"),
    at_ms: int = 500,
    focused: bool = False,
) -> CapturedDialog:
    """A dialog with a safe button on the left and an affirmative one on the right."""
    places = (Bounds(left_px=600, top_px=1100, right_px=780, bottom_px=1180),
              Bounds(left_px=800, top_px=1100, right_px=980, bottom_px=1180))  # fmt: skip
    roles = (ButtonRole.NEGATIVE, ButtonRole.AFFIRMATIVE)
    return CapturedDialog(
        number=number,
        first_seen_ms=at_ms,
        last_seen_ms=at_ms + 900,
        kind=DialogKind.DIALOG,
        package_name="com.store",
        activity="",
        title=title,
        message=message,
        buttons=tuple(
            Button(text=text, bounds=bounds, resource_id="", role=role, focused=focused)
            for text, bounds, role in zip(buttons, places, roles, strict=True)
        ),
        texts=(),
        bounds=Bounds(left_px=90, top_px=700, right_px=990, bottom_px=1200),
        screenshot=b"",
        hierarchy="<hierarchy/>",
        beneath=APP,
        language=language,
        screen=ScreenState(width_px=1080, height_px=1920),
    )


def confirmed(*numbers: int) -> tuple[Answer, ...]:
    return tuple(
        Answer(number=n, did="tapped “OK”", role=ButtonRole.AFFIRMATIVE, at=float(n))
        for n in numbers
    )


LOSES = Operation.DESTROYS_DATA
