"""Bringing a device to a declared state, stage by stage; the build is held before and after.

Nothing is touched before the declaration is checked, and what it destroys is declared to the ledger
for as long as its stages run, and no longer.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Protocol

from holdfast.android.build import Build
from holdfast.deadline import Deadline
from holdfast.errors import ConfigurationError, LabError
from holdfast.firmware.preparation import Goal, Preparation, Stage, Work
from holdfast.firmware.reach import Controls, reach_mode
from holdfast.firmware.states import Mode
from holdfast.journal import Declaration, Journal, Ledger

__all__ = ["Bench", "Prepared", "WrongBuild", "WrongDevice", "carry_out", "declared", "prepare"]

_READ_S = 60.0


class WrongBuild(LabError):
    """The device runs another build than was declared: no test may run on it.

    `wanted` and `found` are build fingerprints.
    """

    def __init__(self, message: str, *, wanted: str, found: str, device: str) -> None:
        super().__init__(message, device=device)
        self.wanted = wanted
        self.found = found


class WrongDevice(LabError):
    """Another piece of hardware answers where the device was: a network address goes from one to
    another, and so does the port of a hub. `known` and `found` are hardware serial numbers.
    """

    def __init__(self, *, known: str, found: str, device: str) -> None:
        super().__init__(
            f"the hardware {found} answers where {known} was: an address or a cable has changed; "
            "nothing more was done to it",
            device=device,
        )
        self.known = known
        self.found = found


class Bench(Protocol):
    """What preparing needs of a device; drivers stand behind it, or a fake."""

    @property
    def controls(self) -> Controls: ...

    @property
    def journal(self) -> Journal: ...

    @property
    def ledger(self) -> Ledger: ...

    @property
    def bootloader(self) -> bool:
        """Whether the lab sees the device's bootloader."""

    @property
    def may_destroy(self) -> bool:
        """Whether devices.yaml allows to destroy what is on it."""

    def require_same_hardware(self, deadline: Deadline) -> None:
        """WrongDevice if what answers now tells another serial number than was declared, or was
        told at first. Not every mode tells one."""

    def build(self, deadline: Deadline) -> Build:
        """Which build it runs now; it is in Android."""

    def target_build(self, preparation: Preparation, before: Build | None) -> str:
        """The build fingerprint that a package leads to; empty if it does not tell.

        ConfigurationError if the package is for another device or another build.
        """

    def do(self, work: Work, preparation: Preparation, deadline: Deadline) -> None:
        """One piece of work; the device is in the mode that its stage names."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Prepared:
    """`before` is None where the device was not in Android; `skipped`: no flash was needed."""

    before: Build | None
    after: Build
    skipped: bool


def prepare(bench: Bench, preparation: Preparation, deadline: Deadline) -> Prepared:
    """Bring the device there. Every error is a named one, and comes within `deadline`.

    ConfigurationError before anything was touched; WrongBuild if another build runs in the end.
    """
    name = bench.controls.name
    preparation.require_sensible()
    if not bench.may_destroy:
        raise ConfigurationError(
            f"device {name}: {preparation.goal} destroys what is on it; if it may be destroyed, "
            "write 'allow_destructive: true' at that device in devices.yaml"
        )
    title = f"prepare {preparation.goal}, user data: {preparation.user_data}"
    with bench.journal.step(title, device=name):
        before = _build_before(bench, preparation, deadline)
        bench.require_same_hardware(deadline.within(_READ_S))
        wanted = bench.target_build(preparation, before)
        stages = preparation.stages(bootloader=bench.bootloader)
        skipped = _is_there(preparation, before, wanted)
        if skipped:
            stages = preparation.without_flashing(stages)
            bench.journal.fact("preparation.skipped", f"it runs {wanted} already")
        with declared(bench, preparation):
            for stage in stages:
                carry_out(bench, stage, preparation, deadline)
        bench.require_same_hardware(deadline.within(_READ_S))
        after = bench.build(deadline.within(_READ_S))
        bench.journal.fact("build.after", after.fingerprint)
        _require_build(after, wanted or _same(before), before, device=name)
    return Prepared(before=before, after=after, skipped=skipped)


@contextmanager
def declared(bench: Bench, preparation: Preparation) -> Iterator[None]:
    """As long as this lasts, the ledger takes what the preparation destroys for declared."""
    reason = f"preparation {preparation.goal} with user data: {preparation.user_data}"
    with ExitStack() as entered:
        for kind in sorted(preparation.destroys):
            declaration = Declaration(
                device=bench.controls.name, kind=kind, target="*", reason=reason
            )
            entered.enter_context(bench.ledger.declared(declaration))
        yield


def _build_before(bench: Bench, preparation: Preparation, deadline: Deadline) -> Build | None:
    """The build that runs. Android itself applies an OTA; all else can do without it, and recovery
    looks at a package itself."""
    if preparation.goal is Goal.OTA:
        reach_mode(bench.controls, Mode.SYSTEM, deadline, bench.journal)
    elif bench.controls.mode(deadline) is not Mode.SYSTEM:
        bench.journal.fact("build.before", "not known: it was not in Android")
        return None
    build = bench.build(deadline.within(_READ_S))
    bench.journal.fact("build.before", build.fingerprint)
    return build


def _is_there(preparation: Preparation, before: Build | None, wanted: str) -> bool:
    """A second flash of a build proves nothing and wears the flash; an OTA is itself the test."""
    flashes = preparation.goal in (Goal.FLASH, Goal.DOWNGRADE)
    return flashes and before is not None and before.fingerprint == wanted


def _same(before: Build | None) -> str:
    return before.fingerprint if before else ""


def carry_out(bench: Bench, stage: Stage, preparation: Preparation, deadline: Deadline) -> None:
    """Reach the stage's mode, then do its work. User data that is to be kept stays in the ledger's
    way: no declaration covers wiping it."""
    if stage.mode is not None:
        reach_mode(bench.controls, stage.mode, deadline, bench.journal)
    bench.require_same_hardware(deadline.within(_READ_S))
    bound = deadline.within(stage.bound_s)
    with bench.journal.step(str(stage.work), device=bench.controls.name):
        bound.require(str(stage.work), device=bench.controls.name)
        bench.do(stage.work, preparation, bound)


def _require_build(after: Build, wanted: str, before: Build | None, *, device: str) -> None:
    if not wanted or after.fingerprint == wanted:
        return
    if before is not None and after.fingerprint == before.fingerprint:
        story = "which is the build from before: the update did not go in, or was rolled back"
    else:
        story = "which nobody declared"
    raise WrongBuild(
        f"it runs {after.fingerprint}, {story}; {wanted} was declared",
        wanted=wanted,
        found=after.fingerprint,
        device=device,
    )
