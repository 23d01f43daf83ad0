"""The pytest plugin of a run under chaos: the lab's own rig with short limits, and the faults.

HOLDFAST_CHAOS names the session's file; beside it are the device's FIFO and the log of faults.
"""

from __future__ import annotations

import faulthandler
import json
import os
import shlex
import signal
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from holdfast.deadline import Deadline
from holdfast.device.connect import connect
from holdfast.device.device import Device
from holdfast.journal import Journal, Ledger
from holdfast.lab.inventory import DeviceSpec, StoreAdapter, VirtualSpec
from holdfast.lab.leases import LeaseTable, default_state_dir
from holdfast.lab.provider import Endpoint, Provider, Say
from holdfast.lab.providing import provider_for
from holdfast.lab.quarantine import QuarantineStore
from holdfast.lab.virtual import VirtualProvider
from holdfast.pytest_plugin.care import Care, CareTimes
from holdfast.pytest_plugin.lab_rig import LabRig
from holdfast.pytest_plugin.rig import DeviceFacts, Rig
from holdfast.pytest_plugin.settings import SETTINGS
from holdfast.scenario.firmware import FirmwareOffer
from holdfast.scenario.limits import Limits
from holdfast.scenario.result import ScenarioPlan, ScenarioResult
from holdfast.scenario.run import run_scenario
from holdfast.scenario.updates import AppUnderTest
from selftests.chaos.striker import Striker
from selftests.chaos.strikes import from_json

__all__ = ["COMMANDS", "LIMITS", "SESSION", "START_S", "STRIKES", "TIMES"]

SESSION = "HOLDFAST_CHAOS"
COMMANDS, STRIKES, STACKS = "commands", "strikes.jsonl", "stacks.txt"
START_S = 45.0
LIMITS = Limits(
    scenario_s=120.0, step_s=25.0, boot_s=40.0, push_s=10.0, install_s=20.0, settle_s=45.0
)
TIMES = CareTimes(prepare_s=60.0, recover_s=90.0, look_s=15.0, evidence_s=40.0, check_up_s=90.0)


class ChaosRig:
    """The lab's rig; its journals drive the faults."""

    def __init__(self, rig: LabRig, striker: Striker) -> None:
        self._rig = rig
        self._striker = striker

    def ready(self, journal: Journal, ledger: Ledger) -> DeviceFacts:
        journal.subscribe(self._striker)
        return self._rig.ready(journal, ledger)

    def run(self, plan: ScenarioPlan) -> ScenarioResult:
        return self._rig.run(plan)

    def suspect(self, why: str) -> None:
        self._rig.suspect(why)

    def release(self) -> None:
        self._striker.end()
        self._rig.release()


class WatchedProvider:
    """Tells the striker where the device is reached."""

    def __init__(self, provider: Provider, striker: Striker) -> None:
        self._provider = provider
        self._endpoint: Endpoint | None = None
        striker.endpoint = lambda: self._endpoint

    @property
    def resource(self) -> str:
        return self._provider.resource

    def start(self, deadline: Deadline, *, say: Say) -> Endpoint:
        self._endpoint = self._provider.start(deadline, say=say)
        return self._endpoint

    def stop(self, deadline: Deadline) -> None:
        self._endpoint = None
        self._provider.stop(deadline)


def pytest_configure(config: pytest.Config) -> None:
    stacks = (Path(os.environ[SESSION]).parent / STACKS).open("w")
    faulthandler.register(signal.SIGUSR1, file=stacks, all_threads=True)

    def close() -> None:
        faulthandler.unregister(signal.SIGUSR1)
        stacks.close()

    config.add_cleanup(close)


def pytest_holdfast_make_rig(config: pytest.Config, spec: DeviceSpec) -> Rig:
    file = Path(os.environ[SESSION])
    session = from_json(json.loads(file.read_text(encoding="utf-8")))
    commands = file.parent / COMMANDS
    striker = Striker(session.strikes, commands=commands, log=file.parent / STRIKES)
    settings = config.stash[SETTINGS]
    state = default_state_dir()
    quarantine = QuarantineStore(state / "quarantine.sqlite3")
    owner = f"chaos session {session.number}"
    app = AppUnderTest()

    def run(
        device: Device,
        plan: ScenarioPlan,
        *,
        store: StoreAdapter | None,
        offer: FirmwareOffer | None,
    ) -> ScenarioResult:
        return run_scenario(device, plan, app=app, store=store, offer=offer, limits=LIMITS)

    provider = _provider(spec, folder=settings.folder, commands=commands)
    rig = LabRig(
        spec,
        provider=WatchedProvider(provider, striker),
        leases=LeaseTable(state),
        run_name=owner,
        store=settings.inventory.store_of(spec),
        quarantine=quarantine,
        connect=connect,
        run_scenario=run,
        care=Care(
            spec,
            folder=settings.folder,
            quarantine=quarantine,
            owner=owner,
            packages=(app.package_name,),
            times=replace(TIMES, recover_s=session.recover_s),
        ),
        start_s=START_S,
    )
    return ChaosRig(rig, striker)


def _provider(spec: DeviceSpec, *, folder: Path, commands: Path) -> Provider:
    if not isinstance(spec, VirtualSpec):
        return provider_for(spec, folder=folder)
    fifo, python = shlex.quote(str(commands)), shlex.quote(sys.executable)
    script = f'rm -f {fifo}; exec {python} -m virtualdevice "$@" --commands {fifo}'
    return VirtualProvider(spec, folder=folder, program=("sh", "-c", script, "device"))
