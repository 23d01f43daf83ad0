"""A small project with the plugin and a fake lab, which the tests run pytest on."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from holdfast.report.record import TestRecord, read_records
from selftests.holdfast.pytest_plugin.fake_rig import ANSWERS, USES

ROOT = Path(__file__).resolve().parents[3]
CONFTEST = """
from selftests.holdfast.pytest_plugin.fake_rig import FakeRig

pytest_plugins = ["holdfast.pytest_plugin.plugin"]


def pytest_holdfast_make_rig(config, spec):
    return FakeRig(spec.name, config.rootpath)
"""
GOOD_TEST = """
def test_an_update_keeps_everything(scenario):
    scenario(update="same_signer", route="adb").require_pass()
"""
CONFIGURATION = """
[pytest]
addopts = --strict-markers -p no:cacheprovider
filterwarnings = error
console_output_style = classic
"""


class Project:
    """`run` runs pytest on it: in this process, or with `apart` in one of its own."""

    def __init__(self, pytester: pytest.Pytester, devices: Sequence[str]) -> None:
        self.path = pytester.path
        self._pytester = pytester
        pytester.makeconftest(CONFTEST)
        pytester.makefile(".ini", pytest=CONFIGURATION)
        entries = "".join(f"  - {{name: {d}, kind: attached, serial: '{d}'}}\n" for d in devices)
        self.write("devices.yaml", f"version: 1\ndevices:\n{entries}")
        self.answer({})
        self.write("test_updates.py", GOOD_TEST)

    def write(self, name: str, text: str) -> None:
        (self.path / name).write_text(text, encoding="utf-8")

    def answer(self, answers: Mapping[str, str]) -> None:
        """What scenarios come to, by device; see fake_rig.py."""
        self.write(ANSWERS, json.dumps(answers))

    def run(self, *arguments: str, apart: bool = False) -> pytest.RunResult:
        if apart:
            return self._pytester.runpytest_subprocess(*arguments)
        return self._pytester.runpytest_inprocess("-n0", *arguments)

    @property
    def records(self) -> tuple[TestRecord, ...]:
        return read_records(self.path / "reports" / "evidence")

    @property
    def uses(self) -> list[list[str]]:
        """Lines of (pid, device, what was done)."""
        log = self.path / USES
        lines = log.read_text(encoding="utf-8").splitlines() if log.exists() else []
        return [line.split(" ", 2) for line in lines]
