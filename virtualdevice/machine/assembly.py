"""Put a machine together from what this host has and what the system server wants."""

from __future__ import annotations

import os
import subprocess
import sysconfig
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from virtualdevice.machine.applets import Applets, applets_for
from virtualdevice.machine.elf import interpreter_of
from virtualdevice.machine.host import HostCannot, choose_id_maps, find_programs
from virtualdevice.machine.layout import SystemPlan, plan_system
from virtualdevice.machine.machine import MachineSpec
from virtualdevice.seams import SystemServer
from virtualdevice.tools.build import built_client

__all__ = ["DISK", "machine_spec"]

LOCALES = (Path("/usr/lib/locale/C.utf8"), Path("/usr/lib/locale/C.UTF-8"))
SYNC_WORKER = "virtualdevice.adbd.sync_worker"
TOOLBOX_WORKER = "virtualdevice.machine.toolbox"
DISK = "disk"


def machine_spec(
    system: SystemServer, *, state: Path, serialno: str, native_tools: Sequence[str] = ()
) -> MachineSpec:
    """`native_tools` are commands that are no business of the system server's. HostCannot with one
    sentence if this host lacks something."""
    applets = applets_for(system.api, toybox_has=toybox_commands())
    compressed = any(name.startswith("sendrecv_v2_") for name in system.adb_features)
    return MachineSpec(
        serialno=serialno,
        hostname=system.adb_properties.get("ro.product.device", "localhost"),
        api=system.api,
        disk=state / DISK,
        maps=choose_id_maps(uid=os.getuid(), gid=os.getgid()),
        system=_plan(system, applets, native_tools),
        own_tools=applets.own | ({"toolbox"} if applets.umbrella == "toolbox" else frozenset()),
        workers=(SYNC_WORKER, *((TOOLBOX_WORKER,) if applets.own else ())),
        python_path=(sysconfig.get_path("purelib"), sysconfig.get_path("platlib"))
        if compressed
        else (),
    )


def _plan(system: SystemServer, applets: Applets, native_tools: Sequence[str]) -> SystemPlan:
    programs = find_programs()
    interpreter = interpreter_of(programs.toybox.read_bytes())
    if interpreter is None:
        raise HostCannot("this host's toybox is a static program: the device cannot use it yet")
    return plan_system(
        api=system.api,
        applets=applets,
        tool_names=[*system.tool_names, *native_tools],
        mksh=programs.mksh,
        toybox=programs.toybox,
        busybox=programs.busybox,
        client=built_client(),
        libraries=needed_libraries(programs.mksh, programs.toybox),
        interpreter=Path(interpreter),
        locale=next((path for path in LOCALES if path.is_dir()), None),
    )


@cache
def toybox_commands() -> frozenset[str]:
    done = subprocess.run(
        [str(find_programs().toybox)], capture_output=True, text=True, check=True, timeout=30
    )
    return frozenset(done.stdout.split())


@cache
def needed_libraries(*programs: Path) -> tuple[Path, ...]:
    """What `ldd` says, but for the loader."""
    found: set[Path] = set()
    for program in programs:
        done = subprocess.run(
            ["ldd", str(program)], capture_output=True, text=True, check=False, timeout=30
        )
        for line in done.stdout.splitlines():
            _, arrow, rest = line.partition("=>")
            where = rest.split(" (")[0].strip()
            if arrow and where.startswith("/"):
                found.add(Path(where))
    return tuple(sorted(found))
