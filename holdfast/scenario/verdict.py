"""From evidence to a verdict. A pure function: the table of the design, in the design's order.

Doubt is `inconclusive`. Nobody's asking twice changes that: what was not seen is not judged.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from holdfast.android.answers import InstallAnswer
from holdfast.dialogs.captured import ButtonRole
from holdfast.dialogs.judgement import DialogVerdict, Judgement
from holdfast.scenario.evidence import AppFate, Evidence
from holdfast.scenario.missed import missed_by_user
from holdfast.scenario.result import (
    AskedClause,
    DialogSeen,
    Persona,
    ScenarioResult,
    VerdictKind,
)

__all__ = ["decide_verdict"]

_CONFIRMATIONS = 2


@dataclass(frozen=True, kw_only=True, slots=True)
class _Decided:
    verdict: VerdictKind
    reasons: tuple[str, ...]


def decide_verdict(evidence: Evidence, *, facts: dict[str, str] | None = None) -> ScenarioResult:
    """The verdict with its reasons and what it rests on."""
    decided = _decide(evidence)
    warnings = _warnings(evidence)
    missed = (c.clause.value for j in warnings for c in j.failing)
    told = decided.verdict is VerdictKind.LOSS_AFTER_INADEQUATE_WARNING
    return ScenarioResult(
        plan=evidence.plan,
        verdict=decided.verdict,
        reasons=decided.reasons,
        missed_clauses=tuple(dict.fromkeys(missed)) if told else (),
        dialogs=tuple(_dialogs(evidence)),
        changes=evidence.after_update.lines(),
        changes_after_reboot=tuple(
            line for line in evidence.after_reboot.lines()
            if line not in evidence.after_update.lines()
        ),
        not_seen=tuple(
            dict.fromkeys((*evidence.after_update.unseen, *evidence.after_reboot.unseen))
        ),
        answer=evidence.answer.shown if evidence.answer else "",
        facts=dict(facts or {}),
    )  # fmt: skip


def _decide(evidence: Evidence) -> _Decided:
    if evidence.after_update.nothing_seen:
        return _doubt("none of the app's data could be seen before the update")
    if evidence.loss_by_design:
        return _control(evidence)
    unseen = [d for d in (evidence.after_update, evidence.after_reboot) if d.only_unseen]
    if unseen and not _shut_away(evidence):
        return _doubt(
            "data that was seen before could not be looked at again, for no fault of the app's",
            *unseen[-1].lines()[:3],
        )
    if _lost(evidence):
        return _loss(evidence)
    if evidence.trouble and evidence.fate is not AppFate.UPDATED:
        return _doubt(f"the lab, not the firmware: {evidence.trouble}")
    if AppFate.SOMETHING_ELSE in (evidence.fate, evidence.fate_after_reboot) and not _taken_back(
        evidence
    ):
        return _doubt("the app is neither the old version nor the update")
    return _kept_good(evidence) if evidence.fits else _kept_mismatched(evidence)


# The user's storage stays locked; shared storage does not work: see userdata/detectors.py.
_SHUT_AWAY = frozenset({12, 13})


def _shut_away(evidence: Evidence) -> bool:
    """Whether the firmware keeps the data from its user, and not only from us."""
    return any(detection.number in _SHUT_AWAY for detection in evidence.detections)


def _taken_back(evidence: Evidence) -> bool:
    """Whether an update that had gone in was undone by the reboot."""
    return evidence.fate is AppFate.UPDATED and evidence.fate_after_reboot is not AppFate.UPDATED


def _doubt(*reasons: str) -> _Decided:
    return _Decided(verdict=VerdictKind.INCONCLUSIVE, reasons=reasons)


def _lost(evidence: Evidence) -> bool:
    return not _files_intact(evidence) or bool(missed_by_user(evidence))


def _files_intact(evidence: Evidence) -> bool:
    return evidence.after_update.intact and evidence.after_reboot.intact


def _warnings(evidence: Evidence) -> tuple[Judgement, ...]:
    """What was shown that speaks of losing data."""
    return tuple(
        j for j in evidence.judgements if j.verdict is not DialogVerdict.NOT_A_DATA_WARNING
    )


def _control(evidence: Evidence) -> _Decided:
    if _files_intact(evidence):
        return _doubt(
            "the control: the harness uninstalled the app, and no loss was seen; the harness is "
            "blind on this device"
        )
    return _Decided(
        verdict=VerdictKind.SILENT_LOSS,
        reasons=("the control: the harness itself uninstalled, by declaration", *_what(evidence)),
    )


def _what(evidence: Evidence) -> tuple[str, ...]:
    """The gravest of what was lost, in plain words."""
    if not evidence.after_update.intact:
        return evidence.after_update.lines()[:3]
    if not evidence.after_reboot.intact:
        return tuple(f"after the reboot: {line}" for line in evidence.after_reboot.lines()[:3])
    return missed_by_user(evidence)[:3]


def _loss(evidence: Evidence) -> _Decided:
    warnings = _warnings(evidence)
    what = _what(evidence)
    correct = [w for w in warnings if w.verdict is DialogVerdict.CORRECT_WARNING]
    if correct and _meant(evidence):
        return _Decided(
            verdict=VerdictKind.INFORMED_LOSS,
            reasons=(
                "a correct warning was shown and confirmed twice by somebody who meant it",
                *what,
            ),
        )
    if warnings:
        return _Decided(
            verdict=VerdictKind.LOSS_AFTER_INADEQUATE_WARNING,
            reasons=(_why_inadequate(evidence, warnings), *what),
        )
    # Where somebody is at the screen, what flashed up may have been answered as well.
    blinks = evidence.blinks if evidence.plan.persona else ()
    unseen = max((*evidence.gaps, *blinks), key=lambda gap: gap.lasted_ms, default=None)
    if unseen:
        return _doubt(
            "data was lost, and whether anybody was told is not known: "
            f"{unseen.why} ({unseen.lasted_ms} ms)",
            *what,
        )
    told = "nobody was told" if not evidence.dialogs else "nothing that was shown speaks of a loss"
    return _Decided(verdict=VerdictKind.SILENT_LOSS, reasons=(told, *what))


def _meant(evidence: Evidence) -> bool:
    """Confirmed twice, by the persona that means it."""
    if evidence.plan.persona is not Persona.PERSISTENT:
        return False
    confirmed = {a.number for a in evidence.answers if a.role is ButtonRole.AFFIRMATIVE}
    return len(confirmed) >= _CONFIRMATIONS


def _why_inadequate(evidence: Evidence, warnings: tuple[Judgement, ...]) -> str:
    failing = list(dict.fromkeys(c.clause.value for w in warnings for c in w.failing))
    if failing:
        return f"the warning misses: {', '.join(failing)}"
    who = evidence.plan.persona or "nobody"
    return f"the warning was correct, but {who} lost the data without having meant to"


def _kept_good(evidence: Evidence) -> _Decided:
    """A good update, and nothing is lost."""
    warnings = _warnings(evidence)
    if warnings:
        return _Decided(
            verdict=VerdictKind.FALSE_WARNING,
            reasons=(
                f"a good update was announced as dangerous: {warnings[0].why}",
                evidence.why_fits,
            ),
        )
    if evidence.gaps:
        gap = evidence.gaps[0]
        return _doubt(
            f"whether a false warning was shown is not known: {gap.why} ({gap.lasted_ms} ms)"
        )
    if _taken_back(evidence):
        return _Decided(
            verdict=VerdictKind.FALSE_WARNING,
            reasons=("a good update went in and was taken back by the reboot", evidence.why_fits),
        )
    if evidence.fate is AppFate.UPDATED:
        return _Decided(
            verdict=VerdictKind.UPDATED_DATA_INTACT,
            reasons=("the update went in, and everything that was seen before is there",),
        )
    if evidence.fate_after_reboot is AppFate.UPDATED:
        return _Decided(
            verdict=VerdictKind.UPDATED_DATA_INTACT,
            reasons=("the update went in late, and everything that was seen before is there",),
        )
    return _good_but_not_in(evidence)


def _good_but_not_in(evidence: Evidence) -> _Decided:
    """A good update that did not go in: refused by the device, or simply not confirmed."""
    answer = evidence.answer
    if doubt := _says_nothing_of_it(answer) or _installs_nothing(evidence):
        return doubt
    if answer is not None:
        return _Decided(
            verdict=VerdictKind.FALSE_WARNING,
            reasons=(f"a good update was refused: {answer.shown}", evidence.why_fits),
        )
    if any(a.role is ButtonRole.AFFIRMATIVE for a in evidence.answers):
        return _Decided(
            verdict=VerdictKind.FALSE_WARNING,
            reasons=("a good update was confirmed and yet did not go in", evidence.why_fits),
        )
    return _Decided(
        verdict=VerdictKind.REFUSED_DATA_INTACT,
        reasons=("nobody confirmed the update: the old version and its data are as before",),
    )


def _kept_mismatched(evidence: Evidence) -> _Decided:
    """An update that must not go in, and nothing is lost."""
    if AppFate.UPDATED in (evidence.fate, evidence.fate_after_reboot):
        return _Decided(
            verdict=VerdictKind.EXPOSED,
            reasons=(
                "an update that does not fit went in and has the old version's data",
                evidence.why_fits,
            ),
        )
    answer = evidence.answer
    if answer is not None and answer.success:
        return _doubt(f"the device answered {answer.shown}, but the old version is still there")
    if doubt := _says_nothing_of_it(answer) or _installs_nothing(evidence):
        return doubt
    how = f"it answered {answer.shown}" if answer else _how_seen(evidence)
    return _Decided(
        verdict=VerdictKind.REFUSED_DATA_INTACT,
        reasons=(f"the update that does not fit stayed out ({how}); the data is as before",),
    )


def _says_nothing_of_it(answer: InstallAnswer | None) -> _Decided | None:
    """An answer from which it cannot be told what the device makes of this update."""
    if answer is not None and not answer.understood:
        return _doubt(f"the device's answer is not understood: {answer.shown}")
    if answer is not None and answer.blames_the_state:
        return _doubt(f"the device could not install anything: {answer.shown}")
    return None


def _installs_nothing(evidence: Evidence) -> _Decided | None:
    control = evidence.control
    if control is not None and control.blames_the_state:
        return _doubt(
            f"the device took nothing at all, not even the installed version: {control.shown}"
        )
    return None


def _how_seen(evidence: Evidence) -> str:
    if not evidence.dialogs:
        return "it showed nothing"
    last = evidence.dialogs[-1]
    return f"it last showed “{(last.message or last.title)[:80]}”"


def _dialogs(evidence: Evidence) -> Iterator[DialogSeen]:
    for dialog, judgement in zip(evidence.dialogs, evidence.judgements, strict=True):
        did = [a.did for a in evidence.answers if a.number == dialog.number]
        yield DialogSeen(
            number=dialog.number,
            kind=dialog.kind.value,
            package_name=dialog.package_name,
            title=dialog.title,
            message=dialog.message,
            buttons=tuple(button.text for button in dialog.buttons),
            language=dialog.language,
            first_seen_ms=dialog.first_seen_ms,
            stayed_ms=dialog.stayed_ms,
            verdict=judgement.verdict.value,
            answered="; ".join(did[:6]),
            clauses=tuple(
                AskedClause(
                    clause=clause.clause.value,
                    outcome=clause.outcome.value,
                    required=clause.required,
                    words=", ".join(words.text for words in clause.words),
                )
                for clause in judgement.clauses
            ),
            screenshot=f"dialog-{dialog.number}.png" if dialog.screenshot else "",
            hierarchy=f"dialog-{dialog.number}.xml" if dialog.hierarchy else "",
        )
