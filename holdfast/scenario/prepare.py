"""Bring a device to a clean state before a scenario, and back to it behind one, and prove it.

Clean: neither the app nor anything it left, nothing of the harness's in the temporary folder, the
screen on and unlocked, and the home screen before everything else. What that destroys is the app
under test alone, by declaration.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from holdfast.deadline import Deadline, wait_until
from holdfast.device.device import Device
from holdfast.device.shell import quote
from holdfast.dialogs.asked import asked_windows
from holdfast.dialogs.captured import ButtonRole
from holdfast.dialogs.hierarchy import Hierarchy, read_hierarchy
from holdfast.errors import LabError
from holdfast.journal import Declaration, DestructionKind
from holdfast.scenario.routes import Store, clean_up

__all__ = ["Home", "make_clean"]

_LEFT = "/data/local/tmp/holdfast-*"
_AWAKE = re.compile(r"mWakefulness=Awake|Display Power: state=ON|mScreenOn=true")
_ASLEEP = re.compile(r"mWakefulness=(Asleep|Dozing)|Display Power: state=OFF|mScreenOn=false")
# The first three until Android 9, then KeyguardServiceDelegate and KeyguardStateMonitor.
_LOCKED = re.compile(
    r"mShowingLockscreen=true|isStatusBarKeyguard=true|mKeyguardShowing=true"
    r"|^\s*showing=true|mIsShowing=true",
    re.MULTILINE,
)
# Menu opens the lock screen of old versions, a swipe upwards that of the others.
_UNLOCK = "wm dismiss-keyguard; input keyevent 82; input swipe 360 1000 360 200"
_HOME_PROCESS = re.compile(r"mHomeProcess: ?ProcessRecord\{\S+ \d+:([\w.]+)[/:]")
_PATIENCE = 6


@dataclass(frozen=True, kw_only=True, slots=True)
class Home:
    """The clean screen: the packages that draw it, none of which asks the user anything."""

    packages: frozenset[str]


def make_clean(
    device: Device, package_name: str, *, store: Store | None, deadline: Deadline
) -> Home:
    """Bring `device` to a clean state and prove it. LabError says what stands in the way."""
    _remove_app(device, package_name, deadline)
    clean_up(device, store=store, deadline=deadline)
    _wake(device, deadline)
    home = _go_home(device, deadline)
    _prove(device, package_name, deadline)
    return home


def _remove_app(device: Device, package_name: str, deadline: Deadline) -> None:
    if package_name not in device.packages.names(deadline=deadline, with_kept_data=True):
        return
    declaration = Declaration(
        device=device.name,
        kind=DestructionKind.UNINSTALL,
        target=package_name,
        reason="restoring the clean state: the app under test is the harness's own to remove",
    )
    with device.ledger.declared(declaration):
        device.packages.uninstall(package_name, deadline=deadline)


def _wake(device: Device, deadline: Deadline) -> None:
    """Screen on, lock screen away. A lock that wants a secret is the operator's to remove."""
    state = _power(device, deadline)
    if _ASLEEP.search(state) and not _AWAKE.search(state):
        device.shell.run("input keyevent 224", deadline=deadline)
    if not _LOCKED.search(state):
        return
    device.shell.run(_UNLOCK, deadline=deadline)

    def unlocked() -> bool:
        return not _LOCKED.search(_power(device, deadline))

    try:
        wait_until(unlocked, deadline.within(10), what="unlocking the screen", device=device.name)
    except LabError as error:
        raise LabError(
            "its screen stays locked: take the lock with a secret off (Settings, Security)",
            device=device.name,
        ) from error


def _power(device: Device, deadline: Deadline) -> str:
    command = (
        "dumpsys power | grep -E 'mWakefulness=|Display Power: state|mScreenOn='; "
        "dumpsys window policy | grep -E "
        "'mShowingLockscreen=|isStatusBarKeyguard=|mKeyguardShowing=|showing=|mIsShowing='"
    )
    return device.shell.run(command, deadline=deadline).text


def _go_home(device: Device, deadline: Deadline) -> Home:
    """Press Home until nothing but it is shown; old prompts are declined by their safe button."""
    device.ui.key("home", deadline=deadline)
    last = ""
    for attempt in range(_PATIENCE):
        hierarchy = _settled(device, deadline)
        home = _home_packages(device, hierarchy, deadline)
        prompts = asked_windows(hierarchy, own=home, language=device.build.locale)
        if not prompts:
            return Home(packages=home)
        prompt = prompts[-1]
        last = f"{prompt.package_name}: {prompt.title or prompt.message[:80]}"
        safe = next((b for b in prompt.buttons if b.role is ButtonRole.NEGATIVE), None)
        if safe and attempt < 2:
            device.ui.tap(*safe.bounds.centre_px, deadline=deadline)
        elif attempt < 4:
            device.ui.key("back", deadline=deadline)
        else:
            _stop(device, prompt.package_name, deadline)
        device.ui.key("home", deadline=deadline)
    raise LabError(f"something stays before the home screen: {last}", device=device.name)


def _stop(device: Device, package_name: str, deadline: Deadline) -> None:
    device.shell.run(f"am force-stop {quote(package_name)}", deadline=deadline)


def _settled(device: Device, deadline: Deadline) -> Hierarchy:
    """The screen, once two looks at it are the same."""
    seen = {"xml": ""}

    def stands_still() -> str | None:
        before, seen["xml"] = seen["xml"], device.ui.hierarchy(deadline=deadline)
        return seen["xml"] if seen["xml"] == before else None

    try:
        xml = wait_until(
            stands_still, deadline.within(5), what="a still screen", every_s=0.08,
            device=device.name,
        )  # fmt: skip
    except LabError:
        xml = seen["xml"]  # a clock or a picture that moves
    return read_hierarchy(xml)


def _home_packages(device: Device, hierarchy: Hierarchy, deadline: Deadline) -> frozenset[str]:
    """Who draws the home screen: the launcher, by the activity manager's word for it (which not
    every version has), and the system's bars."""
    answer = device.shell.run(
        "dumpsys activity processes | grep mHomeProcess", deadline=deadline
    ).text
    named = set(_HOME_PROCESS.findall(answer))
    return frozenset((named or _bottom(hierarchy)) | {"com.android.systemui"})


def _bottom(hierarchy: Hierarchy) -> set[str]:
    """The lowest window of an app: after Home was pressed that is the launcher."""
    names = [w.package_name for w in hierarchy.windows if w.package_name != "com.android.systemui"]
    return set(names[:1])


def _prove(device: Device, package_name: str, deadline: Deadline) -> None:
    names = device.packages.names(deadline=deadline, with_kept_data=True)
    if package_name in names:
        raise LabError(
            f"{package_name} cannot be removed: it is part of the firmware, or left a record that "
            "uninstalling does not take away; use another app, or reset the device",
            device=device.name,
        )
    left = device.shell.run(f"ls -d {_LEFT} 2>/dev/null", deadline=deadline).text.split()
    kept = [path for path in left if path.startswith("/data/local/tmp/holdfast-")]
    if kept:
        device.shell.run("rm -rf " + " ".join(map(quote, kept)), deadline=deadline)
