"""Install sessions: created, written to, committed or abandoned; alone or as children of one."""

from __future__ import annotations

import errno
import os
import secrets
from collections.abc import Iterator, Sequence

from holdfast.apk.decision import Door
from virtualdevice.system.packages.answers import InstallAnswer, refusal
from virtualdevice.system.packages.candidate import ApkFile
from virtualdevice.system.packages.installer import DeliveredFiles, Installer
from virtualdevice.system.packages.rules import InstallOptions
from virtualdevice.system.packages.session import (
    Session,
    SessionError,
    session_from_json,
    session_to_json,
)
from virtualdevice.system.packages.session_boot import (
    delete_orphan_stages,
    expired_staged,
    split_by_age,
)
from virtualdevice.system.packages.session_dump import EndedSession, dump_installs
from virtualdevice.system.packages.session_file import SessionFile, SessionList
from virtualdevice.system.packages.staging import StagedSession, Staging
from virtualdevice.system.parts import Parts

__all__ = ["Sessions", "is_valid_file_name"]

APK_LIMIT_BYTES = 2 << 30
SYSTEM_UID = 1000
WRITE_COOKIES = ((21, "openWrite"), (30, "assertCanWrite"))
REVALIDATED = range(28, 31)
"""Where a boot drops a sealed session whose files do not hold together."""


class Sessions:
    """Those that have not ended, over reboots; what was staged is `staging`'s.

    `ended` is what `dumpsys package installs` shows of those that ended since the boot.
    """

    def __init__(self, parts: Parts, installer: Installer) -> None:
        self._parts = parts
        self._installer = installer
        self._sessions: dict[int, Session] = {}
        self._file = SessionFile(parts.files)
        self.staging = Staging(parts, installer)
        self.ended: list[EndedSession] = []

    def __iter__(self) -> Iterator[Session]:
        return iter(list(self._sessions.values()))

    async def start(self) -> None:
        """The work of a boot: take over what the last one left."""
        found = []
        for plain in await self._file.read(SessionList.OPEN):
            try:
                found.append(session_from_json(plain))
            except (KeyError, TypeError, ValueError) as error:
                self._complain(f"Could not read session: {error!r}")
        kept, gone = await split_by_age(self._parts, found)
        for session in gone:
            self.ended.append(EndedSession(session=session, answer=None))
        self._sessions = {session.id: session for session in kept}
        for session in kept:
            await self._look_at_sealed(session)
            self._forget_missing_children(session)
        staged = await self.staging.sessions()
        await self.staging.forget(expired_staged(self._parts, staged))
        folders = [session.folder for session in await self.staging.sessions()]
        await delete_orphan_stages(self._parts, [*folders, *(one.folder for one in self)])
        if found:
            await self._save()

    async def _look_at_sealed(self, session: Session) -> None:
        if not session.sealed or self._parts.api not in REVALIDATED or session.children:
            return
        files = await self._files_of(session)
        if not isinstance(files, InstallAnswer):
            names = self._installer.package_names(
                [(files, session.options)], door=Door.SESSION_SHELL
            )
            if not isinstance(names, InstallAnswer):
                return
        self._complain("Package not valid" if self._parts.api >= 29 else "Could not read session")
        self._sessions.pop(session.id, None)

    def _forget_missing_children(self, session: Session) -> None:
        missing = [number for number in session.children if number not in self._sessions]
        for number in missing:
            if self._parts.api >= 31:
                self._complain(f"Child session not existed: {number}")
            session.children.remove(number)

    def _complain(self, text: str) -> None:
        self._parts.log.write("PackageInstaller", text, level="E", buffer="system")

    async def create(
        self, options: InstallOptions, *, owner_uid: int, size_bytes: int = -1
    ) -> Session:
        session = Session(
            id=secrets.randbelow(2**31 - 2) + 1,
            owner_uid=owner_uid,
            options=options,
            created_ms=self._parts.now_ms(),
            size_bytes=size_bytes,
        )
        self._sessions[session.id] = session
        await self._save()
        return session

    async def open(self, session_id: int, *, caller_uid: int) -> Session:
        """SecurityException for one that is not there, has ended, or is somebody else's."""
        session = self._sessions.get(session_id) or await self._committed(session_id)
        if session is None or caller_uid not in (0, session.owner_uid):
            raise SessionError("SecurityException", f"Caller has no access to session {session_id}")
        if not session.prepared and not session.options.multi_package:
            folder = session.folder
            for path in dict.fromkeys((os.path.dirname(folder), folder)):  # noqa: PTH120
                mode = 0o775 if path == folder else 0o771
                await self._parts.files.make_directory(
                    path, mode=mode, uid=SYSTEM_UID, gid=SYSTEM_UID
                )
            session.prepared = True
            await self._save()
        return session

    async def _committed(self, session_id: int) -> Session | None:
        """A staged session waits for the boot, and can still be opened."""
        staged = await self.staging.get(session_id)
        return None if staged is None else _as_session(staged)

    async def dump(self) -> str:
        """`dumpsys package installs`."""
        staged = {one.id: one for one in await self.staging.sessions()}
        every = [*self, *map(_as_session, staged.values())]
        return dump_installs(every, staged, self.ended, self._parts.api)

    async def write(self, session: Session, name: str, data: bytes) -> None:
        """OSError where its directory is gone."""
        cookie = [word for since, word in WRITE_COOKIES if since <= self._parts.api][-1]
        session.assert_open(cookie)
        if await self._parts.files.stat(session.folder) is None:
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), session.folder)
        file_name = name if name.endswith(".apk") else f"{name}.apk"
        await self._parts.files.write(
            f"{session.folder}/{file_name}", data, mode=0o644, uid=SYSTEM_UID, gid=SYSTEM_UID
        )
        if file_name not in session.names:
            session.names.append(file_name)
            await self._save()

    async def remove_split(self, session: Session, split: str) -> None:
        """Only of a session that is for a named package."""
        options = session.options
        if not (options.package_name or options.inherit_from):
            text = "Must specify package name to remove a split"
            raise SessionError("IllegalStateException", text)
        session.assert_open("removeSplit")
        session.removed_splits.append(split)
        await self._save()

    async def add_child(self, parent: Session, child_id: int) -> None:
        """IllegalStateException for one that cannot be a member of that group."""
        child = self._sessions.get(child_id) or await self._committed(child_id)
        problem = _why_no_child(parent, child_id, child, self._parts.api)
        if problem or child is None:
            raise SessionError("IllegalStateException", problem)
        parent.assert_open("addChildSessionId")
        if child_id not in parent.children:
            parent.children.append(child_id)
            child.parent = parent.id
            await self._save()

    async def abandon(self, session: Session) -> None:
        """With its children; a staged one that was committed is taken back, unless it is over."""
        session.assert_no_child("abandon", "abandoned", self._parts.api)
        staged = await self.staging.get(session.id)
        if staged is not None and not staged.is_over:
            await self.staging.abandon(session.id)
        if staged is None:
            await self._finish(session, refusal("INSTALL_FAILED_ABORTED", "Session was abandoned"))

    async def commit(self, session: Session, *, door: Door, caller_uid: int) -> InstallAnswer:
        """The session is used up, whatever the end. A staged one is only made ready.

        A commit that a power cut interrupts leaves a sealed session, which can be committed again.
        """
        session.assert_no_child("commit", "committed", self._parts.api)
        if session.id not in self._sessions:  # staged, and committed before
            return InstallAnswer(code="INSTALL_SUCCEEDED", number=1)
        members = [session, *self._children(session)]
        for member in members:
            member.sealed = True
        await self._save()
        try:
            answer = await self._commit(session, door=door, caller_uid=caller_uid)
        except OSError:
            await self._finish(session, refusal("INSTALL_FAILED_INTERNAL_ERROR"))
            raise
        await self._finish(session, answer)
        return answer

    def _children(self, session: Session) -> list[Session]:
        return [self._sessions[number] for number in session.children if number in self._sessions]

    async def _commit(self, session: Session, *, door: Door, caller_uid: int) -> InstallAnswer:
        children = self._children(session)
        problem = next(filter(None, (_unlike(session, child) for child in children)), "")
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
                session.id,
                numbers,
                deliveries,
                door=door,
                caller_uid=caller_uid,
                created_ms=session.created_ms,
            )
        return await self._installer.install_together(deliveries, door=door, caller_uid=caller_uid)

    async def _finish(self, session: Session, answer: InstallAnswer) -> None:
        """It and its children are forgotten; their files go, unless a boot is to install them."""
        staged = {one.id for one in await self.staging.sessions() if not one.failed}
        for member in (session, *self._children(session)):
            self._sessions.pop(member.id, None)
            if member.id not in staged:
                await self._parts.files.remove_tree(member.folder)
                self.ended.append(EndedSession(session=member, answer=answer))
        await self._save()

    async def _save(self) -> None:
        plain = [session_to_json(session) for session in self._sessions.values()]
        await self._file.write(SessionList.OPEN, plain)

    async def _files_of(self, session: Session) -> list[ApkFile] | InstallAnswer:
        directory, files = session.folder, []
        for name in session.names:
            path = f"{directory}/{name}"
            try:
                data = await self._parts.files.read(path, limit_bytes=APK_LIMIT_BYTES)
            except FileNotFoundError:
                continue
            moves = not session.options.staged
            files.append(ApkFile(name=name, data=data, path=path, moves=moves))
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

    async def _inherited(self, session: Session) -> Sequence[ApkFile] | InstallAnswer:
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
            replaced = apk_name in session.names or f"{split}.apk" in session.names
            if replaced or split in session.removed_splits:
                continue
            path = f"{record.code_path}/{apk_name}"
            data = await self._parts.files.read(path, limit_bytes=APK_LIMIT_BYTES)
            kept.append(ApkFile(name=apk_name, data=data, path=path, inherited=True))
        return kept


def _as_session(staged: StagedSession) -> Session:
    return Session(
        id=staged.id,
        owner_uid=staged.caller_uid,
        options=staged.options,
        created_ms=staged.created_ms,
        names=list(staged.file_names),
        children=list(staged.children),
        parent=staged.parent,
        prepared=True,
        sealed=True,
    )


def _unlike(parent: Session, child: Session) -> str:
    """A group is staged as a whole, and rolled back as one."""
    head = f"Multipackage Inconsistency: session {child.id} and session {parent.id} have "
    if child.options.staged != parent.options.staged:
        return head + "inconsistent staged settings"
    enabled = child.options.rollback_policy is not None
    if enabled != (parent.options.rollback_policy is not None):
        return head + "inconsistent rollback settings"
    return ""


def _why_no_child(parent: Session, child_id: int, child: Session | None, api: int) -> str:
    """addChildSessionId: from 12 on it tells its reasons apart, and looks at the settings here."""
    head = f"Unable to add child session {child_id} as it "
    taken = child is not None and (child.sealed or child.parent not in (0, parent.id))
    if api < 31:
        bad = child is None or taken
        return f"{head}does not exist or is in an invalid state." if bad else ""
    if child is None:
        return f"{head}does not exist."
    if child.options.multi_package:
        return f"Multi-session {child_id} can't be a child."
    return _unlike(parent, child) or (f"{head}is in an invalid state." if taken else "")


def is_valid_file_name(name: str) -> bool:
    """FileUtils.isValidExtFilename: no separators, nothing that means another place."""
    return bool(name) and "/" not in name and "\0" not in name and name not in (".", "..")
