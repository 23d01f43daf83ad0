"""Install sessions: created, written to, committed or abandoned; alone or as children of one."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field

from holdfast.apk.decision import Door
from virtualdevice.system.packages.answers import InstallAnswer, refusal
from virtualdevice.system.packages.candidate import ApkFile
from virtualdevice.system.packages.installer import DeliveredFiles, Installer
from virtualdevice.system.packages.rules import InstallOptions
from virtualdevice.system.packages.staging import Staging
from virtualdevice.system.parts import Parts

__all__ = ["Session", "Sessions", "is_valid_file_name"]


@dataclass(kw_only=True, slots=True)
class Session:
    id: int
    owner_uid: int
    options: InstallOptions
    files: dict[str, bytes] = field(default_factory=dict)
    removed_splits: list[str] = field(default_factory=list)
    children: list[int] = field(default_factory=list)


class Sessions:
    """Those of one boot; what was staged is `staging`'s, and outlives it."""

    def __init__(self, parts: Parts, installer: Installer) -> None:
        self._parts = parts
        self._installer = installer
        self._sessions: dict[int, Session] = {}
        self.staging = Staging(parts, installer)

    def __iter__(self) -> Iterator[Session]:
        return iter(list(self._sessions.values()))

    def create(self, options: InstallOptions, *, owner_uid: int) -> Session:
        session = Session(id=secrets.randbelow(2**31 - 2) + 1, owner_uid=owner_uid, options=options)
        self._sessions[session.id] = session
        return session

    def get(self, session_id: int) -> Session | None:
        return self._sessions.get(session_id)

    async def abandon(self, session_id: int) -> bool:
        """Whether there was one; a staged one that was committed is taken back."""
        session = self._sessions.pop(session_id, None)
        for child in session.children if session else ():
            self._sessions.pop(child, None)
        return await self.staging.abandon(session_id) or session is not None

    async def commit(self, session: Session, *, door: Door, caller_uid: int) -> InstallAnswer:
        """The session is used up, whatever the end. A staged one is only made ready."""
        self._sessions.pop(session.id, None)
        children = [self._sessions.pop(number) for number in session.children]
        problem = _inconsistency(session, children)
        if problem:
            return refusal("INSTALL_FAILED_MULTIPACKAGE_INCONSISTENCY", problem)
        deliveries: list[DeliveredFiles] = []
        for one in children or [session]:
            files = await self._files_of(one)
            if isinstance(files, InstallAnswer):
                return files
            deliveries.append((files, one.options))
        if session.options.staged:
            numbers = [child.id for child in children]
            return await self.staging.stage(
                session.id, numbers, deliveries, door=door, caller_uid=caller_uid
            )
        return await self._installer.install_together(deliveries, door=door, caller_uid=caller_uid)

    async def _files_of(self, session: Session) -> list[ApkFile] | InstallAnswer:
        root = "/data/app-staging/session_" if session.options.staged else "/data/app/vmdl"
        directory = f"{root}{session.id}" + ("" if session.options.staged else ".tmp")
        files = [
            ApkFile(name=name, data=data, path=f"{directory}/{name}")
            for name, data in session.files.items()
        ]
        if session.options.inherit_from is not None:
            inherited = await self._inherited(session)
            if isinstance(inherited, InstallAnswer):
                return inherited
            files = [*inherited, *files]
        if files:
            return files
        text = "No packages staged"
        if self._parts.api >= 30:
            text = f"Session: {session.id}. No packages staged in {directory}"
        return refusal("INSTALL_FAILED_INVALID_APK", text)

    async def _inherited(self, session: Session) -> list[ApkFile] | InstallAnswer:
        """The APKs of the installed package that the session neither replaces nor removes."""
        name = session.options.inherit_from or ""
        record = self._parts.registry.present(name)
        if record is None:
            return refusal(
                "INSTALL_FAILED_INVALID_APK", f"Missing existing base package for {name}"
            )
        known = {"base", *record.split_names}
        for split in session.removed_splits:
            if split not in known and self._parts.api >= 24:
                return refusal("INSTALL_FAILED_INVALID_APK", f"Split not found: {split}")
        kept = []
        for apk_name in record.apk_names:
            split = apk_name.removeprefix("split_").removesuffix(".apk")
            replaced = apk_name in session.files or f"{split}.apk" in session.files
            if replaced or split in session.removed_splits:
                continue
            path = f"{record.code_path}/{apk_name}"
            data = await self._parts.files.read(path, limit_bytes=2 << 30)
            kept.append(ApkFile(name=apk_name, data=data, path=path, inherited=True))
        return kept


def _inconsistency(parent: Session, children: list[Session]) -> str:
    """assertConsistencyWithLocked: a group is staged as a whole, and rolled back as one."""
    for child in children:
        head = f"Multipackage Inconsistency: session {child.id} and session {parent.id} have "
        if child.options.staged != parent.options.staged:
            return head + "inconsistent staged settings"
        enabled = child.options.rollback_policy is not None
        if enabled != (parent.options.rollback_policy is not None):
            return head + "inconsistent rollback settings"
    return ""


def is_valid_file_name(name: str) -> bool:
    """FileUtils.isValidExtFilename: no separators, nothing that means another place."""
    return bool(name) and "/" not in name and "\0" not in name and name not in (".", "..")
