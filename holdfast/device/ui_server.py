"""uiautomator2's server on the device: start it, ask it, start it again when it dies.

The program (`u2.jar`) is the one inside the uiautomator2 package, unmodified. Its Python client is
not used: it restarts a dead server without saying so, which would hide a time in which the screen
was not seen, and it gives up to a socket's time limit of ten minutes. Only calls that look at the
screen, tap and press keys are made; the server's own watchers and input methods never are.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from holdfast.deadline import Clock, Deadline, wait_until
from holdfast.device.adb import AdbLink, AdbStream
from holdfast.device.shell import Files, Shell
from holdfast.errors import DeviceLost, DeviceRefused, HostToolMissing, LabError, UiLost

__all__ = ["JAR", "Interruption", "UiServer"]

JAR = "/data/local/tmp/u2.jar"
_PORT = 9008
_COMMAND = f"CLASSPATH={JAR} app_process / com.wetest.uia2.Main -p {_PORT}"
# Slow devices take seconds to show their screen, and a minute to start a program at first.
_CALL_S = 20.0
_START_S = 120.0
_PING_S = 5.0
_STOP_S = 1.0
_LIMIT_BYTES = 64 << 20
# What the server says when Android's half of it has gone: only a new server helps.
_DEAD = ("UiAutomation not connected", "DeadObjectException", "DeadSystemRuntimeException")


class _ServerDied(UiLost):
    """It does not answer at all: a new one may."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Interruption:
    """A time in which the server did not answer; seconds on the clock's `monotonic`."""

    began: float
    ended: float
    why: str


@cache
def _jar() -> tuple[bytes, str]:
    """The server's program and its MD5, which is what old devices can compute too."""
    found = importlib.util.find_spec("uiautomator2")
    if found is None or found.origin is None:
        raise HostToolMissing("the package uiautomator2 is not installed: run `make setup`")
    path = Path(found.origin).parent / "assets" / "u2.jar"
    try:
        content = path.read_bytes()
    except OSError as error:
        raise HostToolMissing(f"uiautomator2 has no u2.jar where it should be: {path}") from error
    return content, hashlib.md5(content, usedforsecurity=False).hexdigest()


class UiServer:
    """The one UI server of a device; threads may share it. It starts with the first call."""

    def __init__(self, link: AdbLink, shell: Shell, files: Files, *, clock: Clock) -> None:
        self._link = link
        self._shell = shell
        self._files = files
        self._clock = clock
        self._lock = threading.Lock()
        self._process: AdbStream | None = None
        self._jar_is_there = False
        self._generation = 0
        self.interruptions: list[Interruption] = []

    def call(self, method: str, *parameters: object, deadline: Deadline) -> object:
        """A JSON-RPC call; its result.

        A dead server is started again, and that it was is kept in `interruptions`. UiLost if it
        stays dead, or answers with an error.
        """
        generation = self._generation or self.start(deadline=deadline)
        began = self._clock.monotonic()
        try:
            return self._ask(method, parameters, deadline=deadline)
        except _ServerDied as error:
            self._restart(generation, began=began, why=str(error), deadline=deadline)
        return self._ask(method, parameters, deadline=deadline)

    def start(self, *, deadline: Deadline) -> int:
        """Start it if it does not answer; the number of the start."""
        with self._lock:
            if not self._answers(deadline):
                self._launch(deadline)
            self._generation += 1
            return self._generation

    def stop(self) -> None:
        """End the server, if it was started here; the next call starts it again.

        Returns when it no longer answers (or after a second): a server that is on its way out
        would pass for a running one.
        """
        with self._lock:
            self._generation = 0
            if self._process is None:
                return
            self._close()
            step = Deadline.after(_STOP_S, clock=self._clock)
            try:
                wait_until(lambda: not self._answers(step), step, what="its end", every_s=0.02)
            except LabError:
                return  # whoever starts it next finds out

    def _close(self) -> None:
        if self._process:
            self._process.close()  # its shell gets SIGHUP
            self._process = None

    def _restart(self, generation: int, *, began: float, why: str, deadline: Deadline) -> None:
        with self._lock:
            if self._generation == generation:
                self._close()
                self._launch(deadline)
                self._generation += 1
            ended = self._clock.monotonic()
            self.interruptions.append(Interruption(began=began, ended=ended, why=why))

    def _launch(self, deadline: Deadline) -> None:
        step = deadline.within(_START_S)
        self._bring_jar(step)
        self._close()
        self._process = self._link.open(f"shell:{_COMMAND}", deadline=step)
        try:
            wait_until(
                lambda: self._answers(step),
                step,
                what="the UI server's start",
                every_s=0.03,
                device=self._link.device,
            )
        except LabError as error:
            self._close()
            raise UiLost(str(error)) from error

    def _bring_jar(self, deadline: Deadline) -> None:
        if self._jar_is_there:
            return
        content, md5 = _jar()
        command = f"toybox md5sum {JAR} 2>/dev/null || md5 {JAR}"
        if md5 not in self._shell.run(command, deadline=deadline).all_text:
            self._files.push(content, JAR, deadline=deadline)
        self._jar_is_there = True

    def _answers(self, deadline: Deadline) -> bool:
        try:
            return self._http("GET", "/ping", b"", deadline=deadline.within(_PING_S)) == b"pong"
        except (DeviceRefused, UiLost):
            return False
        except LabError:
            deadline.require("the UI server's answer", device=self._link.device)
            return False

    def _ask(self, method: str, parameters: Sequence[object], *, deadline: Deadline) -> object:
        body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": list(parameters)}
        step = deadline.within(_CALL_S)
        try:
            raw = self._http("POST", "/jsonrpc/0", json.dumps(body).encode(), deadline=step)
            answer = json.loads(raw)
        except (DeviceLost, DeviceRefused) as error:
            raise _ServerDied(f"the UI server does not answer: {error}") from error
        except ValueError as error:
            raise UiLost(f"the UI server answered no JSON: {error}") from error
        if isinstance(answer, dict) and "result" in answer:
            return answer["result"]
        message = json.dumps(answer)[:400]
        said = f"the UI server answered to {method}: {message}"
        raise _ServerDied(said) if any(word in message for word in _DEAD) else UiLost(said)

    def _http(self, verb: str, path: str, body: bytes, *, deadline: Deadline) -> bytes:
        """One request on a connection of its own; the body of a 200 answer."""
        what = f"UI server: {verb} {path}"
        head = (
            f"{verb} {path} HTTP/1.1\r\nHost: localhost:{_PORT}\r\nUser-Agent: uiautomator2\r\n"
            "Accept-Encoding: \r\nContent-Type: application/json\r\nConnection: close\r\n"
            f"Content-Length: {len(body)}\r\n\r\n"
        )
        with self._link.stream(f"tcp:{_PORT}", deadline=deadline) as stream:
            stream.send(head.encode() + body, deadline=deadline, what=what)
            received = bytearray()
            while (split := received.find(b"\r\n\r\n")) < 0:
                part = stream.receive(deadline=deadline, what=what)
                if not part:
                    raise _ServerDied(f"{what}: the connection ended before an answer")
                received += part
            status, length = _read_head(bytes(received[:split]))
            content = received[split + 4 :]
            while length is None or len(content) < length:
                part = stream.receive(deadline=deadline, what=what)
                if not part:
                    break
                content += part
                if len(content) > _LIMIT_BYTES:
                    raise UiLost(f"{what}: the answer has more than {_LIMIT_BYTES} bytes")
        if length is not None and len(content) < length:
            raise _ServerDied(f"{what}: the answer was cut off")
        if status != 200:
            raise _ServerDied(f"{what}: status {status}")
        return bytes(content)


def _read_head(head: bytes) -> tuple[int, int | None]:
    """Status and Content-Length of an HTTP answer."""
    lines = head.decode("latin-1").split("\r\n")
    words = lines[0].split()
    status = int(words[1]) if len(words) > 1 and words[1].isdigit() else 0
    for line in lines[1:]:
        name, _, value = line.partition(":")
        if name.strip().lower() == "content-length" and value.strip().isdigit():
            return status, int(value)
    return status, None
