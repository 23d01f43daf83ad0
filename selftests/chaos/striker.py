"""Carries the faults of a session out, at the steps that the run's journal tells of."""

from __future__ import annotations

import errno
import json
import os
import signal
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from holdfast.deadline import Deadline
from holdfast.errors import HoldfastError
from holdfast.journal import Event, StepStarted
from holdfast.lab.adb_host import AdbHost
from holdfast.lab.provider import Endpoint
from selftests.chaos.strikes import Fault, Strike

__all__ = ["Striker", "adb_servers", "read_log"]


class Striker:
    """A subscriber of the journals of one process's tests.

    `commands` is the device's FIFO; `log` gets a line for each fault that came. `endpoint` is where
    the run reaches the device, None before it does.
    """

    def __init__(self, strikes: Sequence[Strike], *, commands: Path, log: Path) -> None:
        done = read_log(log)
        self._waiting = [strike for strike in strikes if strike not in done]
        self._commands = commands
        self._log = log
        self._steps = 0
        self._timers: list[threading.Timer] = []
        self.endpoint: Callable[[], Endpoint | None] = lambda: None

    def __call__(self, event: Event) -> None:
        if not isinstance(event, StepStarted):
            return
        self._steps += 1
        due = [strike for strike in self._waiting if strike.step <= self._steps]
        self._waiting = [strike for strike in self._waiting if strike not in due]
        for strike in due:
            timer = threading.Timer(strike.delay_s, self._strike, [strike])
            timer.daemon = True
            timer.start()
            self._timers.append(timer)

    def end(self) -> None:
        for timer in self._timers:
            timer.cancel()
            timer.join()

    def _strike(self, strike: Strike) -> None:
        hit = self._carry_out(strike.fault) if strike.fault is not Fault.RUNNER_KILLED else True
        line = json.dumps(
            {
                "fault": strike.fault,
                "step": strike.step,
                "delay_s": strike.delay_s,
                "at": time.time(),
                "hit": hit,
            }
        )
        with self._log.open("a", encoding="utf-8") as log:
            log.write(f"{line}\n")
        if strike.fault is Fault.RUNNER_KILLED:
            os.kill(os.getpid(), signal.SIGKILL)

    def _carry_out(self, fault: Fault) -> bool:
        """Whether there was something to strike: a device that is dead already cannot die."""
        endpoint = self.endpoint()
        if fault in (Fault.ADB_SERVER_ENDS, Fault.ADB_SERVER_KILLED, Fault.ADB_SERVER_SILENT):
            return endpoint is not None and _strike_adb(fault, endpoint)
        try:
            fifo = os.open(self._commands, os.O_WRONLY | os.O_NONBLOCK)
        except OSError as error:
            if error.errno in (errno.ENXIO, errno.ENOENT):
                return False
            raise
        try:
            os.write(fifo, f"fault {fault}\n".encode())
        finally:
            os.close(fifo)
        return True


def _strike_adb(fault: Fault, endpoint: Endpoint) -> bool:
    if fault is Fault.ADB_SERVER_ENDS:
        with suppress(HoldfastError):
            AdbHost(host=endpoint.adb_host, port=endpoint.adb_port).kill(Deadline.after(2.0))
        return True
    number = signal.SIGKILL if fault is Fault.ADB_SERVER_KILLED else signal.SIGSTOP
    found = adb_servers(endpoint.adb_port)
    for pid in found:
        with suppress(ProcessLookupError):
            os.kill(pid, number)
    return bool(found)


def adb_servers(port: int) -> list[int]:
    """The adb servers on that port, however they were started."""
    found = []
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit():
            continue
        with suppress(OSError):
            words = (folder / "cmdline").read_bytes().split(b"\0")
            asked = any(str(port).encode() in word for word in words)
            if words[0].endswith(b"adb") and asked and ({b"server", b"fork-server"} & {*words}):
                found.append(int(folder.name))
    return found


def read_log(log: Path) -> dict[Strike, bool]:
    """The faults that came, and whether each hit something."""
    lines = log.read_text(encoding="utf-8").splitlines() if log.exists() else []
    told = [json.loads(line) for line in lines]
    return {
        Strike(fault=Fault(t["fault"]), step=t["step"], delay_s=t["delay_s"]): bool(t["hit"])
        for t in told
    }
