"""adbd: listens, lets hosts in, and serves their streams.

The listening socket stays open for the device's whole life. While the device is down its
connections are dropped and new ones get no answer, which is how `adb` sees a phone that reboots:
`offline`, and back within milliseconds of the device's first word.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import Callable
from dataclasses import dataclass, field

from virtualdevice.adbd.auth import parse_key, signed_by
from virtualdevice.adbd.banner import device_banner
from virtualdevice.adbd.host_connection import HostConnection
from virtualdevice.adbd.reverse import ReverseForwards
from virtualdevice.adbd.service_stream import ServiceStream
from virtualdevice.adbd.services import Packages, ServiceContext, serve
from virtualdevice.faults import FaultKind, LinkWatch
from virtualdevice.machine.machine import DeviceMachine
from virtualdevice.seams import BootMode, KeyAnswer, SystemServer

__all__ = ["AdbDaemon"]

KEYS_PATH = "/data/misc/adb/adb_keys"
SYSTEM_UID, SHELL_GID = 1000, 2000
BANNER_KINDS = {
    BootMode.SYSTEM: "device",
    BootMode.RECOVERY: "recovery",
    BootMode.SIDELOAD: "sideload",
    BootMode.SIDELOAD_AUTO_REBOOT: "sideload",
}


@dataclass(slots=True)
class DaemonState:
    """What a reboot forgets."""

    mode: BootMode = BootMode.SYSTEM
    root: bool = False
    up: bool = False
    refuses: bool = False
    shells_hang: bool = False
    reverse: ReverseForwards = field(default_factory=ReverseForwards)


class AdbDaemon:
    """`request_reboot` is called by the `reboot:` service."""

    def __init__(
        self,
        machine: DeviceMachine,
        system: SystemServer,
        *,
        request_reboot: Callable[[BootMode], None],
        packages: Packages,
        watch: LinkWatch,
    ) -> None:
        self._machine = machine
        self._system = system
        self._request_reboot = request_reboot
        self._packages = packages
        self._watch = watch
        self._frozen = False
        self._state = DaemonState()
        self._connections: set[HostConnection] = set()
        self._servers: list[asyncio.Server] = []

    async def listen(self, port: int) -> int:
        """Bind 127.0.0.1; the port (the system's choice for 0)."""
        server = await asyncio.get_running_loop().create_server(
            self._new_connection, "127.0.0.1", port
        )
        self._servers.append(server)
        address: tuple[str, int] = server.sockets[0].getsockname()
        return address[1]

    async def close(self) -> None:
        await self.go_down()
        for server in self._servers:
            server.close()

    def come_up(self, mode: BootMode) -> None:
        """Answer hosts from now on, as what this mode is to them."""
        self._state = DaemonState(mode=mode, up=True)
        self._answer_waiting()

    async def go_down(self) -> None:
        """Drop all connections, and answer nobody until come_up."""
        self._state.up = False
        await self._state.reverse.close()
        for connection in list(self._connections):
            connection.abort()
        await asyncio.sleep(0)

    def restart(self, *, root: bool | None = None) -> None:
        """As `adb root` does: this program starts anew, the device does not."""
        if root is not None:
            self._state.root = root
        asyncio.ensure_future(self._restart())  # noqa: RUF006 (short, and its end is not awaited)

    async def _restart(self) -> None:
        mode, root = self._state.mode, self._state.root
        await self.go_down()
        self._state = DaemonState(mode=mode, root=root, up=True)
        self._answer_waiting()

    def passes(self, size_bytes: int) -> bool:
        """Counts for the faults of the link, and carries them out when they are due."""
        for kind in self._watch.pass_bytes(size_bytes):
            self.carry_out(kind)
        return not self._frozen

    def carry_out(self, kind: FaultKind) -> None:
        """One of the faults that come at a place."""
        if kind is FaultKind.DIE:
            os.kill(os.getpid(), signal.SIGKILL)
        elif kind is FaultKind.HANG:
            self._frozen = True
        elif kind is FaultKind.REFUSE:
            self._state.refuses = True
        elif kind is FaultKind.REBOOT:
            self._request_reboot(BootMode.SYSTEM)
        elif kind is FaultKind.SHELLS_HANG:
            self._state.shells_hang = True
        else:
            for connection in list(self._connections):
                connection.abort()

    def _answer_waiting(self) -> None:
        for connection in list(self._connections):
            connection.device_is_up()

    def _new_connection(self) -> HostConnection:
        connection = HostConnection(self, self._serve, self._connections.discard)
        self._connections.add(connection)
        return connection

    async def _serve(
        self, connection: HostConnection, stream: ServiceStream, service: bytes
    ) -> None:
        if self._state.refuses:
            return  # A stream that is not accepted is closed.
        context = ServiceContext(
            machine=self._machine,
            system=self._system,
            connection=connection,
            mode=self._state.mode,
            root=self._state.root,
            reverse=self._state.reverse,
            restart=self.restart,
            request_reboot=self._request_reboot,
            packages=self._packages,
        )
        if self._state.shells_hang and service.startswith((b"shell", b"exec")):
            await asyncio.Event().wait()
        await serve(context, stream, service)

    @property
    def is_up(self) -> bool:
        return self._state.up

    def features(self) -> list[str]:
        return list(self._system.adb_features)

    def banner(self) -> bytes:
        kind = BANNER_KINDS.get(self._state.mode, "device")
        return device_banner(kind, self._system.adb_properties, self.features())

    def needs_key(self) -> bool:
        """ro.adb.secure; minadbd in sideload lets everybody in."""
        secure = self._system.adb_properties.get("ro.adb.secure") == "1"
        return secure and BANNER_KINDS.get(self._state.mode) == "device"

    async def knows_signature(self, token: bytes, signature: bytes) -> bool:
        keys = (parse_key(line) for line in (await self._known_keys()).splitlines())
        return any(signed_by(key, token, signature) for key in keys if key is not None)

    async def ask_for_key(self, key: bytes, let_in: Callable[[], None]) -> None:
        """The user decides; a key that is always to be let in is remembered on the device."""
        if parse_key(key) is None:
            return
        decided: asyncio.Future[KeyAnswer] = asyncio.get_running_loop().create_future()

        def answer(given: KeyAnswer) -> None:
            if not decided.done():
                decided.set_result(given)

        await self._system.authorize_adb_key(key, answer)
        given = await decided
        if given is KeyAnswer.ALWAYS:
            await self._remember_key(key)
        if given is not KeyAnswer.REFUSED:
            let_in()

    async def _known_keys(self) -> bytes:
        with contextlib.suppress(OSError):
            return await self._machine.files.read(KEYS_PATH, limit_bytes=1 << 20)
        return b""

    async def _remember_key(self, key: bytes) -> None:
        known = await self._known_keys()
        if key not in known.splitlines():
            content = known + key + b"\n"
            await self._machine.files.write(
                KEYS_PATH, content, mode=0o640, uid=SYSTEM_UID, gid=SHELL_GID
            )
