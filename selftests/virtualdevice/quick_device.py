"""A whole device in this process, but for its machine: Android, adbd, bootloader and update_engine
on a disk of plain files. No namespaces, no shells; a power cut is an exception."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from selftests.virtualdevice.system.fake_machine import (
    ROOT,
    Answer,
    FakeFiles,
    FakeMachine,
    answer_of,
)
from virtualdevice.adbd.packets import Command, PacketDecoder, encode
from virtualdevice.faults import parse_fault
from virtualdevice.machine.host import HostCannot
from virtualdevice.machine.machine import DeviceMachine
from virtualdevice.ota.firmware import pack_firmware
from virtualdevice.process import VirtualDevice
from virtualdevice.seams import BootMode, Child, Credentials, Space
from virtualdevice.system import build_system_server
from virtualdevice.system.personality import load_personality
from virtualdevice.system.server import AndroidServer

__all__ = ["QuickDevice", "power_on"]

LIMIT_S = 20.0
SILENCE_S = 0.15
CONNECT = encode(Command.CNXN, 0x01000001, 1 << 20, b"host::features=shell_v2,cmd")


class QuickMachine(DeviceMachine):
    """What a FakeMachine is, with the parts of the real one that a device asks for."""

    fake: FakeMachine
    serials: list[str]
    disk: FakeFiles

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self.fake = FakeMachine(fake_files=self.disk)
        self.serials = []

    @property
    def files(self) -> FakeFiles:  # type: ignore[override]
        return self.fake.files

    @property
    def alive(self) -> bool:
        return True

    async def boot(self, *, erase_data: bool = False, erase_cache: bool = False) -> None:
        assert not erase_data
        self.serials.append(self.serialno)

    async def stop(self) -> None:
        """Nothing runs."""

    async def spawn(self, argv: Sequence[bytes], **named: Any) -> Child:
        return await self.fake.spawn(argv, **named)

    async def open_path(self, what: str, path: bytes, credentials: Credentials) -> int:
        return os.open(self.disk.host(os.fsdecode(path)), os.O_RDONLY)

    async def attach_storage(self, user_id: int) -> None: ...

    async def detach_storage(self, user_id: int) -> None: ...

    async def cover(self, path: str, names: Mapping[str, tuple[int, int]]) -> None: ...

    async def uncover(self, path: str) -> None: ...

    async def set_accounts(self, names: Mapping[int, str]) -> None: ...

    async def space(self) -> Space:
        return await self.fake.space()

    async def fill(self) -> None:
        await self.fake.fill()

    async def call(self, *words: str) -> Answer:
        """A command of root's, as its tool client asks for it."""
        return await answer_of(self._run_tool, *words, scratch=self.disk.host("/"), caller=ROOT)


@dataclass(kw_only=True)
class QuickDevice:
    device: VirtualDevice
    server: AndroidServer
    machine: QuickMachine
    adb_port: int

    @property
    def booted(self) -> bool:
        return self.server.get_property("sys.boot_completed") == "1"

    @property
    def slot(self) -> str:
        """Of the build that runs."""
        return self.server.get_property("ro.boot.slot_suffix")

    async def link(self) -> bytes:
        """A host that is connected; returns when it is cut off, with what it was sent."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.adb_port)
        try:
            writer.write(CONNECT)
            return await reader.read()
        except ConnectionError:
            return b""
        finally:
            writer.close()

    async def hears(self, service: str = "") -> bool:
        """Whether adb gets an answer: to a host that connects, or to one that opens a service."""
        try:
            return await asyncio.wait_for(self._asked(service), SILENCE_S)
        except (TimeoutError, OSError):
            return False

    async def _asked(self, service: str) -> bool:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.adb_port)
        decoder = PacketDecoder()
        decoder.limit_bytes = 1 << 20
        try:
            writer.write(CONNECT)
            while True:
                data = await reader.read(4096)
                if not data:
                    return False
                decoder.feed(data)
                for packet in decoder.packets():
                    if packet.command is Command.CNXN and service:
                        writer.write(encode(Command.OPEN, 7, 0, service.encode() + b"\0"))
                    elif packet.command is not Command.CNXN or not service:
                        return packet.command is not Command.CLSE
        finally:
            writer.close()


read_personality = cache(load_personality)
factory_image = cache(pack_firmware)


async def power_on(
    personality: str, state: Path, disk: FakeFiles, *, faults: Sequence[str] = ()
) -> QuickDevice:
    """It is on when it returns, whatever that comes to. Skips where no machine could be made."""
    server = build_system_server(read_personality(personality), defects=[], settings={})
    assert isinstance(server, AndroidServer)
    machine = type("_Machine", (QuickMachine,), {"disk": disk})
    try:
        device = VirtualDevice(
            server,
            state=state,
            serialno="QUICK001",
            faults=[parse_fault(text) for text in faults],
            factory=lambda: factory_image(personality),
            machine=machine,
        )
    except HostCannot as reason:
        pytest.skip(f"no virtual device on this host: {reason}")
    endpoints = await device.start(BootMode.SYSTEM)
    assert isinstance(device.machine, QuickMachine)
    return QuickDevice(
        device=device, server=server, machine=device.machine, adb_port=endpoints.adb_port
    )
