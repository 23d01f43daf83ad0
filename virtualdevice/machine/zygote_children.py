"""Children of process 1: programs, and workers that are forks of it (no Python in the root)."""

from __future__ import annotations

import contextlib
import fcntl
import os
import signal
import socket
import sys
import termios
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

from virtualdevice.machine import file_worker, path_worker
from virtualdevice.machine.kernel import name_this_process
from virtualdevice.machine.messages import as_bytes
from virtualdevice.machine.room import Entrance, Room

__all__ = ["WORKERS", "spawn", "start_worker"]

EXEC_FAILED = 126
WORKERS: dict[str, Callable[..., int]] = {
    "files": file_worker.serve,
    "path": path_worker.serve,
}
"""What a fork of process 1 can do: (descriptors, argument words) to an exit status. Modules that
not every device needs add to it when they are imported (MachineSpec.workers)."""
SHOWN_NAMES = {"files": b"/system/bin/installd", "sync": b"/sbin/adbd", "path": b"/sbin/adbd"}
"""What `ps` shows of a worker: whose work on a phone it does."""
RESET_SIGNALS = (
    signal.SIGPIPE,
    signal.SIGXFSZ,
    signal.SIGCHLD,
    signal.SIGINT,
    signal.SIGTERM,
    signal.SIGHUP,
)


def spawn(
    request: dict[str, Any], descriptors: Sequence[int], room: Room
) -> tuple[int, int | None]:
    """Start a program; its pid, and the master side of its terminal if it asked for one.

    `stdio` gives for each of 0–2 an index into the descriptors, or None for /dev/null.
    """
    master: int | None = None
    terminal: int | None = None
    if request["terminal"]:
        master, terminal = os.openpty()
        os.fchown(terminal, request["uid"], request["gid"])
    entrance = room.entrance(request["uid"])
    pid = os.fork()
    if pid == 0:
        _run_program(request, descriptors, terminal, entrance)
    if entrance is not None:
        room.take(entrance)
    if terminal is not None:
        os.close(terminal)
    return pid, master


def start_worker(request: dict[str, Any], descriptors: Sequence[int], room: Room) -> int:
    """Fork; the child is the worker. It keeps the descriptors and nothing else."""
    entrance = room.entrance(request["uid"])
    pid = os.fork()
    if pid == 0:
        _run_worker(request, descriptors, entrance)
    if entrance is not None:
        room.take(entrance)
    return pid


def _run_program(
    request: dict[str, Any],
    descriptors: Sequence[int],
    terminal: int | None,
    entrance: Entrance | None,
) -> NoReturn:
    try:
        if entrance is not None:
            entrance.enter()
        os.setsid()
        if terminal is not None:
            fcntl.ioctl(terminal, termios.TIOCSCTTY, 0)
            sources = [terminal] * 3
        else:
            null = os.open("/dev/null", os.O_RDWR)
            wanted = request["stdio"]
            sources = [null if place is None else descriptors[place] for place in wanted]
        _take_descriptors(sources)
        _take_identity(request)
        argv = [as_bytes(word) for word in request["argv"]]
        environment = {as_bytes(k): as_bytes(v) for k, v in request["environment"].items()}
        _change_directory(as_bytes(request["cwd"]))
        os.execve(as_bytes(request["program"]), argv, environment)
    except OSError as error:
        program = as_bytes(request["program"])
        reason = os.strerror(error.errno or 0).encode()
        os.write(2, b"error: exec '" + program + b"' failed: " + reason + b"\n")
    except BaseException:
        sys.excepthook(*sys.exc_info())
    finally:
        os._exit(EXEC_FAILED)


def _run_worker(
    request: dict[str, Any], descriptors: Sequence[int], entrance: Entrance | None
) -> NoReturn:
    status = EXEC_FAILED
    try:
        if entrance is not None:
            entrance.enter()
        os.setsid()
        null = os.open("/dev/null", os.O_RDWR)
        wanted = request["stdio"]
        sources = [null if place is None else descriptors[place] for place in wanted]
        _take_descriptors(sources)
        _take_identity(request)
        if entrance is not None:
            entrance.become_readable()
        _change_directory(as_bytes(request["cwd"]))
        words = [as_bytes(word) for word in request["words"]]
        name_this_process(SHOWN_NAMES.get(request["name"], words[0] if words else b"init"))
        channel = socket.socket(fileno=0) if request["name"] != "toolbox" else None
        status = WORKERS[request["name"]](channel, words)
    except BrokenPipeError:
        status = 128 + signal.SIGPIPE
    except BaseException:
        sys.excepthook(*sys.exc_info())
    finally:
        with contextlib.suppress(Exception):
            sys.stdout.flush()
        os._exit(status)


def _take_descriptors(sources: Sequence[int]) -> None:
    """Make these 0, 1 and 2, and close all others."""
    high = [fcntl.fcntl(source, fcntl.F_DUPFD, 64) for source in sources]
    for number, source in enumerate(high):
        os.dup2(source, number)
    os.closerange(3, 1024)


def _change_directory(path: bytes) -> None:
    """A directory that is gone, or closed to this user, is the root directory instead."""
    try:
        os.chdir(path)
    except OSError:
        os.chdir(b"/")


def _take_identity(request: dict[str, Any]) -> None:
    signal.set_wakeup_fd(-1)
    for number in RESET_SIGNALS:
        signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, set())
    os.umask(request["umask"])
    os.setgroups(request["groups"])
    os.setresgid(request["gid"], request["gid"], request["gid"])
    os.setresuid(request["uid"], request["uid"], request["uid"])
