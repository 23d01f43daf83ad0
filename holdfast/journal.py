"""What happened, as events: steps, attachments, and every destructive command (the ledger).

Whoever does something publishes it here; reports subscribe. No report is known by name.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum

from holdfast.errors import HarnessFault

__all__ = [
    "Attachment",
    "Declaration",
    "DestructionKind",
    "DestructiveCommand",
    "Event",
    "Fact",
    "Journal",
    "Ledger",
    "StepEnded",
    "StepStarted",
    "Subscriber",
]


class DestructionKind(StrEnum):
    """What a destructive command destroys."""

    UNINSTALL = "uninstall"
    CLEAR_DATA = "clear_data"
    DELETE_FILES = "delete_files"
    WIPE_USERDATA = "wipe_userdata"
    FLASH = "flash"
    RESTORE = "restore"
    REMOVE_USER = "remove_user"


@dataclass(frozen=True, kw_only=True, slots=True)
class Declaration:
    """A permission to destroy `target` on `device`, and who gave it for what reason.

    `target` is a package name, a path or a partition; `*` stands for the whole device.
    """

    device: str
    kind: DestructionKind
    target: str
    reason: str

    def covers(self, command: DestructiveCommand) -> bool:
        return (
            self.device == command.device
            and self.kind is command.kind
            and self.target in ("*", command.target)
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class StepStarted:
    step_id: int
    parent_id: int | None
    title: str
    at: float
    parameters: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class StepEnded:
    step_id: int
    at: float
    error: BaseException | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Attachment:
    """Evidence: `data` is small enough to be held in memory; `media_type` is a MIME type."""

    name: str
    media_type: str
    data: bytes
    step_id: int | None
    at: float


@dataclass(frozen=True, kw_only=True, slots=True)
class DestructiveCommand:
    """One line of the ledger: a command that destroys data, as it was sent."""

    device: str
    kind: DestructionKind
    target: str
    command: str
    at: float
    declared_by: Declaration | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Fact:
    """A named value that reports show: `key` is dotted (`build.before`)."""

    key: str
    value: object
    at: float


Event = StepStarted | StepEnded | Attachment | DestructiveCommand | Fact
Subscriber = Callable[[Event], None]


class Journal:
    """The events of one scenario, in order. Times are seconds since the Unix epoch."""

    def __init__(self, *, now: Callable[[], float] = time.time) -> None:
        self._now = now
        self._subscribers: list[Subscriber] = []
        self._open_steps: list[int] = []
        self._next_id = 1
        self.events: list[Event] = []

    def subscribe(self, subscriber: Subscriber) -> None:
        """Call `subscriber` with every later event, in order, on the publisher's thread."""
        self._subscribers.append(subscriber)

    def publish(self, event: Event) -> None:
        self.events.append(event)
        for subscriber in self._subscribers:
            subscriber(event)

    @contextmanager
    def step(self, title: str, **parameters: object) -> Iterator[None]:
        """A step with a beginning, an end and, where it failed, its error."""
        step_id, self._next_id = self._next_id, self._next_id + 1
        parent_id = self._open_steps[-1] if self._open_steps else None
        shown = {key: str(value) for key, value in parameters.items()}
        self.publish(
            StepStarted(
                step_id=step_id, parent_id=parent_id, title=title, at=self._now(), parameters=shown
            )
        )
        self._open_steps.append(step_id)
        try:
            yield
        except BaseException as error:
            self._close(step_id, error)
            raise
        self._close(step_id, None)

    def _close(self, step_id: int, error: BaseException | None) -> None:
        self._open_steps.remove(step_id)
        self.publish(StepEnded(step_id=step_id, at=self._now(), error=error))

    def attach(self, name: str, data: bytes | str, *, media_type: str = "text/plain") -> None:
        """Keep `data` as evidence of the step that is under way."""
        raw = data.encode() if isinstance(data, str) else data
        step_id = self._open_steps[-1] if self._open_steps else None
        self.publish(
            Attachment(name=name, media_type=media_type, data=raw, step_id=step_id, at=self._now())
        )

    def fact(self, key: str, value: object) -> None:
        self.publish(Fact(key=key, value=value, at=self._now()))


class Ledger:
    """Every destructive command that the harness sent, matched against what was declared.

    Drivers call `record` before they send such a command. A command that nothing declared is
    recorded and refused: HarnessFault is raised, and it is not sent.
    """

    def __init__(self, journal: Journal, *, now: Callable[[], float] = time.time) -> None:
        self._journal = journal
        self._now = now
        self._declared: list[Declaration] = []
        self.commands: list[DestructiveCommand] = []

    def declare(self, declaration: Declaration) -> None:
        self._declared.append(declaration)

    def withdraw(self, declaration: Declaration) -> None:
        self._declared.remove(declaration)

    @contextmanager
    def declared(self, declaration: Declaration) -> Iterator[None]:
        """Allow what `declaration` says for the length of a block."""
        self.declare(declaration)
        try:
            yield
        finally:
            self.withdraw(declaration)

    def record(self, *, device: str, kind: DestructionKind, target: str, command: str) -> None:
        """Enter a destructive command; raises HarnessFault if no declaration covers it."""
        bare = DestructiveCommand(
            device=device,
            kind=kind,
            target=target,
            command=command,
            at=self._now(),
            declared_by=None,
        )
        permission = next((d for d in self._declared if d.covers(bare)), None)
        entry = DestructiveCommand(
            device=device,
            kind=kind,
            target=target,
            command=command,
            at=bare.at,
            declared_by=permission,
        )
        self.commands.append(entry)
        self._journal.publish(entry)
        if permission is None:
            raise HarnessFault(
                f"{device}: the harness was about to run an undeclared destructive command "
                f"({kind} of {target}): {command}"
            )

    @property
    def undeclared(self) -> tuple[DestructiveCommand, ...]:
        return tuple(c for c in self.commands if c.declared_by is None)
