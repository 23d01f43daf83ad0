"""Runs without a defect: over all firmwares, updates, routes and personas nothing may turn red, nor
over what Android does by itself."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from holdfast.errors import HoldfastError
from holdfast.scenario.result import Persona, Route, ScenarioPlan, UpdateKind
from holdfast.scenario.routes import needs_somebody
from selftests.holdfast.userdata.rehearsal import Rehearsal, started
from selftests.proof.defects import outside_defects
from selftests.proof.firmware import good_firmwares, good_routes, newer_firmware, store_of
from selftests.proof.stages import FIRMWARE, Row, row_of, stages, verdict, why_it_died

__all__ = ["BUSY", "CleanRuns", "clean_runs", "plans_for", "run_clean", "run_harmless"]

BUSY = ("aosp-28", "aosp-33", "aosp-36")
"""Firmwares on which everything harmless happens at once."""
_HARMLESS = Path(__file__).with_name("harmless.py")
_STRIDE = 7
"""By how many plans each firmware begins further on, so that few runs cover many plans too."""
_NOT_OF_THE_APP = (UpdateKind.UNINSTALL_REINSTALL, UpdateKind.FIRMWARE)
_UPDATES = tuple(kind for kind in UpdateKind if kind not in _NOT_OF_THE_APP)


@dataclass(frozen=True, kw_only=True, slots=True)
class CleanRuns:
    """Scenarios that one device goes through, one after another."""

    personality: str
    plans: tuple[ScenarioPlan, ...]


def plans_for(personality: str) -> tuple[ScenarioPlan, ...]:
    """Every scenario of an app's update in which this firmware is without fault."""
    personas: dict[Route, Sequence[Persona | None]] = {
        route: tuple(Persona) if needs_somebody(route) else (None,)
        for route in good_routes(personality)
    }
    return tuple(
        ScenarioPlan(update=update, route=route, persona=persona)
        for route, somebody in personas.items()
        for persona in somebody
        for update in _UPDATES
    )


def clean_runs(count: int) -> tuple[CleanRuns, ...]:
    """So many runs, spread evenly over the firmwares; where there are several on one, the last of
    them updates the firmware itself."""
    firmwares = good_firmwares()
    made = []
    for number, personality in enumerate(firmwares):
        plans = plans_for(personality)
        share = count // len(firmwares) + (number < count % len(firmwares))
        chosen = [plans[(number * _STRIDE + n * _STRIDE) % len(plans)] for n in range(share)]
        if share > 1:
            chosen[-1] = FIRMWARE
        if share:
            made.append(CleanRuns(personality=personality, plans=tuple(chosen)))
    return tuple(made)


def run_clean(runs: CleanRuns) -> tuple[Row, ...]:
    """One row a scenario; the first one has the stages before it. A device that the lab lost is
    replaced for the rest."""
    rows: list[Row] = []
    while len(rows) < len(runs.plans):
        try:
            with started(runs.personality) as running, why_it_died(running):
                for plan in runs.plans[len(rows) :]:
                    rows.append(_run(running, runs.personality, plan, first=not rows))
        except HoldfastError as error:
            plan = runs.plans[len(rows)]
            name = f"clean: {plan}"
            rows.append(Row(name=name, personality=runs.personality, red={}, error=str(error)))
    return tuple(rows)


def run_harmless(personality: str) -> tuple[Row, ...]:
    """All that Android does by itself, in one device's stages."""
    harmless = outside_defects(str(_HARMLESS))
    row = row_of("clean: harmless changes", personality, _busy(personality, harmless))
    return (row,)


def _busy(personality: str, harmless: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    with started(personality, defects=harmless) as running, why_it_died(running):
        yield from stages(running)


def _run(running: Rehearsal, personality: str, plan: ScenarioPlan, *, first: bool) -> Row:
    red: dict[str, tuple[str, ...]] = {}
    for check, words in _found(running, personality, plan, first=first):
        red[check] = (*red.get(check, ()), words)
    return Row(name=f"clean: {plan}", personality=personality, red=red)


def _found(
    running: Rehearsal, personality: str, plan: ScenarioPlan, *, first: bool
) -> Iterator[tuple[str, str]]:
    if first:
        yield from stages(running)
    if plan.update is not UpdateKind.FIRMWARE:  # it came from another process: a copy
        yield from verdict(running, plan, store=store_of(personality))
        return
    with newer_firmware(running, personality) as offer:
        yield from verdict(running, plan, offer=offer)
