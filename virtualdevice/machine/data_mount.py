"""Mount /data, seen from process 1 before the root directory changes (paths are on the disk).

Where snapshots are in use it is an overlay of their layers. A host may refuse overlays: then a
layer is a whole copy of what lies below it, marked as such, and that takes as long as copying does.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from virtualdevice.machine.kernel import MountFlag, mount

__all__ = ["mount_data"]

PLACE = "root/data"
COPY = ("/bin/cp", "-a", "--reflink=auto")
REMOVE = ("/bin/rm", "-rf")
"""The host's own programs: quicker than Python, which would have to be loaded for it, too."""


def mount_data(layers: Mapping[str, Any] | None) -> bool:
    """Whether it had to copy. OSError if neither an overlay nor a copy can be had."""
    if not layers:
        mount("data", PLACE, "", MountFlag.BIND)
        return False
    if not _is_whole(layers["upper"]):
        refused = _overlay(layers)
        if refused is None:
            return False
        _copy_from(layers["lower"][0], layers["upper"], refused)
        mount(layers["upper"], PLACE, "", MountFlag.BIND)
        return True
    mount(layers["upper"], PLACE, "", MountFlag.BIND)
    return False


def _beside(upper: str, name: str) -> str:
    return f"{os.path.dirname(upper)}/{name}"


def _is_whole(layer: str) -> bool:
    return layer == "data" or os.path.exists(_beside(layer, "whole"))


def _overlay(layers: Mapping[str, Any]) -> OSError | None:
    """What the host said, if it refuses. Nothing shows through a layer that is whole."""
    if not layers["overlay"]:
        return PermissionError(1, "overlays are switched off")
    lower: list[str] = []
    for layer in layers["lower"]:
        lower.append(layer)
        if _is_whole(layer):
            break
    fresh = not os.path.isdir(layers["upper"])
    if fresh:
        _make_layer(layers["upper"], layers["work"])
    options = f"lowerdir={':'.join(lower)},upperdir={layers['upper']}"
    options += f",workdir={layers['work']},userxattr"
    try:
        mount("overlay", PLACE, "overlay", MountFlag.NONE, options=options)
    except OSError as refused:
        if fresh:
            _run(*REMOVE, os.path.dirname(layers["upper"]))
        return refused
    return None


def _make_layer(upper: str, work: str) -> None:
    """A new layer's top has the owner and mode of /data, which it will be."""
    os.makedirs(upper)
    os.makedirs(work, exist_ok=True)
    like = os.stat("data")
    os.chown(upper, like.st_uid, like.st_gid)
    os.chmod(upper, like.st_mode & 0o7777)


def _copy_from(below: str, upper: str, refused: OSError) -> None:
    """Layers that an overlay made cannot be copied: what they hide is known to it alone."""
    if not _is_whole(below) or os.path.isdir(_beside(upper, "work")):
        raise refused
    _run(*REMOVE, upper)  # a copy that was cut short
    os.makedirs(os.path.dirname(upper), exist_ok=True)
    _run(*COPY, below, upper)
    os.close(os.open(_beside(upper, "whole"), os.O_CREAT | os.O_CLOEXEC, 0o600))


def _run(program: str, *arguments: str) -> None:
    pid = os.posix_spawn(program, [program, *arguments], {})
    if os.waitpid(pid, 0)[1] != 0:
        raise OSError(5, f"{program} {' '.join(arguments)} failed")
