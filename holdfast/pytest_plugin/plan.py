"""`pytest --plan`: what a run would do to which device. Nothing is touched for it."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from holdfast.errors import ConfigurationError
from holdfast.firmware.preparation import Preparation
from holdfast.journal import DestructionKind
from holdfast.lab.inventory import AttachedSpec, DeviceSpec, VirtualSpec
from holdfast.lab.virtual import complaint_about
from holdfast.pytest_plugin.scheduler import device_of
from holdfast.pytest_plugin.settings import Settings
from holdfast.scenario.bench import may_destroy, preparation_of

__all__ = ["Plan", "plan_lines"]

# Usual seconds, for plans only: deadlines stand elsewhere.
_STARTS_S: Mapping[str, int] = {
    "virtual": 10, "attached": 10, "avd": 90, "cuttlefish": 120, "redroid": 40,
}  # fmt: skip
_SCENARIO_S: Mapping[str, int] = {"virtual": 20}
_REAL_SCENARIO_S = 180


def plan_lines(settings: Settings, counts: Mapping[str, int]) -> Sequence[str]:
    """`counts`: scenarios by the name of their device; those without one use none."""
    lines = ["The plan of this run. Nothing was leased, started or touched for it.", ""]
    longest = 0
    for spec in settings.devices:
        number = counts.get(spec.name, 0)
        if not number:
            lines.append(f"{spec.name} ({spec.kind}): not used")
            continue
        wanted = _preparation(spec, settings)
        minutes = _minutes(spec, number, wanted)
        longest = max(longest, minutes)
        lines.append(f"{spec.name} ({spec.kind}): {number} scenarios, about {minutes} min")
        lines.append(f"  state: {_state(spec, wanted, folder=settings.folder)}")
        lines.append("  in each scenario: the app under test is installed and removed")
        if spec.firmware_update:
            lines.append(f"  in each scenario that updates the firmware: {_firmware_update(spec)}")
    lines += ["", f"All devices at once: about {longest} min."]
    return lines


def _preparation(spec: DeviceSpec, settings: Settings) -> Preparation | None:
    return preparation_of(spec.prepare, folder=settings.folder) if spec.prepare else None


def _state(spec: DeviceSpec, wanted: Preparation | None, *, folder: Path) -> str:
    if isinstance(spec, VirtualSpec) and (wrong := complaint_about(spec, folder=folder)):
        return f"CANNOT BE STARTED: {wrong}"
    if wanted is None:
        return "as it is; no flash, no wipe"
    try:
        wanted.require_sensible()
    except ConfigurationError as error:
        return f"CANNOT BE PREPARED: {error}"
    if not may_destroy(spec):
        return f"CANNOT BE PREPARED: {wanted.goal} needs 'allow_destructive: true' at this device"
    flashes = DestructionKind.FLASH in wanted.destroys
    what = [f"{wanted.goal} (user data: {wanted.user_data})"]
    what.append(f"1 flash from {wanted.package}" if flashes else "no flash")
    what.append("no wipe" if wanted.user_data == "keep" else "1 WIPE of user data")
    if wanted.build:
        what.append(f"to {wanted.build}")
    return ", ".join(what)


def _firmware_update(spec: DeviceSpec) -> str:
    """As the scenarios that deliver one will find it: see `Care.firmware`."""
    if not may_destroy(spec):
        return "NOT COVERED: it needs 'allow_destructive: true' at this device"
    if isinstance(spec, AttachedSpec) and (spec.prepare is None or not spec.prepare.build):
        return "NOT COVERED: no `prepare` with a `build` would bring it back"
    return (
        f"1 flash of {spec.firmware_update}; behind it the device begins anew, at the state above"
    )


def _minutes(spec: DeviceSpec, scenarios: int, wanted: Preparation | None) -> int:
    usual_s = _STARTS_S[spec.kind] + (wanted.usual_s if wanted else 0)
    usual_s += scenarios * _SCENARIO_S.get(spec.kind, _REAL_SCENARIO_S)
    return max(1, math.ceil(usual_s / 60))


class Plan:
    """The plugin object of a run that only plans: it shows the plan instead of the tests."""

    def __init__(self, config: pytest.Config, settings: Settings) -> None:
        self._config = config
        self._settings = settings
        self._lines: Sequence[str] = ()

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_finish(self, session: pytest.Session) -> None:
        names = self._settings.names()
        counts = Counter(device_of(item.nodeid, names) for item in session.items)
        self._lines = plan_lines(self._settings, counts)

    @pytest.hookimpl(trylast=True)
    def pytest_unconfigure(self) -> None:
        for line in self._lines:
            self._config.get_terminal_writer().line(line)
