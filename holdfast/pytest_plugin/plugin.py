"""The pytest plugin: it reads the options, and builds the objects of a session. Nothing else does.

In the process that the user starts it registers a Run (progress, reports, exit status); in every
process that runs tests, Testing. Without pytest-xdist both are in one process.
"""

from __future__ import annotations

import os
import signal
import threading
from types import FrameType

import pytest

from holdfast.device.connect import connect
from holdfast.device.device import Device
from holdfast.errors import ConfigurationError
from holdfast.lab.inventory import DeviceSpec, StoreAdapter
from holdfast.lab.leases import LeaseTable, default_state_dir
from holdfast.lab.providing import provider_for
from holdfast.lab.quarantine import QuarantineStore
from holdfast.pytest_plugin import fixtures, hooks
from holdfast.pytest_plugin.care import Care
from holdfast.pytest_plugin.lab_rig import LabRig, RunScenario
from holdfast.pytest_plugin.options import add_options
from holdfast.pytest_plugin.plan import Plan
from holdfast.pytest_plugin.rig import Rig
from holdfast.pytest_plugin.run import Run, take_reports
from holdfast.pytest_plugin.scheduler import DeviceScheduler
from holdfast.pytest_plugin.settings import (
    SETTINGS,
    Settings,
    read_settings,
    workers_for,
)
from holdfast.pytest_plugin.testing import Testing
from holdfast.scenario.firmware import FirmwareOffer
from holdfast.scenario.result import ScenarioPlan, ScenarioResult
from holdfast.scenario.run import run_scenario
from holdfast.scenario.updates import AppUnderTest

__all__: list[str] = []

APP = pytest.StashKey[AppUnderTest]()
_SHOW_NO_TESTS = -3


def pytest_addoption(parser: pytest.Parser) -> None:
    add_options(parser)


def pytest_addhooks(pluginmanager: pytest.PytestPluginManager) -> None:
    pluginmanager.add_hookspecs(hooks)


@pytest.hookimpl(tryfirst=True)
def pytest_cmdline_main(config: pytest.Config) -> None:
    """All devices at once is the default; `-n0`, `-p no:xdist` and `--pdb` ask for less.

    xdist reads its options in its own pytest_cmdline_main, which comes after this one.
    """
    option = config.option
    if option.plan:
        option.collectonly = True
        option.verbose = min(option.verbose, _SHOW_NO_TESTS)
    if _is_worker(config) or not hasattr(option, "numprocesses"):
        return
    if option.collectonly or option.usepdb or option.tx or option.distload:
        return
    if option.numprocesses is None and option.dist == "no":
        option.numprocesses = workers_for(len(_settings(config).devices))
    if option.numprocesses == 1:
        option.numprocesses = 0


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    return workers_for(len(_settings(config).devices))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config) -> DeviceScheduler:
    """Whatever `--dist` says: a device must not be shared."""
    return DeviceScheduler(names=_settings(config).names(), workers=len(config.option.tx))


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers", "needs(*words): what the device must offer; without it the test is not covered"
    )
    settings = _settings(config)
    _write_allure(config, settings)
    config.pluginmanager.register(fixtures, "holdfast_fixtures")
    config.pluginmanager.register(Testing(config, settings), "holdfast_testing")
    if _is_worker(config):
        return
    if settings.base:
        _app(config)
    if not config.option.collectonly:
        try:
            config.add_cleanup(take_reports(settings).close)
        except ConfigurationError as error:
            raise pytest.UsageError(str(error)) from error
    if config.option.plan:
        config.pluginmanager.register(Plan(config, settings), "holdfast_plan")
        return
    config.pluginmanager.register(Run(config, settings), "holdfast_run")
    config.option.reportchars = ""  # the reasons are in our own closing lines
    _treat_term_as_interrupt()


@pytest.hookimpl(trylast=True)
def pytest_holdfast_make_rig(config: pytest.Config, spec: DeviceSpec) -> Rig:
    settings = _settings(config)
    state = default_state_dir()
    quarantine = QuarantineStore(state / "quarantine.sqlite3")
    run_name = f"{config.rootpath.name}-{_run_id(config)}"
    app, store = _app(config), settings.inventory.store_of(spec)
    packages = (app.package_name, store.package) if store else (app.package_name,)
    return LabRig(
        spec,
        provider=provider_for(spec, folder=settings.folder),
        leases=LeaseTable(state),
        run_name=run_name,
        store=store,
        quarantine=quarantine,
        connect=connect,
        run_scenario=_bound(app),
        care=Care(
            spec,
            folder=settings.folder,
            quarantine=quarantine,
            owner=run_name,
            packages=packages,
        ),
    )


def _bound(app: AppUnderTest) -> RunScenario:
    """The path from plan to verdict, for this run's app."""

    def run(
        device: Device,
        plan: ScenarioPlan,
        *,
        store: StoreAdapter | None,
        offer: FirmwareOffer | None,
    ) -> ScenarioResult:
        return run_scenario(device, plan, app=app, store=store, offer=offer)

    return run


def _app(config: pytest.Config) -> AppUnderTest:
    """Made once a process. A wrong APK ends the run with exit status 4."""
    if APP not in config.stash:
        settings = _settings(config)
        try:
            config.stash[APP] = AppUnderTest.from_files(base=settings.base, update=settings.update)
        except (ConfigurationError, OSError) as error:
            raise pytest.UsageError(str(error)) from error
    return config.stash[APP]


def _run_id(config: pytest.Config) -> str:
    """The same in all processes of a run."""
    worker_input: dict[str, str] = getattr(config, "workerinput", {})
    return worker_input.get("testrunuid", str(os.getpid()))[:8]


def _settings(config: pytest.Config) -> Settings:
    """Read once a process. A wrong file or option ends the run with exit status 4."""
    if SETTINGS not in config.stash:
        try:
            config.stash[SETTINGS] = read_settings(config)
        except ConfigurationError as error:
            raise pytest.UsageError(str(error)) from error
    return config.stash[SETTINGS]


def _write_allure(config: pytest.Config, settings: Settings) -> None:
    """Results for Allure's viewer go below the reports, unless the user says where."""
    if not hasattr(config.option, "allure_report_dir") or config.option.collectonly:
        return
    if config.option.allure_report_dir is None:
        config.option.allure_report_dir = str(settings.reports / "allure-results")


def _is_worker(config: pytest.Config) -> bool:
    return hasattr(config, "workerinput")


def _treat_term_as_interrupt() -> None:
    """A CI server that ends a run by SIGTERM gets teardown and a report, as with Ctrl-C."""

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, interrupt)
