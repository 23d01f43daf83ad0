"""Open a path or a path's socket as some user of the device, and hand the descriptor out."""

from __future__ import annotations

import os
import socket
from collections.abc import Sequence

from virtualdevice.machine.kernel import send_with_descriptors

__all__ = ["serve"]


def serve(channel: socket.socket, words: Sequence[bytes]) -> int:
    """`connect PATH` or `open PATH`: one answer, errno as text and the descriptor."""
    what, path = words
    try:
        if what == b"connect":
            made = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            made.connect(path)
            descriptor = made.detach()
        else:
            descriptor = os.open(path, os.O_RDWR | os.O_NOCTTY | os.O_CLOEXEC)
    except OSError as error:
        channel.send(str(error.errno).encode())
        return 1
    send_with_descriptors(channel, b"0", (descriptor,))
    return 0
