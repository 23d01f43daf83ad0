from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from holdfast.deadline import Deadline
from holdfast.errors import HostToolMissing, LabError
from holdfast.lab.inventory import UsbPowerSpec
from holdfast.lab.usb_power import UsbPower
from selftests.clock import SteppedClock

SPEC = UsbPowerSpec(hub="1-1.4", port=2)


def install(folder: Path, monkeypatch: pytest.MonkeyPatch, *, status: int = 0) -> Path:
    asked = folder / "asked"
    program = folder / "uhubctl"
    program.write_text(
        f"#!{sys.executable}\nimport json, sys\n"
        f"open({str(asked)!r}, 'a').write(json.dumps(sys.argv[1:]) + '\\n')\n"
        f"print('No compatible devices detected!'); sys.exit({status})\n",
        encoding="utf-8",
    )
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    return asked


def actions(asked: Path) -> list[list[str]]:
    return [json.loads(line) for line in asked.read_text().splitlines()]


def cycle(*, listed: bool, to_bootloader: bool = False) -> None:
    power = UsbPower(SPEC, device="phone", listed=lambda deadline: listed)
    power.cycle(Deadline.after(60.0, clock=SteppedClock()), to_bootloader=to_bootloader)


def test_a_port_is_switched_off_until_the_device_is_gone_and_on_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = install(tmp_path, monkeypatch)
    cycle(listed=False)
    assert actions(asked) == [["-l", "1-1.4", "-p", "2", "-a", a] for a in ("off", "on")]


def test_a_hub_that_lies_is_found_out_and_switched_on_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = install(tmp_path, monkeypatch)
    with pytest.raises(LabError, match=r"hub 1-1\.4 port 2 said that it switched, and the device"):
        cycle(listed=True)
    assert [words[-1] for words in actions(asked)] == ["off", "on"]


def test_a_hub_that_cannot_is_named_with_the_programs_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(tmp_path, monkeypatch, status=1)
    with pytest.raises(LabError, match="port 2 off: No compatible devices"):
        cycle(listed=False)


def test_power_alone_leads_into_no_bootloader() -> None:
    with pytest.raises(LabError, match="leads no device into its bootloader"):
        cycle(listed=False, to_bootloader=True)


def test_a_missing_program_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    with pytest.raises(HostToolMissing, match="install uhubctl"):
        cycle(listed=False)
