"""Which defects there are, and which checks none of them can turn red, with the reason."""

from __future__ import annotations

import runpy
from collections.abc import Mapping

from holdfast.userdata.detectors import NOT_BY_SNAPSHOT
from virtualdevice.system.builtin_defects import BUILTIN
from virtualdevice.system.defects import Defect

__all__ = ["NOT_REHEARSED", "built_in_defects", "outside_defects"]

_NO_PRELOAD = "the app under test is no part of the system image"

NOT_REHEARSED: Mapping[str, str] = {
    "3 a preloaded app took the user's app's place": _NO_PRELOAD,
    "4 a preloaded app has another signer and the old data": _NO_PRELOAD,
    "6 a preloaded app got another app id": _NO_PRELOAD,
    "9 the app's own update was dropped": _NO_PRELOAD,
    "10 a preloaded app left the system": _NO_PRELOAD,
    "11 the factory version came back without the data": _NO_PRELOAD,
    "8 all apps got other app ids": "only one app of the rehearsal device is the user's",
    "26 labels no longer fit the app": "the rehearsal device has no SELinux",
    "31 a storage volume is gone": "the rehearsal device has one volume",
}
"""Checks that only a phone, or a test with values made by hand, can turn red."""


def built_in_defects() -> tuple[str, ...]:
    """Those of a firmware that two snapshots show. Faults of the lab's kind are no judgement on
    anybody's data: that they never look like one is tested where each of them can be met."""
    return tuple(
        name
        for name, defect in BUILTIN.items()
        if defect.reference and int(defect.reference) not in NOT_BY_SNAPSHOT
    )


def outside_defects(given: str) -> tuple[str, ...]:
    """`path.py:NAME` for what the command was given: one of them, or a file that holds several."""
    if not given.endswith(".py"):
        return (given,)
    held = runpy.run_path(given)
    return tuple(f"{given}:{name}" for name, value in held.items() if isinstance(value, Defect))
