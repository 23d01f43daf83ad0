"""Commands over adb, with their own exit status, clean line ends and a deadline, on API 21 to 36.

From API 24 the shell protocol (adb's shell_protocol.h) carries exit status and stderr apart. Below,
`exec:` gives clean bytes, but neither: an exit status is written behind the output by ourselves.
"""

from __future__ import annotations

import itertools
import re
import secrets
import struct
from collections.abc import Iterator

from holdfast.deadline import Deadline
from holdfast.device.adb import AdbLink, AdbStream
from holdfast.device.shell import Files, ShellResult
from holdfast.errors import DeviceLost, DeviceRefused

__all__ = ["MAX_COMMAND_BYTES", "MAX_OLD_COMMAND_BYTES", "AdbShell"]

# A service name travels in one packet: 4 KiB before API 24, and adb's own length field has four
# hexadecimal digits. Longer commands go as a file.
MAX_OLD_COMMAND_BYTES = 3500
MAX_COMMAND_BYTES = 60_000
MAX_OUTPUT_BYTES = 512 << 20

_STDIN, _STDOUT, _STDERR, _EXIT, _CLOSE_STDIN = 0, 1, 2, 3, 4
_HEADER = struct.Struct("<BI")


class AdbShell:
    """The `Shell` of a device that adb reaches."""

    def __init__(self, link: AdbLink, files: Files, *, shell_v2: bool) -> None:
        self._link = link
        self._files = files
        self._shell_v2 = shell_v2
        self._numbers = itertools.count(1)
        self._token = secrets.token_hex(4)

    def run(self, command: str, *, deadline: Deadline, stdin: bytes | None = None) -> ShellResult:
        limit = MAX_COMMAND_BYTES if self._shell_v2 else MAX_OLD_COMMAND_BYTES
        if len(command.encode("utf-8", "surrogateescape")) > limit:
            return self._run_as_file(command, deadline=deadline, stdin=stdin)
        if self._shell_v2:
            return self._run_v2(command, deadline=deadline, stdin=stdin)
        if stdin is not None:
            return self._run_with_file(command, stdin, deadline=deadline)
        return self._run_v1(command, deadline=deadline)

    def stream(self, command: str, *, deadline: Deadline) -> Iterator[bytes]:
        what = _what(command)
        if self._shell_v2:
            stream = self._open(f"shell,v2,raw:{command}", deadline=deadline)
            try:
                for kind, data in _packets(stream, deadline=deadline, what=what):
                    if kind == _STDOUT:
                        yield data
                    elif kind == _EXIT:
                        return
            finally:
                stream.close()
            raise DeviceLost(f"the connection ended during: {what}", device=self._link.device)
        stream = self._open(f"exec:{command}", deadline=deadline)
        try:
            while chunk := stream.receive(deadline=deadline, what=what):
                yield chunk
        finally:
            stream.close()

    def _open(self, service: str, *, deadline: Deadline) -> AdbStream:
        try:
            return self._link.open(service, deadline=deadline)
        except DeviceRefused as error:
            # A running Android starts any shell: what refuses one is going down.
            raise DeviceLost(str(error), device=self._link.device) from error

    def _run_v2(self, command: str, *, deadline: Deadline, stdin: bytes | None) -> ShellResult:
        what = _what(command)
        stream = self._open(f"shell,v2,raw:{command}", deadline=deadline)
        try:
            if stdin is not None:
                for start in range(0, len(stdin), 1 << 15):
                    part = stdin[start : start + (1 << 15)]
                    packet = _HEADER.pack(_STDIN, len(part)) + part
                    stream.send(packet, deadline=deadline, what=what)
            stream.send(_HEADER.pack(_CLOSE_STDIN, 0), deadline=deadline, what=what)
            out, err, status = _collect(stream, deadline=deadline, what=what)
        finally:
            stream.close()
        if status is None:
            raise DeviceLost(f"the connection ended during: {what}", device=self._link.device)
        return ShellResult(stdout=out, stderr=err, exit_status=status)

    def _run_v1(self, command: str, *, deadline: Deadline) -> ShellResult:
        what = _what(command)
        marker = f"holdfast-{self._token}-{next(self._numbers)}"
        # A subshell, so that `exit` in the command ends only itself; a line end, so that a comment
        # in it does.
        stream = self._open(f"exec:({command}\n)\necho {marker}:$?", deadline=deadline)
        raw = bytearray()
        try:
            while chunk := stream.receive(deadline=deadline, what=what):
                raw += chunk
                _limit(len(raw), what, self._link.device)
        finally:
            stream.close()
        match = re.search(rb"%b:(\d{1,3})\r?\n?\Z" % marker.encode(), raw)
        if not match:
            raise DeviceLost(
                f"the connection ended during: {what}; last output: {bytes(raw[-120:])!r}",
                device=self._link.device,
            )
        return ShellResult(stdout=bytes(raw[: match.start()]), exit_status=int(match[1]))

    def _run_with_file(self, command: str, stdin: bytes, *, deadline: Deadline) -> ShellResult:
        """adb's old protocol cannot end a command's input without ending the command."""
        remote = f"/data/local/tmp/holdfast-{self._token}-{next(self._numbers)}.in"
        self._files.push(stdin, remote, deadline=deadline)
        return self._run_v1(
            f"({command}\n) < {remote}\nstatus=$?; rm {remote}; exit $status", deadline=deadline
        )

    def _run_as_file(self, command: str, *, deadline: Deadline, stdin: bytes | None) -> ShellResult:
        remote = f"/data/local/tmp/holdfast-{self._token}-{next(self._numbers)}.sh"
        content = command.encode("utf-8", "surrogateescape")
        self._files.push(content, remote, deadline=deadline)
        call = f"sh {remote}; status=$?; rm {remote}; exit $status"
        return self.run(call, deadline=deadline, stdin=stdin)


def _what(command: str) -> str:
    line = " ".join(command.split())
    return f"shell command `{line[:97]}…`" if len(line) > 98 else f"shell command `{line}`"


def _limit(size_bytes: int, what: str, device: str) -> None:
    if size_bytes > MAX_OUTPUT_BYTES:
        raise DeviceLost(f"{what} wrote more than {MAX_OUTPUT_BYTES} bytes", device=device)


def _packets(stream: AdbStream, *, deadline: Deadline, what: str) -> Iterator[tuple[int, bytes]]:
    """The packets of the shell protocol; ends with the stream."""
    buffer = bytearray()
    while chunk := stream.receive(deadline=deadline, what=what):
        buffer += chunk
        while len(buffer) >= _HEADER.size:
            kind, length = _HEADER.unpack_from(buffer)
            end = _HEADER.size + length
            if len(buffer) < end:
                break
            data = bytes(buffer[_HEADER.size : end])
            del buffer[:end]
            yield kind, data


def _collect(
    stream: AdbStream, *, deadline: Deadline, what: str
) -> tuple[bytes, bytes, int | None]:
    out, err = bytearray(), bytearray()
    for kind, data in _packets(stream, deadline=deadline, what=what):
        if kind == _STDOUT:
            out += data
        elif kind == _STDERR:
            err += data
        elif kind == _EXIT:
            return bytes(out), bytes(err), data[0] if data else 255
        _limit(len(out) + len(err), what, "")
    return bytes(out), bytes(err), None
