"""What a scenario asked, and what came of it: values with their reasons, no behaviour of a device.

They are plain enough to travel as JSON from a worker to the run that writes the reports.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

__all__ = [
    "AskedClause",
    "Circumstance",
    "DialogSeen",
    "Persona",
    "Route",
    "ScenarioPlan",
    "ScenarioResult",
    "UpdateKind",
    "VerdictKind",
]


class UpdateKind(StrEnum):
    """What the update is, compared with the app that is installed.

    FIRMWARE: the app stays as it is, and what is updated is the firmware below it.
    """

    SAME_SIGNER = "same_signer"
    OTHER_SIGNER = "other_signer"
    ROTATED = "rotated"
    DOWNGRADE = "downgrade"
    UNINSTALL_REINSTALL = "uninstall_reinstall"
    FIRMWARE = "firmware"


class Route(StrEnum):
    """How an update arrives. A firmware's comes by the last two, and nothing else does.

    SIDELOAD: recovery is given the package. OTA: Android applies it to its other slot.
    """

    ADB = "adb"
    SESSION = "session"
    INSTALLER_UI = "installer_ui"
    STORE_PUSH = "store_push"
    SIDELOAD = "sideload"
    OTA = "ota"

    @property
    def of_firmware(self) -> bool:
        return self in (Route.SIDELOAD, Route.OTA)


class Persona(StrEnum):
    """How a person answers what appears."""

    CAREFUL = "careful"
    CARELESS = "careless"
    TYPING = "typing"
    ABSENT = "absent"
    PERSISTENT = "persistent"
    HASTY = "hasty"


class Circumstance(StrEnum):
    """How the device is when an update arrives, if not on its home screen.

    LOCKED: at its lock screen, before somebody who cannot unlock it.
    """

    LOCKED = "locked"
    ANOTHER_APP = "another_app"
    LARGEST_FONT = "largest_font"


class VerdictKind(StrEnum):
    """The verdicts of the design; `passes` says whether a firmware may end there."""

    UPDATED_DATA_INTACT = "updated_data_intact"
    REFUSED_DATA_INTACT = "refused_data_intact"
    INFORMED_LOSS = "informed_loss"
    SILENT_LOSS = "silent_loss"
    LOSS_AFTER_INADEQUATE_WARNING = "loss_after_inadequate_warning"
    FALSE_WARNING = "false_warning"
    EXPOSED = "exposed"
    INCONCLUSIVE = "inconclusive"

    @property
    def passes(self) -> bool:
        return self in _PASSING


_PASSING = frozenset(
    {
        VerdictKind.UPDATED_DATA_INTACT,
        VerdictKind.REFUSED_DATA_INTACT,
        VerdictKind.INFORMED_LOSS,
    }
)


@dataclass(frozen=True, kw_only=True, slots=True)
class ScenarioPlan:
    """One scenario. `persona` is None on routes that show nothing to anybody."""

    update: UpdateKind
    route: Route
    persona: Persona | None = None
    when: Circumstance | None = None

    def __str__(self) -> str:
        who = f" {self.persona}" if self.persona else ""
        when = f" when {self.when}" if self.when else ""
        return f"{self.update} by {self.route}{who}{when}"


@dataclass(frozen=True, kw_only=True, slots=True)
class AskedClause:
    """One clause of the warning policy, held against one dialog.

    `outcome` is met, missed or undecidable; `words` are those of the dialog that decided.
    """

    clause: str
    outcome: str
    required: bool
    words: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class DialogSeen:
    """A dialog as reports show it. `screenshot` and `hierarchy` are names of attachments.

    Times are milliseconds since capture began; `verdict` is the judge's word for it.
    """

    number: int
    kind: str
    package_name: str
    title: str
    message: str
    buttons: tuple[str, ...]
    language: str
    first_seen_ms: int
    stayed_ms: int
    verdict: str
    answered: str = ""
    clauses: tuple[AskedClause, ...] = ()
    screenshot: str = ""
    hierarchy: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class ScenarioResult:
    """A verdict and everything that it rests on.

    `changes` are the lines of the diff in plain words, the gravest first; `missed_clauses` the
    required clauses that the warning missed; `not_seen` what the device's access did not reach,
    which the verdict never counts as survived; `answer` the raw answer of the package manager.
    """

    plan: ScenarioPlan
    verdict: VerdictKind
    reasons: tuple[str, ...]
    missed_clauses: tuple[str, ...] = ()
    dialogs: tuple[DialogSeen, ...] = ()
    changes: tuple[str, ...] = ()
    changes_after_reboot: tuple[str, ...] = ()
    not_seen: tuple[str, ...] = ()
    answer: str = ""
    facts: dict[str, str] = field(default_factory=dict)
