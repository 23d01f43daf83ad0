"""Connections to a listening socket, each with a conversation of its own."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

__all__ = ["Acceptor"]


@dataclass(slots=True)
class Acceptor:
    """`converse` gets each connection, which is closed when it ends. `conversations` are those
    under way; several acceptors may share them.

    Not by `sock_accept`: a client that comes while that is cancelled is never closed.
    """

    listener: socket.socket
    converse: Callable[[socket.socket], Awaitable[None]]
    conversations: set[asyncio.Future[None]] = field(default_factory=set)

    def open(self) -> None:
        self.listener.setblocking(False)
        asyncio.get_running_loop().add_reader(self.listener, self._accept)

    def stop_listening(self) -> None:
        """What is under way goes on."""
        if self.listener.fileno() >= 0:
            asyncio.get_running_loop().remove_reader(self.listener)
            self.listener.close()

    async def close(self) -> None:
        self.stop_listening()
        for conversation in list(self.conversations):
            conversation.cancel()
        await asyncio.gather(*self.conversations, return_exceptions=True)

    def _accept(self) -> None:
        try:
            connection, _ = self.listener.accept()
        except OSError:
            return  # it went away again
        conversation = asyncio.ensure_future(self.converse(connection))
        self.conversations.add(conversation)
        conversation.add_done_callback(self.conversations.discard)
        # Here, because a conversation that is cancelled before it begins closes nothing.
        conversation.add_done_callback(lambda _: connection.close())
