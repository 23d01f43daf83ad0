"""The fastboot driver, against a stand-in program that records what it is asked."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from holdfast.deadline import Deadline, wait_until
from holdfast.device import bootloader
from holdfast.device.bootloader import Fastboot, find_fastboot
from holdfast.errors import (
    DeadlineExceeded,
    DeviceRefused,
    HarnessFault,
    HostToolMissing,
    LeaseLost,
)
from holdfast.journal import Declaration, DestructionKind, Journal, Ledger
from holdfast.lab.leases import STALE_S

STAND_IN = """#!{python}
import json, os, pathlib, sys, time
here = pathlib.Path(__file__).parent
with (here / "asked").open("a") as asked:
    asked.write(json.dumps(sys.argv[1:]) + "\\n")
answer = json.loads((here / "answer").read_text())
if answer["hangs"]:
    (here / "running").write_text(str(os.getpid()))
    print("< waiting for tcp:1 >", flush=True)
    time.sleep(60)
sys.stderr.write(answer["text"])
sys.exit(answer["status"])
"""


class Bench:
    """A stand-in fastboot in a folder, with an answer to give."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.program = folder / "fastboot"
        self.program.write_text(STAND_IN.format(python=sys.executable), encoding="utf-8")
        self.program.chmod(0o755)
        self.ledger = Ledger(Journal())
        self.fastboot = Fastboot(
            device="pixel", serial="tcp:127.0.0.1:1", program=self.program, ledger=self.ledger
        )
        self.answer("")

    def answer(self, text: str, *, status: int = 0, hangs: bool = False) -> None:
        answer = {"text": text, "status": status, "hangs": hangs}
        (self._folder / "answer").write_text(json.dumps(answer), encoding="utf-8")

    def declare(self, kind: DestructionKind) -> None:
        self.ledger.declare(Declaration(device="pixel", kind=kind, target="*", reason="a test"))

    @property
    def asked(self) -> list[list[str]]:
        file = self._folder / "asked"
        return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def soon() -> Deadline:
    return Deadline.after(20)


def test_a_variable_is_read_from_what_fastboot_prints(bench: Bench) -> None:
    bench.answer("product: trident\nFinished. Total time: 0.001s\n")
    assert bench.fastboot.variable("product", deadline=soon()) == "trident"
    assert bench.asked == [["-s", "tcp:127.0.0.1:1", "getvar", "product"]]


def test_a_refusal_carries_the_devices_words(bench: Bench) -> None:
    bench.declare(DestructionKind.FLASH)
    bench.answer("Writing 'boot' FAILED (remote: 'device is locked')\n", status=1)
    with pytest.raises(DeviceRefused, match="device is locked"):
        bench.fastboot.flash("boot", Path("boot.img"), deadline=soon())


def test_an_image_that_cannot_be_read_is_the_hosts_fault(bench: Bench) -> None:
    bench.declare(DestructionKind.FLASH)
    bench.answer("fastboot: error: cannot load 'boot.img': No such file or directory\n", status=1)
    with pytest.raises(HostToolMissing, match=r"cannot load 'boot\.img'"):
        bench.fastboot.flash("boot", Path("boot.img"), deadline=soon())


@pytest.mark.parametrize(
    ("act", "kind"),
    [
        (lambda f: f.wipe_user_data(deadline=soon()), DestructionKind.WIPE_USERDATA),
        (lambda f: f.erase("userdata", deadline=soon()), DestructionKind.WIPE_USERDATA),
        (lambda f: f.erase("boot", deadline=soon()), DestructionKind.FLASH),
        (lambda f: f.flash("boot", Path("x"), deadline=soon()), DestructionKind.FLASH),
        (lambda f: f.update(Path("x.zip"), wipe=False, deadline=soon()), DestructionKind.FLASH),
    ],
)
def test_what_destroys_is_not_sent_unless_it_is_declared(
    bench: Bench, act: object, kind: DestructionKind
) -> None:
    assert callable(act)
    with pytest.raises(HarnessFault, match="undeclared"):
        act(bench.fastboot)
    assert bench.asked == []
    bench.declare(kind)
    act(bench.fastboot)
    assert len(bench.asked) == 1


def test_an_update_that_wipes_needs_both_declared(bench: Bench) -> None:
    bench.declare(DestructionKind.FLASH)
    with pytest.raises(HarnessFault, match="wipe_userdata"):
        bench.fastboot.update(Path("x.zip"), wipe=True, deadline=soon())
    bench.declare(DestructionKind.WIPE_USERDATA)
    bench.fastboot.update(Path("x.zip"), wipe=True, deadline=soon())
    assert bench.asked == [["-s", "tcp:127.0.0.1:1", "-w", "--skip-reboot", "update", "x.zip"]]


def test_a_bootloader_that_does_not_answer_is_absent_when_the_deadline_ends(bench: Bench) -> None:
    bench.answer("", hangs=True)
    assert not bench.fastboot.answers(deadline=Deadline.after(1.0))
    with pytest.raises(DeadlineExceeded, match="waiting for tcp:1"):
        bench.fastboot.variable("product", deadline=Deadline.after(1.0))


RUN = """
import sys
from pathlib import Path
from holdfast.deadline import Deadline
from holdfast.device import bootloader
from holdfast.device.bootloader import Fastboot
from holdfast.journal import Declaration, DestructionKind, Journal, Ledger
ledger = Ledger(Journal())
ledger.declare(Declaration(device="pixel", kind=DestructionKind.FLASH, target="*", reason="test"))
bootloader._LOOK_EVERY_S = 0.05
fastboot = Fastboot(
    device="pixel", serial="X", program=Path(sys.argv[1]), ledger=ledger
)
fastboot.flash("boot", Path("boot.img"), deadline=Deadline.after(60))
"""


def process_of(bench: Bench) -> int:
    file = bench.program.parent / "running"
    wait_until(lambda: file.exists() and file.read_text() != "", soon(), what="fastboot's start")
    return int(file.read_text())


def is_running(pid: int) -> bool:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return stat.rpartition(")")[2].split()[0] != "Z"


def nothing_is_left_of(bench: Bench) -> None:
    """Neither of the program nor of those that watch it."""
    folder = os.fsencode(bench.program.parent)

    def runs() -> list[str]:
        found = []
        for process in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):  # it has ended meanwhile
                if folder in (process / "cmdline").read_bytes():
                    found.append(process.name)
        return found

    wait_until(lambda: runs() == [], soon(), what="the end of fastboot")


def test_what_a_killed_run_had_begun_ends_with_it(bench: Bench) -> None:
    bench.answer("", hangs=True)
    run = subprocess.Popen([sys.executable, "-c", RUN, str(bench.program)])
    try:
        process_of(bench)
    finally:
        run.kill()
        run.wait(20)
    nothing_is_left_of(bench)


def test_what_a_stopped_run_had_begun_ends_before_its_lease_does(bench: Bench) -> None:
    bench.answer("", hangs=True)
    run = subprocess.Popen([sys.executable, "-c", RUN, str(bench.program)])
    try:
        pid = process_of(bench)
        run.send_signal(signal.SIGSTOP)
        wait_until(lambda: not is_running(pid), soon(), what="the end of fastboot")
    finally:
        run.kill()
        run.wait(20)
    nothing_is_left_of(bench)
    assert bootloader._LOOK_EVERY_S * 6 < STALE_S


def test_what_is_under_way_when_the_lease_is_lost_is_ended(bench: Bench) -> None:
    asked: list[str] = []

    def permit() -> None:
        asked.append("once more")
        if len(asked) > 1:
            process_of(bench)
            raise LeaseLost("another run has it", device="pixel")

    bench.answer("", hangs=True)
    fastboot = Fastboot(
        device="pixel", serial="X", program=bench.program, ledger=bench.ledger, permit=permit
    )
    with pytest.raises(LeaseLost):
        fastboot.set_active("b", deadline=soon())
    nothing_is_left_of(bench)


def test_a_name_with_shell_characters_is_no_partition(bench: Bench) -> None:
    with pytest.raises(ValueError, match="no partition"):
        bench.fastboot.erase("boot; rm -rf /", deadline=soon())


def test_the_program_is_found_in_the_sdk_or_named_as_missing(tmp_path: Path) -> None:
    tools = tmp_path / "platform-tools"
    tools.mkdir()
    (tools / "fastboot").write_text("", encoding="utf-8")
    found = find_fastboot({"PATH": "/nonexistent", "ANDROID_HOME": str(tmp_path)})
    assert found == tools / "fastboot"
    with pytest.raises(HostToolMissing, match="install Google's platform-tools"):
        find_fastboot({"PATH": "/nonexistent"})


def test_a_program_that_is_no_fastboot_is_named(bench: Bench) -> None:
    bench.answer("fastboot version 35.0.2-12147458\n")
    assert bench.fastboot.version(deadline=soon()) == "35.0.2-12147458"
    bench.answer("hello\n")
    with pytest.raises(HostToolMissing, match="is no fastboot"):
        bench.fastboot.version(deadline=soon())
