"""The plugin's options. This module imports nothing that costs time: pytest loads it always."""

from __future__ import annotations

import pytest

__all__ = ["OPTIONS", "add_options"]

_REPEATED = {
    "--device": ("NAME", "Use this device of the file only; may be repeated"),
    "--defect": (
        "NAME",
        "Give this defect to every device that can be given one; may be repeated",
    ),
}
_SINGLE = {
    "--devices": ("FILE", "The lab's devices (default: devices.yaml beside the configuration)"),
    "--base": ("APK", "The installed version, instead of our own app"),
    "--update": ("APK", "The update to --base; without it the harness re-signs --base"),
    "--known-issues": (
        "FILE",
        "Expected failures, or none (default: known_issues.yaml if it is there)",
    ),
    "--reports": ("DIR", "Where results go (default: reports beside the configuration)"),
}
OPTIONS = frozenset(_REPEATED) | frozenset(_SINGLE)
_ADDED = "holdfast"


def add_options(parser: pytest.Parser) -> None:
    """Add them once, whichever of the plugin's modules pytest loads first."""
    group = parser.getgroup(_ADDED, "firmware regression tests")
    if group.options:
        return
    group.addoption(
        "--plan",
        action="store_true",
        help="Print devices, states, flashes, wipes and estimated minutes, and touch nothing",
    )
    for name, (metavar, help_text) in _SINGLE.items():
        group.addoption(name, metavar=metavar, help=help_text)
    for name, (metavar, help_text) in _REPEATED.items():
        group.addoption(name, metavar=metavar, help=help_text, action="append", default=[])
