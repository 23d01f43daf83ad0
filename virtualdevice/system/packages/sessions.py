"""Install sessions: created, written to, committed or abandoned."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field

from holdfast.apk.decision import Door
from virtualdevice.system.packages.answers import InstallAnswer, refusal
from virtualdevice.system.packages.candidate import ApkFile
from virtualdevice.system.packages.installer import Installer
from virtualdevice.system.packages.rules import InstallOptions
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
    """Those of one boot. Staged ones would have to outlive it; they are not offered."""

    def __init__(self, parts: Parts, installer: Installer) -> None:
        self._parts = parts
        self._installer = installer
        self._sessions: dict[int, Session] = {}

    def __iter__(self) -> Iterator[Session]:
        return iter(list(self._sessions.values()))

    def create(self, options: InstallOptions, *, owner_uid: int) -> Session:
        session = Session(id=secrets.randbelow(2**31 - 2) + 1, owner_uid=owner_uid, options=options)
        self._sessions[session.id] = session
        return session

    def get(self, session_id: int) -> Session | None:
        return self._sessions.get(session_id)

    def abandon(self, session_id: int) -> bool:
        return self._sessions.pop(session_id, None) is not None

    async def commit(self, session: Session, *, door: Door, caller_uid: int) -> InstallAnswer:
        """The session is used up, whatever the end."""
        self._sessions.pop(session.id, None)
        directory = f"/data/app/vmdl{session.id}.tmp"
        files = [
            ApkFile(name=name, data=data, path=f"{directory}/{name}")
            for name, data in session.files.items()
        ]
        if session.options.inherit_from is not None:
            inherited = await self._inherited(session)
            if isinstance(inherited, InstallAnswer):
                return inherited
            files = [*inherited, *files]
        if not files:
            text = "No packages staged"
            if self._parts.api >= 30:
                text = f"Session: {session.id}. No packages staged in {directory}"
            return refusal("INSTALL_FAILED_INVALID_APK", text)
        return await self._installer.install(
            files, session.options, door=door, caller_uid=caller_uid
        )

    async def _inherited(self, session: Session) -> list[ApkFile] | InstallAnswer:
        """The APKs of the installed package that the session neither replaces nor removes."""
        name = session.options.inherit_from or ""
        record = self._parts.registry.present(name)
        if record is None:
            return refusal(
                "INSTALL_FAILED_INVALID_APK", f"Missing existing base package for {name}"
            )
        kept = []
        for apk_name in record.apk_names:
            split = apk_name.removeprefix("split_").removesuffix(".apk")
            replaced = apk_name in session.files or f"{split}.apk" in session.files
            if replaced or split in session.removed_splits:
                continue
            path = f"{record.code_path}/{apk_name}"
            data = await self._parts.files.read(path, limit_bytes=2 << 30)
            kept.append(ApkFile(name=apk_name, data=data, path=path))
        return kept


def is_valid_file_name(name: str) -> bool:
    """FileUtils.isValidExtFilename: no separators, nothing that means another place."""
    return bool(name) and "/" not in name and "\0" not in name and name not in (".", "..")
