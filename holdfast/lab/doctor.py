"""Can this host do what the inventory asks of it? Each check says what to do if not."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import adbutils

from holdfast.deadline import Deadline
from holdfast.errors import HoldfastError
from holdfast.lab.adb_host import AdbHost
from holdfast.lab.inventory import AttachedSpec, DeviceSpec, Inventory, VirtualSpec
from holdfast.lab.leases import LeaseTable, default_state_dir

__all__ = ["Check", "checks", "state_of"]

_ANSWER_S = 5.0
_START_S = 60.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Check:
    """One finding. `advice` is what to do where it is not well."""

    what: str
    well: bool
    found: str
    advice: str = ""


def checks(inventory: Inventory) -> Iterator[Check]:
    """All checks that this inventory needs, as they are done; nothing is left changed."""
    yield _python()
    yield _state_dir()
    yield _adb_program()
    if any(isinstance(spec, VirtualSpec) for spec in inventory.devices):
        yield from _rehearsal_programs()
        yield _namespaces()
    for spec in inventory.devices:
        if isinstance(spec, AttachedSpec):
            yield _attached(spec)


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


def _attached(spec: AttachedSpec) -> Check:
    state = state_of(spec)
    return Check(
        what=f"device {spec.name}",
        well=state == "device",
        found=f"{spec.serial}: {state}",
        advice=_ADVICE.get(state, "check cable, USB debugging and the serial in devices.yaml"),
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
