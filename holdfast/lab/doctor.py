"""Can this host do what the inventory asks of it? Each check says what to do if not."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import adbutils

from holdfast.deadline import Deadline
from holdfast.device.bootloader import find_fastboot
from holdfast.errors import HoldfastError
from holdfast.lab.adb_host import AdbHost
from holdfast.lab.inventory import AttachedSpec, DeviceSpec, Inventory, VirtualSpec
from holdfast.lab.leases import LeaseTable, default_state_dir
from holdfast.lab.provider import Check, look
from holdfast.lab.providing import provider_for
from holdfast.lab.started import Started, find_program, require_version
from holdfast.lab.virtual import complaint_about

__all__ = ["checks", "state_of"]

_ANSWER_S = 5.0
_START_S = 60.0
_FASTBOOT_VERSION = re.compile(r"fastboot version (\d+)\.(\d+)")
_OLDEST_FASTBOOT = (35, 0)


def checks(inventory: Inventory, *, folder: Path) -> Iterator[Check]:
    """All checks that this inventory needs, as they are done; nothing is left changed. `folder` is
    the one of devices.yaml."""
    yield _python()
    yield _state_dir()
    yield _adb_program()
    if any(isinstance(spec, VirtualSpec) for spec in inventory.devices):
        yield from _rehearsal_programs()
        yield _namespaces()
    for spec in inventory.devices:
        for check in _of_device(spec, folder):
            yield replace(check, what=f"device {spec.name}: {check.what}")


def _of_device(spec: DeviceSpec, folder: Path) -> Iterator[Check]:
    if isinstance(spec, AttachedSpec):
        yield from _attached(spec)
    elif isinstance(spec, VirtualSpec):
        wrong = complaint_about(spec, folder=folder)
        yield Check(what="its firmware", well=not wrong, found=wrong or spec.personality)
    else:
        provider = provider_for(spec, folder=folder)
        assert isinstance(provider, Started)
        yield from provider.launcher.host_checks(Deadline.after(_START_S))


def state_of(spec: DeviceSpec) -> str:
    """What can be seen of a device without starting or connecting anything."""
    if not isinstance(spec, AttachedSpec):
        return "started by each run"
    adb = AdbHost(host=spec.adb_host, port=spec.adb_port)
    try:
        state = adb.state_of(spec.serial, Deadline.after(_ANSWER_S))
    except HoldfastError:
        return f"no adb server at {spec.adb_host}:{spec.adb_port}"
    return state or "not there"


def _python() -> Check:
    found = ".".join(str(n) for n in sys.version_info[:3])
    return Check(
        what="Python 3.11 or newer",
        well=sys.version_info >= (3, 11),
        found=found,
        advice="install a newer Python",
    )


def _state_dir() -> Check:
    folder = default_state_dir()
    try:
        LeaseTable(folder).entry("doctor")
        folder.mkdir(parents=True, exist_ok=True)
        well = os.access(folder, os.W_OK)
    except OSError:
        well = False
    return Check(
        what="a folder for leases",
        well=well,
        found=str(folder),
        advice="make it writable, or name another in HOLDFAST_STATE_DIR",
    )


def _adb_program() -> Check:
    program = str(adbutils.adb_path())
    answer = _answer([program, "version"])
    lines = answer.splitlines()
    return Check(
        what="the adb program",
        well=bool(lines) and "Android Debug Bridge" in lines[0],
        found=f"{program}: {lines[1] if len(lines) > 1 else answer or 'does not run'}",
        advice="reinstall adbutils: pip install --force-reinstall adbutils",
    )


def _rehearsal_programs() -> Iterator[Check]:
    for program, package in (
        ("mksh", "mksh"),
        ("toybox", "toybox"),
        ("busybox", "busybox-static"),
        ("newuidmap", "uidmap"),
    ):
        found = shutil.which(program)
        yield Check(
            what=f"{program} (rehearsal devices)",
            well=found is not None,
            found=found or "missing",
            advice=f"apt-get install {package}",
        )


def _namespaces() -> Check:
    done = _status(["unshare", "--user", "--map-root-user", "--mount", "--pid", "--fork", "true"])
    return Check(
        what="namespaces (rehearsal devices)",
        well=done == 0,
        found="allowed" if done == 0 else "refused",
        advice="allow unprivileged user namespaces (sysctl kernel.unprivileged_userns_clone=1, or "
        "kernel.apparmor_restrict_unprivileged_userns=0), or run as root",
    )


def _attached(spec: AttachedSpec) -> Iterator[Check]:
    state = state_of(spec)
    yield Check(
        what="its state",
        well=state == "device",
        found=f"{spec.serial}: {state}",
        advice=_ADVICE.get(state, "check cable, USB debugging and the serial in devices.yaml"),
    )
    if spec.fastboot is not None:
        yield look("fastboot", lambda: _new_fastboot(spec))
    if spec.usb_power is not None:
        advice = "install uhubctl (Debian: apt-get install uhubctl)"
        yield look("uhubctl", lambda: find_program("uhubctl", advice=advice, device=spec.name))


def _new_fastboot(spec: AttachedSpec) -> str:
    """Debian's version 29 knows no logical partitions, which phones have since Android 10."""
    return require_version(
        [str(find_fastboot()), "--version"],
        _FASTBOOT_VERSION,
        _OLDEST_FASTBOOT,
        advice="install Google's platform-tools",
        deadline=Deadline.after(_START_S),
        device=spec.name,
        environment={},
    )


_ADVICE = {
    "unauthorized": "unlock its screen and accept this computer's adb key",
    "offline": "take the cable out and put it back",
}


def _answer(command: list[str]) -> str:
    try:
        done = subprocess.run(
            command, capture_output=True, timeout=_START_S, stdin=subprocess.DEVNULL, check=False
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout.decode("utf-8", "replace")


def _status(command: list[str]) -> int | None:
    if shutil.which(command[0]) is None:
        return None
    try:
        return subprocess.run(
            command,
            capture_output=True,
            timeout=_START_S,
            stdin=subprocess.DEVNULL,
            check=False,
            cwd=Path("/"),
        ).returncode
    except (OSError, subprocess.SubprocessError):
        return None
