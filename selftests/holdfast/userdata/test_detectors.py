from __future__ import annotations

from dataclasses import replace

import pytest

from holdfast.userdata.detectors import DETECTORS, NOT_BY_SNAPSHOT, detect
from holdfast.userdata.values import Area, AreaContent, AreaState, Entry, Facts, Snapshot
from selftests.holdfast.userdata.made import (
    PACKAGE,
    UID,
    database,
    directory,
    file,
    identity,
    link,
    rows,
    snapshot,
    with_facts,
    with_identity,
)

CAMERA = "android.permission.CAMERA"
SYSTEM = frozenset({"SYSTEM", "HAS_CODE"})
UPDATED = SYSTEM | {"UPDATED_SYSTEM_APP"}
SETTINGS = {f"global/key{n}": "1" for n in range(20)} | {
    "global/device_provisioned": "1",
    "system/font_scale": "1.15",
}
BY_HAND = {"system/screen_brightness_mode": "0"}
PACKAGES = {"a.a": 10001, "b.b": 10002, "c.c": 10003}


def foreign() -> Snapshot:
    content = AreaContent(
        state=AreaState.SEEN, entries=(directory(uid=UID + 1), file("files/a", uid=UID + 1))
    )
    return snapshot(areas={Area.CREDENTIAL: content})


def mislabelled() -> Snapshot:
    return snapshot(file("files/a", label="u:object_r:system_data_file:s0"))


def many_files(mtime: str) -> Snapshot:
    return snapshot(*(file(f"files/{n}", str(n).encode(), mtime=mtime) for n in range(6)))


def shared(*names: str, mtime: str = "early") -> Snapshot:
    return snapshot(*(file(name, mtime=mtime) for name in names), area=Area.SHARED)


def never_run(*entries: Entry) -> Snapshot:
    return snapshot(*entries, identity=identity(launched=False))


def never_run_with(schema: str) -> Snapshot:
    held = database("databases/m.db", rows("t", {}), schema=schema)
    return replace(never_run(), databases=(held,))


CASES: dict[int, list[tuple[Snapshot, Snapshot]]] = {
    1: [
        (with_identity(), with_identity(app_id=UID + 1)),
        (with_identity(), with_identity(first_install_time="2026-11-09 09:00:00")),
        (with_identity(), with_identity(ce_data_inode=1)),
    ],
    2: [(with_identity(), with_identity(signers=("bbbb",)))],
    3: [(with_identity(), with_identity(flags=SYSTEM, app_id=UID + 1))],
    4: [(with_identity(flags=SYSTEM), with_identity(flags=SYSTEM, signers=("bbbb",)))],
    6: [(with_identity(flags=SYSTEM), with_identity(flags=SYSTEM, app_id=UID + 1))],
    7: [
        (snapshot(file("files/a")), foreign()),
        (snapshot(), snapshot(access_error="run-as: /data/user/0/x has wrong owner: 1/1, not 2")),
    ],
    8: [
        (
            with_facts(packages=PACKAGES),
            with_facts(packages={name: app_id + 40 for name, app_id in PACKAGES.items()}),
        )
    ],
    9: [(with_identity(), with_identity(code_path="/system/app/Chat", version_code=2))],
    10: [
        (with_identity(flags=SYSTEM), with_identity(installed=False, record=False)),
        (with_facts(packages=PACKAGES), with_facts(packages={"a.a": 10001})),
        (with_facts(packages=PACKAGES), with_facts(packages=PACKAGES | {"a.a": 10009})),
    ],
    11: [
        (
            with_identity(flags=UPDATED),
            snapshot(identity=identity(flags=SYSTEM, version_code=2)),
        )
    ],
    12: [
        (
            with_facts(properties={"sys.user.0.ce_available": "true"}),
            with_facts(properties={}),
        )
    ],
    13: [
        (with_facts(), with_facts(storage_error="ls: /sdcard/: Input/output error")),
        (with_facts(), with_facts(storage_error="/sdcard/\nit cannot be written")),
    ],
    16: [
        (
            with_facts(settings=SETTINGS),
            with_facts(settings=SETTINGS | {"global/device_provisioned": "0"}),
        )
    ],
    17: [(with_facts(counts={"text messages": 9}), with_facts(counts={"text messages": 0}))],
    18: [(with_facts(counts={"contacts": 9}), with_facts(counts={"contacts": 8}))],
    20: [(with_facts(accounts=("me (mail)",)), with_facts(accounts=()))],
    21: [
        (with_facts(app_ops={"CAMERA": "ignore"}), with_facts(app_ops={})),
        (with_facts(app_ops={}), with_facts(app_ops={"CAMERA": "ignore"})),
        (with_facts(app_ops={}), with_facts(app_ops={"WRITE_SETTINGS": "allow"})),
    ],
    22: [
        (with_identity(), with_identity(permissions=frozenset())),
        (with_identity(permissions=frozenset()), with_identity()),
        (
            with_identity(permissions=frozenset(), requested=frozenset({CAMERA})),
            with_identity(version_code=6),
        ),
    ],
    23: [
        (with_identity(enabled=0), with_identity(enabled=2)),
        (with_identity(hidden=False), with_identity(hidden=True)),
        (with_identity(suspended=False), with_identity(suspended=True)),
        (with_identity(stopped=False), with_identity(stopped=True)),
        (with_facts(roles={"SMS": "a.a"}), with_facts(roles={"SMS": "b.b"})),
    ],
    24: [
        (
            with_facts(settings=SETTINGS),
            with_facts(settings=SETTINGS | {"system/font_scale": "1.0"}),
        ),
        (
            with_facts(settings=SETTINGS),
            with_facts(settings={"system/font_scale": "1.15", "global/device_provisioned": "1"}),
        ),
        (with_facts(settings={"system/volume_ring": "7"}), with_facts(settings={"a/b": "1"})),
        (
            with_facts(settings={"a/b": "1"}),
            with_facts(settings={"secure/enabled_accessibility_services": "a.a/.Service"}),
        ),
        (
            with_facts(settings=BY_HAND | {"system/screen_brightness": "200"}),
            with_facts(settings=BY_HAND | {"system/screen_brightness": "102"}),
        ),
        (
            with_facts(properties={"persist.sys.locale": "de-DE"}),
            with_facts(properties={"persist.sys.locale": "en-US"}),
        ),
    ],
    25: [
        (shared("DCIM/a.jpg"), shared()),
        (with_facts(counts={"pictures": 5}), with_facts(counts={"pictures": 0})),
    ],
    26: [(snapshot(file("files/a")), mislabelled())],
    27: [
        (with_identity(), with_identity(installed=False)),
        (with_identity(installer="store"), with_identity(installer="b.b")),
        (
            with_facts(packages=PACKAGES),
            snapshot(
                identity=identity(installer="nobody", last_update_time="2026-11-09 00:00:00"),
                facts=replace(Facts(api=30), packages=PACKAGES),
            ),
        ),
    ],
    28: [
        (snapshot(file("files/a"), file("files/b", b"y")), snapshot(file("files/b", b"y"))),
        (many_files("2026-11-01 10:00:00"), many_files("2026-11-09 10:00:00")),
        (shared("DCIM/a.jpg", "DCIM/b.jpg"), shared("DCIM/a.jpg", "DCIM/b.jpg", mtime="later")),
        (never_run(file("files/a")), never_run(file("files/a"), file("files/b"))),
        (never_run(file("files/a")), never_run(file("old/a"))),
        (
            never_run(file("files/a", mtime="1795590668.123456789")),
            never_run(file("files/a", mtime="1577836800.0")),
        ),
        (never_run(file("files/a")), never_run(file("files/a"), link("files/b"))),
        (never_run_with("schema-1"), never_run_with("schema-2")),
        (
            replace(shared("DCIM/a.jpg"), identity=identity(launched=False)),
            replace(shared("Pictures/a.jpg"), identity=identity(launched=False)),
        ),
    ],
    29: [
        (
            with_identity(),
            snapshot(
                file("files/a"),
                identity=identity(version_code=4),
                databases=(database("databases/m.db", rows("t", {}), user_version=7),),
            ),
        )
    ],
    30: [
        (with_facts(users={0: "Owner", 10: "Work"}), with_facts(users={0: "Owner"})),
        (with_facts(users={0: "Owner", 10: "Me"}), with_facts(users={0: "Owner", 10: "You"})),
    ],
    31: [(with_facts(volumes=("private mounted abc",)), with_facts(volumes=()))],
}


@pytest.mark.parametrize(
    ("number", "before", "after"),
    [(number, *case) for number, cases in CASES.items() for case in cases],
)
def test_each_class_of_damage_is_detected(number: int, before: Snapshot, after: Snapshot) -> None:
    found = {detection.number: detection.evidence for detection in detect(before, after)}
    assert number in found
    assert all(found[number])


def test_every_detector_has_a_case_that_turns_it_red() -> None:
    found = {
        detection.title for cases in CASES.values() for case in cases for detection in detect(*case)
    }
    assert found == {detector.title for detector in DETECTORS}


def test_every_class_is_detected_or_says_why_not() -> None:
    assert {d.number for d in DETECTORS} | set(NOT_BY_SNAPSHOT) == set(range(1, 34))


@pytest.mark.parametrize(
    "after",
    [
        with_identity(),
        with_identity(
            version_code=6,
            last_update_time="2026-11-02 00:00:00",
            code_path=f"/data/app/{PACKAGE}-2",
        ),
        with_identity(signers=("bbbb",), past_signers=("aaaa",)),
        with_identity(
            version_code=6,
            permissions=frozenset({"android.permission.CAMERA", "android.permission.NFC"}),
        ),
    ],
)
def test_a_good_update_or_a_rotated_signer_raises_no_alarm(after: Snapshot) -> None:
    assert detect(with_identity(), after) == ()


def test_what_an_update_no_longer_asks_for_was_not_taken_away() -> None:
    before = with_identity(requested=frozenset({CAMERA}))
    gone = with_identity(version_code=6, permissions=frozenset())
    assert detect(before, gone) == ()
    still_asked = replace(gone, identity=replace(gone.identity, requested=frozenset({CAMERA})))
    assert [d.title for d in detect(before, still_asked)] == ["permissions were taken away"]


def test_what_no_file_shows_is_counted_as_missed() -> None:
    missed = {detector.number for detector in DETECTORS if detector.missed}
    assert missed == {10, 16, 17, 18, 20, 21, 22, 23, 24, 25, 28, 30}


def test_what_could_not_be_asked_raises_no_alarm() -> None:
    full = with_facts(
        settings=SETTINGS,
        packages=PACKAGES,
        counts={"contacts": 5},
        users={0: "Owner"},
        accounts=("me",),
        app_ops={"CAMERA": "allow"},
        roles={"SMS": "a"},
        volumes=("private",),
    )
    assert detect(full, with_facts()) == ()
    assert detect(with_facts(), full) == ()


def test_what_befell_another_users_copy_is_told_as_theirs() -> None:
    had, has = (
        snapshot(others=(snapshot(user_id=10, identity=identity(permissions=granted)),))
        for granted in (frozenset({CAMERA}), frozenset[str]())
    )
    (found,) = (detection for detection in detect(had, has) if detection.number == 22)
    assert found.evidence == (f"user 10: {CAMERA} is no longer granted",)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (with_facts(app_ops={}), with_facts(app_ops={"CAMERA": "allow"})),
        (
            with_facts(settings={"system/screen_brightness": "200"}),
            with_facts(settings={"system/screen_brightness": "102"}),
        ),
        (
            with_facts(settings={"global/boot_count": "3"}),
            with_facts(settings={"global/boot_count": "4"}),
        ),
        (
            with_identity(),
            with_identity(installer="store", last_update_time="2026-11-09 00:00:00"),
        ),
        (snapshot(file("files/a")), snapshot(file("files/a"), file("files/b"))),
        (shared("a.jpg", "b.jpg", "c.jpg"), shared("a.jpg", "b.jpg", "c.jpg", "d.jpg")),
        (with_facts(users={0: "Owner"}), with_facts(users={0: "Besitzer"})),
        (with_identity(stopped=True), with_identity(stopped=False)),
        (with_facts(packages=PACKAGES), with_facts(packages=PACKAGES | {"d.d": 10004})),
    ],
)
def test_what_apps_and_android_do_by_themselves_raises_no_alarm(
    before: Snapshot, after: Snapshot
) -> None:
    assert detect(before, after) == ()


def test_an_app_without_dumpsys_fields_raises_no_alarm() -> None:
    bare = replace(with_identity(), identity=replace(identity(), app_id=None, signers=()))
    assert detect(bare, bare) == ()
