from __future__ import annotations

import json
from pathlib import Path

import pytest

from holdfast.cli import main
from holdfast.lab.leases import LeaseTable, default_state_dir, this_process
from holdfast.lab.quarantine import QuarantineStore
from selftests.holdfast.lab.fake_adb_server import fake_adb_server


@pytest.fixture(autouse=True)
def own_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOLDFAST_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.chdir(tmp_path)


def lab(tmp_path: Path, *, port: int) -> None:
    (tmp_path / "devices.yaml").write_text(
        "version: 1\ndevices:\n"
        f"  - {{name: phone, kind: attached, serial: '01', adb_port: {port}}}\n",
        encoding="utf-8",
    )


def run(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    monkeypatch.setattr("sys.argv", ["holdfast", *arguments])
    with pytest.raises(SystemExit) as ended:
        main()
    return int(ended.value.code or 0)


def test_devices_shows_state_lease_and_quarantine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with fake_adb_server() as adb:
        lab(tmp_path, port=adb.port)
        adb.states["01"] = "unauthorized"
        LeaseTable(default_state_dir()).acquire(
            f"adb/127.0.0.1:{adb.port}/01", device="phone", holder=this_process("nightly"), at=1.0
        )
        QuarantineStore(default_state_dir() / "quarantine.sqlite3").put(
            "phone", reason="boot loop", owner="nightly", at=1.0
        )
        assert run(monkeypatch, "devices") == 0
    (line,) = [line for line in capsys.readouterr().out.splitlines() if "phone" in line]
    for word in ("attached", "unauthorized", "run nightly", "boot loop"):
        assert word in line


def test_a_table_that_goes_into_a_file_is_not_cut_to_the_width_of_a_screen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    lab(tmp_path, port=1)
    assert run(monkeypatch, "devices") == 0
    heading, line = capsys.readouterr().out.splitlines()
    assert heading.split() == ["device", "kind", "state", "store", "leased", "by", "quarantine"]
    assert "no adb server at 127.0.0.1:1" in line


def test_the_schema_is_json(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, "devices", "--schema") == 0
    assert "devices" in json.loads(capsys.readouterr().out)["properties"]


def test_doctor_says_what_to_do_about_a_device_that_is_not_authorised(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with fake_adb_server() as adb:
        lab(tmp_path, port=adb.port)
        adb.states["01"] = "unauthorized"
        assert run(monkeypatch, "doctor") == 3
        assert "accept this computer's adb key" in capsys.readouterr().out
        adb.states["01"] = "device"
        assert run(monkeypatch, "doctor") == 0


def test_a_device_comes_back_from_quarantine_by_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    lab(tmp_path, port=1)
    assert run(monkeypatch, "release", "phone", "--by", "me") == 4
    assert "phone is not in quarantine" in capsys.readouterr().err
    store = QuarantineStore(default_state_dir() / "quarantine.sqlite3")
    store.put("phone", reason="boot loop", owner="nightly", at=1.0)
    assert run(monkeypatch, "release", "phone", "--by", "me") == 0
    assert store.current("phone") is None


def test_a_wrong_file_is_one_sentence_and_status_4(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, "devices", "--devices", "nowhere.yaml") == 4
    assert capsys.readouterr().err == "holdfast: nowhere.yaml: there is no such file\n"
