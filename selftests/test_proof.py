"""The proof's own arithmetic; the devices are not started here."""

from __future__ import annotations

import json
from pathlib import Path

from holdfast.scenario.result import Persona, Route
from selftests.proof.clean import clean_runs, plans_for
from selftests.proof.defects import NOT_REHEARSED, built_in_defects, outside_defects
from selftests.proof.firmware import BAD_STORE, good_firmwares
from selftests.proof.matrix import Matrix
from selftests.proof.stages import CHECKS, Row
from virtualdevice.system.defects import load_defect

GOOD = Row(name="clean", personality="p", red={})
SEEN = Row(name="wipe", personality="p", red={"data": ("update: gone",)})


def matrix(*rows: Row, clean: tuple[Row, ...] = (GOOD,), whole: bool = True) -> Matrix:
    return Matrix(
        checks=("data", "answer"),
        clean=clean,
        rows=rows,
        not_rehearsed={"answer": "no phone"},
        whole=whole,
    )


def test_a_matrix_without_fault_holds() -> None:
    made = matrix(SEEN)
    assert made.faults == ()
    assert made.summary == "1 of 1 defects are seen; 0 false alarms in 1 clean runs"


def test_a_defect_that_no_check_sees_is_a_fault() -> None:
    blind = Row(name="subtle", personality="p", red={})
    assert matrix(SEEN, blind).faults == ("no check sees the defect subtle",)


def test_a_check_that_no_defect_turns_red_is_a_fault_if_all_defects_were_run() -> None:
    assert "no defect turns the check red: data" in matrix(GOOD).faults
    only = matrix(Row(name="x", personality="p", red={"other": ("y",)}), whole=False)
    assert only.faults == ()


def test_a_red_check_on_a_clean_device_is_a_fault() -> None:
    alarm = Row(name="clean", personality="p", red={"data": ("reboot: gone",)})
    assert matrix(SEEN, clean=(alarm,)).faults == ("false alarm on p: data: reboot: gone",)


def test_a_failure_of_the_lab_is_a_fault_and_no_proof() -> None:
    broken = Row(name="x", personality="p", red={}, error="no device")
    assert matrix(SEEN, broken).faults == ("x on p: the lab failed: no device",)


def test_what_is_listed_as_not_rehearsed_must_not_turn_red() -> None:
    turned = Row(name="x", personality="p", red={"answer": ("a",)})
    assert matrix(SEEN, turned).faults == (
        "a defect turns red what is listed as not rehearsed: answer",
    )


def test_the_page_and_the_json_tell_the_same() -> None:
    made = matrix(SEEN, Row(name="<b>", personality="p", red={}))
    assert json.loads(made.to_json())["faults"] == ["no check sees the defect <b>"]
    assert "no check sees the defect &lt;b&gt;" in made.to_html()


def test_only_checks_that_exist_are_listed_as_not_rehearsed() -> None:
    assert set(NOT_REHEARSED) <= set(CHECKS)


def test_clean_runs_cover_every_firmware_route_and_persona() -> None:
    runs = clean_runs(300)
    assert sum(len(each.plans) for each in runs) == 300
    assert {each.personality for each in runs} == set(good_firmwares())
    plans = [plan for each in runs for plan in each.plans]
    assert {plan.route for plan in plans} == {route for route in Route if route is not Route.OTA}
    assert {plan.persona for plan in plans} == {*Persona, None}


def test_a_store_that_is_known_to_be_bad_is_no_clean_run() -> None:
    assert Route.STORE_PUSH not in {plan.route for plan in plans_for(BAD_STORE)}
    assert len(plans_for(BAD_STORE)) < len(plans_for("aosp-30"))


def test_a_fault_of_the_lab_is_no_defect_of_the_firmware() -> None:
    assert "storage_full" not in built_in_defects()
    assert "data_wiped_on_reboot" in built_in_defects()


def test_no_two_outside_defects_or_harmless_changes_share_a_name() -> None:
    folder = Path(__file__).with_name("proof")
    files = ("outside_defects.py", "subtler_defects.py", "harmless.py")
    given = [name for file in files for name in outside_defects(str(folder / file))]
    names = [load_defect(name, {}).name for name in given]
    assert len(names) > 90
    assert len(names) == len(set(names))
