"""The one seam of the virtual device: what the machine underneath and the system server ask of
each other. Both sides are asyncio code on one loop; neither imports the other.

The machine is what a phone has below Android: kernel, filesystem, shells, adbd, bootloader. The
system server is what runs in Android's own processes: packages, activities, settings, the screen.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Protocol

__all__ = [
    "BootFailed",
    "BootMode",
    "Child",
    "Credentials",
    "DebuggedProcess",
    "FileKind",
    "FileStat",
    "Files",
    "KeyAnswer",
    "Machine",
    "Space",
    "SystemServer",
    "ToolCall",
]


class BootMode(StrEnum):
    """What a (re)boot leads to; the words that `adb reboot` takes."""

    SYSTEM = "system"
    BOOTLOADER = "bootloader"
    FASTBOOTD = "fastboot"
    RECOVERY = "recovery"
    SIDELOAD = "sideload"
    SIDELOAD_AUTO_REBOOT = "sideload-auto-reboot"
    OFF = "off"


class BootFailed(Exception):
    """Android crashed before it had booted; the device restarts by itself."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Credentials:
    """Device-side ids (root is 0, shell 2000, apps from 10000)."""

    uid: int
    gid: int
    groups: tuple[int, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class ToolCall:
    """A command of Android's own (`pm`, `getprop`, …) that a process on the device ran.

    `argv[0]` is the tool's name; bytes because a file name may be any bytes. The three descriptors
    are the caller's own and belong to whoever handles the call: who handles it closes them.
    `on_disk`: those of them that are files on the device's disk.
    `interrupted`: the process got a SIGINT or SIGHUP and did not die of it; `screenrecord` alone.
    """

    argv: tuple[bytes, ...]
    caller: Credentials
    pid: int
    cwd: bytes
    stdin: int
    stdout: int
    stderr: int
    environment: Mapping[bytes, bytes] = field(default_factory=dict)
    on_disk: frozenset[int] = frozenset()
    interrupted: asyncio.Event = field(default_factory=asyncio.Event, compare=False)


class KeyAnswer(StrEnum):
    """What the user makes of an unknown host key; without `always` it is let in this once."""

    REFUSED = "refused"
    ONCE = "once"
    ALWAYS = "always"


@dataclass(frozen=True, kw_only=True, slots=True)
class DebuggedProcess:
    pid: int
    architecture: str


class FileKind(StrEnum):
    FILE = "file"
    DIRECTORY = "directory"
    SYMLINK = "symlink"
    OTHER = "other"


@dataclass(frozen=True, kw_only=True, slots=True)
class FileStat:
    """What lstat says on the device: ids are device-side, times are ns since the Unix epoch."""

    kind: FileKind
    mode: int
    uid: int
    gid: int
    size_bytes: int
    inode: int
    mtime_ns: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Space:
    """Of /data, as a shell sees it: the system itself may write on when nothing is free."""

    free_bytes: int
    total_bytes: int


class Files(Protocol):
    """File work as root inside the device's own root (what installd and vold do on a phone).

    Paths are absolute on the device. It runs there, so no symlink leads out into the host. Errors
    are OSError as the device's kernel reports them.
    """

    async def make_directory(
        self, path: str, *, mode: int, uid: int, gid: int, parents: bool = False
    ) -> None:
        """Make it, or bring an existing one to these ids and mode."""

    async def write(self, path: str, data: bytes, *, mode: int, uid: int, gid: int) -> None:
        """Write a whole file, by way of a temporary one beside it."""

    async def read(self, path: str, *, limit_bytes: int = 64 << 20) -> bytes:
        """The whole file; OSError(EFBIG) if it is larger."""

    async def copy(self, source: str, target: str, *, mode: int, uid: int, gid: int) -> None: ...

    async def rename(self, source: str, target: str) -> None: ...

    async def remove_tree(self, path: str) -> None:
        """Remove it with all that it holds; nothing if it is absent."""

    async def empty_directory(self, path: str) -> None:
        """Remove what it holds and keep it, with its inode."""

    async def change_owner(self, path: str, *, uid: int, gid: int, recursive: bool) -> None: ...

    async def stat(self, path: str) -> FileStat | None:
        """lstat; None if it is absent."""

    async def list(self, path: str) -> Sequence[str]:
        """Names in a directory, sorted; empty if it is absent. Names that are no UTF-8 come with
        surrogate escapes."""

    async def size_bytes(self, path: str) -> int:
        """Bytes of all files below; 0 if it is absent."""


class Child(Protocol):
    """A process on the device."""

    @property
    def pid(self) -> int:
        """Its pid inside the device."""

    async def wait(self) -> int:
        """Exit status; 128 + signal if a signal ended it."""

    def send_signal(self, number: int) -> None: ...


class Machine(Protocol):
    """What the system server may ask of the machine. All of it runs inside the device."""

    @property
    def files(self) -> Files: ...

    @property
    def serialno(self) -> str: ...

    async def spawn(
        self,
        argv: Sequence[bytes],
        *,
        credentials: Credentials,
        cwd: bytes = b"/",
        environment: Mapping[bytes, bytes] | None = None,
        stdin: int | None = None,
        stdout: int | None = None,
        stderr: int | None = None,
    ) -> Child:
        """Start a program. Descriptors are duplicated; None is /dev/null. Environment None is that
        of a shell."""

    async def listen_tcp(self, port: int) -> socket.socket:
        """A listening socket on the device's own 127.0.0.1."""

    def can_own(self, uid: int) -> bool:
        """Whether this host gives the device that id; where it does not, that user cannot be."""

    async def attach_storage(self, user_id: int) -> None:
        """Show `/data/media/USER` at `/storage/emulated/USER`; that of user 0 is shown at boot."""

    async def detach_storage(self, user_id: int) -> None:
        """Have no `/storage/emulated/USER` any more; nothing if there is none."""

    async def cover(self, path: str, names: Mapping[str, tuple[int, int]]) -> None:
        """Hide a directory from all but `files` behind one that cannot be written and holds empty
        directories of these names, each with its mode and owner: what a key that is not there does
        to an encrypted one."""

    async def uncover(self, path: str) -> None:
        """The inverse of `cover`; nothing if it is not covered."""

    async def space(self) -> Space: ...

    async def fill(self) -> None:
        """From now on /data has no more room than what is deleted gives it."""

    async def take_time(self, size_bytes: int) -> None:
        """As long as this disk takes for so much; a quick one takes none."""

    async def install_reached(self, share: float) -> None:
        """So much of an installation is done, 0 to 1: what comes between, comes here."""

    async def set_accounts(self, names: Mapping[int, str]) -> None:
        """The app uids that exist and their names (`u0_a16`), for `ls -l` and `id`."""

    def signal_process(self, pid: int, number: int) -> None: ...

    def request_reboot(self, mode: BootMode) -> None:
        """Begin to go down; the caller's own tool call may still end before."""


class SystemServer(Protocol):
    """What the machine may ask of Android's system server. One object lives as long as the device
    process; `start` and `stop` are called once for each boot."""

    @property
    def tool_names(self) -> Sequence[str]:
        """The commands that it answers: the machine links each into /system/bin."""

    @property
    def api(self) -> int: ...

    @property
    def adb_properties(self) -> Mapping[str, str]:
        """For adbd: ro.product.{name,model,device}, ro.debuggable, ro.adb.secure, ro.secure …"""

    @property
    def adb_features(self) -> Sequence[str]:
        """The features that this Android's adbd has (none below API 24)."""

    def adopt(
        self,
        firmware: Path | None,
        *,
        boot_properties: Mapping[str, str],
        optimise: Callable[[], Awaitable[None]],
    ) -> None:
        """Before a start: be the build of this personality file; None is that of the factory.
        `boot_properties` are ro.boot.* as the bootloader hands them over; `optimise` is called in
        the first boot of another build, when the apps' code is made ready. ConfigurationError."""

    async def look_at_disk(self, machine: Machine) -> None:
        """Before adbd is there, and before a start: read what this boot depends on."""

    async def start(self, machine: Machine) -> None:
        """Boot: scan packages, bring up the screen, set sys.boot_completed. Returns when booted.
        BootFailed if it crashes instead."""

    async def stop(self) -> None:
        """Shut down: write what must be written, cancel its tasks."""

    async def run_tool(self, call: ToolCall) -> int:
        """Carry out a command; its exit status. It closes the call's descriptors."""

    def get_property(self, name: str) -> str: ...

    def set_property(self, name: str, value: str) -> None: ...

    async def authorize_adb_key(self, key: bytes, answer: Callable[[KeyAnswer], None]) -> None:
        """An unknown host key knocked: show the dialog; call `answer` when the user decides."""

    async def accept_adb_key(self) -> bool:
        """Somebody ticks "always" and taps OK in that dialog. False if it is not in front."""

    def debugged_processes(self) -> Sequence[DebuggedProcess]:
        """The apps' processes that a debugger may attach to, now."""

    async def processes_changed(self) -> None:
        """Returns when other apps run than when it was called."""

    async def framebuffer(self) -> tuple[int, int, bytes]:
        """Width and height in pixels, and RGBA bytes."""

    def log(self, tag: str, text: str, *, level: str = "I") -> None: ...

    def switch_on(self, name: str) -> None:
        """Have a defect or a fault of that name from now on. ConfigurationError."""
