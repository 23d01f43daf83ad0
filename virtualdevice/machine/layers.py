"""Snapshots of /data without copying: overlayfs layers on the device's disk, and which are in use.

The lowest layer is the directory `data`. Saving freezes the layers in use under a name and puts an
empty one on top; restoring puts an empty one on top of those that were frozen. Only names and
numbers are kept here: process 1 makes the directories, because they belong to the device's root.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

__all__ = ["DataLayers", "NoSuchSnapshot"]

FOLDER = "layers"


class NoSuchSnapshot(KeyError):
    """No snapshot has that name."""


@dataclass(kw_only=True, slots=True)
class _Record:
    """`current` and each of `saved` list layers from the lowest upwards, without `data`."""

    current: list[int] = field(default_factory=list)
    saved: dict[str, list[int]] = field(default_factory=dict)
    last: int = 0


class DataLayers:
    """The device must be down while its layers change. Without `may_overlay`, or where the host
    refuses one, each layer is a whole copy of what is below it (data_mount.py)."""

    def __init__(self, disk: Path) -> None:
        self._disk = disk
        self.may_overlay = True
        self._file = disk.parent / "layers.json"
        self._record = _Record()
        if self._file.exists():
            self._record = _Record(**json.loads(self._file.read_text(encoding="utf-8")))

    def mount_options(self) -> Mapping[str, Any] | None:
        """What process 1 mounts on /data; None for the plain directory."""
        if not self._record.current:
            return None
        *lower, top = self._record.current
        return {
            "lower": [*(f"{FOLDER}/{number}/upper" for number in reversed(lower)), "data"],
            "upper": f"{FOLDER}/{top}/upper",
            "work": f"{FOLDER}/{top}/work",
            "overlay": self.may_overlay,
        }

    def save(self, name: str) -> None:
        """A name that is there already is given anew."""
        self._record.saved[name] = list(self._record.current)
        self._put_on_top_of(self._record.current)

    def restore(self, name: str) -> None:
        if name not in self._record.saved:
            raise NoSuchSnapshot(name)
        self._put_on_top_of(self._record.saved[name])

    def forget_all(self) -> None:
        """For a factory reset, which no snapshot outlives."""
        self._record = _Record(last=self._record.last)
        self._write()

    def discard_unused(self) -> None:
        """Delete what nothing leads to any more (slow; the device may run meanwhile)."""
        used = {number for chain in self._record.saved.values() for number in chain}
        used |= set(self._record.current)
        for folder in (self._disk / FOLDER).glob("*"):
            if folder.name.isdigit() and int(folder.name) not in used:
                shutil.rmtree(folder, ignore_errors=True)

    def _put_on_top_of(self, chain: list[int]) -> None:
        self._record.last += 1
        self._record.current = [*chain, self._record.last]
        self._write()

    def _write(self) -> None:
        self._file.write_text(json.dumps(asdict(self._record)), encoding="utf-8")
