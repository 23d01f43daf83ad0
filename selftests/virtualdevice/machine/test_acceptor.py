"""Connections that come while an acceptor closes are closed, too."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from pathlib import Path
from typing import Any

import pytest

from virtualdevice.machine.acceptor import Acceptor


async def echo(connection: socket.socket) -> None:
    loop = asyncio.get_running_loop()
    connection.setblocking(False)
    while data := await loop.sock_recv(connection, 100):
        await loop.sock_sendall(connection, data)


def listening(path: Path) -> socket.socket:
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(path))
    listener.listen()
    return listener


def client(path: Path) -> socket.socket:
    connection = socket.socket(socket.AF_UNIX)
    connection.settimeout(5)
    connection.connect(str(path))
    return connection


async def test_each_connection_has_its_conversation(tmp_path: Path) -> None:
    acceptor = Acceptor(listening(tmp_path / "s"), echo)
    acceptor.open()
    with client(tmp_path / "s") as one, client(tmp_path / "s") as other:
        for connection, said in ((other, b"b"), (one, b"a")):
            connection.sendall(said)
            assert await asyncio.to_thread(connection.recv, 10) == said
        await acceptor.close()
        assert one.recv(10) == other.recv(10) == b""


@pytest.mark.parametrize("turns", range(5))
async def test_who_comes_as_it_closes_is_closed(tmp_path: Path, turns: int) -> None:
    """`turns` of the loop lie between the two."""
    troubles: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, trouble: troubles.append(trouble))
    acceptor = Acceptor(listening(tmp_path / "s"), echo)
    acceptor.open()
    await asyncio.sleep(0)
    with client(tmp_path / "s") as late:
        for _ in range(turns):
            await asyncio.sleep(0)
        await acceptor.close()
        await asyncio.sleep(0)
        with contextlib.suppress(ConnectionResetError):  # if nobody had taken it yet
            assert late.recv(10) == b""
    assert (troubles, acceptor.conversations) == ([], set())


async def test_what_is_under_way_goes_on_when_nobody_listens_any_more(tmp_path: Path) -> None:
    acceptor = Acceptor(listening(tmp_path / "s"), echo)
    acceptor.open()
    with client(tmp_path / "s") as one:
        for said in (b"there?", b"still there?"):
            one.sendall(said)
            assert await asyncio.to_thread(one.recv, 20) == said
            acceptor.stop_listening()
        with socket.socket(socket.AF_UNIX) as another, pytest.raises(ConnectionRefusedError):
            another.connect(str(tmp_path / "s"))
    await asyncio.gather(*acceptor.conversations)
