"""The device's partitions: which there are, and what was flashed into them (files in a folder)."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from virtualdevice.bootloader.refusal import FlashRefused
from virtualdevice.bootloader.sparse import image_size_bytes, writes_of
from virtualdevice.bootloader.super_partition import (
    FIRST_SUPER_API,
    LOGICAL_NAMES,
    SuperPartition,
)

__all__ = ["BootState", "Flash", "FlashRefused", "Partition", "SlotState", "partitions_for"]

MIB = 1 << 20
FIRST_VENDOR_API = 26
FIRST_VBMETA_API = 28
FIRST_INIT_BOOT_API = 33
FIRST_VIRTUAL_AB_API = 30
FILL_CHUNK_BYTES = 1 << 20
USER_DATA = ("userdata", "metadata")
"""Without its metadata the encryption of user data has no key."""
BOOT_TRIES = 3
FREE_IN_SUPER_BYTES = 1 << 30
SLOTS = ("a", "b")


@dataclass(frozen=True, kw_only=True, slots=True)
class Partition:
    """`slotted` ones are there twice, with `_a` and `_b`."""

    name: str
    size_bytes: int
    slotted: bool = True
    kind: str = "raw"


def partitions_for(*, api: int, slotted: bool) -> Mapping[str, Partition]:
    """By base name. A/B devices have no recovery and no cache (source.android.com, A/B updates)."""
    sizes = {"boot": 64, "system": 4096, "modem": 128, "bootloader": 16, "radio": 128}
    if api >= FIRST_VENDOR_API:
        sizes |= {"vendor": 1024, "dtbo": 8}
    if api >= FIRST_VBMETA_API:
        sizes |= {"vbmeta": 1, "product": 2048}
    if api >= FIRST_INIT_BOOT_API:
        sizes |= {"init_boot": 8, "vendor_boot": 64, "system_ext": 1024, "odm": 64}
    once = {"userdata": 16384, "misc": 1, "persist": 32, "frp": 1}
    once |= {"metadata": 16} if slotted else {"recovery": 64, "cache": 256}
    both = [Partition(name=n, size_bytes=s * MIB, slotted=slotted) for n, s in sizes.items()]
    single = [Partition(name=n, size_bytes=s * MIB, slotted=False) for n, s in once.items()]
    return {part.name: part for part in (*both, *single)}


@dataclass(kw_only=True, slots=True)
class SlotState:
    """A slot's metadata: `tries` are left until it is held to be unbootable, unless it has booted
    well once (hardware/interfaces/boot, IBootControl)."""

    successful: bool = True
    unbootable: bool = False
    tries: int = BOOT_TRIES


@dataclass(kw_only=True, slots=True)
class BootState:
    """What the bootloader keeps over power-off. `to_recovery` is the boot message in misc: an
    installation was begun and not ended."""

    current_slot: str = "a"
    slots: dict[str, SlotState] = field(default_factory=lambda: {s: SlotState() for s in SLOTS})
    to_recovery: bool = False
    unlocked: bool = True
    unlock_allowed: bool = True
    erase_data: bool = False
    """User data is to be emptied before Android starts again."""
    erase_cache: bool = False
    logical: dict[str, int] | None = None
    """The super partition's table (super_partition.py); None until somebody changes it."""
    unmerged_slot: str = ""
    """Whose update lies in snapshots, until its first good boot merges them (Virtual A/B)."""
    hollow: list[str] = field(default_factory=list)
    """Partitions whose snapshots were dropped: nothing in them can boot."""


def _state_from(plain: dict[str, Any]) -> BootState:
    slots = {name: SlotState(**facts) for name, facts in plain.pop("slots", {}).items()}
    state = BootState(**plain)
    state.slots |= slots
    return state


class Flash:
    """Contents and state, in files below `folder`."""

    def __init__(self, folder: Path, *, api: int, slotted: bool, unlocked: bool) -> None:
        self.slotted = slotted
        self._folder = folder
        self._table = partitions_for(api=api, slotted=slotted)
        self._api = api
        self._state_file = folder / "state.json"
        self.state = BootState(unlocked=unlocked)
        self._load()

    def _load(self) -> None:
        if self._state_file.exists():
            self.state = _state_from(json.loads(self._state_file.read_text(encoding="utf-8")))

    def save(self) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        partial = self._state_file.with_suffix(".partial")
        partial.write_text(json.dumps(asdict(self.state)), encoding="utf-8")
        partial.replace(self._state_file)

    def save_snapshot(self, name: str) -> None:
        """All partitions and the state, without copying them: `write` begins a file of its own
        where a snapshot has the old one."""
        self.save()
        _link_files(self._folder, self._snapshot(name))

    def restore_snapshot(self, name: str) -> None:
        """One that there is."""
        _link_files(self._snapshot(name), self._folder)
        self._load()

    def _snapshot(self, name: str) -> Path:
        return self._folder / "snapshots" / hashlib.sha256(name.encode()).hexdigest()[:32]

    @property
    def other_slot(self) -> str:
        return "b" if self.state.current_slot == "a" else "a"

    def make_room(self, name: str, size_bytes: int) -> None:
        """As update_engine and bootloaders do before they write a logical partition."""
        part = self.partition(name)
        if self.state.logical is not None and part is not None and part.size_bytes < size_bytes:
            self.super_partition.resize(self._exact(name, part), size_bytes)
            self.save()

    def set_active(self, slot: str) -> None:
        """Boot it from now on; it has all its tries, and its success to prove."""
        self.state.current_slot = slot
        self.state.slots[slot] = SlotState(successful=False)
        self.save()

    @property
    def names(self) -> list[str]:
        """All partitions, with their slots."""
        names = [name for part in self._table.values() for name in self._names_of(part)]
        more = [name for name in self.state.logical or () if name not in names]
        return [name for name in names if self.partition(name) is not None] + more

    def _names_of(self, part: Partition) -> list[str]:
        return [f"{part.name}_a", f"{part.name}_b"] if part.slotted else [part.name]

    def partition(self, name: str) -> Partition | None:
        """By its name with or without a slot; None if there is none."""
        base, _, slot = name.rpartition("_")
        part = self._table.get(name) or self._table.get(base)
        if part is not None and name != part.name and not (part.slotted and slot in SLOTS):
            part = None
        sizes = self.state.logical
        if sizes is None or (part is not None and part.name not in LOGICAL_NAMES):
            return part
        size = sizes.get(self._exact(name, part))
        if size is None:
            return None
        return replace(part or Partition(name=name, size_bytes=0, slotted=False), size_bytes=size)

    def _exact(self, name: str, part: Partition | None) -> str:
        """A slotted partition without a slot is that of the current one."""
        bare = part is not None and part.slotted and name == part.name
        return f"{name}_{self.state.current_slot}" if bare else name

    @property
    def has_super(self) -> bool:
        return self._api >= FIRST_SUPER_API

    @property
    def has_virtual_slots(self) -> bool:
        """An update lies in snapshots until it has booted well (Virtual A/B)."""
        return self.slotted and self._api >= FIRST_VIRTUAL_AB_API

    def is_logical(self, name: str) -> bool:
        part = self.partition(name)
        if part is None or not self.has_super:
            return False
        return part.name in LOGICAL_NAMES or part.name not in self._table

    @property
    def super_partition(self) -> SuperPartition:
        """To be changed, and saved thereafter."""
        factory = {
            name: part.size_bytes
            for part in self._table.values()
            if part.name in LOGICAL_NAMES
            for name in self._names_of(part)
        }
        if self.state.logical is None:
            self.state.logical = dict(factory)
        capacity_bytes = sum(factory.values()) + FREE_IN_SUPER_BYTES
        return SuperPartition(self.state.logical, capacity_bytes=capacity_bytes)

    def save_super(self) -> None:
        """After a change of its table: what has no partition any more has no content."""
        for file in self._folder.glob("*.img"):
            part = self.partition(file.stem)
            if part is None:
                file.unlink()
            elif file.stat().st_size > part.size_bytes:
                os.truncate(file, part.size_bytes)
        self.save()

    def drop_update(self, partition: str) -> None:
        """Forget an update that no boot has merged; `partition` is what its slot boots."""
        if self.state.unmerged_slot:
            self.state.hollow.append(f"{partition}_{self.state.unmerged_slot}")
            self.state.unmerged_slot = ""
            self.save()

    def has_slot(self, name: str) -> bool:
        """Whether `name` wants a slot behind it; `boot_b` has one already."""
        return name in self._table and self._table[name].slotted

    def write(self, name: str, image: bytes) -> None:
        """One image, or one part of a sparse one. FlashRefused, or SparseError."""
        file = self._file(name)
        part = self.partition(name)
        assert part is not None
        if image_size_bytes(image) > part.size_bytes:
            raise FlashRefused("data too large")
        self._folder.mkdir(parents=True, exist_ok=True)
        if file.stem in self.state.hollow:
            self.state.hollow.remove(file.stem)
            self.save()
        if file.exists() and file.stat().st_nlink > 1:
            file.unlink()
        with file.open("r+b" if file.exists() else "w+b") as content:
            for write in writes_of(image):
                content.seek(write.offset_bytes)
                if write.data is not None:
                    content.write(write.data)
                elif write.fill is not None and any(write.fill):
                    block = write.fill * (FILL_CHUNK_BYTES // len(write.fill))
                    for start in range(0, write.size_bytes, len(block)):
                        content.write(block[: write.size_bytes - start])
            content.truncate(max(content.seek(0, 2), image_size_bytes(image)))

    def read(self, name: str) -> bytes:
        """What was flashed; nothing if nothing was."""
        file = self._file(name)
        return file.read_bytes() if file.exists() else b""

    def erase(self, name: str) -> None:
        self._file(name).unlink(missing_ok=True)
        if self._base(name) in USER_DATA:
            self.erase_user_data()
        elif name == "cache":
            self.state.erase_cache = True
            self.save()

    def erase_user_data(self) -> None:
        """What locking and unlocking do."""
        self.state.erase_data = True
        self.save()

    def _base(self, name: str) -> str:
        part = self.partition(name)
        return "" if part is None else part.name

    def _file(self, name: str) -> Path:
        """A slotted partition without a slot is that of the current one."""
        part = self.partition(name)
        if part is None:
            raise FlashRefused("No such partition")
        return self._folder / f"{self._exact(name, part)}.img"


def _link_files(source: Path, target: Path) -> None:
    """`target` has the files of `source` and no others."""
    target.mkdir(parents=True, exist_ok=True)
    for file in target.iterdir():
        if file.is_file():
            file.unlink()
    for file in source.iterdir():
        if file.is_file():
            os.link(file, target / file.name)
