from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from holdfast.userdata.preferences import read_preferences
from holdfast.userdata.seed import (
    ODD_NAMES,
    SeedPlan,
    SeedSize,
    database_files,
    file_content,
    group_files,
    groups_of,
    preference_files,
)
from holdfast.userdata.values import Area

# Preferences, databases with a log, and one empty file.
BESIDE_GROUPS = len(ODD_NAMES) + 3 + 4 + 1


@pytest.mark.parametrize(
    ("size", "files", "gigabytes"),
    [(SeedSize.SMALL, 60, 0.0), (SeedSize.LARGE, 100_000, 2.0), (SeedSize.HUGE, 48_211, 11.0)],
)
def test_a_size_is_what_it_says(size: SeedSize, files: int, gigabytes: float) -> None:
    plan = SeedPlan(size=size)
    sizes = [f.size_bytes for group in groups_of(plan) for f in group_files(group, plan)]
    assert len(sizes) + BESIDE_GROUPS == files
    assert round(sum(sizes) / 1e9, 1) == pytest.approx(gigabytes, abs=0.15)


def test_the_same_number_gives_the_same_data_and_another_other_data() -> None:
    (group, *_rest) = groups_of(SeedPlan())
    made: dict[int, set[tuple[tuple[str, bytes], ...]]] = {}
    for number in (1, 1, 2):
        plan = SeedPlan(number=number)
        files = list(group_files(group, plan))
        made.setdefault(number, set()).add(tuple((f.path, file_content(f, plan)) for f in files))
    assert [len(variants) for variants in made.values()] == [1, 1]
    assert made[1] != made[2]


def test_no_two_files_of_a_plan_share_a_path() -> None:
    plan = SeedPlan()
    paths = [(f.area, f.path) for group in groups_of(plan) for f in group_files(group, plan)]
    assert len(paths) == len(set(paths))


def test_seeded_preferences_can_be_read() -> None:
    for content in preference_files(SeedPlan()).values():
        assert read_preferences(content)


def test_the_last_messages_stand_only_in_the_log(tmp_path: Path) -> None:
    made = database_files(SeedPlan(), tmp_path)
    place = (Area.CREDENTIAL, "databases/EnMicroMsg.db")
    alone = tmp_path / "alone.db"
    alone.write_bytes(made[place])
    counted = []
    for log in (b"", made[place[0], f"{place[1]}-wal"]):
        alone.with_name("alone.db-wal").write_bytes(log)
        with closing(sqlite3.connect(alone)) as database:
            counted += database.execute("SELECT count(*) FROM message").fetchone()
    assert counted == [1200, 1204]


def test_odd_names_hold_every_trap_that_a_script_may_fall_into() -> None:
    joined = b"".join(ODD_NAMES)
    for trap in (b"\n", b"'", b'"', b"$(", b"`", b"\xff", b" ", b"\\", b"*"):
        assert trap in joined
    assert any(name.startswith(b"-") for name in ODD_NAMES)
    assert max(map(len, ODD_NAMES)) == 255
