"""Every error of the harness, with the tree on top.

HoldfastError
├── ConfigurationError      a file or an option that the user wrote is wrong          exit 4
│   └── (holdfast.apk) ApkFormatError   a file that should be an APK is not one       exit 4
├── LabError                cable, host tool, lost or unready device: not the firmware  exit 3
│   ├── DeadlineExceeded    something did not happen in time; carries what was last seen
│   ├── DeviceLost          the device went away, or does not answer
│   ├── DeviceUnauthorized  the device has not accepted this lab's adb key
│   ├── HostToolMissing     a program on the host is missing or too old
│   ├── LeaseLost           the right to touch the device was taken by another run
│   └── UiLost              the UI server on the device does not answer
├── DeviceRefused           the device answered, and said no
└── HarnessFault            we did something that no scenario declared: our bug

The class says whose fault it is. A message says which device or file, what was asked, what came
back, and what to do. Facts are fields, so that reports need not parse messages.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

__all__ = [
    "ConfigurationError",
    "DeadlineExceeded",
    "DeviceLost",
    "DeviceRefused",
    "DeviceUnauthorized",
    "HarnessFault",
    "HoldfastError",
    "HostToolMissing",
    "LabError",
    "LeaseLost",
    "Place",
    "UiLost",
]


class HoldfastError(Exception):
    """Base of all errors that the harness raises on purpose."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """Where in a file something is wrong.

    `line` and `column` count from 1; `path` is like `devices[2].serial`.
    """

    file: Path
    line: int | None = None
    column: int | None = None
    path: str = ""

    def __str__(self) -> str:
        numbers = "".join(f":{n}" for n in (self.line, self.column) if n is not None)
        return f"{self.file}{numbers}" + (f": {self.path}" if self.path else "")


class ConfigurationError(HoldfastError):
    """The file (or option) is wrong. `place` is None for command line options."""

    def __init__(self, what: str, *, place: Place | None = None) -> None:
        super().__init__(f"{place}: {what}" if place else what)
        self.what = what
        self.place = place


class LabError(HoldfastError):
    """The lab failed, not the firmware: the result is inconclusive.

    `device` is its name in devices.yaml.
    """

    def __init__(self, message: str, *, device: str | None = None) -> None:
        super().__init__(f"{device}: {message}" if device else message)
        self.device = device


class DeadlineExceeded(LabError):
    """`what` did not happen within `allowed_s` seconds; `last_seen` is what was seen instead."""

    def __init__(
        self, what: str, *, allowed_s: float, last_seen: object = None, device: str | None = None
    ) -> None:
        seen = "" if last_seen is None else f"; last seen: {last_seen}"
        super().__init__(f"{what} did not happen within {allowed_s:g} s{seen}", device=device)
        self.what = what
        self.allowed_s = allowed_s
        self.last_seen = last_seen


class DeviceLost(LabError):
    """The device went away, or no longer answers."""


class DeviceUnauthorized(LabError):
    """The device has not accepted this lab's adb key."""


class HostToolMissing(LabError):
    """A program on the host is missing or too old."""


class LeaseLost(LabError):
    """The right to touch the device has gone to another run."""


class UiLost(LabError):
    """The UI server on the device does not answer, so what is on the screen is unknown."""


class DeviceRefused(HoldfastError):
    """The device answered, and said no: `answer` is its own text."""

    def __init__(self, asked: str, *, answer: str, device: str | None = None) -> None:
        prefix = f"{device}: " if device else ""
        super().__init__(f"{prefix}asked: {asked}; the device answered: {answer}")
        self.asked = asked
        self.answer = answer
        self.device = device


class HarnessFault(HoldfastError):
    """The harness did something that it must not, such as an undeclared destructive command."""
