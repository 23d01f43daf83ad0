"""From the journal of one test to Allure's live results: steps, attachments, labels.

allure-pytest keeps the test itself; what happens inside it is told through allure-commons' hooks.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from uuid import uuid4

import allure
import allure_commons
from allure_commons.logger import AllureFileLogger

from holdfast.journal import Attachment, DestructiveCommand, Event, StepEnded, StepStarted
from holdfast.scenario.result import ScenarioResult

__all__ = ["AllureBridge", "label_device", "label_result", "outlive_a_full_disk"]


class AllureBridge:
    """A subscriber of a Journal. Without allure-pytest, its hooks have nobody to listen."""

    def __init__(self) -> None:
        self._uuids: dict[int, str] = {}

    def __call__(self, event: Event) -> None:
        match event:
            case StepStarted():
                uuid = self._uuids[event.step_id] = str(uuid4())
                allure_commons.plugin_manager.hook.start_step(
                    uuid=uuid, title=event.title, params=dict(event.parameters)
                )
            case StepEnded():
                error = event.error
                allure_commons.plugin_manager.hook.stop_step(
                    uuid=self._uuids.pop(event.step_id),
                    exc_type=type(error) if error else None,
                    exc_val=error,
                    exc_tb=error.__traceback__ if error else None,
                )
            case Attachment():
                allure.attach(event.data, name=event.name, attachment_type=event.media_type)
            case DestructiveCommand():
                declared = event.declared_by.reason if event.declared_by else "UNDECLARED"
                with allure.step(f"ledger: {event.kind} of {event.target} ({declared})"):
                    pass
            case _:
                pass


def outlive_a_full_disk() -> None:
    """Call it when allure-pytest has been set up: where it cannot write a result, it ends pytest by
    an error. The records of the harness are what counts, and a run that lacks one says so."""
    for plugin in allure_commons.plugin_manager.get_plugins():
        if isinstance(plugin, AllureFileLogger):
            write = plugin._report_item  # noqa: SLF001 - it offers no other way
            plugin._report_item = _if_there_is_room(write)  # noqa: SLF001


def _if_there_is_room(write: Callable[[object], None]) -> Callable[[object], None]:
    def try_to(item: object) -> None:
        with suppress(OSError):
            write(item)

    return try_to


def label_device(*, device: str, model: str, build: str, api: int | None) -> None:
    """Say which device the test runs on; dashboards group by these labels."""
    allure.dynamic.label("device", device)
    allure.dynamic.label("model", model)
    allure.dynamic.label("build", build)
    allure.dynamic.label("api", str(api) if api is not None else "unknown")
    allure.dynamic.label("host", device)


def label_result(result: ScenarioResult) -> None:
    """Say what was asked and what came of it."""
    allure.dynamic.label("update", result.plan.update.value)
    allure.dynamic.label("route", result.plan.route.value)
    allure.dynamic.label("persona", result.plan.persona.value if result.plan.persona else "none")
    allure.dynamic.label("verdict", result.verdict.value)
    allure.dynamic.description("\n\n".join(result.reasons))
