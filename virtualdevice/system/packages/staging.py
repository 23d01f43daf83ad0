"""Staged sessions: verified when they are committed, installed by the next boot, or not at all.

Sources: StagingManager (10 to 16), PackageSessionVerifier (13 to 16). A phone is taken to have
userdata checkpoints: if one session cannot be installed, the boot is undone and all have failed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from holdfast.apk.codes import Code
from holdfast.apk.decision import Door
from virtualdevice.system.packages.answers import InstallAnswer, refusal
from virtualdevice.system.packages.candidate import ApkFile
from virtualdevice.system.packages.installer import DeliveredFiles, Installer
from virtualdevice.system.packages.rules import InstallOptions
from virtualdevice.system.packages.session_file import (
    SessionFile,
    SessionList,
    options_from_json,
)
from virtualdevice.system.parts import Parts

__all__ = ["StagedSession", "Staging"]

STAGING = "/data/app-staging"
SYSTEM_UID = 1000
APK_LIMIT_BYTES = 2 << 30
VERIFICATION_FAILED, ACTIVATION_FAILED, UNKNOWN = 1, 2, 3  # SessionInfo.STAGED_SESSION_*
DRY_RUN_TO = 30  # from 12 on only the version is looked at before the reboot
IN_PROGRESS = "INSTALL_FAILED_OTHER_STAGED_SESSION_IN_PROGRESS"


@dataclass(frozen=True, kw_only=True, slots=True)
class StagedSession:
    """`parent` is 0 for a session of its own and for the parent of a group."""

    id: int
    package: str | None
    parent: int = 0
    children: tuple[int, ...] = ()
    file_names: tuple[str, ...] = ()
    options: InstallOptions
    door: Door
    caller_uid: int
    created_ms: int = 0
    updated_ms: int = 0
    ready: bool = False
    applied: bool = False
    failed: bool = False
    error_code: int = 0
    error: str = ""

    @property
    def folder(self) -> str:
        return f"{STAGING}/session_{self.id}"

    @property
    def is_over(self) -> bool:
        return self.applied or self.failed


class Staging:
    """What was staged on this device, in the order in which it was committed."""

    def __init__(self, parts: Parts, installer: Installer) -> None:
        self._parts = parts
        self._installer = installer
        self._file = SessionFile(parts.files)

    async def sessions(self) -> list[StagedSession]:
        """All that are known, those that are over as well."""
        try:
            return [_from_json(item) for item in await self._file.read(SessionList.STAGED)]
        except (ValueError, KeyError, TypeError):
            return []

    async def get(self, session_id: int) -> StagedSession | None:
        return next((one for one in await self.sessions() if one.id == session_id), None)

    async def abandon(self, session_id: int) -> bool:
        """Whether it was there."""
        known = await self.sessions()
        gone = [one for one in known if session_id in (one.id, one.parent)]
        await self.forget(gone)
        return bool(gone)

    async def forget(self, gone: Sequence[StagedSession]) -> None:
        """With their files."""
        for session in gone:
            await self._parts.files.remove_tree(session.folder)
        if gone:
            await self._save([one for one in await self.sessions() if one not in gone])

    async def stage(
        self,
        session_id: int,
        children: Sequence[int],
        deliveries: Sequence[DeliveredFiles],
        *,
        door: Door,
        caller_uid: int,
        created_ms: int,
    ) -> InstallAnswer:
        """Keep it for the next boot. `get` says whether it is ready, where it was taken at all."""
        names = self._installer.package_names(deliveries, door=door)
        if isinstance(names, InstallAnswer):
            return names
        checked = self._installer.check_together(deliveries, door=door, caller_uid=caller_uid)
        dry_run = self._parts.api <= DRY_RUN_TO
        if checked.code.startswith("INSTALL_PARSE_FAILED_"):
            return checked
        if not dry_run and checked.code == Code.VERSION_DOWNGRADE:
            return checked
        session = StagedSession(
            id=session_id,
            package=None if children else names[0],
            children=tuple(children),
            file_names=() if children else tuple(file.name for file in deliveries[0][0]),
            options=replace(deliveries[0][1], multi_package=bool(children)),
            door=door,
            caller_uid=caller_uid,
            created_ms=created_ms,
            updated_ms=self._parts.now_ms(),
            ready=True,
        )
        overlap = await self._overlap(session_id, children, names)
        if overlap and self._parts.api not in (31, 32):
            return refusal(IN_PROGRESS, overlap)
        if overlap:
            session = replace(
                session, ready=False, failed=True, error_code=VERIFICATION_FAILED, error=overlap
            )
        elif not checked.succeeded and dry_run:
            session = self._failed_early(session, checked)
        await self._keep(session, list(zip(children, deliveries, names, strict=False)), deliveries)
        return InstallAnswer(code="INSTALL_SUCCEEDED", number=1, package_name=names[-1])

    def _failed_early(self, session: StagedSession, answer: InstallAnswer) -> StagedSession:
        text = f"{answer.code}: {answer.text}" if answer.text else answer.code
        if self._parts.api <= 29:
            text = "APK verification failed. Check logcat messages for more information."
        return replace(
            session, ready=False, failed=True, error_code=VERIFICATION_FAILED, error=text
        )

    async def _overlap(self, session_id: int, children: Sequence[int], names: Sequence[str]) -> str:
        """What keeps it from being staged beside those that wait already."""
        for other in await self.sessions():
            if other.is_over:
                continue
            if self._parts.api <= 29:
                return f"There is already in-progress committed staged session {other.id}"
            if other.package in names:
                own = children[names.index(other.package)] if children else session_id
                return (
                    f"Package: {other.package} in session: {own} has been staged already by "
                    f"session: {other.parent or other.id}"
                )
        return ""

    async def _keep(
        self,
        session: StagedSession,
        group: Sequence[tuple[int, DeliveredFiles, str]],
        deliveries: Sequence[DeliveredFiles],
    ) -> None:
        found = [session]
        if not group:
            await self._write(session, deliveries[0][0])
        for number, (files, options), name in group:
            child = replace(
                session,
                id=number,
                package=name,
                parent=session.id,
                children=(),
                file_names=tuple(file.name for file in files),
                options=options,
            )
            await self._write(child, files)
            found.append(child)
        await self._save([*await self.sessions(), *found])

    async def _write(self, session: StagedSession, files: Sequence[ApkFile]) -> None:
        if session.failed:
            return
        for folder in (STAGING, session.folder):
            await self._parts.files.make_directory(
                folder, mode=0o750, uid=SYSTEM_UID, gid=SYSTEM_UID
            )
        for file in files:
            await self._parts.files.write(
                f"{session.folder}/{file.name}",
                file.data,
                mode=0o640,
                uid=SYSTEM_UID,
                gid=SYSTEM_UID,
            )

    async def apply(self) -> None:
        """The work of a boot: install what is ready, all of it or none."""
        known = await self.sessions()
        waiting = [one for one in known if one.ready and not one.is_over and not one.parent]
        if not waiting:
            return
        by_id = {one.id: one for one in known}
        groups = [(one, [by_id[n] for n in one.children] or [one]) for one in waiting]
        prepared = [
            (session, [await self._delivery(member) for member in members])
            for session, members in groups
        ]
        for session, deliveries in prepared:
            self._log(f"Installing APK packages in session {session.id}")
            answer = self._installer.check_together(
                deliveries, door=session.door, caller_uid=session.caller_uid
            )
            if not answer.succeeded:
                await self._undo(known, session, answer)
                return
        for session, deliveries in prepared:
            await self._installer.install_together(
                deliveries, door=session.door, caller_uid=session.caller_uid
            )
            self._log(f"Marking session {session.id} as applied")
            for member in (session, *(by_id[number] for number in session.children)):
                by_id[member.id] = replace(
                    member, applied=True, ready=False, updated_ms=self._parts.now_ms()
                )
                await self._parts.files.remove_tree(member.folder)
        await self._save(list(by_id.values()))

    async def _undo(
        self, known: Sequence[StagedSession], culprit: StagedSession, answer: InstallAnswer
    ) -> None:
        """The checkpoint is aborted: nothing of what was staged goes in."""
        reason = self._reason(answer)
        self._log(f"Failure to install APK staged session {culprit.id} [{reason}]", level="E")
        undone = []
        for session in known:
            if session.is_over or not session.ready:
                undone.append(session)
                continue
            text = (
                f"Reverting back to safe state. Marking {session.parent or session.id} as failed. "
                f"Reason for revert: Failed to install sessionId: {culprit.id} Error: {reason}"
            )
            code = UNKNOWN
            if self._parts.api <= 29:
                code, text = ACTIVATION_FAILED, "Staged installation of APKs failed."
            undone.append(
                replace(
                    session,
                    ready=False,
                    failed=True,
                    error_code=code,
                    error=text,
                    updated_ms=self._parts.now_ms(),
                )
            )
            await self._parts.files.remove_tree(session.folder)
        await self._save(undone)

    def _reason(self, answer: InstallAnswer) -> str:
        text = answer.text
        if answer.code == Code.VERSION_DOWNGRADE and self._parts.api >= 34:
            text = "Failed to verify version code"
        return f"{answer.code}: {text}" if text else answer.code

    async def _delivery(self, session: StagedSession) -> DeliveredFiles:
        files = []
        for name in session.file_names:
            path = f"{session.folder}/{name}"
            data = await self._parts.files.read(path, limit_bytes=APK_LIMIT_BYTES)
            files.append(ApkFile(name=name, data=data, path=path))
        return files, session.options

    def _log(self, text: str, *, level: str = "D") -> None:
        self._parts.log.write("StagingManager", text, level=level, buffer="system")

    async def _save(self, sessions: Sequence[StagedSession]) -> None:
        await self._file.write(SessionList.STAGED, [asdict(session) for session in sessions])


def _from_json(plain: Mapping[str, Any]) -> StagedSession:
    """KeyError, TypeError or ValueError for a broken one."""
    values = dict(plain)
    values["options"] = options_from_json(plain["options"])
    values["door"] = Door(plain["door"])
    for name in ("children", "file_names"):
        values[name] = tuple(plain[name])
    return StagedSession(**values)
