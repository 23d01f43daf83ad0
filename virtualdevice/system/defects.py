"""Ways in which a firmware can be wrong, each switched on by name.

A defect is a value. Built-in ones are in `virtualdevice.system.builtin_defects`; an outside file
adds one with `--defect path/to/file.py:NAME`, where NAME is a `Defect` in that file:

    from virtualdevice.system.defects import Defect, Parts, Update

    async def lose_drafts(parts: Parts, update: Update) -> None:
        home = parts.storage.credential_directory(update.after.name)
        await parts.files.remove_tree(f"{home}/files/drafts")

    LOSE_DRAFTS = Defect(
        name="lose_drafts",
        about="an update takes the drafts with it",
        after_update=lose_drafts,
    )

The hooks, each optional:

- `decide(judging)` sees the package manager's decision and returns the one that is carried out;
- `reinstalls(judging)` true: what would have been an update is done as uninstall and install;
- `after_update(parts, update)` runs when an update is in, before it is reported as done;
- `after_removal(parts, record, keep_data)` runs when a package was uninstalled;
- `at_boot(parts, boot)` runs at each boot after the first, when the packages were scanned; what it
  raises ends the device with a sentence, but for BootFailed, which is a crash of the phone;
- `flags` are switches that other parts ask for by name (`ce_stays_locked`, …).

`parts` holds files (as root), registry, storage, settings, properties and the log.
"""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from holdfast.apk.decision import Candidate, Decision
from holdfast.errors import ConfigurationError
from virtualdevice.seams import BootFailed
from virtualdevice.system.packages.records import PackageRecord
from virtualdevice.system.parts import Parts

__all__ = ["Boot", "Defect", "DefectFailed", "Defects", "Judging", "Parts", "Update", "load_defect"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Judging:
    """What is being decided: the candidate, what is there now, and what the rules say."""

    candidate: Candidate
    existing: PackageRecord | None
    decision: Decision
    api: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Update:
    before: PackageRecord
    after: PackageRecord


@dataclass(frozen=True, kw_only=True, slots=True)
class Boot:
    """`upgraded` is true on the first boot of another build."""

    upgraded: bool
    count: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Defect:
    """`reference` is the defect class of the update-semantics reference, section 8; a fault of
    the lab's kind has none."""

    name: str
    about: str
    reference: str = ""
    decide: Callable[[Judging], Decision] | None = None
    reinstalls: Callable[[Judging], bool] | None = None
    after_update: Callable[[Parts, Update], Awaitable[None]] | None = None
    after_removal: Callable[[Parts, PackageRecord, bool], Awaitable[None]] | None = None
    at_boot: Callable[[Parts, Boot], Awaitable[None]] | None = None
    flags: frozenset[str] = frozenset()


class DefectFailed(ConfigurationError):
    """A defect's own code failed, so that the device is not what it was asked to be."""

    def __init__(self, defect: Defect, error: Exception) -> None:
        super().__init__(f"the defect {defect.name} failed: {type(error).__name__}: {error}")


class Defects:
    """Those that this device has, applied in the order in which they were switched on."""

    def __init__(self, defects: Sequence[Defect] = ()) -> None:
        self._defects = tuple(defects)

    def __iter__(self) -> Iterator[Defect]:
        return iter(self._defects)

    def switch_on(self, defect: Defect) -> None:
        """Have it from now on, once."""
        if defect not in self._defects:
            self._defects = (*self._defects, defect)

    def has(self, flag: str) -> bool:
        return any(flag in defect.flags for defect in self._defects)

    def decide(self, judging: Judging) -> Decision:
        decision = judging.decision
        for defect in self._defects:
            if defect.decide is not None:
                seen = Judging(
                    candidate=judging.candidate,
                    existing=judging.existing,
                    decision=decision,
                    api=judging.api,
                )
                decision = defect.decide(seen)
        return decision

    def reinstalls(self, judging: Judging) -> bool:
        hooks = (defect.reinstalls for defect in self._defects if defect.reinstalls is not None)
        return any(hook(judging) for hook in hooks)

    async def after_update(self, parts: Parts, update: Update) -> None:
        for defect in self._defects:
            if defect.after_update is not None:
                await defect.after_update(parts, update)

    async def after_removal(self, parts: Parts, record: PackageRecord, keep_data: bool) -> None:
        for defect in self._defects:
            if defect.after_removal is not None:
                await defect.after_removal(parts, record, keep_data)

    async def at_boot(self, parts: Parts, boot: Boot) -> None:
        for defect in self._defects:
            if defect.at_boot is not None:
                try:
                    await defect.at_boot(parts, boot)
                except BootFailed:
                    raise
                except Exception as error:
                    raise DefectFailed(defect, error) from error


def load_defect(name: str, known: Mapping[str, Defect]) -> Defect:
    """A built-in defect by its name, or `path.py:NAME`; ConfigurationError if there is none."""
    if ".py:" not in name:
        if name in known:
            return known[name]
        raise ConfigurationError(f"there is no defect {name!r}; there are: {', '.join(known)}")
    path, _, variable = name.rpartition(":")
    defect = getattr(_module_of(Path(path)), variable, None)
    if not isinstance(defect, Defect):
        raise ConfigurationError(f"{path} has no Defect by the name of {variable}")
    return defect


def _module_of(file: Path) -> object:
    if not file.is_file():
        raise ConfigurationError(f"there is no file {file} to take a defect from")
    spec = importlib.util.spec_from_file_location(f"outside_defect_{file.stem}", file)
    if spec is None or spec.loader is None:
        raise ConfigurationError(f"{file} is not a Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses in that file look themselves up there
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        raise ConfigurationError(f"{file} does not load: {error}") from error
    return module
