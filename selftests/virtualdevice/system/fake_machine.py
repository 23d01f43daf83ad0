"""A machine of temp files: no namespaces, no processes; owners are kept in a table."""

from __future__ import annotations

import asyncio
import errno
import os
import shutil
import socket
import stat as stat_module
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from virtualdevice.seams import (
    BootMode,
    Child,
    Credentials,
    FileKind,
    Files,
    FileStat,
    Machine,
    Space,
    ToolCall,
)
from virtualdevice.system.build import build_system_server
from virtualdevice.system.personality import Personality, load_personality
from virtualdevice.system.phone import Phone
from virtualdevice.system.server import AndroidServer

__all__ = ["Answer", "FakeFiles", "FakeMachine", "Rig", "booted"]

SHELL = Credentials(uid=2000, gid=2000, groups=(1015, 3003))
ROOT = Credentials(uid=0, gid=0)


SAME_PLACE = {"/storage/emulated": "/data/media", "/data/user/0": "/data/data"}


class FakeFiles(Files):
    """Below a host directory; who owns what is remembered, not enforced."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._owners: dict[str, tuple[int, int, int]] = {}

    def host(self, path: str) -> Path:
        for place, same in SAME_PLACE.items():
            if path == place or path.startswith(f"{place}/"):
                path = same + path[len(place) :]
        return self._root / path.strip("/")

    async def make_directory(
        self, path: str, *, mode: int, uid: int, gid: int, parents: bool = False
    ) -> None:
        self.host(path).mkdir(parents=parents, exist_ok=True)
        self._owners[path] = (mode, uid, gid)

    async def write(self, path: str, data: bytes, *, mode: int, uid: int, gid: int) -> None:
        aside = self.host(path + ".new")
        aside.write_bytes(data)
        aside.replace(self.host(path))
        self._owners[path] = (mode, uid, gid)

    async def read(self, path: str, *, limit_bytes: int = 64 << 20) -> bytes:
        data = self.host(path).read_bytes()
        if len(data) > limit_bytes:
            raise OSError(errno.EFBIG, "too large")
        return data

    async def copy(self, source: str, target: str, *, mode: int, uid: int, gid: int) -> None:
        await self.write(target, await self.read(source), mode=mode, uid=uid, gid=gid)

    async def rename(self, source: str, target: str) -> None:
        self.host(source).rename(self.host(target))
        for path in [p for p in self._owners if p == source or p.startswith(source + "/")]:
            self._owners[target + path[len(source) :]] = self._owners.pop(path)

    async def remove_tree(self, path: str) -> None:
        host = self.host(path)
        if host.is_dir() and not host.is_symlink():
            shutil.rmtree(host)
        else:
            host.unlink(missing_ok=True)
        for known in [p for p in self._owners if p == path or p.startswith(path + "/")]:
            del self._owners[known]

    async def empty_directory(self, path: str) -> None:
        for name in await self.list(path):
            await self.remove_tree(f"{path}/{name}")

    async def change_owner(self, path: str, *, uid: int, gid: int, recursive: bool) -> None:
        below = [p for p in self._owners if p.startswith(path + "/")] if recursive else []
        for known in [path, *below]:
            mode = self._owners.get(known, (0o755, 0, 0))[0]
            self._owners[known] = (mode, uid, gid)

    async def stat(self, path: str) -> FileStat | None:
        try:
            found = os.lstat(self.host(path))
        except OSError:
            return None
        mode, uid, gid = self._owners.get(path, (found.st_mode & 0o7777, 0, 0))
        kind = FileKind.OTHER
        for test, value in (
            (stat_module.S_ISREG, FileKind.FILE),
            (stat_module.S_ISDIR, FileKind.DIRECTORY),
            (stat_module.S_ISLNK, FileKind.SYMLINK),
        ):
            kind = value if test(found.st_mode) else kind
        return FileStat(
            kind=kind,
            mode=mode,
            uid=uid,
            gid=gid,
            size_bytes=found.st_size,
            inode=found.st_ino,
            mtime_ns=found.st_mtime_ns,
        )

    async def list(self, path: str) -> Sequence[str]:
        try:
            return sorted(os.listdir(self.host(path)))  # noqa: PTH208 - names as they are
        except OSError:
            return []

    async def size_bytes(self, path: str) -> int:
        host = self.host(path)
        if host.is_file():
            return host.stat().st_size
        return sum(p.stat().st_size for p in host.rglob("*") if p.is_file())


class EndedChild(Child):
    """A process that has ended well."""

    @property
    def pid(self) -> int:
        return 4711

    async def wait(self) -> int:
        return 0

    def send_signal(self, number: int) -> None:
        """Too late."""


class RunningChild(Child):
    """An app's process: runs until it gets a signal."""

    def __init__(self) -> None:
        self._ended = asyncio.Event()

    @property
    def pid(self) -> int:
        return 4712

    async def wait(self) -> int:
        await self._ended.wait()
        return 137

    def send_signal(self, number: int) -> None:
        self._ended.set()


@dataclass(kw_only=True)
class FakeMachine(Machine):
    fake_files: FakeFiles
    spawned: list[tuple[Sequence[bytes], Credentials]] = field(default_factory=list)
    accounts: dict[int, str] = field(default_factory=dict)
    reboots: list[BootMode] = field(default_factory=list)
    ports: list[int] = field(default_factory=list)
    attached: set[int] = field(default_factory=lambda: {0})
    covered: dict[str, list[str]] = field(default_factory=dict)
    first_foreign_id: int = 2_000_000
    free_bytes: int = 1 << 35
    waited_for_bytes: int = 0
    install_shares: list[float] = field(default_factory=list)

    @property
    def files(self) -> FakeFiles:
        return self.fake_files

    @property
    def serialno(self) -> str:
        return "FAKE0001"

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
        self.spawned.append((argv, credentials))
        return RunningChild() if b"exec -a" in b" ".join(argv) else EndedChild()

    async def listen_tcp(self, port: int) -> socket.socket:
        listener = socket.create_server(("127.0.0.1", 0))
        self.ports.append(listener.getsockname()[1])
        return listener

    def can_own(self, uid: int) -> bool:
        return uid < self.first_foreign_id

    async def attach_storage(self, user_id: int) -> None:
        self.attached.add(user_id)

    async def detach_storage(self, user_id: int) -> None:
        self.attached.discard(user_id)

    async def cover(self, path: str, names: Mapping[str, tuple[int, int]]) -> None:
        self.covered[path] = sorted(names)

    async def uncover(self, path: str) -> None:
        self.covered.pop(path, None)

    async def space(self) -> Space:
        return Space(free_bytes=self.free_bytes, total_bytes=1 << 36)

    async def fill(self) -> None:
        self.free_bytes = 0

    async def take_time(self, size_bytes: int) -> None:
        self.waited_for_bytes += size_bytes

    async def install_reached(self, share: float) -> None:
        self.install_shares.append(share)

    async def set_accounts(self, names: Mapping[int, str]) -> None:
        self.accounts = dict(names)

    def signal_process(self, pid: int, number: int) -> None:
        """Nothing runs here."""

    def request_reboot(self, mode: BootMode) -> None:
        self.reboots.append(mode)


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    status: int
    out: str
    error: str

    @property
    def text(self) -> str:
        return self.out + self.error


async def answer_of(
    run_tool: Callable[[ToolCall], Awaitable[int]],
    *words: str,
    scratch: Path,
    caller: Credentials,
    stdin: bytes = b"",
    environment: Mapping[bytes, bytes] | None = None,
) -> Answer:
    """The words as argv; streams are files, so that nothing here can block."""
    names = [scratch / f".{kind}" for kind in ("in", "out", "error")]
    names[0].write_bytes(stdin)
    descriptors = [os.open(names[0], os.O_RDONLY)]
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
    descriptors += [os.open(name, flags, 0o600) for name in names[1:]]
    call = ToolCall(
        argv=tuple(word.encode() for word in words),
        caller=caller,
        pid=1234,
        cwd=b"/",
        stdin=descriptors[0],
        stdout=descriptors[1],
        stderr=descriptors[2],
        environment=environment or {},
    )
    status = await run_tool(call)
    return Answer(status=status, out=names[1].read_text(), error=names[2].read_text())


class Rig:
    """A system server on a fake machine: commands go in, answers come out."""

    def __init__(self, server: AndroidServer, machine: FakeMachine) -> None:
        self.server = server
        self.machine = machine

    @property
    def phone(self) -> Phone:
        assert self.server.phone is not None
        return self.server.phone

    async def run(
        self,
        *words: str,
        stdin: bytes = b"",
        caller: Credentials = SHELL,
        environment: Mapping[bytes, bytes] | None = None,
    ) -> Answer:
        return await answer_of(
            self.server.run_tool,
            *words,
            scratch=self.machine.files.host("/"),
            stdin=stdin,
            caller=caller,
            environment=environment,
        )

    async def put(self, path: str, data: bytes) -> str:
        """A file that somebody pushed."""
        host = self.machine.files.host(path)
        host.parent.mkdir(parents=True, exist_ok=True)
        host.write_bytes(data)
        return path

    async def reboot(self) -> None:
        await self.server.stop()
        await self.server.look_at_disk(self.machine)
        await self.server.start(self.machine)

    def record_line(self, name: str) -> tuple[int, int, int]:
        """App id, CE inode, version code."""
        record = self.phone.parts.registry.get(name)
        assert record is not None
        return record.app_id, record.user().ce_inode, record.version_code


async def booted(root: Path, personality: str | Personality, *, defects: Sequence[str] = ()) -> Rig:
    """A phone after its first boot."""
    chosen = load_personality(personality) if isinstance(personality, str) else personality
    server = build_system_server(chosen, defects=defects, settings={})
    assert isinstance(server, AndroidServer)
    machine = FakeMachine(fake_files=FakeFiles(root))
    await server.start(machine)
    return Rig(server, machine)
