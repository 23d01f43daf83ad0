"""A device in a process of its own: what it says, how it ends, and what it leaves (nothing)."""

from __future__ import annotations

import asyncio
import gc
import json
import os
import secrets
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from holdfast.errors import ConfigurationError
from virtualdevice.faults import Fault
from virtualdevice.machine.host import HostCannot
from virtualdevice.machine.kernel import give_back_free_memory, set_child_subreaper
from virtualdevice.machine.layers import NoSuchSnapshot
from virtualdevice.process import DeviceEndpoints, RestartTimes, VirtualDevice
from virtualdevice.seams import BootMode, SystemServer
from virtualdevice.state import state_directory

__all__ = ["RunRequest", "run"]

SERIALNO_FILE = "serialno"
EVENTS = {"fault": "struck", "accept": "accepted", "reset": "reset"}


@dataclass(frozen=True, kw_only=True, slots=True)
class RunRequest:
    """`state` None: a disk for this run alone. `serialno` None: the state's own, or a new one.
    `commands`: where a FIFO is made that takes commands as standard input does."""

    personality: str
    system: SystemServer
    state: Path | None = None
    adb_port: int = 0
    fastboot_port: int = 0
    serialno: str | None = None
    as_json: bool = False
    until_stdin_closes: bool = False
    commands: Path | None = None
    faults: Sequence[Fault] = ()
    to_bootloader: bool = False
    factory: Callable[[], bytes] = bytes


async def run(request: RunRequest, *, announce: Callable[[str], None]) -> None:
    """Until SIGTERM, SIGINT, or, if so asked, the end of standard input. HostCannot."""
    set_child_subreaper()
    ending = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        loop.add_signal_handler(number, ending.set)
    standard_input = _StandardInput(ending)
    if request.until_stdin_closes:
        standard_input.watch()
    if request.commands is not None:
        standard_input.watch_fifo(request.commands)
    with state_directory(request.state) as state:
        serialno = _serialno(state, request.serialno)
        device = VirtualDevice(
            request.system,
            state=state,
            serialno=serialno,
            adb_port=request.adb_port,
            fastboot_port=request.fastboot_port,
            faults=request.faults,
            factory=request.factory,
        )
        mode = BootMode.BOOTLOADER if request.to_bootloader else BootMode.SYSTEM
        try:
            endpoints = await _start_unless_ended(device, ending, mode)
            if endpoints is not None:
                gc.collect()
                give_back_free_memory()
                announce(_ready_line(request, endpoints, state))
                obeying = asyncio.ensure_future(_obey(standard_input.commands, device, announce))
                await _until_ended(device, ending)
                obeying.cancel()
        finally:
            await device.stop()


async def _start_unless_ended(
    device: VirtualDevice, ending: asyncio.Event, mode: BootMode
) -> DeviceEndpoints | None:
    starting = asyncio.ensure_future(device.start(mode))
    ended = asyncio.ensure_future(ending.wait())
    await asyncio.wait({starting, ended}, return_when=asyncio.FIRST_COMPLETED)
    ended.cancel()
    if starting.done():
        return starting.result()
    starting.cancel()
    await asyncio.gather(starting, return_exceptions=True)
    return None


async def _until_ended(device: VirtualDevice, ending: asyncio.Event) -> None:
    """Raises what a later boot failed with."""
    failing = asyncio.ensure_future(device.failure())
    ended = asyncio.ensure_future(ending.wait())
    await asyncio.wait({failing, ended}, return_when=asyncio.FIRST_COMPLETED)
    ended.cancel()
    if failing.done():
        failing.result()
    failing.cancel()


class _StandardInput:
    """Its end ends the device, when so asked; until then a line of it may be a command:
    `save NAME`, `restore NAME`, `reset`, `fault KIND[=PLACE]` or `accept adb_key` (a finger on the
    OK of the dialog about a computer's key), each answered by a line on standard output."""

    def __init__(self, ending: asyncio.Event) -> None:
        self._ending = ending
        self._descriptor = sys.stdin.fileno()
        self._pending = b""
        self.commands: asyncio.Queue[str] = asyncio.Queue()

    def watch(self) -> None:
        try:
            asyncio.get_running_loop().add_reader(self._descriptor, self._look)
        except PermissionError:  # A file, or /dev/null: it has ended already.
            self._ending.set()

    def watch_fifo(self, path: Path) -> None:
        """Opened for both ways, so that it never ends: writers come and go."""
        os.mkfifo(path, 0o600)
        descriptor = os.open(path, os.O_RDWR | os.O_NONBLOCK)
        asyncio.get_running_loop().add_reader(
            descriptor, lambda: self._take(os.read(descriptor, 4096))
        )

    def _look(self) -> None:
        data = os.read(self._descriptor, 4096)
        if not data:
            asyncio.get_running_loop().remove_reader(self._descriptor)
            self._ending.set()
            return
        self._take(data)

    def _take(self, data: bytes) -> None:
        *lines, self._pending = (self._pending + data).split(b"\n")
        for line in lines:
            self.commands.put_nowait(line.decode("utf-8", errors="replace"))


async def _obey(
    commands: asyncio.Queue[str], device: VirtualDevice, announce: Callable[[str], None]
) -> None:
    while True:
        announce(json.dumps(await _answer(device, (await commands.get()).strip())))


async def _answer(device: VirtualDevice, command: str) -> Mapping[str, object]:
    """With the seconds that a restart took, the last ones those of Android's boot."""
    word, _, name = command.partition(" ")
    known = {
        "save": device.save_snapshot,
        "restore": device.restore_snapshot,
        "fault": device.strike,
        "accept": device.accept,
    }
    try:
        if command == "reset":
            times: RestartTimes | None = await device.reset()
        elif word in known and name:
            times = await known[word](name)
        else:
            reason = f"known are: {', '.join(known)}, each with a NAME, and reset"
            return {"event": "refused", "reason": reason}
    except NoSuchSnapshot:
        return {"event": "refused", "reason": f"there is no snapshot {name!r}"}
    except (HostCannot, ConfigurationError) as error:
        return {"event": "refused", "reason": str(error)}
    answer: dict[str, object] = {"event": EVENTS.get(word, f"{word}d"), "name": name}
    if times is not None:
        answer |= asdict(times)
        if device.machine.data_was_copied:
            answer["note"] = "this host allows no overlay: /data was copied, which is slow"
    return answer


def _serialno(state: Path, asked: str | None) -> str:
    """A phone keeps its serial number for life: the state remembers it."""
    file = state / SERIALNO_FILE
    if asked is None and file.exists():
        return file.read_text(encoding="ascii").strip()
    chosen = asked or secrets.token_hex(4)
    file.write_text(f"{chosen}\n", encoding="ascii")
    return chosen


def _ready_line(request: RunRequest, endpoints: DeviceEndpoints, state: Path) -> str:
    adb = f"127.0.0.1:{endpoints.adb_port}"
    fastboot = f"127.0.0.1:{endpoints.fastboot_port}"
    if not request.as_json:
        return f"ready adb={adb} serialno={endpoints.serialno} fastboot={fastboot}"
    return json.dumps(
        {
            "event": "ready",
            "adb": adb,
            "fastboot": fastboot,
            "serialno": endpoints.serialno,
            "personality": request.personality,
            "state": str(state),
            "pid": os.getpid(),
        }
    )
