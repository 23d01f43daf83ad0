"""`shell:`, `shell,v2:` and `exec:`: a program on the device, and its input and output."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
import signal
import socket
import struct
import termios
import tty
from dataclasses import dataclass

from virtualdevice.adbd.service_stream import (
    ServiceStream,
    StreamClosed,
    read_descriptor,
    write_descriptor,
)
from virtualdevice.adbd.shell_protocol import (
    FrameDecoder,
    FrameKind,
    ShellRequest,
    frame,
    window_size,
)
from virtualdevice.machine.machine import DeviceMachine
from virtualdevice.machine.processes import DeviceChild
from virtualdevice.seams import Credentials

__all__ = ["run_exec", "run_framed_shell", "run_plain_shell"]

SHELL = b"/system/bin/sh"
CHUNK_BYTES = 256 << 10
HANG_UP_GRACE_S = 0.15
HANG_UP_STEP_S = 0.02
HANG_UP_LIMIT_STEPS = 500
"""`adb exec-in` closes right behind its last bytes: a program that reads to the end gets the time
to do so before it is hung up on."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ShellContext:
    machine: DeviceMachine
    credentials: Credentials


async def start(
    context: ShellContext,
    request: ShellRequest,
    *,
    terminal: bool,
    stdio: tuple[int | None, int | None, int | None] = (None, None, None),
) -> tuple[DeviceChild, int | None]:
    """argv as adbd's: `sh -c COMMAND`, or the login shell `-`."""
    argv = [SHELL, b"-c", request.command] if request.command else [SHELL, b"-"]
    environment = context.machine.shell_environment(
        uid=context.credentials.uid, terminal=request.terminal_type
    )
    return await context.machine.spawner.program(
        SHELL,
        argv,
        credentials=context.credentials,
        environment=environment,
        stdio=stdio,
        terminal=terminal,
    )


async def run_plain_shell(
    stream: ServiceStream,
    context: ShellContext,
    request: ShellRequest,
    *,
    raw_terminal: bool = False,
) -> None:
    """Version 1 on a terminal: output and errors in one, no exit status."""
    child, master = await start(context, request, terminal=True)
    assert master is not None
    if raw_terminal:
        tty.setraw(master)
    stream.accept()
    feeding = asyncio.ensure_future(_feed_terminal(stream, master))
    try:
        await _pump(stream, master)
        await child.wait()
    finally:
        await _cancel(feeding)
        os.close(master)
        child.signal_session(signal.SIGHUP)


async def run_exec(stream: ServiceStream, context: ShellContext, request: ShellRequest) -> None:
    """`exec:`, and `shell:` of newer devices: a socket for input, output and errors; no line ends
    are changed."""
    ours, theirs = socket.socketpair()
    with ours:
        ours.setblocking(False)
        with theirs:
            number = theirs.fileno()
            child, _ = await start(context, request, terminal=False, stdio=(number, number, number))
        stream.accept()
        feeding = asyncio.ensure_future(_feed_socket(stream, ours, child))
        try:
            await _pump(stream, ours.fileno())
        except StreamClosed:
            await _let_finish(feeding, child)
        except asyncio.CancelledError:
            child.signal_session(signal.SIGHUP)
            raise
        finally:
            await _cancel(feeding)


async def run_framed_shell(
    stream: ServiceStream, context: ShellContext, request: ShellRequest
) -> None:
    """Version 2: framed; the exit status is the last frame."""
    if request.terminal:
        child, master = await start(context, request, terminal=True)
        assert master is not None
        ends = _Ends(stdin=master, stdout=master, stderr=None, master=master)
    else:
        child, ends = await _start_with_pipes(context, request)
    stream.accept()
    feeding = asyncio.ensure_future(_feed_frames(stream, ends))
    try:
        outputs = [_pump(stream, ends.stdout, FrameKind.STDOUT)]
        if ends.stderr is not None:
            outputs.append(_pump(stream, ends.stderr, FrameKind.STDERR))
        await asyncio.gather(*outputs)
        status = await child.wait()
        await stream.write(frame(FrameKind.EXIT, bytes([status & 0xFF])))
    except (StreamClosed, asyncio.CancelledError):
        # Before its input ends, or a script that reads runs on as if nothing had happened.
        await child.hang_up()
        raise
    finally:
        await _cancel(feeding)
        ends.close()


@dataclass(kw_only=True, slots=True)
class _Ends:
    """Our ends of a child's input and output; a terminal's are all one."""

    stdin: int | None
    stdout: int
    stderr: int | None
    master: int | None

    def close_stdin(self) -> None:
        """On a terminal it does nothing."""
        if self.stdin is not None and self.master is None:
            os.close(self.stdin)
            self.stdin = None

    def close(self) -> None:
        for descriptor in {self.stdin, self.stdout, self.stderr} - {None}:
            assert descriptor is not None
            os.close(descriptor)
        self.stdin = None


async def _start_with_pipes(
    context: ShellContext, request: ShellRequest
) -> tuple[DeviceChild, _Ends]:
    pipes = [os.pipe2(os.O_CLOEXEC) for _ in range(3)]
    (stdin_reader, stdin), (stdout, stdout_writer), (stderr, stderr_writer) = pipes
    theirs = (stdin_reader, stdout_writer, stderr_writer)
    try:
        child, _ = await start(context, request, terminal=False, stdio=theirs)
    except BaseException:
        for descriptor in (stdin, stdout, stderr):
            os.close(descriptor)
        raise
    finally:
        for descriptor in theirs:
            os.close(descriptor)
    for descriptor in (stdin, stdout, stderr):
        os.set_blocking(descriptor, False)
    return child, _Ends(stdin=stdin, stdout=stdout, stderr=stderr, master=None)


async def _pump(stream: ServiceStream, descriptor: int, kind: FrameKind | None = None) -> None:
    """Output to the host until its end. A host that closes ends it with StreamClosed at the next
    output, or at once."""
    closing = asyncio.ensure_future(stream.wait_closed())
    reading: asyncio.Future[bytes] | None = None
    try:
        while True:
            reading = asyncio.ensure_future(read_descriptor(descriptor, CHUNK_BYTES))
            await asyncio.wait({reading, closing}, return_when=asyncio.FIRST_COMPLETED)
            if not reading.done():
                raise StreamClosed
            data = reading.result()
            if not data:
                return
            await stream.write(data if kind is None else frame(kind, data))
    finally:
        await _cancel(closing, *([reading] if reading else []))


async def _feed_terminal(stream: ServiceStream, master: int) -> None:
    with contextlib.suppress(OSError):
        while data := await stream.read():
            await write_descriptor(master, data)


async def _feed_socket(stream: ServiceStream, ours: socket.socket, child: DeviceChild) -> None:
    """Input to the program; when the host has closed, its end, and after a grace a hang-up."""
    with contextlib.suppress(OSError):
        while data := await stream.read():
            await write_descriptor(ours.fileno(), data)
        ours.shutdown(socket.SHUT_WR)
        await _until_taken(ours)
    with contextlib.suppress(asyncio.TimeoutError):
        await asyncio.wait_for(child.wait(), HANG_UP_GRACE_S)
        return
    child.signal_session(signal.SIGHUP)


async def _until_taken(ours: socket.socket) -> None:
    """Returns when the program has read what it was sent, or clearly will not."""
    for _ in range(HANG_UP_LIMIT_STEPS):
        unread = struct.unpack("i", fcntl.ioctl(ours, termios.TIOCOUTQ, bytes(4)))[0]
        if unread == 0:
            return
        await asyncio.sleep(HANG_UP_STEP_S)


async def _let_finish(feeding: asyncio.Future[None], child: DeviceChild) -> None:
    """The host is gone: what it sent is still written out, then the program is hung up on."""
    await asyncio.wait({feeding})
    child.signal_session(signal.SIGHUP)


async def _feed_frames(stream: ServiceStream, ends: _Ends) -> None:
    decoder = FrameDecoder()
    while data := await stream.read():
        for kind, content in decoder.feed(data):
            if kind is FrameKind.STDIN and ends.stdin is not None:
                try:
                    await write_descriptor(ends.stdin, content)
                except OSError:
                    ends.close_stdin()
            elif kind is FrameKind.CLOSE_STDIN:
                ends.close_stdin()
            elif kind is FrameKind.WINDOW_SIZE and ends.master is not None:
                _set_window(ends.master, content)


def _set_window(master: int, content: bytes) -> None:
    size = window_size(content)
    if size is not None:
        with contextlib.suppress(OSError):
            fcntl.ioctl(master, termios.TIOCSWINSZ, struct.pack("4H", *size))


async def _cancel(
    *tasks: asyncio.Future[object] | asyncio.Future[None] | asyncio.Future[bytes],
) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
