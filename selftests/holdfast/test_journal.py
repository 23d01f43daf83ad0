"""What happened is told in order, and nothing destructive goes by unseen."""

from __future__ import annotations

import pytest

from holdfast.errors import HarnessFault
from holdfast.journal import (
    Attachment,
    Declaration,
    DestructionKind,
    Event,
    Journal,
    Ledger,
    StepEnded,
    StepStarted,
)

PROBE = "org.example.probe"


def test_steps_nest_and_attachments_belong_to_the_innermost() -> None:
    journal = Journal(now=lambda: 7.0)
    with journal.step("outer"), journal.step("inner", route="adb"):
        journal.attach("note", "text")
    started = [e for e in journal.events if isinstance(e, StepStarted)]
    attached = [e for e in journal.events if isinstance(e, Attachment)]
    assert [(s.title, s.parent_id) for s in started] == [("outer", None), ("inner", 1)]
    assert started[1].parameters == {"route": "adb"}
    assert attached[0].step_id == started[1].step_id


def test_a_step_that_fails_ends_with_its_error() -> None:
    journal = Journal()
    with pytest.raises(ValueError, match="broken"), journal.step("fails"):
        raise ValueError("broken")
    ended = next(e for e in journal.events if isinstance(e, StepEnded))
    assert isinstance(ended.error, ValueError)


def test_subscribers_hear_each_event_once_and_in_order() -> None:
    heard: list[Event] = []
    journal = Journal()
    journal.subscribe(heard.append)
    with journal.step("one"):
        journal.fact("build", "x")
    assert heard == journal.events


def record_uninstall(ledger: Ledger, *, device: str = "phone", target: str = PROBE) -> None:
    ledger.record(
        device=device,
        kind=DestructionKind.UNINSTALL,
        target=target,
        command=f"pm uninstall {target}",
    )


def declaration(*, device: str = "phone", target: str = PROBE) -> Declaration:
    return Declaration(
        device=device, kind=DestructionKind.UNINSTALL, target=target, reason="the control case"
    )


def test_an_undeclared_destructive_command_is_refused_and_stays_in_the_ledger() -> None:
    ledger = Ledger(Journal())
    with pytest.raises(HarnessFault, match=f"undeclared.*uninstall of {PROBE}"):
        record_uninstall(ledger)
    assert [c.target for c in ledger.undeclared] == [PROBE]


def test_a_declared_destructive_command_is_entered_with_its_permission() -> None:
    ledger = Ledger(Journal())
    with ledger.declared(declaration()):
        record_uninstall(ledger)
    assert ledger.undeclared == ()
    assert ledger.commands[0].declared_by == declaration()


@pytest.mark.parametrize("wrong", [{"device": "other"}, {"target": "org.example.other"}])
def test_a_permission_covers_neither_another_device_nor_another_package(
    wrong: dict[str, str],
) -> None:
    ledger = Ledger(Journal())
    with ledger.declared(declaration()), pytest.raises(HarnessFault):
        record_uninstall(ledger, **wrong)


def test_a_permission_ends_with_its_block() -> None:
    ledger = Ledger(Journal())
    with ledger.declared(declaration()):
        pass
    with pytest.raises(HarnessFault):
        record_uninstall(ledger)


def test_a_permission_for_the_whole_device_covers_each_target_on_it() -> None:
    ledger = Ledger(Journal())
    with ledger.declared(declaration(target="*")):
        record_uninstall(ledger)
    assert ledger.undeclared == ()
