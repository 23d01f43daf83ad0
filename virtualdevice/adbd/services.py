"""Which service name is answered by what (adb/daemon/services.cpp), as a table."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from virtualdevice.adbd import sockets
from virtualdevice.adbd.host_connection import HostConnection
from virtualdevice.adbd.reverse import ReverseForwards
from virtualdevice.adbd.service_stream import ServiceStream
from virtualdevice.adbd.shell_protocol import parse_shell_service
from virtualdevice.adbd.shell_service import (
    ShellContext,
    run_exec,
    run_framed_shell,
    run_plain_shell,
)
from virtualdevice.adbd.sideload import parse_sideload_host, take_package
from virtualdevice.machine.machine import DeviceMachine
from virtualdevice.ota.wire import encode_fields
from virtualdevice.seams import BootMode, Credentials, DebuggedProcess, SystemServer

__all__ = ["Packages", "ServiceContext", "serve"]

FIRST_RAW_SHELL_API = 24
REBOOT_MODES = {
    "": BootMode.SYSTEM,
    "bootloader": BootMode.BOOTLOADER,
    "fastboot": BootMode.FASTBOOTD,
    "recovery": BootMode.RECOVERY,
    "sideload": BootMode.SIDELOAD,
    "sideload-auto-reboot": BootMode.SIDELOAD_AUTO_REBOOT,
}


class Packages(Protocol):
    """Where recovery keeps a sideloaded package, and what it does with it."""

    def folder(self) -> Path: ...

    async def received(self, share: float) -> None:
        """So much of it is there, 0 to 1."""

    async def install(self, package: Path) -> bool:
        """Whether it is in."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ServiceContext:
    """What a service may use."""

    machine: DeviceMachine
    system: SystemServer
    connection: HostConnection
    mode: BootMode
    root: bool
    reverse: ReverseForwards
    restart: Callable[..., None]
    request_reboot: Callable[[BootMode], None]
    packages: Packages

    @property
    def credentials(self) -> Credentials:
        return self.machine.shell_credentials(root=self.root)

    @property
    def shell(self) -> ShellContext:
        return ShellContext(machine=self.machine, credentials=self.credentials)


Handler = Callable[[ServiceContext, ServiceStream, bytes], Awaitable[None]]


async def serve(context: ServiceContext, stream: ServiceStream, service: bytes) -> None:
    """Run a service to its end; one that never accepts its stream has refused it."""
    name, colon, argument = service.partition(b":")
    key = name.split(b",", 1)[0].decode("latin-1")
    table = SIDELOAD_SERVICES if context.mode in SIDELOADING else SERVICES
    handler = table.get(key)
    if handler is None:
        return
    if key == "shell":
        await _shell(context, stream, name.partition(b",")[2], argument)
    elif not colon and key not in WITHOUT_COLON:
        return
    else:
        await handler(context, stream, argument)


async def _shell(
    context: ServiceContext, stream: ServiceStream, arguments: bytes, command: bytes
) -> None:
    request = parse_shell_service(arguments, command)
    if context.system.api < FIRST_RAW_SHELL_API:
        await run_plain_shell(stream, context.shell, request)
    elif request.framed:
        await run_framed_shell(stream, context.shell, request)
    elif request.terminal:
        await run_plain_shell(stream, context.shell, request)
    else:
        await run_exec(stream, context.shell, request)


async def _shell_entry(context: ServiceContext, stream: ServiceStream, command: bytes) -> None:
    await _shell(context, stream, b"", command)


async def _exec(context: ServiceContext, stream: ServiceStream, command: bytes) -> None:
    await run_exec(stream, context.shell, parse_shell_service(b"raw", command))


def _cmd(argument: bytes) -> bytes:
    """`cmd` with these words, which NUL bytes part, as a shell line."""
    words = argument.split(b"\0") if argument else []
    return b" ".join([b"exec cmd", *(b"'" + w.replace(b"'", b"'\\''") + b"'" for w in words)])


async def _abb(context: ServiceContext, stream: ServiceStream, argument: bytes) -> None:
    """`abb` is `cmd` without a shell between; framed."""
    command = _cmd(argument)
    await run_framed_shell(stream, context.shell, parse_shell_service(b"v2,raw", command))


async def _abb_exec(context: ServiceContext, stream: ServiceStream, argument: bytes) -> None:
    command = _cmd(argument)
    await run_exec(stream, context.shell, parse_shell_service(b"raw", command))


async def _sync(context: ServiceContext, stream: ServiceStream, _argument: bytes) -> None:
    ours, theirs = socket.socketpair()
    with ours:
        ours.setblocking(False)
        for end in (ours, theirs):
            end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 20)
        with theirs:
            await context.machine.spawner.worker(
                "sync",
                (str(context.machine.ms_per_mib).encode(),),
                credentials=context.credentials,
                stdio=(theirs.fileno(), None, None),
            )
        stream.accept()
        await sockets.join(stream, ours)


async def _say(stream: ServiceStream, text: str) -> None:
    stream.accept()
    await stream.write(text.encode())


async def _root(context: ServiceContext, stream: ServiceStream, _argument: bytes) -> None:
    if context.root:
        await _say(stream, "adbd is already running as root\n")
    elif context.system.get_property("ro.debuggable") != "1":
        await _say(stream, "adbd cannot run as root in production builds\n")
    else:
        context.system.set_property("service.adb.root", "1")
        await _say(stream, "restarting adbd as root\n")
        await _finish_and_restart(context, stream, root=True)


async def _unroot(context: ServiceContext, stream: ServiceStream, _argument: bytes) -> None:
    if not context.root:
        await _say(stream, "adbd not running as root\n")
        return
    context.system.set_property("service.adb.root", "0")
    await _say(stream, "restarting adbd as non root\n")
    await _finish_and_restart(context, stream, root=False)


async def _finish_and_restart(
    context: ServiceContext, stream: ServiceStream, *, root: bool | None = None
) -> None:
    stream.finish()
    await context.connection.drain()
    context.restart(root=root)


async def _remount(context: ServiceContext, stream: ServiceStream, _argument: bytes) -> None:
    if not context.root:
        await _say(stream, 'Not running as root. Try "adb root" first.\n')
        return
    await context.machine.set_writable(writable=True)
    await _say(stream, "remount succeeded\n")


async def _verity(context: ServiceContext, stream: ServiceStream, _argument: bytes) -> None:
    """set_verity_enable_state_service.cpp: there is none of a user build, and none is on here."""
    if context.system.get_property("ro.debuggable") != "1":
        await _say(stream, "verity cannot be disabled/enabled - USER build\n")
    elif not context.root:
        await _say(stream, 'Not running as root. Try "adb root" first.\n')
    else:
        await _say(stream, "Verity already disabled on /system\n")


async def _reboot(context: ServiceContext, stream: ServiceStream, argument: bytes) -> None:
    mode = REBOOT_MODES.get(argument.decode("latin-1"), BootMode.SYSTEM)
    stream.accept()
    context.request_reboot(mode)
    await stream.wait_closed()


async def _tcpip(context: ServiceContext, stream: ServiceStream, argument: bytes) -> None:
    """The port that the host asks for would be the host's own here: the device keeps its port."""
    port = int(argument) if argument.isdigit() else 0
    if not 0 < port < 65536:
        await _say(stream, f"invalid port {argument.decode('latin-1')}\n")
        return
    context.system.set_property("service.adb.tcp.port", str(port))
    await _say(stream, f"restarting in TCP mode port: {port}\n")
    await _finish_and_restart(context, stream)


async def _usb(context: ServiceContext, stream: ServiceStream, _argument: bytes) -> None:
    context.system.set_property("service.adb.tcp.port", "-1")
    await _say(stream, "restarting in USB mode\n")
    await _finish_and_restart(context, stream)


async def _reconnect(context: ServiceContext, stream: ServiceStream, _argument: bytes) -> None:
    await _say(stream, "done")
    await _finish_and_restart(context, stream)


async def _framebuffer(context: ServiceContext, stream: ServiceStream, _argument: bytes) -> None:
    """Version 2 of framebuffer_service.cpp: blue before green, as there."""
    width, height, pixels = await context.system.framebuffer()
    header = struct.pack("<14I", 2, 32, 1, len(pixels), width, height, 0, 8, 16, 8, 8, 8, 24, 8)
    stream.accept()
    await stream.write(header + pixels)


def _pids(processes: Sequence[DebuggedProcess]) -> bytes:
    return "".join(f"{process.pid}\n" for process in processes).encode()


def _app_processes(processes: Sequence[DebuggedProcess]) -> bytes:
    """AppProcesses of adb's proto/app_processes.proto."""
    return encode_fields(
        *(
            (1, encode_fields((1, one.pid), (2, 1), (4, one.architecture.encode())))
            for one in processes
        )
    )


def _track(form: Callable[[Sequence[DebuggedProcess]], bytes]) -> Handler:
    """The list as it is, and as it becomes, each with its length in four hexadecimal digits."""

    async def track(context: ServiceContext, stream: ServiceStream, _argument: bytes) -> None:
        stream.accept()
        closed = asyncio.ensure_future(stream.wait_closed())
        try:
            while not closed.done():
                changed = asyncio.ensure_future(context.system.processes_changed())
                content = form(context.system.debugged_processes())
                await stream.write(b"%04x" % len(content) + content)
                await asyncio.wait({closed, changed}, return_when=asyncio.FIRST_COMPLETED)
                changed.cancel()
        finally:
            closed.cancel()

    return track


async def _jdwp(context: ServiceContext, stream: ServiceStream, argument: bytes) -> None:
    """Once; nothing here speaks the debugger's protocol, so that a process cannot be had."""
    if argument:
        return
    stream.accept()
    await stream.write(_pids(context.system.debugged_processes()))
    await stream.wait_closed()


async def _sink(_context: ServiceContext, stream: ServiceStream, argument: bytes) -> None:
    if not argument.isdigit():
        return
    stream.accept()
    left = int(argument)
    while left > 0 and (data := await stream.read()):
        left -= len(data)


async def _source(_context: ServiceContext, stream: ServiceStream, argument: bytes) -> None:
    if not argument.isdigit():
        return
    stream.accept()
    left = int(argument)
    while left > 0:
        block = bytes(min(left, 64 << 10))
        await stream.write(block)
        left -= len(block)


async def _reverse(context: ServiceContext, stream: ServiceStream, argument: bytes) -> None:
    stream.accept()
    answer = await context.reverse.answer(argument, context.machine, context.connection)
    await stream.write(answer)


async def _sideload_host(context: ServiceContext, stream: ServiceStream, argument: bytes) -> None:
    wanted = parse_sideload_host(argument)
    if wanted is None:
        return
    size, block = wanted
    await take_package(
        stream,
        context.packages.folder() / "update.zip",
        size_bytes=size,
        block_bytes=block,
        received=context.packages.received,
        install=context.packages.install,
    )
    stream.finish()
    await context.connection.drain()
    automatic = context.mode is BootMode.SIDELOAD_AUTO_REBOOT
    context.request_reboot(BootMode.SYSTEM if automatic else BootMode.RECOVERY)


def _socket_service(kind: str) -> Handler:
    async def connect(context: ServiceContext, stream: ServiceStream, argument: bytes) -> None:
        try:
            made = await sockets.connect(context.machine, context.credentials, kind, argument)
        except (TimeoutError, OSError, ValueError):
            return
        with made:
            stream.accept()
            await sockets.join(stream, made)

    return connect


SOCKET_KINDS = ("tcp", "localabstract", "local", "localfilesystem", "localreserved", "dev")
WITHOUT_COLON = frozenset({"jdwp", "track-jdwp", "track-app", "reconnect"})
SIDELOADING = frozenset({BootMode.SIDELOAD, BootMode.SIDELOAD_AUTO_REBOOT})

SERVICES: dict[str, Handler] = {
    "shell": _shell_entry,
    "exec": _exec,
    "abb": _abb,
    "abb_exec": _abb_exec,
    "sync": _sync,
    "root": _root,
    "unroot": _unroot,
    "remount": _remount,
    "disable-verity": _verity,
    "enable-verity": _verity,
    "reboot": _reboot,
    "tcpip": _tcpip,
    "usb": _usb,
    "reconnect": _reconnect,
    "framebuffer": _framebuffer,
    "jdwp": _jdwp,
    "track-jdwp": _track(_pids),
    "track-app": _track(_app_processes),
    "sink": _sink,
    "source": _source,
    "reverse": _reverse,
    **{kind: _socket_service(kind) for kind in SOCKET_KINDS},
}
SIDELOAD_SERVICES: dict[str, Handler] = {"reboot": _reboot, "sideload-host": _sideload_host}
