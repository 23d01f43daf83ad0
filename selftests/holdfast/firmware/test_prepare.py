"""Each preparation from each mode, on a device that obeys the tables."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest

from holdfast.deadline import Deadline
from holdfast.errors import (
    ConfigurationError,
    DeviceLost,
    DeviceRefused,
    HarnessFault,
    LabError,
)
from holdfast.firmware.preparation import STAGES, Goal, Preparation, UserData, Work
from holdfast.firmware.prepare import Prepared, WrongBuild, WrongDevice, prepare
from holdfast.firmware.states import Action, Mode
from holdfast.journal import DestructionKind, Fact
from selftests.clock import SteppedClock
from selftests.holdfast.firmware.fake_device import NEW, OLD, FakeBench, FakeControls

ALLOWED_S = 7200.0


def preparation(goal: Goal, data: UserData, tmp_path: Path) -> Preparation:
    package = tmp_path / "package.zip"
    package.touch()
    same = goal in (Goal.RESTORE, Goal.FACTORY_RESET)
    return Preparation(
        goal=goal,
        user_data=data,
        package=None if same else package,
        build="" if same else NEW,
        snapshot="clean" if goal is Goal.RESTORE else "",
    )


def run(bench: FakeBench, wanted: Preparation, *, allowed_s: float = ALLOWED_S) -> Prepared:
    return prepare(bench, wanted, Deadline.after(allowed_s, clock=SteppedClock()))


@pytest.mark.parametrize("power", [True, False], ids=["power", "no-power"])
@pytest.mark.parametrize(("choice", "mode"), list(itertools.product(STAGES, Mode)), ids=str)
def test_each_preparation_from_each_mode_reaches_its_goal_or_a_named_error(
    choice: tuple[Goal, UserData], mode: Mode, power: bool, tmp_path: Path
) -> None:
    bench = FakeBench(controls=FakeControls(mode, power=power))
    wanted = preparation(*choice, tmp_path)
    if power or mode not in (Mode.ABSENT, Mode.OFFLINE):
        done = run(bench, wanted)
        assert done.after.fingerprint == (wanted.build or OLD)
        assert bench.controls.mode(Deadline.after(1)) is Mode.SYSTEM
    else:
        bench.controls.broken[Action.ADB_RECONNECT] = DeviceLost("nothing to connect to")
        if choice[0] is Goal.RESTORE:
            run(bench, wanted)
        else:
            with pytest.raises(DeviceLost, match="nothing to connect to"):
                run(bench, wanted)
    stages = wanted.stages(bootloader=True)
    places = {stage.work: stage.mode for stage in stages}
    assert all(places[work] in (None, where) for work, where in bench.did)


def test_the_table_names_every_goal_and_a_reason_for_each_choice_that_is_missing(
    tmp_path: Path,
) -> None:
    assert {goal for goal, _ in STAGES} == set(Goal)
    for choice in itertools.product(Goal, UserData):
        if choice not in STAGES:
            with pytest.raises(ConfigurationError, match=f"^{choice[0]} with user_data"):
                preparation(*choice, tmp_path).require_sensible()


def test_a_flash_is_skipped_where_the_build_is_there_already(tmp_path: Path) -> None:
    bench = FakeBench(controls=FakeControls(Mode.SYSTEM), runs=NEW)
    done = run(bench, preparation(Goal.FLASH, UserData.KEEP, tmp_path))
    assert done.skipped
    assert bench.works == [Work.PROVE_READY, Work.APPLY_SETTINGS, Work.PROVE_USABLE]
    assert bench.ledger.commands == []


def test_a_skipped_flash_wipes_user_data_where_that_was_asked_for(tmp_path: Path) -> None:
    bench = FakeBench(controls=FakeControls(Mode.SYSTEM), runs=NEW)
    run(bench, preparation(Goal.FLASH, UserData.WIPE, tmp_path))
    assert [c.kind for c in bench.ledger.commands] == [DestructionKind.WIPE_USERDATA]


def test_a_flash_that_keeps_user_data_may_not_wipe_it(tmp_path: Path) -> None:
    bench = FakeBench(controls=FakeControls(Mode.SYSTEM))
    run(bench, preparation(Goal.FLASH, UserData.KEEP, tmp_path))
    assert [c.kind for c in bench.ledger.commands] == [DestructionKind.FLASH]
    wanted = preparation(Goal.FLASH, UserData.KEEP, tmp_path)
    assert wanted.destroys == {DestructionKind.FLASH}
    with pytest.raises(HarnessFault):
        bench.record(DestructionKind.WIPE_USERDATA, Work.WIPE_USER_DATA)


def test_what_was_declared_is_withdrawn_at_the_end(tmp_path: Path) -> None:
    bench = FakeBench(controls=FakeControls(Mode.SYSTEM))
    run(bench, preparation(Goal.FLASH, UserData.WIPE, tmp_path))
    assert bench.ledger.undeclared == ()
    with pytest.raises(HarnessFault):
        bench.record(DestructionKind.FLASH, Work.FLASH_IMAGES)


def test_another_build_than_the_declared_one_is_named(tmp_path: Path) -> None:
    bench = FakeBench(controls=FakeControls(Mode.SYSTEM), leads_to="maker/phone:OTHER")
    with pytest.raises(WrongBuild, match="OTHER, which nobody declared") as caught:
        run(bench, preparation(Goal.OTA, UserData.KEEP, tmp_path))
    assert (caught.value.wanted, caught.value.found) == (NEW, "maker/phone:OTHER")


def test_an_update_that_was_rolled_back_is_told_as_that(tmp_path: Path) -> None:
    bench = FakeBench(controls=FakeControls(Mode.SYSTEM), leads_to=OLD)
    with pytest.raises(WrongBuild, match="rolled back"):
        run(bench, preparation(Goal.OTA, UserData.KEEP, tmp_path))


@pytest.mark.parametrize("mode", [Mode.SYSTEM, Mode.BOOTLOADER, Mode.RECOVERY])
def test_nothing_is_done_to_other_hardware_than_the_declared(mode: Mode, tmp_path: Path) -> None:
    bench = FakeBench(controls=FakeControls(mode), declared="B2")
    with pytest.raises(WrongDevice, match="the hardware A1 answers where B2 was") as caught:
        run(bench, preparation(Goal.FLASH, UserData.WIPE, tmp_path))
    assert (caught.value.known, caught.value.found) == ("B2", "A1")
    assert bench.did == []


def test_a_device_that_comes_back_as_another_is_left_alone(tmp_path: Path) -> None:
    class Changing(FakeBench):
        def do(self, work: Work, preparation: Preparation, deadline: Deadline) -> None:
            super().do(work, preparation, deadline)
            self.hardware = "another"

    bench = Changing(controls=FakeControls(Mode.SYSTEM))
    with pytest.raises(WrongDevice, match="the hardware another answers where A1 was"):
        run(bench, preparation(Goal.FLASH, UserData.WIPE, tmp_path))
    assert bench.works == [Work.FLASH_IMAGES]


def test_a_reset_that_changes_the_build_is_an_error(tmp_path: Path) -> None:
    class Changing(FakeBench):
        def do(self, work: Work, preparation: Preparation, deadline: Deadline) -> None:
            super().do(work, preparation, deadline)
            self.runs = NEW

    with pytest.raises(WrongBuild, match="nobody declared"):
        run(
            Changing(controls=FakeControls(Mode.SYSTEM)),
            preparation(Goal.FACTORY_RESET, UserData.WIPE, tmp_path),
        )


def test_without_permission_nothing_is_touched(tmp_path: Path) -> None:
    bench = FakeBench(controls=FakeControls(Mode.SYSTEM), may_destroy=False)
    with pytest.raises(ConfigurationError, match="allow_destructive: true"):
        run(bench, preparation(Goal.FACTORY_RESET, UserData.WIPE, tmp_path))
    assert bench.did == []
    assert bench.controls.taken == []


def test_a_stage_that_fails_ends_the_preparation_with_its_own_error(tmp_path: Path) -> None:
    refusal = DeviceRefused("fastboot update", answer="device is locked")
    bench = FakeBench(controls=FakeControls(Mode.SYSTEM), fails={Work.FLASH_IMAGES: refusal})
    with pytest.raises(DeviceRefused, match="device is locked"):
        run(bench, preparation(Goal.FLASH, UserData.WIPE, tmp_path))
    assert bench.works == [Work.FLASH_IMAGES]


def test_a_deadline_that_is_too_short_ends_by_name(tmp_path: Path) -> None:
    bench = FakeBench(controls=FakeControls(Mode.SYSTEM))
    with pytest.raises(LabError, match="did not happen within 0 s"):
        run(bench, preparation(Goal.FACTORY_RESET, UserData.WIPE, tmp_path), allowed_s=0.0)


def test_a_device_whose_bootloader_is_not_seen_is_reset_from_android(tmp_path: Path) -> None:
    bench = FakeBench(controls=FakeControls(Mode.SYSTEM), bootloader=False)
    run(bench, preparation(Goal.FACTORY_RESET, UserData.WIPE, tmp_path))
    assert bench.works[0] is Work.RESET_FROM_SYSTEM


def test_the_build_before_and_after_is_in_the_journal(tmp_path: Path) -> None:
    bench = FakeBench(controls=FakeControls(Mode.SYSTEM))
    run(bench, preparation(Goal.OTA, UserData.KEEP, tmp_path))
    facts = {e.key: e.value for e in bench.journal.events if isinstance(e, Fact)}
    assert (facts["build.before"], facts["build.after"]) == (OLD, NEW)


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (Preparation(goal=Goal.OTA, user_data=UserData.KEEP), "ota needs a package"),
        (
            Preparation(goal=Goal.OTA, user_data=UserData.KEEP, package=Path("/nowhere.zip")),
            "there is no /nowhere.zip",
        ),
        (
            Preparation(goal=Goal.FLASH, user_data=UserData.KEEP, package=Path("/")),
            "needs the build fingerprint",
        ),
        (Preparation(goal=Goal.RESTORE, user_data=UserData.WIPE), "needs the name of a snapshot"),
    ],
)
def test_a_declaration_that_says_too_little_is_refused(wrong: Preparation, words: str) -> None:
    with pytest.raises(ConfigurationError, match=words):
        wrong.require_sensible()
