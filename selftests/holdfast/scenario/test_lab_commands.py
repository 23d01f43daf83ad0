"""`holdfast health` on an attached phone: out of the lab and back, by its state alone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from holdfast.cli import main
from holdfast.deadline import Deadline
from holdfast.lab.leases import LeaseTable, default_state_dir, this_process
from holdfast.scenario.lab_commands import quarantine_store
from selftests.holdfast.firmware.phone import Phone, phone


@pytest.fixture(scope="module")
def pixel() -> Iterator[Phone]:
    with phone("aosp-30") as made:
        made.bench().require_healthy(Deadline.after(60))
        yield made


@pytest.fixture(autouse=True)
def lab(pixel: Phone, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOLDFAST_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "devices.yaml").write_text(
        "version: 1\ndevices:\n  - name: pixel\n    kind: attached\n"
        f'    serial: "{pixel.serial}"\n    adb_port: {pixel.adb_port}\n',
        encoding="utf-8",
    )


def run(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    monkeypatch.setattr("sys.argv", ["holdfast", *arguments])
    with pytest.raises(SystemExit) as ended:
        main()
    return int(ended.value.code or 0)


def set_battery(pixel: Phone, command: str) -> None:
    pixel.bench()._shell.run(f"dumpsys battery {command}", deadline=Deadline.after(10))


def test_a_device_that_is_not_fit_is_out_until_a_health_job_finds_it_well(
    pixel: Phone, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, "health") == 0
    assert "pixel: well, battery 100 %" in capsys.readouterr().out
    set_battery(pixel, "set temp 600")
    assert run(monkeypatch, "health", "pixel") == 3
    assert "NOT WELL, and in quarantine: health job: not fit" in capsys.readouterr().out
    assert run(monkeypatch, "devices") == 0
    assert "battery at 60 °C, at most 45 wanted (holdfast health)" in capsys.readouterr().out
    set_battery(pixel, "reset")
    assert run(monkeypatch, "health") == 0
    assert "well, and back in the lab" in capsys.readouterr().out
    assert run(monkeypatch, "devices") == 0
    assert "- (1 times before)" in capsys.readouterr().out
    assert run(monkeypatch, "history", "pixel") == 0
    assert "by holdfast health: health job: not fit" in capsys.readouterr().out


def test_what_a_person_took_out_stays_out_however_well_it_is(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ("quarantine", "pixel", "--reason", "its glass is broken", "--by", "Li")
    assert run(monkeypatch, *words) == 0
    assert run(monkeypatch, "health") == 0
    assert "well, but Li took it out by hand: its glass is broken" in capsys.readouterr().out
    assert quarantine_store().current("pixel") is not None
    assert run(monkeypatch, "release", "pixel", "--by", "Li") == 0
    assert quarantine_store().current("pixel") is None


def test_a_device_that_another_run_holds_is_left_alone(
    pixel: Phone, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    lease = LeaseTable(default_state_dir()).acquire(
        f"adb/127.0.0.1:{pixel.adb_port}/{pixel.serial}",
        device="pixel",
        holder=this_process("nightly"),
        at=1.0,
    )
    assert run(monkeypatch, "health") == 3
    assert "not examined: it is leased by run nightly" in capsys.readouterr().out
    assert quarantine_store().current("pixel") is None
    lease.require()
