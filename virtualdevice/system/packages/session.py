"""One install session that has not ended, and what PackageInstaller throws about it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from virtualdevice.system.packages.rules import InstallOptions
from virtualdevice.system.packages.session_file import options_from_json

__all__ = ["Session", "SessionError", "session_from_json", "session_to_json"]


class SessionError(Exception):
    """What the service throws at its caller: a Java exception of that class."""

    def __init__(self, kind: str, text: str) -> None:
        super().__init__(text)
        self.kind = kind


@dataclass(kw_only=True, slots=True)
class Session:
    """`sealed` once it is committed: nothing can be written to it any more. `prepared` once it has
    been opened: its directory was made. `parent` is 0 for one that belongs to no group.
    """

    id: int
    owner_uid: int
    options: InstallOptions
    created_ms: int
    size_bytes: int = -1
    names: list[str] = field(default_factory=list)
    removed_splits: list[str] = field(default_factory=list)
    children: list[int] = field(default_factory=list)
    parent: int = 0
    prepared: bool = False
    sealed: bool = False

    @property
    def folder(self) -> str:
        """Its stage directory."""
        if self.options.staged:
            return f"/data/app-staging/session_{self.id}"
        return f"/data/app/vmdl{self.id}.tmp"

    def assert_open(self, cookie: str) -> None:
        """SecurityException once it was committed."""
        if self.sealed:
            raise SessionError("SecurityException", f"{cookie} not allowed after commit")

    def assert_no_child(self, verb: str, done: str, api: int) -> None:
        """A member of a group goes with it, and not alone."""
        if not self.parent:
            return
        text = (
            f"Session {self.id} is a child of multi-package session {self.parent} and may not be "
            f"{done} directly."
        )
        if api >= 31:
            text = f"{verb} can't be called on a child session, id={self.id} parentId={self.parent}"
        raise SessionError("IllegalStateException", text)


def session_to_json(session: Session) -> Mapping[str, object]:
    return asdict(session)


def session_from_json(plain: Mapping[str, Any]) -> Session:
    """KeyError, TypeError or ValueError for a broken one."""
    return Session(**dict(plain) | {"options": options_from_json(plain["options"])})
