"""Everything that a verdict rests on, gathered before anything is judged."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from holdfast.android.answers import InstallAnswer
from holdfast.android.package_record import PackageRecord
from holdfast.dialogs.captured import CapturedDialog, Gap
from holdfast.dialogs.judgement import Judgement
from holdfast.scenario.personas import Answer
from holdfast.scenario.result import ScenarioPlan
from holdfast.userdata.detectors import Detection
from holdfast.userdata.diff import Diff

__all__ = ["AppFate", "Evidence", "FirmwareFate", "fate_of"]


class AppFate(StrEnum):
    """What became of the installed app itself."""

    UNTOUCHED = "untouched"
    UPDATED = "updated"
    GONE = "gone"
    SOMETHING_ELSE = "something_else"


@dataclass(frozen=True, kw_only=True, slots=True)
class FirmwareFate:
    """What became of a firmware update. `target` is the fingerprint that its package leads to,
    `runs` what ran behind it; `fits`: it has to go in; `trouble`: what of the lab's came between.
    """

    target: str
    runs: str
    fits: bool
    trouble: str = ""

    @property
    def fate(self) -> AppFate:
        return self.fate_on(self.runs)

    def fate_on(self, runs: str) -> AppFate:
        """The fate, if that build runs later."""
        return AppFate.UPDATED if runs == self.target else AppFate.UNTOUCHED


@dataclass(frozen=True, kw_only=True, slots=True)
class Evidence:
    """`fits`: the update is one that Android takes; `why_fits` says in words how that is known.

    `after_reboot` compares with the snapshot before the update too. `judgements` belong to
    `dialogs` one to one. `loss_by_design`: the scenario itself destroyed the data, as a control.
    `gaps` and the shorter `blinks` are what the capture calls so. `control`: what the device
    answered to the installed version, installed once more over adb behind everything else: asked
    where an update that went by the screen stayed out, which a full disk brings about as well.
    `trouble`: what of the lab's came between an update of firmware.
    """

    plan: ScenarioPlan
    fits: bool
    why_fits: str
    answer: InstallAnswer | None
    fate: AppFate
    fate_after_reboot: AppFate
    dialogs: tuple[CapturedDialog, ...]
    judgements: tuple[Judgement, ...]
    answers: Sequence[Answer]
    gaps: tuple[Gap, ...]
    after_update: Diff
    after_reboot: Diff
    detections: tuple[Detection, ...] = ()
    loss_by_design: bool = False
    blinks: tuple[Gap, ...] = ()
    control: InstallAnswer | None = None
    trouble: str = ""


def fate_of(
    before: PackageRecord, after: PackageRecord | None, *, update_version_code: int
) -> AppFate:
    """Compare two records of the package manager; only what every version prints is compared."""
    if after is None or (after.code_path is None and after.version_code is None):
        return AppFate.GONE
    owner = after.user(0)
    if owner is not None and owner.installed is False:
        return AppFate.GONE
    same = all(
        getattr(before, name) == getattr(after, name)
        for name in ("code_path", "last_update_time", "first_install_time", "version_code")
    )
    if same:
        return AppFate.UNTOUCHED
    if after.version_code == update_version_code & 0xFFFFFFFF or (
        after.version_code == update_version_code
    ):
        return AppFate.UPDATED
    return AppFate.SOMETHING_ELSE
