"""What a run is about: the options and the files behind them, parsed once into frozen values."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import pytest

from holdfast.errors import ConfigurationError
from holdfast.lab.inventory import DeviceSpec, Inventory, read_inventory
from holdfast.pytest_plugin.known_issues import KnownIssues, read_known_issues

__all__ = ["SETTINGS", "Settings", "read_settings", "workers_for"]

_WORKERS_PER_CPU = 4


@dataclass(frozen=True, kw_only=True, slots=True)
class Settings:
    """What one run is about. `base` and `update` are None where the harness makes its own APKs."""

    inventory: Inventory
    devices: tuple[DeviceSpec, ...]
    folder: Path
    known: KnownIssues
    reports: Path
    base: Path | None
    update: Path | None

    @property
    def evidence(self) -> Path:
        return self.reports / "evidence"

    def names(self) -> tuple[str, ...]:
        return tuple(spec.name for spec in self.devices)


SETTINGS = pytest.StashKey[Settings]()
"""Where a pytest session keeps its settings."""


def read_settings(config: pytest.Config) -> Settings:
    """Check all options and the files behind them. Raises ConfigurationError."""
    root = config.rootpath
    devices_file = _path(config, "--devices") or root / "devices.yaml"
    inventory = read_inventory(devices_file).with_defects(config.getoption("--defect"))
    base, update = _path(config, "--base"), _path(config, "--update")
    if update and not base:
        raise ConfigurationError("--update needs --base, the version that it updates")
    for option, apk in (("--base", base), ("--update", update)):
        if apk and not apk.is_file():
            raise ConfigurationError(f"{option}: there is no such file: {apk}")
    return Settings(
        inventory=inventory,
        devices=inventory.only(config.getoption("--device")),
        folder=devices_file.parent,
        known=_known_issues(config, root / "known_issues.yaml"),
        reports=_path(config, "--reports") or root / "reports",
        base=base,
        update=update,
    )


def _path(config: pytest.Config, option: str) -> Path | None:
    """A path from the command line, relative to where the command was given."""
    value = config.getoption(option)
    return config.invocation_params.dir / value if value else None


def _known_issues(config: pytest.Config, default: Path) -> KnownIssues:
    value = config.getoption("--known-issues")
    if value == "none" or (value is None and not default.exists()):
        return KnownIssues(version=1)
    return read_known_issues(default if value is None else config.invocation_params.dir / value)


def workers_for(devices: int) -> int:
    """As many workers as devices, within what the machine can carry: they mostly wait."""
    return max(1, min(devices, _WORKERS_PER_CPU * (os.cpu_count() or 1)))
