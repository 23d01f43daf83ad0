"""`adb sideload`: the host's end of it, over a stream to the recovery's minadbd.

The device asks for blocks by number, eight digits each, in any order and as often as it likes (an
A/B package is read twice), and ends with DONEDONE or FAILFAIL. Source: AOSP packages/modules/adb,
client/commandline.cpp and daemon's sideload service (bootable/recovery, minadbd).
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from holdfast.deadline import Deadline
from holdfast.device.adb import AdbLink, AdbStream
from holdfast.errors import ConfigurationError, DeviceLost, DeviceRefused, Place

__all__ = ["BLOCK_BYTES", "sideload"]

BLOCK_BYTES = 65536
_DONE, _FAILED = b"DONEDONE", b"FAILFAIL"


def sideload(
    link: AdbLink,
    package: Path,
    *,
    deadline: Deadline,
    progress: Callable[[float], None] = lambda _share: None,
) -> None:
    """Send `package` to a device in sideload mode, and wait until it is installed.

    `progress` gets the share of the package that was asked for so far, 0 to 1. DeviceRefused if
    recovery does not take it, DeviceLost with the share reached if the link ends before.
    """
    try:
        size = package.stat().st_size
    except OSError as error:
        raise ConfigurationError(
            f"the package cannot be read: {error.strerror}", place=Place(file=package)
        ) from error
    try:
        stream = link.open(f"sideload-host:{size}:{BLOCK_BYTES}", deadline=deadline)
    except DeviceRefused as error:
        raise DeviceRefused(
            f"sideload {package.name}",
            answer=f"{error.answer} (it is not in sideload mode)",
            device=link.device,
        ) from error
    try:
        _serve(stream, package, size, deadline, progress, device=link.device)
    finally:
        stream.close()


def _serve(
    stream: AdbStream,
    package: Path,
    size: int,
    deadline: Deadline,
    progress: Callable[[float], None],
    *,
    device: str,
) -> None:
    blocks = max(1, -(-size // BLOCK_BYTES))
    sent: set[int] = set()
    what = f"sideloading {package.name}"
    with package.open("rb") as file:
        while True:
            try:
                wanted = stream.receive_exactly(8, deadline=deadline, what=what)
            except DeviceLost as error:
                raise DeviceLost(
                    f"the link was lost at {len(sent) / blocks:.0%} of {package.name}: {error}",
                    device=device,
                ) from error
            if wanted == _DONE:
                return
            if wanted == _FAILED:
                raise DeviceRefused(what, answer="FAILFAIL: recovery refused it", device=device)
            number = _block_number(wanted, blocks, device=device)
            file.seek(number * BLOCK_BYTES)
            stream.send(file.read(BLOCK_BYTES), deadline=deadline, what=what)
            sent.add(number)
            progress(len(sent) / blocks)


def _block_number(wanted: bytes, blocks: int, *, device: str) -> int:
    if wanted.isdigit() and int(wanted) < blocks:
        return int(wanted)
    raise DeviceRefused(
        "sideload", answer=f"it asked for block {wanted!r} of {blocks}", device=device
    )
