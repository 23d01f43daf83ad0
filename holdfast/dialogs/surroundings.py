"""What else decides what a user could see: display, lock screen, user in front, split. Pure.

Read by one shell line, which changes nothing on the device. What a version does not print is None.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

__all__ = ["COMMAND", "Surroundings", "read_surroundings"]

COMMAND = (
    "dumpsys power | grep -E 'mWakefulness=|Display Power: state|mScreenOn='; "
    "dumpsys window policy | grep -E "
    "'mShowingLockscreen=|isStatusBarKeyguard=|mKeyguardShowing=|showing=|mIsShowing='; "
    "dumpsys window windows | grep -E 'mCurrentFocus=|Window #'; "
    "dumpsys activity activities | grep -E 'ResumedActivity|indowingMode=(split|multi)|Stack #3:'; "
    'echo "user $(am get-current-user 2>/dev/null)"'
)

_ON = re.compile(r"mWakefulness=Awake|Display Power: state=ON|mScreenOn=true")
_OFF = re.compile(r"mWakefulness=(?:Asleep|Dozing)|Display Power: state=OFF|mScreenOn=false")
# The first three until Android 9, then KeyguardServiceDelegate and KeyguardStateMonitor.
_KEYGUARD = re.compile(
    r"(?:mShowingLockscreen|isStatusBarKeyguard|mKeyguardShowing|mIsShowing)=(true|false)"
    r"|^\s*showing=(true|false)",
    re.MULTILINE,
)
# WindowConfiguration since Android 9; before, ActivityManager's docked stack has the number 3.
_SPLIT = re.compile(r"indowingMode=(?:split|multi)|Stack #3:")
_USER = re.compile(r"^user (\d{1,5})\s*$", re.MULTILINE)
# Window{hash u0 PACKAGE/CLASS}, ActivityRecord{hash u0 PACKAGE/CLASS t12}
_COMPONENT = re.compile(r" u\d+ ([\w.]+)/([\w.$]+)[\s}]")


@dataclass(frozen=True, kw_only=True, slots=True)
class Surroundings:
    """`activities`: by package, the class in front of it that the window manager names."""

    on: bool | None
    locked: bool | None
    user_id: int | None
    split: bool
    activities: Mapping[str, str]


def read_surroundings(text: str) -> Surroundings:
    """What `COMMAND` printed."""
    on = True if _ON.search(text) else (False if _OFF.search(text) else None)
    guards = [one or other for one, other in _KEYGUARD.findall(text)]
    user = _USER.search(text)
    activities: dict[str, str] = {}
    for package_name, name in _COMPONENT.findall(text):
        whole = f"{package_name}{name}" if name.startswith(".") else name
        activities.setdefault(package_name, whole)
    return Surroundings(
        on=on,
        locked="true" in guards if guards else None,
        user_id=int(user[1]) if user else None,
        split=bool(_SPLIT.search(text)),
        activities=activities,
    )
