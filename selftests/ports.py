"""Ports that stay ours while nobody listens on them, such as those of a device that is off."""

from __future__ import annotations

import errno
import itertools
import os
import socket

__all__ = ["free_port"]

# Below the ports that the kernel gives to outgoing connections (from 32768 on): whoever connects
# to anything could be given one of those, and the device could not come back to it.
_LOWEST, _COUNT = 20_000, 12_000
_APART = 97
"""Processes that run tests at the same time begin this far apart."""

_numbers = itertools.count(os.getpid() * _APART)


def free_port() -> int:
    """One on which nobody listens, and another one at each call."""
    for number in itertools.islice(_numbers, _COUNT):
        port = _LOWEST + number % _COUNT
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError as error:
                if error.errno != errno.EADDRINUSE:
                    raise
                continue
            return port
    raise AssertionError(f"all ports from {_LOWEST} on are in use")
