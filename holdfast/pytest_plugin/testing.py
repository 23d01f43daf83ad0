"""What happens to each test, in the process that runs it: judgement, report and record."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Generator

import pytest

from holdfast.journal import Event, StepStarted
from holdfast.lab.inventory import DeviceSpec
from holdfast.pytest_plugin.outcome import KnownFailure, shown_briefly
from holdfast.pytest_plugin.settings import Settings
from holdfast.pytest_plugin.trial import TRIAL, Trial, title_of
from holdfast.report.allure_bridge import AllureBridge, outlive_a_full_disk
from holdfast.report.record import write_record
from holdfast.report.redact import Redactor

__all__ = ["FINISHED", "Testing"]

FINISHED = "holdfast"
"""The name of the report property that tells the run's own process how a test counts."""


class Testing:
    """The plugin object for one process that runs tests."""

    __test__ = False

    def __init__(self, config: pytest.Config, settings: Settings) -> None:
        self._config = config
        self._settings = settings
        self._redactor = Redactor(salt=secrets.token_bytes(16))

    def pytest_sessionstart(self) -> None:
        outlive_a_full_disk()

    @pytest.hookimpl(tryfirst=True)
    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        """A test that asks for a scenario runs on every device; any other leases none."""
        if "holdfast_rig" in metafunc.fixturenames:
            names = self._settings.names()
            metafunc.parametrize("holdfast_rig", names, indirect=True, ids=names, scope="session")

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, object, object]:
        device = self._device_of(item)
        if device is None:
            return (yield)
        trial = Trial(
            nodeid=item.nodeid,
            device=device.name,
            evidence=self._settings.evidence,
            known=self._settings.known,
            began_at=time.time(),
            redactor=self._redactor,
            reports=(AllureBridge(), self._live(item)),
        )
        item.stash[TRIAL] = trial
        try:
            return (yield)
        except BaseException as error:
            trial.note(error)
            self._write(trial)
            raise

    @pytest.hookimpl(wrapper=True)
    def pytest_pyfunc_call(self, pyfuncitem: pytest.Function) -> Generator[None, object, object]:
        trial = pyfuncitem.stash.get(TRIAL, None)
        if trial is None:
            return (yield)
        try:
            returned = yield
        except Exception as error:
            judged = trial.judge(error)
            if judged is None or judged is error:
                raise
            raise judged from error
        judged = trial.judge(None)
        if judged is not None:
            raise judged
        return returned

    @pytest.hookimpl(wrapper=True, trylast=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        trial = item.stash.get(TRIAL, None)
        if trial is None:
            return (yield)
        if call.excinfo is not None:
            trial.redact(call.excinfo.value)
        report = yield
        if call.excinfo is not None:
            _shorten(report, call.excinfo.value, trial.redactor)
            trial.note(call.excinfo.value)
        if call.when == "teardown":
            self._write(trial)
            report.user_properties.append((FINISHED, _told(trial)))
        elif trial.lab_failed:
            self._suspect(item, str(trial.error))
        return report

    def _write(self, trial: Trial) -> None:
        title = title_of(trial.nodeid, trial.device)
        try:
            write_record(trial.record(title=title, ended_at=time.time()), self._settings.evidence)
        except OSError as error:
            trial.unwritten = f"what came of {title} on {trial.device} could not be kept: {error}"

    def _device_of(self, item: pytest.Item) -> DeviceSpec | None:
        callspec = getattr(item, "callspec", None)
        name = callspec.params.get("holdfast_rig") if callspec else None
        return self._settings.inventory.device(name) if name else None

    def _suspect(self, item: pytest.Item, why: str) -> None:
        rig = getattr(item, "funcargs", {}).get("holdfast_rig")
        if rig is not None:
            rig.suspect(why)

    def _live(self, item: pytest.Item) -> Callable[[Event], None]:
        """Steps go the way of pytest's own progress reports, which xdist carries to the run."""

        def tell(event: Event) -> None:
            if isinstance(event, StepStarted):
                file, line, _ = item.location
                item.ihook.pytest_runtest_logstart(
                    nodeid=item.nodeid, location=(file, line, event.title)
                )

        return tell


def _shorten(report: pytest.TestReport, error: BaseException, redactor: Redactor) -> None:
    """Say it in words where a traceback would tell nobody anything."""
    if isinstance(error, KnownFailure):
        report.outcome = "skipped"
        report.wasxfail = str(error)
        report.longrepr = redactor.text(error.failure)
        return
    brief = shown_briefly(error)
    if brief is not None:
        report.longrepr = redactor.text(brief)


def _told(trial: Trial) -> dict[str, object]:
    settled = trial.settled()
    return {
        "device": trial.device,
        "title": title_of(trial.nodeid, trial.device),
        "outcome": settled.outcome.value,
        "why": settled.why,
        "unwritten": trial.unwritten,
    }
