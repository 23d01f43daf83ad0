"""The fixtures that scenarios use."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from holdfast.errors import ConfigurationError
from holdfast.pytest_plugin.outcome import NOT_COVERED
from holdfast.pytest_plugin.rig import DeviceFacts, Need, NotCovered, Rig
from holdfast.pytest_plugin.settings import SETTINGS
from holdfast.pytest_plugin.trial import TRIAL
from holdfast.pytest_plugin.verdict import Verdict, plan_from_words
from holdfast.report.allure_bridge import label_device, label_result

__all__ = ["holdfast_rig", "scenario"]

Scenario = Callable[..., Verdict]


@pytest.fixture(scope="session")
def holdfast_rig(request: pytest.FixtureRequest) -> Iterator[Rig]:
    """The device that this process holds, given back after its last test."""
    config = request.config
    spec = config.stash[SETTINGS].inventory.device(request.param)
    rig: Rig = config.hook.pytest_holdfast_make_rig(config=config, spec=spec)
    try:
        yield rig
    finally:
        rig.release()


@pytest.fixture
def scenario(request: pytest.FixtureRequest, holdfast_rig: Rig) -> Scenario:
    """Run one scenario on the leased device: `scenario(update=…, route=…, persona=…)`.

    It returns a verdict, and one of the verdict's questions must be asked.
    """
    trial = request.node.stash[TRIAL]
    facts = trial.facts = holdfast_rig.ready(trial.journal, trial.ledger)
    label_device(device=facts.name, model=facts.model, build=facts.build, api=facts.api)
    _require_offered(request.node, facts)

    def run(
        *, update: str, route: str, persona: str | None = None, when: str | None = None
    ) -> Verdict:
        plan = plan_from_words(update=update, route=route, persona=persona, when=when)
        try:
            result = trial.redactor.value(holdfast_rig.run(plan))
        except NotCovered as reason:
            raise pytest.skip.Exception(f"{NOT_COVERED}{reason}") from reason
        label_result(result)
        verdict = Verdict(result)
        trial.verdicts.append(verdict)
        return verdict

    return run


def _require_offered(item: pytest.Item, facts: DeviceFacts) -> None:
    for marker in item.iter_markers("needs"):
        for word in marker.args:
            if word not in list(Need):
                raise ConfigurationError(
                    f"{item.nodeid} needs {word!r}, which nobody knows; there are: "
                    + ", ".join(Need)
                )
            if word not in facts.offers:
                raise pytest.skip.Exception(f"{NOT_COVERED}{facts.name} has no {word}")
