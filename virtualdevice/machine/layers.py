"""Snapshots of user data without copying: overlayfs layers on the device's disk, by number.

A chain of layers, from the lowest upwards, is what the device sees. Saving freezes the chain in use
under a name and puts an empty layer on top; restoring puts an empty one on top of those that were
frozen; a factory reset begins a chain of its own. Only names and numbers are kept here: process 1
makes and removes the directories (user_data.py), because they belong to the device's root.

A directory has the inode of the uppermost frozen layer that has it: it keeps it over restores and
restarts, and changes it once, by a save, if it was changed since an earlier save.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

__all__ = ["DataLayers", "NoSuchSnapshot"]


class NoSuchSnapshot(KeyError):
    """No snapshot has that name."""


@dataclass(kw_only=True, slots=True)
class _Record:
    """`current` and each of `saved` list layers from the lowest upwards."""

    current: list[int] = field(default_factory=lambda: [0])
    saved: dict[str, list[int]] = field(default_factory=dict)
    last: int = 0


class DataLayers:
    """The device must be down while its layers change. Without `may_overlay`, or where the host
    refuses one, each layer is a whole copy of what is below it (user_data.py)."""

    def __init__(self, disk: Path) -> None:
        self.may_overlay = True
        self._file = disk.parent / "layers.json"
        self._record = _Record()
        if self._file.exists():
            self._record = _Record(**json.loads(self._file.read_text(encoding="utf-8")))

    def as_config(self) -> Mapping[str, Any]:
        """For process 1: what to mount, and what is to stay on the disk."""
        chains = [self._record.current, *self._record.saved.values()]
        return {
            "chain": self._record.current,
            "kept": sorted({number for chain in chains for number in chain}),
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

    def reset(self) -> None:
        """Nothing of user data is there any more; the snapshots are."""
        self._put_on_top_of([])

    def _put_on_top_of(self, chain: list[int]) -> None:
        self._record.last += 1
        self._record.current = [*chain, self._record.last]
        partial = self._file.with_suffix(".partial")
        partial.write_text(json.dumps(asdict(self._record)), encoding="utf-8")
        partial.replace(self._file)
