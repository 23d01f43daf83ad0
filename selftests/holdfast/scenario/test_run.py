"""What ends a scenario without a result, and whose fault it is."""

from __future__ import annotations

import pytest

from holdfast.errors import HarnessFault, LabError
from holdfast.scenario.result import Persona, Route, ScenarioPlan, UpdateKind
from holdfast.scenario.run import run_scenario
from holdfast.scenario.updates import AppUnderTest, UpdateMissing
from selftests.holdfast.scenario.bench import Bench

APP = AppUnderTest()
OVER_ADB = ScenarioPlan(update=UpdateKind.SAME_SIGNER, route=Route.ADB)


def test_a_run_in_which_the_harness_tried_to_destroy_something_undeclared_has_no_result() -> None:
    bench = Bench()
    with pytest.raises(HarnessFault, match="undeclared"):
        bench.device.shell.run("pm clear com.other", deadline=bench.soon())
    with pytest.raises(HarnessFault, match="counts for nothing"):
        run_scenario(bench.device, OVER_ADB, app=APP)


def test_destroying_something_undeclared_on_the_way_outweighs_every_other_end() -> None:
    bench = Bench()

    def strays() -> str:
        bench.device.shell.run("rm -r /sdcard/DCIM", deadline=bench.soon())
        return ""

    bench.shown = strays
    with pytest.raises(HarnessFault):
        run_scenario(bench.device, OVER_ADB, app=APP)
    assert not any("DCIM" in command for command in bench.plain.sent)


def test_a_base_app_that_cannot_be_installed_is_the_labs_failure() -> None:
    bench = Bench(replies=[("^pm install", "Failure [INSTALL_FAILED_INSUFFICIENT_STORAGE]")])
    with pytest.raises(LabError, match="INSUFFICIENT_STORAGE"):
        run_scenario(bench.device, OVER_ADB, app=APP)


@pytest.mark.parametrize(
    ("plan", "why"),
    [
        (ScenarioPlan(update=UpdateKind.SAME_SIGNER, route=Route.STORE_PUSH), "names no store"),
        (ScenarioPlan(update=UpdateKind.SAME_SIGNER, route=Route.INSTALLER_UI), "name a persona"),
        (
            ScenarioPlan(
                update=UpdateKind.UNINSTALL_REINSTALL,
                route=Route.INSTALLER_UI,
                persona=Persona.CARELESS,
            ),
            "by adb or by a session",
        ),
    ],
)
def test_what_cannot_be_offered_is_not_run(plan: ScenarioPlan, why: str) -> None:
    bench = Bench()
    with pytest.raises(UpdateMissing, match=why):
        run_scenario(bench.device, plan, app=APP)
    assert bench.plain.sent == []
