"""Mounts for the users of a phone, made in process 1: what shells, adb and apps see of storage.

The file worker has mounts of its own, so that installd's work goes on behind a cover; of those
here it sees only what is mounted below PLACE.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Sequence

from virtualdevice.machine.kernel import MountFlag, mount, unmount

__all__ = ["PLACE", "attach", "cover", "detach", "prepare", "uncover"]

PLACE = "/storage/emulated"
COVERS = MountFlag.NO_SUID | MountFlag.NO_DEVICES
COVER_NAME = "covered"


def prepare(root: str) -> None:
    """Make the place; what comes and goes there is seen by the file worker, too."""
    mount("storage", root + PLACE, "tmpfs", MountFlag.NO_SUID, options="mode=711")
    mount("none", root + PLACE, "", MountFlag.SHARED)


def attach(user_id: int) -> None:
    """/data/media/USER at /storage/emulated/USER."""
    detach(user_id)
    os.mkdir(f"{PLACE}/{user_id}")
    mount(f"/data/media/{user_id}", f"{PLACE}/{user_id}", "", MountFlag.BIND)


def detach(user_id: int) -> None:
    """What still has files open there keeps them."""
    place = f"{PLACE}/{user_id}"
    if os.path.isdir(place):
        with contextlib.suppress(OSError):
            unmount(place)
        os.rmdir(place)


def cover(path: str, names: Sequence[tuple[str, int, int]]) -> None:
    """`names`: (name, mode, uid) of each directory that is to be seen."""
    uncover(path)
    below = os.stat(path)
    look = f"mode={below.st_mode & 0o7777:o},uid={below.st_uid},gid={below.st_gid}"
    mount(COVER_NAME, path, "tmpfs", COVERS, options=look)
    for name, mode, uid in names:
        os.mkdir(f"{path}/{name}")
        os.chown(f"{path}/{name}", uid, uid)
        os.chmod(f"{path}/{name}", mode)
    mount("none", path, "", COVERS | MountFlag.REMOUNT | MountFlag.BIND | MountFlag.READ_ONLY)


def uncover(path: str) -> None:
    """The one cover that there may be."""
    if _is_covered(path):
        unmount(path)


def _is_covered(path: str) -> bool:
    with open("/proc/self/mounts", encoding="utf-8") as table:
        return any(line.split()[:2] == [COVER_NAME, path] for line in table)
