"""Rungs of the ladder, each climbed for a fault that no gentler one cures."""

from __future__ import annotations

import json
import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from holdfast.deadline import Deadline
from holdfast.errors import LabError
from holdfast.firmware.reach import reach_mode
from holdfast.firmware.states import Action, Mode
from holdfast.journal import DestructiveCommand, Fact, Journal, Ledger, StepEnded, StepStarted
from holdfast.lab.adb_host import AdbHost
from holdfast.lab.inventory import AttachedSpec, PrepareSpec, UsbPowerSpec
from holdfast.lab.quarantine import QuarantineStore
from holdfast.lab.recovery import ORDER
from holdfast.pytest_plugin.care import Care, CareTimes
from holdfast.scenario.ladder import RungTimes
from selftests.holdfast.firmware.phone import Phone, phone
from selftests.preparations.builds import make_builds
from selftests.preparations.pairs import break_boot

# A rung that does not help is climbed to its end.
TIMES = CareTimes(
    recover_s=240.0,
    rungs=RungTimes(
        reconnect_s=4.0, restart_adbd_s=4.0, reboot_s=12.0, usb_power_s=60.0, bootloader_s=15.0
    ),
)


def soon() -> Deadline:
    return Deadline.after(60.0)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("ladder")


@pytest.fixture(scope="module")
def pixel(folder: Path) -> Iterator[Phone]:
    with phone("aosp-34", more=["--commands", str(folder / "commands")]) as made:
        made.bench().require_healthy(soon())
        yield made


def strike(folder: Path, fault: str) -> None:
    with (folder / "commands").open("w") as fifo:
        fifo.write(f"fault {fault}\n")


def spec_of(made: Phone, *, usb: bool = False, build: str | None = None) -> AttachedSpec:
    """`build`: it may be flashed with the build of that fingerprint."""
    flash = PrepareSpec(goal="flash", user_data="keep", package="newer.zip", build=build or "")
    return AttachedSpec(
        name="phone",
        kind="attached",
        serial=made.serial,
        adb_port=made.adb_port,
        fastboot=made.fastboot,
        usb_power=UsbPowerSpec(hub="1-1", port=3) if usb else None,
        prepare=flash if build is not None else None,
        allow_destructive=build is not None,
    )


def climb(spec: AttachedSpec, state: Path, *, folder: Path | None = None) -> tuple[str, list[str]]:
    """The rung that helped, and all that were climbed. `folder` is that of devices.yaml."""
    journal = Journal()
    quarantine = QuarantineStore(state / "quarantine.sqlite3")
    care = Care(spec, folder=folder or state, quarantine=quarantine, owner="run 7", times=TIMES)
    care.bring_back(journal, Ledger(journal), why="it failed", permit=lambda: None)
    assert quarantine.current("phone") is None
    helped = [e.value for e in journal.events if isinstance(e, Fact) and e.key == "recovery.by"]
    titles = [e.title for e in journal.events if isinstance(e, StepStarted)]
    climbed = [title.removeprefix("rung ") for title in titles if title.startswith("rung ")]
    assert climbed[-1] == helped[0]
    return str(helped[0]), climbed


def test_what_adb_has_forgotten_is_connected_anew(pixel: Phone, tmp_path: Path) -> None:
    AdbHost(host="127.0.0.1", port=pixel.adb_port).disconnect(pixel.serial, soon())
    assert climb(spec_of(pixel), tmp_path) == ("reconnect", ["reconnect"])


def test_an_adbd_that_starts_no_shell_is_restarted(
    pixel: Phone, folder: Path, tmp_path: Path
) -> None:
    strike(folder, "shells_hang")
    assert climb(spec_of(pixel), tmp_path) == ("restart_adbd", ["reconnect", "restart_adbd"])


def test_a_system_server_that_hangs_is_rebooted(pixel: Phone, folder: Path, tmp_path: Path) -> None:
    strike(folder, "system_server_hangs")
    assert climb(spec_of(pixel), tmp_path) == ("reboot", ["reconnect", "restart_adbd", "reboot"])


def test_a_device_that_answers_nothing_is_cut_from_power(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    commands = tmp_path / "commands"
    with phone("aosp-34", more=["--commands", str(commands)]) as made:
        made.bench().require_healthy(soon())
        with commands.open("w") as fifo:
            fifo.write("fault hang\n")
        commands.unlink()  # made anew when it starts again
        with hub(made, tmp_path, monkeypatch) as asked:
            helped, climbed = climb(spec_of(made, usb=True), tmp_path)
    assert helped == "usb_power"
    assert climbed == ["reconnect", "restart_adbd", "reboot", "usb_power"]
    assert asked == [["-l", "1-1", "-p", "3", "-a", action] for action in ("off", "on")]


@contextmanager
def hub(made: Phone, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[list[str]]]:
    """A stand-in uhubctl that switches the phone, whose battery is out."""
    questions, answers = folder / "questions", folder / "answers"
    program = folder / "uhubctl"
    program.write_text(
        f"#!{sys.executable}\nimport json, sys\n"
        f"json.dump(sys.argv[1:], open({str(questions)!r}, 'w'))\n"
        f"open({str(answers)!r}).read()\n",
        encoding="utf-8",
    )
    program.chmod(0o755)
    for fifo in (questions, answers):
        os.mkfifo(fifo)
    monkeypatch.setenv("PATH", f"{folder}:/usr/local/bin:/usr/bin:/bin")
    asked: list[list[str]] = []

    def switch() -> None:
        for turn in (made.off, made.on):
            asked.append(json.loads(questions.read_text()))
            turn()
            answers.write_text("done")

    thread = threading.Thread(target=switch, daemon=True)
    thread.start()
    yield asked
    thread.join(30)


def test_a_device_in_its_bootloader_is_led_out_of_it(pixel: Phone, tmp_path: Path) -> None:
    controls = pixel.bench(power=False).controls
    reach_mode(controls, Mode.SYSTEM, soon(), pixel.journal)
    controls.carry_out(Action.ADB_REBOOT_BOOTLOADER, soon())
    reach_mode(controls, Mode.BOOTLOADER, soon(), pixel.journal)
    helped, climbed = climb(spec_of(pixel), tmp_path)
    assert helped == "bootloader"
    assert climbed == ["reconnect", "restart_adbd", "reboot", "bootloader"]


def test_a_device_that_never_boots_again_is_reflashed(tmp_path: Path) -> None:
    builds = make_builds(tmp_path)
    newer = builds.fingerprints["newer"]
    with phone(str(builds.base)) as made:
        reach_mode(made.bench().controls, Mode.SYSTEM, soon(), made.journal)
        break_boot(made, builds)
        _is_given_up_where_it_may_not_be_flashed(spec_of(made, build=newer), tmp_path)
        helped, climbed = climb(spec_of(made, build=newer), tmp_path / "allowed", folder=tmp_path)
        assert helped == "reflash"
        assert climbed == ["reconnect", "restart_adbd", "reboot", "bootloader", "reflash"]
        assert made.bench().build(soon()).fingerprint == newer


def _is_given_up_where_it_may_not_be_flashed(spec: AttachedSpec, folder: Path) -> None:
    """No rung may take the time that it needs to see that nothing helps: each ends by its own
    bound."""
    rungs = RungTimes(reconnect_s=1.0, restart_adbd_s=1.0, reboot_s=1.0, bootloader_s=1.0)
    quarantine, journal = QuarantineStore(folder / "quarantine.sqlite3"), Journal()
    care = Care(
        spec.model_copy(update={"allow_destructive": False}),
        folder=folder,
        quarantine=quarantine,
        owner="run 7",
        times=CareTimes(rungs=rungs),
    )
    with pytest.raises(LabError, match="reflash: not allowed"):
        care.bring_back(journal, Ledger(journal), why="it loops", permit=lambda: None)
    stay = quarantine.current("phone")
    assert stay is not None
    assert all(f"{name}: " in stay.reason for name in ORDER if name != "usb_power")
    began = {e.step_id: e for e in journal.events if isinstance(e, StepStarted)}
    ended = [e for e in journal.events if isinstance(e, StepEnded)]
    assert len(began) == len(ended)
    assert not [e for e in journal.events if isinstance(e, DestructiveCommand)]
