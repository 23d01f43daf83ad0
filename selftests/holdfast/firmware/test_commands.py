"""`holdfast prepare`, with a lab that hands out a device that obeys the tables."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from holdfast.deadline import Deadline
from holdfast.errors import ConfigurationError
from holdfast.firmware.commands import register
from holdfast.firmware.prepare import Bench
from holdfast.firmware.states import Mode
from holdfast.journal import Journal
from selftests.holdfast.firmware.fake_device import OLD, FakeBench, FakeControls


class Lab:
    """Hands out `bench`; `asked` are the devices that were asked for."""

    def __init__(self, *, may_destroy: bool = True) -> None:
        self.asked: list[str] = []
        self.may_destroy = may_destroy
        self.app = typer.Typer()
        register(self.app, open_bench=self.open)
        self.app.command("other")(lambda: None)

    @contextmanager
    def open(
        self, devices: Path, name: str, journal: Journal, deadline: Deadline
    ) -> Iterator[Bench]:
        self.asked.append(name)
        yield FakeBench(
            controls=FakeControls(Mode.SYSTEM), journal=journal, may_destroy=self.may_destroy
        )

    def run(self, *words: str) -> str:
        result = CliRunner().invoke(self.app, ["prepare", *words])
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result.output


def test_each_step_is_told_and_the_build_in_the_end() -> None:
    said = Lab().run("phone", "factory_reset", "--user-data", "wipe")
    assert "prepare factory_reset, user data: wipe" in said
    assert "wipe_user_data" in said
    assert said.splitlines()[-1] == f"phone runs {OLD}"


def test_what_becomes_of_user_data_must_be_said() -> None:
    lab = Lab()
    assert "--user-data" in lab.run("phone", "factory_reset")
    assert lab.asked == []


def test_a_declaration_that_makes_no_sense_leases_nothing() -> None:
    lab = Lab()
    with pytest.raises(ConfigurationError, match="a factory reset is there to wipe"):
        lab.run("phone", "factory_reset", "--user-data", "keep")
    assert lab.asked == []


def test_a_device_that_must_not_be_destroyed_is_left_alone() -> None:
    with pytest.raises(ConfigurationError, match="allow_destructive: true"):
        Lab(may_destroy=False).run("phone", "factory_reset", "--user-data", "wipe")
