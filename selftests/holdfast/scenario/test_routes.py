"""How an update reaches a device."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from holdfast.errors import DeviceRefused
from holdfast.scenario.result import Route, UpdateKind
from holdfast.scenario.routes import Arrival, clean_up, deliver
from holdfast.scenario.updates import AppUnderTest
from selftests.holdfast.scenario.bench import Bench

APP = AppUnderTest()
SAME = APP.delivered(UpdateKind.SAME_SIGNER, api=30, build_type="user")


@dataclass(frozen=True)
class Store:
    package: str = "com.store"
    upload_to: str = "/sdcard/a b.apk"
    push: str = "am broadcast -a com.store.PUSH --es path {apk}"


def send(bench: Bench, route: Route, kind: UpdateKind = UpdateKind.SAME_SIGNER) -> Arrival:
    return deliver(bench.device, SAME, kind=kind, route=route, store=Store(), deadline=bench.soon())


def test_over_adb_the_package_manager_is_asked_to_replace_and_nothing_else() -> None:
    bench = Bench(replies=[("^pm install", "Success")])
    arrival = send(bench, Route.ADB)
    assert arrival.answer is not None
    assert arrival.answer.success
    installs = [c for c in bench.plain.sent if c.startswith("pm install")]
    assert [c.split()[2] for c in installs] == ["-r"]


def test_a_store_gets_the_file_and_its_line_with_the_path_quoted() -> None:
    bench = Bench(replies=[("^am broadcast", "Broadcast completed: result=0")])
    send(bench, Route.STORE_PUSH)
    assert bench.files.files["/sdcard/a b.apk"] == SAME.update
    assert "am broadcast -a com.store.PUSH --es path '/sdcard/a b.apk'" in bench.plain.sent


def test_a_store_that_answers_with_an_exception_has_not_pushed() -> None:
    bench = Bench(replies=[("^am broadcast", "java.lang.SecurityException: no")])
    with pytest.raises(DeviceRefused, match="SecurityException"):
        send(bench, Route.STORE_PUSH)


def test_old_installers_open_a_file() -> None:
    bench = Bench(api=25, replies=[("^am start", "Starting: Intent")])
    send(bench, Route.INSTALLER_UI)
    assert "settings put secure install_non_market_apps 1" in bench.plain.sent
    assert any("-d file:///data/local/tmp/holdfast-update.apk" in c for c in bench.plain.sent)


def test_new_installers_open_the_media_indexs_row() -> None:
    bench = Bench(
        replies=[
            ("am start .*file:", "Error: Activity not started, unable to resolve Intent"),
            ("^content query", "Row: 0 _id=41\n"),
            ("am start .*content:", "Starting: Intent"),
        ]
    )
    assert "content://media/external/file/41" in send(bench, Route.INSTALLER_UI).sent


def test_an_apk_that_no_installer_opens_is_no_delivery() -> None:
    bench = Bench(api=25, replies=[("^am start", "Error: not allowed")])
    with pytest.raises(DeviceRefused, match="not allowed"):
        send(bench, Route.INSTALLER_UI)


def test_the_control_uninstalls_by_its_own_declaration() -> None:
    bench = Bench(installed={APP.package_name}, replies=[("^pm install", "Success")])
    send(bench, Route.ADB, UpdateKind.UNINSTALL_REINSTALL)
    (entry,) = bench.ledger.commands
    assert entry.declared_by is not None
    assert "control" in entry.declared_by.reason


def test_uploads_are_removed_and_those_on_shared_storage_by_declaration() -> None:
    bench = Bench(replies=[("^ls -d", "/sdcard/Download/holdfast-update.apk\n")])
    clean_up(bench.device, store=None, deadline=bench.soon())
    assert bench.plain.sent[-1] == "rm -f /sdcard/Download/holdfast-update.apk"
    assert bench.ledger.undeclared == ()
