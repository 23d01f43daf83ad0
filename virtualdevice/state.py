"""The directory of a device: one that was asked for and stays, or one for this run alone."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from virtualdevice.machine.assembly import DISK
from virtualdevice.machine.host import HostCannot
from virtualdevice.machine.wipe import remove_disk

__all__ = ["state_directory", "sweep"]

LOCK_FILE = "lock"
TEMPORARY_PREFIX = "virtualdevice-"


@contextlib.contextmanager
def state_directory(asked: Path | None) -> Iterator[Path]:
    """`asked` None: a temporary one, gone afterwards; those of killed devices go before."""
    if asked is not None:
        try:
            asked.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise HostCannot(
                f"the state directory {asked} cannot be made: {error.strerror}"
            ) from error
        yield asked.resolve()
        return
    sweep(Path(tempfile.gettempdir()))
    state, lock = _temporary()
    try:
        with lock:
            yield state
    finally:
        _remove(state)


def sweep(directory: Path) -> None:
    """Remove the disks of devices that were killed: nobody holds their lock any more."""
    for state in directory.glob(f"{TEMPORARY_PREFIX}*"):
        with contextlib.suppress(OSError):
            if state.stat().st_uid != os.getuid():
                continue
            with (state / LOCK_FILE).open("rb") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                _remove(state)


def _temporary() -> tuple[Path, IO[bytes]]:
    """With its lock. What is not locked yet, a device that starts meanwhile may sweep away."""
    while True:
        state = Path(tempfile.mkdtemp(prefix=TEMPORARY_PREFIX))
        lock = (state / LOCK_FILE).open("wb")
        fcntl.flock(lock, fcntl.LOCK_EX)
        if os.fstat(lock.fileno()).st_nlink:
            return state, lock
        lock.close()


def _remove(state: Path) -> None:
    remove_disk(state / DISK)
    shutil.rmtree(state, ignore_errors=True)
