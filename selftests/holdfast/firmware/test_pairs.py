"""Preparations from every kind of state, by the real adb and fastboot: of all pairs, those that
make each goal and each state occur. All of them: `make preparations`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from holdfast.deadline import Deadline
from holdfast.errors import LabError
from holdfast.firmware.preparation import Goal, Preparation, UserData
from holdfast.firmware.prepare import prepare
from selftests.holdfast.firmware.phone import Phone, phone
from selftests.preparations.builds import Builds, make_builds
from selftests.preparations.pairs import GOALS, STATES, fault_of, run_pair

PAIRS = (
    ("restore", "recovery"),
    ("factory reset", "unauthorised"),
    ("flash ZIP, keep", "boot-looping"),
    ("flash ZIP, wipe", "off"),
    ("flash images, keep", "fastbootd"),
    ("sideload", "recovery"),
    ("ota local full", "bootloader"),
    ("ota local incremental", "unauthorised"),
    ("ota streamed full", "fastbootd"),
    ("ota streamed incremental", "booted"),
    ("downgrade", "offline"),
    ("ota local full", "boot-looping"),
)


@pytest.fixture(scope="module")
def builds(tmp_path_factory: pytest.TempPathFactory) -> Builds:
    return make_builds(tmp_path_factory.mktemp("builds"))


@pytest.fixture(scope="module")
def made(builds: Builds) -> Iterator[Phone]:
    with phone(str(builds.base)) as found:
        yield found


def test_the_selection_has_every_goal_and_every_state() -> None:
    assert {goal for goal, _ in PAIRS} == set(GOALS)
    assert {state for _, state in PAIRS} == set(STATES)


@pytest.mark.parametrize(("goal", "state"), PAIRS, ids=str)
def test_a_preparation_reaches_its_goal_or_a_named_error(
    made: Phone,
    builds: Builds,
    goal: str,
    state: str,
    record_property: Callable[[str, object], None],
) -> None:
    outcome = run_pair(made, builds, goal, state)
    record_property("row of preparations", outcome.row)
    assert fault_of(outcome) == ""


def test_a_phone_at_which_nobody_accepts_the_key_is_named_within_the_deadline(
    made: Phone, builds: Builds
) -> None:
    run_pair(made, builds, "factory reset", "booted")
    STATES["unauthorised"](made, builds)
    reset = Preparation(goal=Goal.FACTORY_RESET, user_data=UserData.WIPE)
    with pytest.raises(LabError, match=r"last seen.*unauthorized"):
        prepare(made.bench(power=False, hand=False), reset, Deadline.after(6.0))
    assert made.link.state(deadline=Deadline.after(5.0)) == "unauthorized"
