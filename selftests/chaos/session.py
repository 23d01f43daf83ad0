"""One session: a run of pytest in a process of its own, with faults, and what was left of it."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from holdfast.deadline import Deadline, wait_until
from holdfast.errors import HoldfastError, LabError
from holdfast.lab.quarantine import QuarantineStore
from holdfast.report.record import TestRecord, read_records
from selftests.chaos.plugin import COMMANDS, LIMITS, SESSION, STACKS, START_S, STRIKES, TIMES
from selftests.chaos.striker import adb_servers, read_log
from selftests.chaos.strikes import Session, Strike
from selftests.holdfast.firmware.phone import Phone, phone

__all__ = ["Ended", "run_session"]

ROOT = Path(__file__).resolve().parents[2]
_A_TEST_S = START_S + LIMITS.scenario_s + TIMES.evidence_s + TIMES.recover_s + 2 * TIMES.look_s
_RUNNER_S = 60.0
_GONE_S = 25.0
_WELL_S = 60.0
_LEAVES = ("virtualdevice-", "adb.")
"""The disk of a device that was killed, which the next one removes; the log of an adb server."""
_STORES = """
stores:
  smartisan:
    package: com.smartisanos.appstore
    upload_to: /data/local/tmp/holdfast-update.apk
    push: am broadcast -a com.smartisanos.appstore.action.PUSH_UPDATE --es path {apk}
  aosp-example:
    package: com.example.store
    upload_to: /data/local/tmp/holdfast-update.apk
    push: am broadcast -a com.example.store.action.PUSH_UPDATE --es path {apk}
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Ended:
    """What a session came to. `struck`: the faults that came, and whether each hit something.

    `hung` are the stacks of a run that had to be ended; `left` is what it left behind; `device` is
    `well`, `quarantined`, `gone with the run`, or what is wrong with it.
    """

    session: Session
    took_s: float
    records: tuple[TestRecord, ...]
    struck: dict[Strike, bool]
    statuses: tuple[int, ...]
    log: str
    hung: str = ""
    left: tuple[str, ...] = ()
    device: str = ""
    report_is_there: bool = True


def run_session(session: Session) -> Ended:
    folder = Path(tempfile.mkdtemp(prefix="holdfast-chaos-"))
    folder.chmod(0o755)
    try:
        with _the_phone(session, folder) as attached:
            return _Course(session, folder, attached).go()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _the_phone(session: Session, folder: Path) -> Iterator[Phone | None]:
    if not session.attached:
        yield None
        return
    candidate = session.candidate
    more = ["--commands", str(folder / COMMANDS)]
    more += ["--defect", candidate.defect] if candidate.defect else []
    with phone(candidate.personality, more=more) as made:
        try:
            yield made
        finally:
            for pid in adb_servers(made.adb_port):
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)


class _Course:
    """Runs of pytest until every scenario has its record; `attached` is the phone that they use."""

    def __init__(self, session: Session, folder: Path, attached: Phone | None) -> None:
        self._session = session
        self._folder = folder
        self._attached = attached
        self._reports = folder / "reports"
        self._temporary = folder / "tmp"
        self._temporary.mkdir(mode=0o755)
        self._statuses: list[int] = []
        self._hung = ""
        self._records: dict[str, TestRecord] = {}
        (folder / "devices.yaml").write_text(self._devices(), encoding="utf-8")
        (folder / "session.json").write_text(json.dumps(session.to_json()), encoding="utf-8")

    def go(self) -> Ended:
        began = time.monotonic()
        report_is_there = True
        left: tuple[str, ...] = ()
        while (missing := self._missing()) and len(self._statuses) < 6 and not self._hung:
            self._run(missing)
            left = (*left, *self._what_is_left())
            if self._statuses[-1] >= 0:
                report_is_there &= (self._reports / "index.html").exists()
                break
        log = self._folder / "log.txt"
        return Ended(
            session=self._session,
            took_s=time.monotonic() - began,
            records=tuple(self._records.values()),
            struck=read_log(self._folder / STRIKES),
            statuses=tuple(self._statuses),
            log=log.read_text(encoding="utf-8", errors="replace"),
            hung=self._hung,
            left=left,
            device=self._how_is_the_device(),
            report_is_there=report_is_there,
        )

    def _missing(self) -> list[str]:
        ids = [f"{test}[{self._session.device}]" for test in self._session.tests]
        return [nodeid for nodeid in ids if nodeid not in self._records]

    def _run(self, nodeids: list[str]) -> None:
        command = [sys.executable, "-m", "pytest", "-n0", "-p", "selftests.chaos.plugin"]
        command += [
            "--devices",
            str(self._folder / "devices.yaml"),
            "--reports",
            str(self._reports),
        ]
        environment = {
            **os.environ,
            "HOME": str(self._folder),
            "TMPDIR": str(self._temporary),
            "HOLDFAST_STATE_DIR": str(self._folder / "state"),
            SESSION: str(self._folder / "session.json"),
            "ADB_MDNS": "0",
            "ADB_EMU": "0",
            "ADB_LIBUSB": "0",
        }
        limit_s = _RUNNER_S + _A_TEST_S * len(nodeids)
        with (self._folder / "log.txt").open("ab") as log:
            process = subprocess.Popen(
                [*command, *nodeids],
                cwd=ROOT,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
            try:
                self._statuses.append(process.wait(limit_s))
            except subprocess.TimeoutExpired:
                self._end_hanging(process)
        for record in read_records(self._reports / "evidence"):
            self._records[record.nodeid] = record

    def _end_hanging(self, process: subprocess.Popen[bytes]) -> None:
        process.send_signal(signal.SIGUSR1)
        with suppress(subprocess.TimeoutExpired):
            process.wait(2.0)
        stacks = (self._folder / STACKS).read_text(encoding="utf-8", errors="replace")
        self._hung = stacks or "it said nothing of where it hangs"
        process.kill()
        self._statuses.append(process.wait())

    def _what_is_left(self) -> tuple[str, ...]:
        """Processes and folders of the run."""
        with suppress(LabError):
            wait_until(
                lambda: not self._left_now(), Deadline.after(_GONE_S), what="the end of it all"
            )
        return tuple(self._left_now())

    def _left_now(self) -> list[str]:
        own = set(adb_servers(self._attached.adb_port)) if self._attached else set()
        found = [
            f"process {pid}: {_command_line(pid)}"
            for pid in _processes_of(self._temporary)
            if pid not in own
        ]
        if self._statuses[-1] >= 0:  # what a run that was killed left, the next one removes
            names = [path.name for path in self._temporary.iterdir()]
            found += [f"folder {n}" for n in names if not n.startswith(_LEAVES)]
        return found

    def _how_is_the_device(self) -> str:
        if self._attached is None:
            return "gone with the run"
        stay = QuarantineStore(self._folder / "state" / "quarantine.sqlite3").current(
            self._session.device
        )
        if stay is not None:
            return "quarantined"
        try:
            self._attached.bench(power=False).require_healthy(Deadline.after(_WELL_S))
        except HoldfastError as error:
            return f"neither back nor in quarantine: {error}"
        return "well"

    def _devices(self) -> str:
        candidate = self._session.candidate
        entry = [f"  - name: {candidate.name}", f"    store: {candidate.store}"]
        if self._attached is not None:
            entry += [
                "    kind: attached",
                f'    serial: "{self._attached.serial}"',
                f"    adb_port: {self._attached.adb_port}",
                f'    fastboot: "{self._attached.fastboot}"',
            ]
        else:
            entry += ["    kind: virtual", f"    personality: {candidate.personality}"]
            entry += [f"    defects: [{candidate.defect}]"] if candidate.defect else []
        return "\n".join(["version: 1", _STORES, "devices:", *entry, ""])


def _processes_of(temporary: Path) -> Iterator[int]:
    """Those whose TMPDIR it is: a run hands it on to all that it starts."""
    mark = f"TMPDIR={temporary}".encode()
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            with suppress(OSError):
                if mark in (folder / "environ").read_bytes().split(b"\0"):
                    yield int(folder.name)


def _command_line(pid: int) -> str:
    with suppress(OSError):
        words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        return b" ".join(words).decode("utf-8", "replace")[:120]
    return "it has ended meanwhile"
