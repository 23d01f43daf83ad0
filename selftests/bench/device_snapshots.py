"""Snapshots of a virtual device with 1 GB in 50 000 files: save, restore, reset.

The files are written on the device itself, through its shell. Before the first restore all of them
are written anew, so that there is as much to throw away as there is to bring back; a reset throws
away what was restored.
"""

from __future__ import annotations

import io
import statistics
import tarfile
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from selftests.bench.device_processes import Running, connect, running
from selftests.bench.measurement import Measurement
from selftests.virtualdevice.real_clients import AdbClient, adb_programs, running_adb

__all__ = ["measure"]

FILES, FILE_BYTES, FOLDERS = 50_000, 20_000, 500
ROUNDS = 5
MOST_MS = 250
ARCHIVE = "/data/local/tmp/bulk.tar"
UNPACK = f"cd /data/local/tmp && rm -rf bulk && mkdir bulk && tar xf {ARCHIVE} -C bulk && echo in"


def measure() -> Iterator[Measurement]:
    """From the command to the phone that has booted again, and of that the machine's part."""
    program = adb_programs()["adb36"]
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder)
        scratch.chmod(0o755)
        with running(scratch) as device:
            if device is None or program is None:
                note = "this host runs no virtual device, or adb is missing"
                yield Measurement(what="snapshots", value=None, unit="ms", note=note)
                return
            with running_adb(program, scratch) as adb:
                yield from _measured(device, adb, _archive(scratch / "bulk.tar"))


def _measured(device: Running, adb: AdbClient, archive: Path) -> Iterator[Measurement]:
    connect(adb, device.serial)
    adb("-s", device.serial, "push", str(archive), ARCHIVE, limit_s=600)
    _fill(device, adb)
    times: dict[str, list[Mapping[str, object]]] = {"save": [], "restore": [], "reset": []}
    for number in range(ROUNDS):
        times["save"].append(device.ask("save full"))
        if number == 0:
            _fill(device, adb)
        times["restore"].append(device.ask("restore full"))
        times["reset"].append(device.ask("reset"))
        device.ask("restore full")
    for what, answers in times.items():
        for key, until in (("until_mounted_s", "disk and shell are there"),
                           ("until_booted_s", "Android has booted")):  # fmt: skip
            found = [1000 * float(str(answer[key])) for answer in answers]
            yield Measurement(
                what=f"{what} 1 GB in {FILES} files, until {until}",
                value=statistics.median(found), unit="ms", at_most=MOST_MS,
                note=f"median of {ROUNDS}, longest {max(found):.0f} ms",
            )  # fmt: skip


def _archive(path: Path) -> Path:
    with tarfile.open(path, "w") as archive:
        for number in range(FILES):
            info = tarfile.TarInfo(f"{number % FOLDERS}/{number}")
            info.size, info.mode = FILE_BYTES, 0o644
            archive.addfile(info, io.BytesIO(number.to_bytes(4, "big") * (FILE_BYTES // 4)))
    return path


def _fill(device: Running, adb: AdbClient) -> None:
    connect(adb, device.serial)
    said = adb("-s", device.serial, "shell", UNPACK, limit_s=600)
    if said.text.strip() != "in":
        raise RuntimeError(f"the device was not filled: {said.text} {said.errors}")
