"""Fakes at the device's seams: a shell that answers by pattern, files in memory, a screen."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from holdfast.deadline import Deadline
from holdfast.device.shell import ShellResult
from holdfast.device.ui_server import Interruption
from holdfast.errors import DeviceRefused, LabError

Reply = str | bytes | ShellResult | Callable[[str], ShellResult]


class FakeClock:
    """Time that passes only by sleeping, or by `advance`."""

    def __init__(self, now: float = 1000.0) -> None:
        self.now = now

    def monotonic(self) -> float:
        return self.now

    def time(self) -> float:
        return 1_700_000_000.0 + self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds

    def advance(self, seconds: float) -> None:
        self.now += seconds


@dataclass
class FakeShell:
    """The first pattern that is found in a command answers it; an unknown command is an error."""

    replies: list[tuple[str, Reply]] = field(default_factory=list)
    sent: list[str] = field(default_factory=list)

    def run(self, command: str, *, deadline: Deadline, stdin: bytes | None = None) -> ShellResult:
        deadline.require(command)
        self.sent.append(command)
        for pattern, reply in self.replies:
            if re.search(pattern, command):
                return _result(reply, command)
        raise AssertionError(f"no answer for the command {command!r}")

    def stream(self, command: str, *, deadline: Deadline) -> Iterator[bytes]:
        yield self.run(command, deadline=deadline).stdout


def _result(reply: Reply, command: str) -> ShellResult:
    if isinstance(reply, ShellResult):
        return reply
    if callable(reply):
        return reply(command)
    raw = reply.encode() if isinstance(reply, str) else reply
    return ShellResult(stdout=raw, exit_status=0)


@dataclass
class FakeFiles:
    """What was pushed, by path."""

    files: dict[str, bytes] = field(default_factory=dict)

    def push(
        self, content: bytes | Path, remote: str, *, deadline: Deadline, mode: int = 0o644
    ) -> None:
        self.files[remote] = content if isinstance(content, bytes) else content.read_bytes()

    def pull(self, remote: str, *, deadline: Deadline, limit_bytes: int = 64 << 20) -> bytes:
        if remote not in self.files:
            raise DeviceRefused(f"reading {remote}", answer="No such file or directory")
        return self.files[remote]


@dataclass
class FakeUi:
    """Shows what `screen` says (text of a hierarchy, or an error), and notes taps and keys."""

    screen: Callable[[], str | LabError]
    did: list[str] = field(default_factory=list)
    holes: list[Interruption] = field(default_factory=list)
    picture: bytes = b"\x89PNG"

    @property
    def interruptions(self) -> tuple[Interruption, ...]:
        return tuple(self.holes)

    def hierarchy(self, *, deadline: Deadline) -> str:
        shown = self.screen()
        if isinstance(shown, LabError):
            raise shown
        return shown

    def screenshot(self, *, deadline: Deadline) -> bytes:
        return self.picture

    def tap(self, x_px: int, y_px: int, *, deadline: Deadline) -> None:
        self.did.append(f"tap {x_px},{y_px}")

    def key(self, name: str, *, deadline: Deadline) -> None:
        self.did.append(f"key {name!r}")

    def stop(self) -> None:
        self.did.append("stop")


def node(
    text: str = "",
    *children: str,
    kind: str = "android.widget.TextView",
    package: str = "",
    resource_id: str = "",
    bounds: str = "[0,0][1080,1920]",
    clickable: bool = False,
) -> str:
    return (
        f'<node text="{text}" resource-id="{resource_id}" class="{kind}" package="{package}" '
        f'content-desc="" clickable="{str(clickable).lower()}" enabled="true" focusable="false" '
        f'focused="false" visible-to-user="true" bounds="{bounds}">{"".join(children)}</node>'
    )


def screen(*windows: str) -> str:
    return f'<hierarchy rotation="0">{"".join(windows)}</hierarchy>'


HOME = node("Apps", package="com.launcher", kind="android.widget.FrameLayout")


def dialog(
    title: str,
    message: str,
    *buttons: str,
    package: str = "com.store",
    bounds: str = "[90,700][990,1200]",
) -> str:
    """A dialog whose buttons are `android:id/button2` (left) and `android:id/button1` (right)."""
    ids = ["android:id/button2", "android:id/button1"][2 - len(buttons) :]
    places = ["[600,1100][780,1180]", "[800,1100][980,1180]"][2 - len(buttons) :]
    made = [
        node(text, kind="android.widget.Button", resource_id=i, bounds=place, clickable=True,
             package=package)
        for text, i, place in zip(buttons, ids, places, strict=True)
    ]  # fmt: skip
    inner = [
        node(
            title, resource_id="android:id/alertTitle", package=package, bounds="[100,720][900,800]"
        ),
        node(
            message, resource_id="android:id/message", package=package, bounds="[100,820][900,1000]"
        ),
        *made,
    ]
    return node("", *inner, kind="android.widget.FrameLayout", package=package, bounds=bounds)
