"""User data (/data, /cache, /metadata), seen from process 1 before the root directory changes.

Paths are on the device's disk. Each layer is a directory with all three in it; where there is more
than one, they are an overlay. A host may refuse overlays: then a layer is a whole copy of what lies
below it, marked as such, and that takes as long as copying does.

A layer that nothing needs any more is only set aside before a boot. A process of low priority
deletes it while the device runs; what it did not come to is deleted during the next boot.
"""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Mapping, Sequence
from typing import Any

from virtualdevice.machine.building import make_directories
from virtualdevice.machine.kernel import (
    MountFlag,
    Namespace,
    mount,
    name_this_process,
    pivot_into,
    unshare,
)

__all__ = ["USER_DATA", "delete_what_was_set_aside", "empty", "mount_user_data"]

USER_DATA = ("data", "cache", "metadata")
LAYERS, TRASH, PLACE = "layers", "trash", "user"
COPY = ("/bin/cp", "-a", "--reflink=auto")
REMOVE = ("/bin/rm", "-rf")
"""The host's own programs: quicker than Python, which would have to be loaded for it, too."""
NICENESS = 10
MOUNT_OPTIONS = (",userxattr,volatile", ",userxattr")
"""Without `volatile` (Linux 5.10) each shutdown waits until the host has written to its disk all
that it has not written yet, of whomever."""


def mount_user_data(layers: Mapping[str, Any], directories: Sequence[Sequence[Any]]) -> bool:
    """Whether it had to copy. OSError if neither an overlay nor a copy can be had."""
    _set_aside(layers["kept"])
    os.makedirs(PLACE, exist_ok=True)
    copied = _mount_chain(layers["chain"], may_overlay=layers["overlay"])
    make_directories(directories, below=PLACE)
    for name in USER_DATA:
        mount(f"{PLACE}/{name}", f"root/{name}", "", MountFlag.BIND)
    return copied


def empty(name: str) -> None:
    """One of the three, which stays as a directory; before or after it was mounted."""
    for entry in os.scandir(f"{PLACE}/{name}"):
        if entry.is_dir(follow_symlinks=False):
            shutil.rmtree(entry.path)
        else:
            os.unlink(entry.path)


def _mount_chain(chain: Sequence[int], *, may_overlay: bool) -> bool:
    *below, number = chain
    top = _top(number)
    if not below:
        os.makedirs(top, exist_ok=True)
        _mark_as_whole(number)
    copied = not _is_whole(number) and not _overlay(below, number, may_overlay=may_overlay)
    if copied:
        _copy(below[-1], number)
    if _is_whole(number):
        mount(top, PLACE, "", MountFlag.BIND)
    return copied


def _top(number: int) -> str:
    return f"{LAYERS}/{number}/user"


def _work(number: int) -> str:
    return f"{LAYERS}/{number}/work"


def _is_whole(number: int) -> bool:
    """Nothing shows through it."""
    return os.path.exists(f"{LAYERS}/{number}/whole")


def _mark_as_whole(number: int) -> None:
    os.close(os.open(f"{LAYERS}/{number}/whole", os.O_CREAT | os.O_CLOEXEC, 0o600))


def _overlay(below: Sequence[int], number: int, *, may_overlay: bool) -> bool:
    """Whether the host allows it."""
    if not may_overlay:
        return False
    lower: list[str] = []
    for one in reversed(below):
        lower.append(_top(one))
        if _is_whole(one):
            break
    fresh = not os.path.isdir(_top(number))
    os.makedirs(_top(number), exist_ok=True)
    os.makedirs(_work(number), exist_ok=True)
    shutil.rmtree(f"{_work(number)}/work/incompat", ignore_errors=True)  # the last boot's mark
    options = f"lowerdir={':'.join(lower)},upperdir={_top(number)},workdir={_work(number)}"
    for more in MOUNT_OPTIONS:
        with contextlib.suppress(OSError):
            mount("overlay", PLACE, "overlay", MountFlag.NONE, options=options + more)
            return True
    if fresh:
        shutil.rmtree(f"{LAYERS}/{number}", ignore_errors=True)
    return False


def _copy(below: int, number: int) -> None:
    """Layers that an overlay made cannot be copied: what they hide is known to it alone."""
    if not _is_whole(below) or os.path.isdir(_work(number)):
        raise PermissionError(1, "this host refuses the overlay that it allowed before")
    _run(*REMOVE, _top(number))  # a copy that was cut short
    os.makedirs(f"{LAYERS}/{number}", exist_ok=True)
    _run(*COPY, _top(below), _top(number))
    _mark_as_whole(number)


def _run(program: str, *arguments: str) -> None:
    pid = os.posix_spawn(program, [program, *arguments], {})
    if os.waitpid(pid, 0)[1] != 0:
        raise OSError(5, f"{program} {' '.join(arguments)} failed")


def _set_aside(kept: Sequence[int]) -> None:
    os.makedirs(LAYERS, exist_ok=True)
    os.makedirs(TRASH, exist_ok=True)
    for name in os.listdir(LAYERS):
        if int(name) not in kept:
            os.rename(f"{LAYERS}/{name}", f"{TRASH}/{name}")


def delete_what_was_set_aside() -> None:
    """In a process of its own, which sees nothing of the disk but that. Returns when it does: a
    change of the root directory meanwhile would take its own along."""
    if not os.listdir(TRASH):
        return
    reader, writer = os.pipe()
    if os.fork():
        os.close(writer)
        os.read(reader, 1)
        os.close(reader)
        return
    try:
        name_this_process(b"/system/bin/vold")
        unshare(Namespace.MOUNT)
        mount(TRASH, TRASH, "", MountFlag.BIND)
        pivot_into(TRASH)
        os.closerange(3, 1024)
        os.nice(NICENESS)
        for name in os.listdir("/"):
            shutil.rmtree(f"/{name}", ignore_errors=True)
    finally:
        os._exit(0)
