"""The device process's end of process 1: start it, ask it, hear which children ended."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from virtualdevice.machine.host import HostCannot, IdMap
from virtualdevice.machine.kernel import receive_with_descriptors, send_with_descriptors
from virtualdevice.machine.messages import MESSAGE_LIMIT_BYTES

__all__ = ["DeviceDown", "ZygoteLink"]

START = (
    "import sys; sys.path[:0] = sys.argv[2:];from virtualdevice.machine.zygote import main; main()"
)
PROJECT = Path(__file__).resolve().parents[2]
STARTUP_LIMIT_S = 60


class DeviceDown(OSError):
    """The device's processes are gone: it is rebooting, or was stopped."""


class ZygoteLink:
    """One boot's process 1. `start` makes it; after `stop` or its death it is of no more use."""

    def __init__(self) -> None:
        self._channel: socket.socket | None = None
        self._numbers = itertools.count(1)
        self._waiting: dict[int, asyncio.Future[tuple[dict[str, Any], list[int]]]] = {}
        self._ended: dict[int, asyncio.Future[int]] = {}
        self._early: dict[int, int] = {}
        self.maps: tuple[IdMap, IdMap] | None = None
        self.data_was_copied = False
        self._pid = 0
        self._pidfd = -1
        self._gone = asyncio.Event()
        self._on_death: Callable[[], None] | None = None

    async def start(
        self,
        *,
        disk: Path,
        config: Mapping[str, Any],
        maps: Sequence[tuple[IdMap, IdMap]],
        on_death: Callable[[], None],
    ) -> socket.socket:
        """Boot; the listening socket of the tools. HostCannot if the host does not allow it."""
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        for end in (ours, theirs):
            end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, MESSAGE_LIMIT_BYTES)
        self._on_death = on_death
        launcher = self._launch(disk, theirs, config)
        ours.settimeout(STARTUP_LIMIT_S)
        loop = asyncio.get_running_loop()
        try:
            _say(ours, config)
            listener = await self._brought_up(ours, launcher, maps)
        except BaseException:
            ours.close()
            launcher.kill()
            launcher.wait()
            self._end_unfinished()
            raise
        ours.setblocking(False)
        self._channel = ours
        loop.add_reader(ours, self._hear)
        return listener

    def _launch(
        self, disk: Path, theirs: socket.socket, config: Mapping[str, Any]
    ) -> subprocess.Popen[bytes]:
        paths = [str(PROJECT), *config["python_path"]]
        with theirs:
            return subprocess.Popen(
                [sys.executable, "-I", "-S", "-c", START, str(theirs.fileno()), *paths],
                cwd=disk,
                env={"LC_ALL": "C.UTF-8"},
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
            )

    async def _brought_up(
        self,
        channel: socket.socket,
        launcher: subprocess.Popen[bytes],
        maps: Sequence[tuple[IdMap, IdMap]],
    ) -> socket.socket:
        """On a thread; who is cancelled meanwhile waits for the end of that."""
        loop = asyncio.get_running_loop()
        under_way = loop.run_in_executor(None, self._bring_up, channel, launcher, maps)
        try:
            return await asyncio.shield(under_way)
        except asyncio.CancelledError:
            channel.shutdown(socket.SHUT_RDWR)
            (brought,) = await asyncio.gather(under_way, return_exceptions=True)
            if isinstance(brought, socket.socket):
                brought.close()
            raise

    def _end_unfinished(self) -> None:
        """Process 1 may be there although the boot came to nothing; `stop` waits for its end."""
        self._on_death = None
        if self._pid:
            self.kill()
            asyncio.get_running_loop().add_reader(self._pidfd, self._dead)

    def _bring_up(
        self,
        channel: socket.socket,
        launcher: subprocess.Popen[bytes],
        maps: Sequence[tuple[IdMap, IdMap]],
    ) -> socket.socket:
        """The steps of zygote.main, seen from here (blocking)."""
        step = _hear_one(channel)
        if "failed" in step:
            raise HostCannot(
                "this host does not let the virtual device have namespaces of its own"
                f" ({os.strerror(step['errno'])}): run as root, or allow unprivileged user"
                " namespaces (sysctl kernel.unprivileged_userns_clone=1,"
                " kernel.apparmor_restrict_unprivileged_userns=0)"
            )
        self.maps = write_maps(launcher.pid, maps)
        _say(channel, {"mapped": True})
        pid = int(_hear_one(channel)["init"])
        self._pidfd = os.pidfd_open(pid)
        self._pid = pid
        launcher.wait()
        _say(channel, {"go": True})
        data, descriptors = receive_with_descriptors(channel, MESSAGE_LIMIT_BYTES)
        if not data:  # an error of our own, which it has told: no host is to blame
            raise RuntimeError("process 1 of the device ended at once")
        answer = json.loads(data)
        if "failed" in answer:
            raise HostCannot(f"the virtual device's root could not be set up: {answer['failed']}")
        self.data_was_copied = bool(answer["copied"])
        return socket.socket(fileno=descriptors[0])

    @property
    def pid(self) -> int:
        """Process 1's pid on the host."""
        return self._pid

    @property
    def alive(self) -> bool:
        return self._channel is not None

    async def ask(
        self, operation: str, *descriptors: int, **fields: object
    ) -> tuple[dict[str, Any], list[int]]:
        """One request; its answer with the descriptors that came. OSError as process 1 had it."""
        if self._channel is None:
            raise DeviceDown(5, "the device is down")
        number = next(self._numbers)
        answer = asyncio.get_running_loop().create_future()
        self._waiting[number] = answer
        message = json.dumps({"id": number, "op": operation, **fields}).encode()
        try:
            send_with_descriptors(self._channel, message, descriptors)
        except OSError:
            del self._waiting[number]
            raise
        found: tuple[dict[str, Any], list[int]] = await answer
        if "errno" in found[0]:
            raise OSError(found[0]["errno"], os.strerror(found[0]["errno"]))
        return found

    def ending_of(self, pid: int) -> asyncio.Future[int]:
        """The exit status of a child, now or when it ends."""
        future = asyncio.get_running_loop().create_future()
        if pid in self._early:
            future.set_result(self._early.pop(pid))
        elif self._channel is None:
            future.set_result(128 + signal.SIGKILL)
        else:
            self._ended[pid] = future
        return future

    def kill(self) -> None:
        """End process 1, and thereby all; `on_death` hears of it."""
        if self._pidfd >= 0:
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(self._pidfd, signal.SIGKILL)

    async def stop(self) -> None:
        """Kill process 1, and thereby all; returns when the kernel is done with them."""
        self.kill()
        self._on_death = None
        self._close()
        await self._gone.wait()

    def _hear(self) -> None:
        assert self._channel is not None
        try:
            data, descriptors = receive_with_descriptors(self._channel, MESSAGE_LIMIT_BYTES)
        except BlockingIOError:
            return
        except OSError:
            data, descriptors = b"", []
        if not data:
            self._close()
            return
        message = json.loads(data)
        if "ended" in message:
            self._note_ending(message["ended"], message["status"])
            return
        waiting = self._waiting.pop(message.pop("id"), None)
        if waiting is None or waiting.done():
            for descriptor in descriptors:
                os.close(descriptor)
            return
        waiting.set_result((message, descriptors))

    def _note_ending(self, pid: int, status: int) -> None:
        """A child may end before whoever started it has heard its pid."""
        future = self._ended.pop(pid, None)
        if future is None:
            self._early[pid] = status
            while len(self._early) > 256:
                del self._early[next(iter(self._early))]
        elif not future.done():
            future.set_result(status)

    def _close(self) -> None:
        if self._channel is None:
            return
        loop = asyncio.get_running_loop()
        loop.remove_reader(self._channel)
        self._channel.close()
        self._channel = None
        for waiting in self._waiting.values():
            if not waiting.done():
                waiting.set_exception(DeviceDown(5, "the device went down"))
        for ending in self._ended.values():
            if not ending.done():
                ending.set_result(128 + signal.SIGKILL)
        self._waiting.clear()
        self._ended.clear()
        loop.add_reader(self._pidfd, self._dead)

    def _dead(self) -> None:
        """The kernel has ended process 1 and everything below it."""
        asyncio.get_running_loop().remove_reader(self._pidfd)
        os.close(self._pidfd)
        self._pidfd = -1
        with contextlib.suppress(ChildProcessError):
            os.waitpid(self._pid, 0)
        self._gone.set()
        if self._on_death is not None:
            self._on_death()


def _say(channel: socket.socket, message: Mapping[str, Any]) -> None:
    send_with_descriptors(channel, json.dumps(message, default=dict).encode())


def _hear_one(channel: socket.socket) -> dict[str, Any]:
    data, _ = receive_with_descriptors(channel, MESSAGE_LIMIT_BYTES)
    if not data:
        raise HostCannot("the virtual device's first process ended before it was set up")
    message: dict[str, Any] = json.loads(data)
    return message


def write_maps(pid: int, candidates: Sequence[tuple[IdMap, IdMap]]) -> tuple[IdMap, IdMap]:
    """Give a process's new user namespace the first of these maps that the host allows."""
    write = _write_map_as_root if os.getuid() == 0 else _ask_for_map
    complaint = ""
    for users, groups in candidates:
        complaint = write(pid, "uid", users) or write(pid, "gid", groups)
        if not complaint:
            return users, groups
    raise HostCannot(f"this host gives the virtual device no user ids of its own: {complaint}")


def _write_map_as_root(pid: int, kind: str, chosen: IdMap) -> str:
    """What the kernel complained of; nothing if it worked."""
    try:
        Path(f"/proc/{pid}/{kind}_map").write_text(chosen.lines(), encoding="ascii")
    except OSError as error:
        return f"the kernel says {error.strerror} (is this a container with few privileges?)"
    return ""


def _ask_for_map(pid: int, kind: str, chosen: IdMap) -> str:
    """What newuidmap complained of; nothing if it worked."""
    command = [f"new{kind}map", str(pid), *chosen.arguments()]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=30)
    return "" if done.returncode == 0 else (done.stderr.strip() or f"status {done.returncode}")
