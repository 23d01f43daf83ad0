"""The run as a whole, in the process that the user started: progress, reports, exit status."""

from __future__ import annotations

import fcntl
import shutil
import time
from collections import Counter
from collections.abc import Generator, Mapping, Sequence
from pathlib import Path
from typing import IO, Any, TextIO

import pytest

from holdfast.errors import ConfigurationError, HoldfastError
from holdfast.pytest_plugin.progress import Finished, Progress, copy_of_stdout, progress_for
from holdfast.pytest_plugin.scheduler import device_of
from holdfast.pytest_plugin.settings import Settings
from holdfast.pytest_plugin.testing import FINISHED
from holdfast.pytest_plugin.trial import record_id, title_of
from holdfast.report.console import closing_lines
from holdfast.report.record import Outcome, TestRecord, write_record
from holdfast.report.summary import ExitStatus, Summary
from holdfast.report.write import write_reports

__all__ = ["Run", "take_reports"]

_UNEXPECTED = frozenset({Outcome.FAILED, Outcome.UNEXPECTED_PASS, Outcome.ERROR})
_OURS = ".written-by-holdfast"
_LOCK = ".lock"


class Run:
    """The plugin object of the process that the user started."""

    def __init__(self, config: pytest.Config, settings: Settings) -> None:
        self._config = config
        self._settings = settings
        self._began = time.monotonic()
        self._unwritten: list[str] = []
        self._product_failed = False
        self._started: dict[str, float] = {}
        self._collection_failed = False
        self._failed_without_a_device = False
        self._closing: Sequence[str] = ()
        self._stream: TextIO = copy_of_stdout()
        self._progress: Progress = progress_for(self._stream, fancy=self._stream.isatty())
        self._open = False

    @pytest.hookimpl(trylast=True)
    def pytest_sessionstart(self) -> None:
        reporter = self._config.pluginmanager.get_plugin("terminalreporter")
        if reporter is not None and self._config.get_verbosity() <= 0:
            reporter.showfspath = False

    # What will run

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        self._expect([item.nodeid for item in session.items])

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_node_collection_finished(self, ids: Sequence[str]) -> None:
        self._expect(ids)

    def _expect(self, nodeids: Sequence[str]) -> None:
        if self._open or not nodeids:
            return
        self._open = True
        names = self._settings.names()
        counted = Counter(device_of(nodeid, names) for nodeid in nodeids)
        order = (*names, "")
        self._progress.expect({name: counted[name] for name in order if counted[name]})

    # What happens

    def pytest_runtest_logstart(self, nodeid: str, location: tuple[str, int | None, str]) -> None:
        device = device_of(nodeid, self._settings.names())
        if not device:
            return
        first = nodeid not in self._started
        self._started.setdefault(nodeid, time.time())
        self._progress.at(device, title_of(nodeid, device), "" if first else location[2])

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed and not device_of(report.nodeid, self._settings.names()):
            self._failed_without_a_device = True
        for name, told in report.user_properties:
            if name == FINISHED and isinstance(told, Mapping):
                self._tell(report.nodeid, told)

    def _tell(self, nodeid: str, told: Mapping[str, Any]) -> None:
        self._product_failed |= Outcome(told["outcome"]) in _UNEXPECTED
        if told["unwritten"]:
            self._unwritten.append(told["unwritten"])
        self._progress.finished(
            Finished(
                device=told["device"],
                title=told["title"],
                outcome=Outcome(told["outcome"]),
                why=told["why"],
                duration_s=time.time() - self._started.get(nodeid, time.time()),
            )
        )

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        self._collection_failed |= report.failed

    @pytest.hookimpl(tryfirst=True)
    def pytest_report_teststatus(
        self, report: pytest.CollectReport | pytest.TestReport
    ) -> tuple[str, str, str] | None:
        """Our own progress stands instead of pytest's letters; its counts stay as they are."""
        if self._config.get_verbosity() > 0 or not isinstance(report, pytest.TestReport):
            return None
        if hasattr(report, "wasxfail"):
            return ("xfailed" if report.skipped else "xpassed"), "", ""
        if report.failed:
            return ("failed" if report.when in ("call", "???") else "error"), "", ""
        if report.skipped:
            return "skipped", "", ""
        return ("passed" if report.when == "call" else ""), "", ""

    @pytest.hookimpl(optionalhook=True)
    def pytest_handlecrashitem(self, crashitem: str, report: pytest.TestReport) -> None:
        """The process that ran a test is gone: that says nothing about the product."""
        device = device_of(crashitem, self._settings.names())
        why = "the process that ran this test died; whatever it had started has been stopped"
        began = self._started.get(crashitem, time.time())
        record = TestRecord(
            id=record_id(crashitem),
            nodeid=crashitem,
            title=title_of(crashitem, device),
            device=device,
            model="",
            build="",
            api=None,
            outcome=Outcome.INCONCLUSIVE,
            why=why,
            started_at=began,
            duration_s=max(0.0, time.time() - began),
            error=why,
        )
        write_record(record, self._settings.evidence)
        report.longrepr = f"inconclusive (the lab, not the firmware): {why}"
        told = {
            "device": device,
            "title": record.title,
            "outcome": record.outcome.value,
            "why": why,
            "unwritten": "",
        }
        report.user_properties.append((FINISHED, told))

    # The end

    @pytest.hookimpl(wrapper=True, trylast=True)
    def pytest_sessionfinish(
        self, session: pytest.Session, exitstatus: int
    ) -> Generator[None, object, object]:
        returned = yield
        self._progress.close()
        if self._config.option.collectonly:
            return returned
        try:
            session.exitstatus = self._report(exitstatus)
        except (HoldfastError, OSError) as error:
            failed = self._product_failed or self._failed_without_a_device
            status = ExitStatus.PRODUCT_FAILURE if failed else ExitStatus.LAB_TROUBLE
            what_to_do = "Make room, or name another folder with --reports"
            said = f"No report could be written: {error}. {what_to_do}. Exit status {int(status)}."
            self._closing = (*self._unwritten, said)
            session.exitstatus = status
        return returned

    def _report(self, pytest_status: int) -> int:
        """Write the reports, and say with which status the run ends."""
        wall_s = time.monotonic() - self._began
        reports = self._settings.reports
        summary = write_reports(self._settings.evidence, reports, wall_s=wall_s)
        status = self._status(pytest_status, summary)
        self._closing = _told_as(
            closing_lines(summary, reports=_short(reports)), summary.exit_status, status
        )
        self._closing = (*self._closing, *dict.fromkeys(self._unwritten))
        return status

    def _status(self, pytest_status: int, summary: Summary) -> int:
        if pytest_status == pytest.ExitCode.INTERNAL_ERROR:
            return ExitStatus.PRODUCT_FAILURE
        nothing_chosen = pytest_status == pytest.ExitCode.NO_TESTS_COLLECTED
        misconfigured = summary.exit_status is ExitStatus.CONFIGURATION
        if misconfigured or self._collection_failed or nothing_chosen:
            return ExitStatus.CONFIGURATION
        if pytest_status == pytest.ExitCode.INTERRUPTED:
            return pytest_status
        if self._failed_without_a_device:
            return ExitStatus.PRODUCT_FAILURE
        if self._unwritten and summary.exit_status == ExitStatus.NOTHING_UNEXPECTED:
            return ExitStatus.LAB_TROUBLE
        if not summary.records:
            return ExitStatus.NOTHING_UNEXPECTED  # only tests that use no device were chosen
        return summary.exit_status

    @pytest.hookimpl(trylast=True)
    def pytest_unconfigure(self) -> None:
        for line in self._closing:
            self._config.get_terminal_writer().line(line)
        self._stream.close()


def _told_as(lines: Sequence[str], computed: int, status: int) -> Sequence[str]:
    if status == computed:
        return lines
    said = {
        int(pytest.ExitCode.INTERRUPTED): "The run was interrupted; this is what it saw so far.",
        int(ExitStatus.CONFIGURATION): "The configuration is wrong, or no scenario was chosen.",
        int(ExitStatus.NOTHING_UNEXPECTED): "Nothing unexpected happened; no device was used.",
        int(ExitStatus.LAB_TROUBLE): "The report is not whole: make room, and run it again.",
    }.get(status, "Something failed outside of the scenarios; see above.")
    return (*lines[:-1], f"{said} Exit status {int(status)}.")


def _short(path: Path) -> Path:
    try:
        return path.relative_to(Path.cwd())
    except ValueError:
        return path


def take_reports(settings: Settings) -> IO[bytes]:
    """Take the folder for this run, as long as what is returned is open, and remove what an earlier
    run left in it. Two runs would count each other's scenarios as their own. ConfigurationError if
    another run has it, and for a folder below it that is not ours."""
    try:
        settings.reports.mkdir(parents=True, exist_ok=True)
        taken = (settings.reports / _LOCK).open("wb")
    except OSError as error:
        raise ConfigurationError(
            f"{settings.reports} cannot be written: {error.strerror}; name another folder with "
            "--reports"
        ) from error
    try:
        fcntl.flock(taken, fcntl.LOCK_EX | fcntl.LOCK_NB)
        _clean_reports(settings)
    except BlockingIOError as error:
        taken.close()
        raise ConfigurationError(
            f"another run is writing its reports to {settings.reports}: wait for its end, or name "
            "another folder with --reports"
        ) from error
    except ConfigurationError:
        taken.close()
        raise
    return taken


def _clean_reports(settings: Settings) -> None:
    for folder in (settings.evidence, settings.reports / "allure-results"):
        mark = folder / _OURS
        if folder.exists() and any(folder.iterdir()) and not mark.exists():
            raise ConfigurationError(
                f"{folder} holds files that no earlier run of this harness wrote; move them away, "
                "or name another folder with --reports"
            )
        try:
            if folder.exists():
                shutil.rmtree(folder)
            folder.mkdir(parents=True)
            mark.touch()
        except OSError as error:
            raise ConfigurationError(f"{folder} cannot be emptied: {error.strerror}") from error
