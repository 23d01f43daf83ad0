"""Remove a device's disk from the host: its files belong to the device's ids, not to ours."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from virtualdevice.machine.host import HostCannot, choose_id_maps
from virtualdevice.machine.kernel import Namespace, unshare
from virtualdevice.machine.zygote_link import PROJECT, write_maps

__all__ = ["remove_disk"]

START = (
    "import sys; sys.path.insert(0, sys.argv[1]);"
    "from virtualdevice.machine.wipe import wipe_here; wipe_here()"
)


def remove_disk(disk: Path) -> None:
    """Remove it with all that it holds; what cannot be removed stays, without an error: it lies in
    the temporary directory. The device must be down."""
    if os.getuid() != 0 and disk.is_dir():
        try:
            _wipe_as_the_device(disk)
        except (HostCannot, OSError):
            return
    shutil.rmtree(disk, ignore_errors=True)


def _wipe_as_the_device(disk: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-I", "-S", "-c", START, str(PROJECT)],
        cwd=disk,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as helper:
        assert helper.stdin is not None
        assert helper.stdout is not None
        if helper.stdout.readline():
            write_maps(helper.pid, choose_id_maps(uid=os.getuid(), gid=os.getgid()))
            helper.stdin.write(b"\n")
        helper.stdin.close()
        helper.wait()


def wipe_here() -> None:
    """In a process of its own: become the device's root, and empty the working directory."""
    unshare(Namespace.USER)
    sys.stdout.write("\n")
    sys.stdout.flush()
    if not sys.stdin.readline():
        return
    os.setgroups([])
    os.setresgid(0, 0, 0)
    os.setresuid(0, 0, 0)
    for name in os.listdir():
        shutil.rmtree(name, ignore_errors=True)
