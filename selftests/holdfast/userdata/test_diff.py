from __future__ import annotations

import json
from dataclasses import replace

import pytest

from holdfast.userdata.changes import Change, ChangeKind, ExpectedChanges, Subject
from holdfast.userdata.diff import Diff, diff
from holdfast.userdata.values import Area, AreaContent, AreaState, Entry, Reach, Snapshot
from selftests.holdfast.userdata.made import (
    UID,
    database,
    directory,
    file,
    identity,
    preferences,
    rows,
    snapshot,
)

OTHER_LABEL = "u:object_r:app_data_file:s0:c9,c256,c512,c768"


def only(found: Diff) -> Change:
    (change,) = found.changes
    return change


def not_seen(**changed: object) -> Snapshot:
    areas = {Area.CREDENTIAL: AreaContent(state=AreaState.NOT_SEEN, why="not debuggable")}
    return snapshot(areas=areas, **{"access": Reach.EXTERNAL, **changed})  # type: ignore[arg-type]


BEFORE = file("files/a", b"hello world", mtime="2026-11-05 10:00:00.0 +0000")
LATER = "2026-11-06 10:00:00.0 +0000"
EARLIER = "2026-11-04 10:00:00.0 +0000"


@pytest.mark.parametrize(
    ("after", "kind"),
    [
        ((), ChangeKind.LOST),
        ((file("files/a", b"hello there", mtime=LATER),), ChangeKind.CHANGED),
        ((file("files/a", b"hello", mtime=LATER),), ChangeKind.TRUNCATED),
        ((file("files/a", b"", mtime=LATER),), ChangeKind.EMPTIED),
        ((file("files/a", b"hello older", mtime=EARLIER),), ChangeKind.REVERTED),
        ((file("files/a", b"hello world", mode=0o100000),), ChangeKind.UNREADABLE),
        ((file("files/a", b"hello world", label=OTHER_LABEL),), ChangeKind.UNREADABLE),
        ((file("files/a", b"hello world", digest=""),), ChangeKind.UNREADABLE),
        ((file("files/a", b"hello world", uid=UID + 1),), ChangeKind.FOREIGN),
        ((file("files/a", b"hello world", mode=0o100400),), ChangeKind.READ_ONLY),
        ((file("files/a", b"hello world", mode=0o100644),), ChangeKind.EXPOSED),
        ((file("files/a", b"hello world", mode=0o100640, gid=UID + 1),), ChangeKind.EXPOSED),
        ((file("kept/a", b"hello world"),), ChangeKind.MOVED),
        ((file("kept/a", b"hello world", uid=UID + 1),), ChangeKind.FOREIGN),
        ((BEFORE, file("files/b")), ChangeKind.ADDED),
        ((directory("files/a"),), ChangeKind.LOST),
    ],
)
def test_every_kind_of_change_has_its_name(after: tuple[Entry, ...], kind: ChangeKind) -> None:
    found = diff(snapshot(BEFORE), snapshot(*after))
    assert only(found).kind is kind
    assert found.intact is not kind.is_loss


def test_content_that_an_older_snapshot_knows_is_reverted() -> None:
    old = file("files/a", b"first state!", mtime=LATER)
    found = diff(snapshot(BEFORE), snapshot(old), older=[snapshot(old)])
    assert only(found).kind is ChangeKind.REVERTED


def test_a_file_that_is_the_same_but_for_its_time_is_intact() -> None:
    found = diff(snapshot(BEFORE), snapshot(file("files/a", b"hello world", mtime=LATER, inode=9)))
    assert found.changes == ()


def test_a_relabelled_tree_is_intact_if_its_top_was_relabelled_too() -> None:
    areas = {
        Area.CREDENTIAL: AreaContent(
            state=AreaState.SEEN,
            entries=(directory(label=OTHER_LABEL), file("files/a", label=OTHER_LABEL)),
        )
    }
    assert diff(snapshot(file("files/a")), snapshot(areas=areas)).changes == ()


def test_a_moved_app_id_is_no_trouble_if_the_files_moved_with_it() -> None:
    entries = (directory(uid=UID + 5), file("files/a", uid=UID + 5))
    areas = {Area.CREDENTIAL: AreaContent(state=AreaState.SEEN, entries=entries)}
    after = snapshot(areas=areas, identity=identity(app_id=UID + 5))
    kinds = {change.kind for change in diff(snapshot(file("files/a")), after).changes}
    assert kinds == {ChangeKind.REINSTALLED}


@pytest.mark.parametrize("path", ["cache/a", "code_cache/a", "databases/x.db-shm", "lib"])
def test_what_android_may_drop_is_not_missed(path: str) -> None:
    mode = 0o120777 if path == "lib" else 0o100600
    assert diff(snapshot(file(path, mode=mode)), snapshot()).intact


def test_what_lies_in_the_open_now_was_not_moved_but_lost() -> None:
    open_now = AreaContent(state=AreaState.SEEN, entries=(file("a", b"hello world"),))
    before = snapshot(BEFORE)
    there = replace(before, areas={**before.areas, Area.SHARED: replace(open_now, entries=())})
    after = snapshot()
    found = diff(there, replace(after, areas={**after.areas, Area.SHARED: open_now}))
    assert [c.kind for c in found.losses] == [ChangeKind.LOST]


@pytest.mark.parametrize("name", ["databases/secret.db-wal", "files/diary-journal"])
def test_a_log_is_missed_unless_the_rows_of_its_database_are_known(name: str) -> None:
    encrypted = database("databases/secret.db", problem="encrypted, or no SQLite database")
    log = file(name, b"rows")
    kept = file("databases/secret.db")
    was = snapshot(kept, log, databases=(encrypted,))
    assert only(diff(was, snapshot(kept, databases=(encrypted,)))).kind is ChangeKind.LOST


def test_two_files_that_swap_names_are_moves_only_once_each() -> None:
    before = snapshot(file("a", b"one"), file("b", b"one"))
    found = diff(before, snapshot(file("c", b"one")))
    assert sorted(c.kind for c in found.changes) == [ChangeKind.LOST, ChangeKind.MOVED]


MESSAGES = {number: f"message {number}" for number in range(10)}


@pytest.mark.parametrize("keyed", [True, False])
def test_rows_that_are_gone_are_counted(keyed: bool) -> None:
    was = rows("message", MESSAGES, keyed=keyed)
    now = rows("message", {n: t for n, t in MESSAGES.items() if n > 2}, keyed=keyed)
    found = diff(
        snapshot(databases=(database("databases/m.db", was),)),
        snapshot(databases=(database("databases/m.db", now),)),
    )
    assert only(found).kind is ChangeKind.LOST
    assert found.lines() == ("3 of 10 messages in m.db are gone",)


@pytest.mark.parametrize("keyed", [True, False])
def test_rows_that_differ_are_counted(keyed: bool) -> None:
    was = rows("message", MESSAGES, keyed=keyed)
    now = rows("message", {**MESSAGES, 4: "another"}, keyed=keyed)
    found = diff(
        snapshot(databases=(database("databases/m.db", was),)),
        snapshot(databases=(database("databases/m.db", now),)),
    )
    assert found.lines() == ("1 of 10 messages in m.db was changed",)


def test_a_database_whose_bytes_differ_but_not_its_rows_is_intact() -> None:
    held = (database("databases/m.db", rows("message", MESSAGES)),)
    before = snapshot(
        file("databases/m.db", b"pages"), file("databases/m.db-wal", b"log"), databases=held
    )
    assert diff(before, snapshot(file("databases/m.db", b"other"), databases=held)).changes == ()


def test_a_database_is_not_moved_because_another_was_always_like_it() -> None:
    held = (database("databases/m.db", rows("message", MESSAGES)),)
    twin = file("databases/twin.db", b"pages")
    before = snapshot(file("databases/m.db", b"pages"), twin, databases=held)
    assert "10 of 10 messages in m.db are gone" in diff(before, snapshot(twin)).lines()


def test_a_database_that_cannot_be_read_any_more_says_how_much_was_in_it() -> None:
    before = snapshot(
        file("databases/m.db", b"pages" * 1000),
        databases=(database("databases/m.db", rows("message", MESSAGES)),),
    )
    after = snapshot(
        file("databases/m.db", b"noise" * 1000),
        databases=(database("databases/m.db", problem="file is not a database"),),
    )
    assert diff(before, after).lines()[0] == (
        "m.db with 10 rows (5.0 kB) can no longer be read as a database: file is not a database"
    )


def test_a_database_that_the_app_migrated_has_lost_no_row() -> None:
    was = rows("message", MESSAGES)
    now = rows("message", {n: f"{t} and a new column" for n, t in MESSAGES.items()})
    now = type(now)(name=now.name, columns=(*now.columns, "more"), rows=now.rows, keys=now.keys)
    found = diff(
        snapshot(databases=(database("databases/m.db", was),)),
        snapshot(databases=(database("databases/m.db", now),)),
    )
    assert found.changes == ()


def test_a_column_that_is_gone_and_rows_that_are_new_are_told() -> None:
    was = rows("message", MESSAGES)
    narrow = rows("message", MESSAGES | {99: "new"})
    now = replace(narrow, columns=("id",))
    found = diff(
        snapshot(databases=(database("databases/m.db", was),)),
        snapshot(databases=(database("databases/m.db", now),)),
    )
    assert found.lines() == ("10 of 10 messages in m.db were changed (without text)",)
    assert [(c.kind, c.count) for c in found.changes if not c.kind.is_loss] == [
        (ChangeKind.ADDED, 1)
    ]


def test_a_migration_that_empties_a_column_is_told_and_one_that_fills_another_is_not() -> None:
    was = replace(rows("message", MESSAGES), filled=(10, 10))
    now = replace(was, columns=("id", "text", "more"))
    before = snapshot(databases=(database("databases/m.db", was, schema="old"),))
    for filled, lines in (
        ((10, 4, 10), ("6 of 10 messages in m.db were changed (nothing in text any more)",)),
        ((10, 10, 0), ()),
    ):
        held = database("databases/m.db", replace(now, filled=filled), schema="new")
        found = diff(before, snapshot(databases=(held,)))
        assert found.lines() == lines
        assert ChangeKind.MIGRATED in {change.kind for change in found.changes}


def test_a_schema_that_went_back_is_told() -> None:
    held = database("databases/m.db", rows("message", MESSAGES), user_version=3)
    found = diff(snapshot(databases=(held,)), snapshot(databases=(replace(held, user_version=0),)))
    assert found.lines() == ("m.db went back to an older state (schema version 3 → 0)",)


def test_preferences_are_compared_key_by_key() -> None:
    before = snapshot(preferences=(preferences("shared_prefs/p.xml", {"a": "1", "b": "2"}),))
    after = snapshot(preferences=(preferences("shared_prefs/p.xml", {"a": "9", "c": "3"}),))
    assert diff(before, after).lines() == (
        "1 of 2 settings in p is gone: b",
        "1 of 2 settings in p was changed: a",
    )


def test_expected_changes_are_not_missed() -> None:
    before = snapshot(
        file("files/log"),
        databases=(database("databases/m.db", rows("message", MESSAGES)),),
        preferences=(preferences("shared_prefs/p.xml", {"a": "1"}),),
    )
    after = snapshot(identity=identity(first_install_time="2026-11-09 09:00:00"))
    expected = ExpectedChanges(
        paths=("private/files/l*",), tables=("m.db/*",), keys=("p/a",), reinstalled=True
    )
    assert diff(before, after, expected=expected).changes == ()
    assert len(diff(before, after).changes) == 4


def test_what_cannot_be_seen_again_is_not_intact_and_not_lost() -> None:
    found = diff(snapshot(file("files/a", b"12345")), not_seen())
    assert not found.intact
    assert found.only_unseen
    assert found.lines() == (
        "the app's private data (1 files, 5 bytes) could not be looked at again: not debuggable",
    )


@pytest.mark.parametrize(
    "after",
    [
        not_seen(access_error="run-as: /data/user/0/x has wrong owner: 1/1, not 2"),
        not_seen(access_error="run-as: Package 'x' has corrupt installation"),
        not_seen(access=Reach.RUN_AS),
    ],
)
def test_what_the_app_itself_may_not_enter_is_unreadable(after: Snapshot) -> None:
    found = diff(snapshot(file("files/a")), after)
    assert only(found).kind is ChangeKind.UNREADABLE
    assert not found.only_unseen


def theirs(*entries: Entry, **changed: object) -> Snapshot:
    return snapshot(others=(snapshot(*entries, user_id=10, **changed),))  # type: ignore[arg-type]


def test_what_another_user_loses_is_told_as_theirs() -> None:
    found = diff(theirs(file("files/a", b"12345")), theirs())
    assert found.lines() == ("user 10: file files/a (5 bytes) in private data is gone",)
    assert [change.user_id for change in found.losses] == [10]


def test_a_user_who_is_gone_has_lost_the_app_and_its_data() -> None:
    kinds = [change.kind for change in diff(theirs(file("files/a")), snapshot()).losses]
    assert kinds == [ChangeKind.GONE_APP, ChangeKind.LOST]


def test_an_app_that_left_nothing_lost_everything_whether_or_not_we_may_look() -> None:
    gone = not_seen(identity=identity(installed=False, record=False))
    kinds = [change.kind for change in diff(snapshot(file("files/a")), gone).changes]
    assert kinds == [ChangeKind.GONE_APP, ChangeKind.LOST]


def test_nothing_seen_before_is_said_and_is_not_a_pass_by_itself() -> None:
    found = diff(not_seen(), not_seen())
    assert found.intact
    assert found.nothing_seen


def test_a_new_directory_under_the_same_record_is_a_loss_without_looking_inside() -> None:
    found = diff(not_seen(), not_seen(identity=identity(ce_data_inode=4712)))
    assert only(found).kind is ChangeKind.RECREATED


def test_what_a_person_would_miss_most_comes_first() -> None:
    before = snapshot(
        directory("files"),
        file("files/a.bin", b"1" * 10),
        file("files/b.bin", b"2" * 999),
        file("files/p.jpg", b"3"),
        databases=(database("databases/m.db", rows("message", MESSAGES)),),
        preferences=(preferences("shared_prefs/p.xml", {"a": "1"}),),
    )
    found = diff(before, snapshot(identity=identity(ce_data_inode=1)))
    subjects = [change.subject for change in found.changes]
    assert subjects == [
        Subject.APP,
        Subject.ROWS,
        Subject.PICTURE,
        Subject.FILE,
        Subject.FILE,
        Subject.PREFERENCE,
    ]
    assert found.lines()[3] == "2 files (1.0 kB) in private data are gone: files/b.bin, files/a.bin"


def test_the_json_says_what_the_lines_say() -> None:
    found = diff(snapshot(file("files/a\udcff")), snapshot())
    document = json.loads(found.to_json())
    assert document["intact"] is False
    assert document["changes"][0]["kind"] == "lost"
    assert document["lines"] == ["file files/a\\udcff (1 byte) in private data is gone"]


def test_snapshots_of_two_apps_are_not_compared() -> None:
    with pytest.raises(ValueError, match="snapshots of"):
        diff(snapshot(), snapshot(package_name="com.example.other"))
