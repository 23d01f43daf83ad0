"""The machine of one virtual device: its disk, its processes, its network (seams.Machine)."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from virtualdevice.machine.accounts import (
    ROOT_GROUPS,
    SHELL_GID,
    SHELL_UID,
    accounts_files,
    shell_groups,
)
from virtualdevice.machine.files import DeviceFiles
from virtualdevice.machine.host import HostCannot, IdMap
from virtualdevice.machine.kernel import receive_with_descriptors
from virtualdevice.machine.layers import DataLayers
from virtualdevice.machine.layout import DATA_DIRECTORIES, SystemPlan, root_links, search_path
from virtualdevice.machine.processes import DeviceChild, Spawner
from virtualdevice.machine.tool_socket import ToolSocket
from virtualdevice.machine.user_data import USER_DATA
from virtualdevice.machine.zygote_link import DeviceDown, ZygoteLink
from virtualdevice.seams import BootMode, Child, Credentials, Space, ToolCall

__all__ = ["DeviceMachine", "MachineSpec", "root_credentials"]

ROOT_DIRECTORIES = (
    "system", *USER_DATA, "dev", "proc", "sys", "mnt", "sbin", "acct", "config",
    "storage/emulated", "storage/self",
)  # fmt: skip
ROOT_UID = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class MachineSpec:
    """What the machine is made of. `disk` is a host directory that belongs to this device alone;
    `workers` are modules that add to the forks of process 1, `python_path` where they import from.
    """

    serialno: str
    hostname: str
    api: int
    disk: Path
    maps: tuple[tuple[IdMap, IdMap], ...]
    system: SystemPlan
    own_tools: frozenset[str]
    workers: tuple[str, ...] = ()
    python_path: tuple[str, ...] = ()


class DeviceMachine:
    """Boots and stops; in between it is what virtualdevice.seams.Machine says."""

    def __init__(
        self,
        spec: MachineSpec,
        *,
        run_tool: Callable[[ToolCall], Awaitable[int]],
        reboot: Callable[[BootMode], None],
        on_death: Callable[[], None],
        on_install: Callable[[float], Awaitable[None]],
    ) -> None:
        self._on_install = on_install
        self._spec = spec
        self._run_tool = run_tool
        self._reboot = reboot
        self._on_death = on_death
        self._files = DeviceFiles()
        self.layers = DataLayers(spec.disk)
        self._link = ZygoteLink()
        self._spawner = Spawner(link=self._link)
        self._tools: ToolSocket | None = None
        self._is_full = False
        self._limit_bytes: int | None = None
        self.up_since_s = 0.0
        """On the monotonic clock: when the last boot had processes and files."""

    def adopt(self, spec: MachineSpec) -> None:
        """Be this from the next boot on: another firmware came onto the same disk."""
        self._spec = spec

    @property
    def files(self) -> DeviceFiles:
        return self._files

    @property
    def serialno(self) -> str:
        return self._spec.serialno

    @property
    def spawner(self) -> Spawner:
        """For adbd, which starts shells with terminals, and workers."""
        return self._spawner

    @property
    def data_was_copied(self) -> bool:
        """Whether this boot had to copy /data, because the host allows no overlay."""
        return self._link.data_was_copied

    @property
    def alive(self) -> bool:
        return self._link.alive

    async def boot(self, *, erase_data: bool = False, erase_cache: bool = False) -> None:
        """Processes, files and tools are there when it returns. `erase_data` is a factory reset.
        HostCannot with one sentence."""
        self._prepare_disk()
        if erase_data:
            self.layers.reset()
        self._link = ZygoteLink()
        self._spawner = Spawner(link=self._link)
        listener = await self._link.start(
            disk=self._spec.disk,
            config={**self._config(), "empty": ("cache",) if erase_cache else ()},
            maps=self._spec.maps,
            on_death=self._on_death,
        )
        assert self._link.maps is not None
        self._tools = ToolSocket(listener, maps=self._link.maps, run=self._dispatch_tool)
        self._tools.open()
        if self._is_full:
            await self._keep_full()
        ours, theirs = socket.socketpair()
        try:
            with theirs:
                await self._spawner.worker(
                    "files", credentials=root_credentials(), stdio=(theirs.fileno(), None, None)
                )
        except BaseException:
            ours.close()
            raise
        await self._files.connect(ours)
        self.up_since_s = time.monotonic()

    async def stop(self) -> None:
        """Kill every process of the device; its disk stays."""
        if self._tools is not None:
            await self._tools.close()
            self._tools = None
        self._files.close()
        if self._link.pid:
            await self._link.stop()

    def _prepare_disk(self) -> None:
        disk = self._spec.disk
        disk.mkdir(mode=0o700, parents=True, exist_ok=True)
        if os.getuid() == 0:
            base = self._spec.maps[0][0].ranges[0].host
            try:
                os.chown(disk, base, base)
            except OSError as error:
                raise HostCannot(
                    f"root here cannot give a file to user {base} ({error.strerror}): a user "
                    "namespace or a container leaves out the ids that the virtual device needs; "
                    "run it outside of that, or as an ordinary user with subordinate ids"
                ) from error

    def _config(self) -> Mapping[str, Any]:
        names = ("path", "mode", "uid", "gid")
        rows = [[getattr(d, name) for name in names] for d in DATA_DIRECTORIES]
        return {
            "api": self._spec.api,
            "directories": rows,
            "system": asdict(self._spec.system),
            "digest": self._spec.system.digest,
            "root_directories": ROOT_DIRECTORIES,
            "root_links": root_links(self._spec.api),
            "workers": self._spec.workers,
            "python_path": self._spec.python_path,
            "layers": self.layers.as_config(),
        }

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
        child, _ = await self._spawner.program(
            argv[0] if b"/" in argv[0] else b"/system/bin/" + argv[0],
            argv,
            credentials=credentials,
            cwd=cwd,
            environment=self.shell_environment() if environment is None else environment,
            stdio=(stdin, stdout, stderr),
            umask=0o077,
        )
        return child

    async def listen_tcp(self, port: int) -> socket.socket:
        listener = await self.make_socket(socket.AF_INET, socket.SOCK_STREAM)
        try:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(("127.0.0.1", port))
            listener.listen(64)
        except OSError:
            listener.close()
            raise
        return listener

    async def make_socket(self, family: int, kind: int) -> socket.socket:
        """A socket that lives in the device's own network, non-blocking."""
        _, descriptors = await self._link.ask("socket", family=int(family), type=int(kind))
        made = socket.socket(fileno=descriptors[0])
        made.setblocking(False)
        return made

    async def open_path(self, what: str, path: bytes, credentials: Credentials) -> int:
        """`connect` to a path's socket or `open` a path, as that user; a descriptor. OSError."""
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with ours, theirs:
            worker = await self._spawner.worker(
                "path",
                (what.encode(), path),
                credentials=credentials,
                stdio=(theirs.fileno(), None, None),
            )
            theirs.close()
            await worker.wait()
            ours.setblocking(False)
            try:
                data, descriptors = receive_with_descriptors(ours, 64)
            except BlockingIOError:
                data, descriptors = b"5", []
        if not descriptors:
            code = int(data or b"5")
            raise OSError(code, os.strerror(code))
        return descriptors[0]

    def crash(self) -> None:
        """End process 1 as `reboot -f` by root on the device does: all at once."""
        self._link.kill()

    async def set_writable(self, *, writable: bool) -> None:
        """Whether / and /system can be written (`adb remount`)."""
        await self._link.ask("remount", writable=writable)

    def can_own(self, uid: int) -> bool:
        maps = self._link.maps or self._spec.maps[0]
        return all(one.has(uid) for one in maps)

    async def attach_storage(self, user_id: int) -> None:
        await self._link.ask("attach_storage", user=user_id)

    async def detach_storage(self, user_id: int) -> None:
        await self._link.ask("detach_storage", user=user_id)

    async def cover(self, path: str, names: Mapping[str, tuple[int, int]]) -> None:
        rows = [[name, mode, uid] for name, (mode, uid) in names.items()]
        await self._link.ask("cover", path=path, names=rows)

    async def uncover(self, path: str) -> None:
        await self._link.ask("uncover", path=path)

    async def space(self) -> Space:
        found, _ = await self._link.ask("space")
        return Space(free_bytes=found["free"], total_bytes=found["total"])

    async def fill(self) -> None:
        """Over restarts as well; what is there now is all that there may be. HostCannot."""
        self._is_full, self._limit_bytes = True, None
        if self._link.alive:
            await self._keep_full()

    async def install_reached(self, share: float) -> None:
        await self._on_install(share)

    async def take_time(self, size_bytes: int) -> None:
        await asyncio.sleep(self._files.ms_per_mib * size_bytes / (1000 << 20))

    @property
    def ms_per_mib(self) -> int:
        """How slow its disk is; to be changed while it runs."""
        return self._files.ms_per_mib

    @ms_per_mib.setter
    def ms_per_mib(self, milliseconds: int) -> None:
        self._files.ms_per_mib = milliseconds

    async def _keep_full(self) -> None:
        try:
            found, _ = await self._link.ask("fill", limit=self._limit_bytes)
        except DeviceDown:
            return  # then it is for the next boot
        except OSError as error:
            raise HostCannot(
                "this host's kernel does not let the virtual device's disk be full"
                f" (seccomp: {error.strerror}): run it on Linux 5.5 or later, and in no container"
                " that forbids it"
            ) from error
        self._limit_bytes = found["limit"]

    async def set_accounts(self, names: Mapping[int, str]) -> None:
        for path, text in accounts_files(names).items():
            await self._files.write(
                f"/system/{path}", text.encode(), mode=0o644, uid=ROOT_UID, gid=ROOT_UID
            )

    def signal_process(self, pid: int, number: int) -> None:
        """Nothing if there is no such process."""
        DeviceChild(pid, _never(), self._link).send_signal(number)

    def request_reboot(self, mode: BootMode) -> None:
        self._reboot(mode)

    def shell_environment(
        self, *, uid: int = SHELL_UID, terminal: str = "dumb"
    ) -> dict[bytes, bytes]:
        """adbd's for a shell (adb/daemon/shell_service.cpp)."""
        name = "root" if uid == 0 else "shell"
        legacy = self._spec.api < 23
        text = {
            "ANDROID_ASSETS": "/system/app",
            "ANDROID_BOOTLOGO": "1",
            "ANDROID_DATA": "/data",
            "ANDROID_ROOT": "/system",
            "ANDROID_STORAGE": "/storage",
            "EXTERNAL_STORAGE": "/storage/emulated/legacy" if legacy else "/sdcard",
            "HOME": "/" if self._spec.api >= 24 else "/data",
            "HOSTNAME": self._spec.hostname,
            "LOGNAME": name,
            "PATH": search_path(self._spec.api),
            "SHELL": "/system/bin/sh",
            "TERM": terminal,
            "TMPDIR": "/data/local/tmp",
            "USER": name,
            "ENV": "/system/etc/mkshrc",
        }
        return {key.encode(): value.encode() for key, value in text.items()}

    def shell_credentials(self, *, root: bool = False) -> Credentials:
        if root:
            return Credentials(uid=0, gid=0, groups=ROOT_GROUPS)
        groups = shell_groups(self._spec.api)
        return Credentials(uid=SHELL_UID, gid=SHELL_GID, groups=groups)

    async def _dispatch_tool(self, call: ToolCall) -> int:
        """Toolbox's own commands run in a fork of process 1; all others are the system server's."""
        if call.argv[0].decode("latin-1") not in self._spec.own_tools:
            return await self._run_tool(call)
        try:
            child = await self._spawner.worker(
                "toolbox",
                call.argv,
                credentials=call.caller,
                stdio=(call.stdin, call.stdout, call.stderr),
                cwd=call.cwd,
            )
        except DeviceDown:
            return 128 + signal.SIGKILL
        finally:
            for descriptor in (call.stdin, call.stdout, call.stderr):
                os.close(descriptor)
        try:
            return await child.wait()
        except asyncio.CancelledError:
            with contextlib.suppress(OSError):
                child.send_signal(signal.SIGKILL)
            raise


def root_credentials() -> Credentials:
    return Credentials(uid=0, gid=0)


def _never() -> asyncio.Future[int]:
    return asyncio.get_running_loop().create_future()
