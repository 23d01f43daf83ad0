"""`dumpsys package installs`: the sessions, in the format of each Android version.

Sources: dumpLocked of PackageInstallerSession, dump of SessionParams, dump of
PackageInstallerService, IndentingPrintWriter. Parameters that no command of the shell sets have
the value that Android gives them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from virtualdevice.system.packages.answers import InstallAnswer
from virtualdevice.system.packages.rules import InstallOptions
from virtualdevice.system.packages.session import Session
from virtualdevice.system.packages.staging import StagedSession

__all__ = ["EndedSession", "dump_installs"]

LINE_LENGTH, STEP = 120, "  "
LATEST = 99

FACTS = (
    ("userId", 21, LATEST), ("mOriginalInstallerUid", 28, LATEST),
    ("mOriginalInstallerPackageName", 31, LATEST), ("installerPackageName", 21, 27),
    ("mInstallerPackageName", 28, 29), ("installerPackageName", 30, LATEST),
    ("installInitiatingPackageName", 30, LATEST), ("installOriginatingPackageName", 30, LATEST),
    ("installerUid", 21, 27), ("mInstallerUid", 28, LATEST), ("createdMillis", 21, LATEST),
    ("updatedMillis", 30, LATEST), ("committedMillis", 31, LATEST), ("stageDir", 21, LATEST),
    ("stageCid", 21, LATEST),
)  # fmt: skip
PARAMETERS = (
    ("mode", 21, LATEST), ("installFlags", 21, LATEST), ("installLocation", 21, LATEST),
    ("installReason", 31, LATEST), ("installScenario", 31, LATEST), ("sizeBytes", 21, LATEST),
    ("appPackageName", 21, LATEST), ("appIcon", 21, LATEST), ("appLabel", 21, LATEST),
    ("originatingUri", 21, LATEST), ("originatingUid", 24, LATEST), ("referrerUri", 21, LATEST),
    ("abiOverride", 21, LATEST), ("volumeUuid", 24, LATEST),
    ("grantedRuntimePermissions", 24, 33), ("mPermissionStates", 34, LATEST),
    ("packageSource", 33, LATEST), ("whitelistedRestrictedPermissions", 29, LATEST),
    ("autoRevokePermissions", 30, LATEST), ("installerPackageName", 28, LATEST),
    ("isMultiPackage", 29, LATEST), ("isStaged", 29, LATEST), ("forceQueryable", 30, LATEST),
    ("requireUserAction", 31, LATEST), ("requiredInstalledVersionCode", 29, LATEST),
    ("dataLoaderParams", 30, LATEST), ("rollbackDataPolicy", 30, LATEST),
    ("rollbackLifetimeMillis", 36, LATEST), ("rollbackImpactLevel", 36, LATEST),
    ("applicationEnabledSettingPersistent", 34, LATEST), ("developmentInstallFlags", 36, LATEST),
    ("unarchiveId", 36, LATEST), ("dexoptCompilerFilter", 36, LATEST),
    ("isAutoInstallDependenciesEnabled", 36, LATEST),
)  # fmt: skip
STATE = (
    ("mClientProgress", 21, LATEST), ("mProgress", 21, LATEST), ("mCommitted", 29, LATEST),
    ("mPreapprovalRequested", 34, LATEST), ("mSealed", 21, LATEST),
    ("mPermissionsAccepted", 21, 27), ("mPermissionsManuallyAccepted", 28, LATEST),
    ("mRelinquished", 23, 31), ("mStageDirInUse", 33, LATEST), ("mDestroyed", 21, LATEST),
    ("mFds", 26, LATEST), ("mBridges", 21, LATEST), ("mFinalStatus", 21, LATEST),
    ("mFinalMessage", 21, LATEST), ("params.isMultiPackage", 29, LATEST),
    ("params.isStaged", 29, LATEST), ("mParentSessionId", 30, LATEST),
    ("mChildSessionIds", 30, LATEST), ("mStagedSessionApplied", 30, 31),
    ("mStagedSessionFailed", 30, 31), ("mStagedSessionReady", 30, 31),
    ("mStagedSessionErrorCode", 30, 31), ("mStagedSessionErrorMessage", 30, 31),
    ("mSessionApplied", 33, LATEST), ("mSessionFailed", 33, LATEST), ("mSessionReady", 33, LATEST),
    ("mSessionErrorCode", 33, LATEST), ("mSessionErrorMessage", 33, LATEST),
    ("mPreapprovalDetails", 34, LATEST),
)  # fmt: skip
"""What each line shows: (name, first API level, last)."""
GENTLE = (
    ("hasPendingIdleJob", False),
    ("Num of PendingIdleFutures", 0),
    ("Num of PendingChecks", 0),
)


class _Printer:
    """IndentingPrintWriter: a pair that does not fit goes to a line of its own, and is cut there
    if it is still too long. Blank lines are indented, too."""

    def __init__(self, *, step: str = STEP, wraps: bool = True) -> None:
        self.lines: list[str] = []
        self._line = ""
        self._indent = ""
        self._step = step
        self._wraps = wraps

    def pair(self, name: str, value: object) -> None:
        text = f"{name}={_shown(value)} "
        if self._line and self._wraps and len(self._line) + len(text) >= self._room:
            self.end()
        self._line += text

    def end(self, text: str = "") -> None:
        line = self._line + text
        while self._wraps and len(line) >= self._room:
            self.lines.append(self._indent + line[: self._room])
            line = line[self._room :]
        self.lines.append(self._indent + line)
        self._line = ""

    @property
    def _room(self) -> int:
        return LINE_LENGTH - len(self._indent)

    def more(self) -> None:
        self._indent += self._step

    def less(self) -> None:
        self._indent = self._indent.removesuffix(self._step)

    def pairs(
        self, names: Iterable[tuple[str, int, int]], api: int, values: Mapping[str, object]
    ) -> None:
        for name, since, until in names:
            if since <= api <= until:
                self.pair(name, values.get(name))
        self.end()


def _shown(value: object) -> str:
    if value is None:
        return "null"
    return str(value).lower() if isinstance(value, bool) else str(value)


@dataclass(frozen=True, kw_only=True, slots=True)
class EndedSession:
    """How it was when it ended; without an answer where a boot found it too old."""

    session: Session
    answer: InstallAnswer | None


def _print(
    to: _Printer,
    session: Session,
    api: int,
    *,
    title: str = "",
    end: InstallAnswer | None = None,
    staged: StagedSession | None = None,
) -> None:
    to.end(f"{title}Session {session.id}:")
    to.more()
    to.pairs(FACTS, api, _facts(session))
    to.pairs(PARAMETERS, api, _parameters(session, api))
    to.pairs(STATE, api, _state(session, api, end, staged))
    to.less()


def _print_ended(to: _Printer, ended: EndedSession, api: int) -> None:
    """From 8.0 a text of its own format, which is cut rather than wrapped; from 15 its own class,
    of whose lines the parameters alone are such a text."""
    session, answer = ended.session, ended.answer
    if api < 26:
        _print(to, session, api, end=answer)
    elif api < 35:
        text = _Printer(step="    ", wraps=False)
        _print(text, session, api, end=answer)
        for line in text.lines:
            to.end(line)
    else:
        to.end(f"Session {session.id}:")
        to.more()
        to.pairs(FACTS, api, _facts(session))
        text = _Printer(wraps=False)
        text.pairs(PARAMETERS, api, _parameters(session, api))
        to.end(text.lines[0])
        state = [name for name in STATE if not name[0].startswith("params.")]
        more = [("mPreVerifiedDomains", 35, LATEST), ("mAppPackageName", 35, LATEST)]
        name = session.options.inherit_from or session.options.package_name
        found = (answer.package_name if answer is not None else "") or name
        to.pairs([*state, *more], api, {**_state(session, api, answer, None),
                                        "mAppPackageName": found})  # fmt: skip
        to.less()


def _flags(options: InstallOptions, api: int) -> int:
    """PackageManager.INSTALL_*, as a session of the shell has them."""
    replaces = options.replace or (api >= 29 and not options.forbid_replace)
    held = (
        (0x2, replaces),  # REPLACE_EXISTING
        (0x4, options.allow_test),
        (0x10 | 0x20, True),  # INTERNAL, FROM_ADB
        (0x40, options.user_id is None),  # ALL_USERS
        (0x80, options.allow_downgrade),
        (0x100, options.grant_permissions),
        (0x40000, options.rollback_policy is not None),
        (0x200000, options.staged and api >= 30),
        (0x400000, api >= 29),  # ALL_WHITELIST_RESTRICTED_PERMISSIONS
    )
    return sum(bit for bit, is_held in held if is_held)


def _facts(session: Session) -> Mapping[str, object]:
    uid, installer = session.owner_uid, session.options.installer
    return {
        "userId": session.options.user_id or 0,
        "mOriginalInstallerUid": uid,
        "installerUid": uid,
        "mInstallerUid": uid,
        "installerPackageName": installer,
        "mInstallerPackageName": installer,
        "installInitiatingPackageName": session.options.initiator,
        "createdMillis": session.created_ms,
        "updatedMillis": session.created_ms,
        "committedMillis": 0,
        "stageDir": None if session.options.multi_package else session.folder,
    }


def _parameters(session: Session, api: int) -> Mapping[str, object]:
    options = session.options
    return {
        "mode": 1 if options.inherit_from is None else 2,
        "installFlags": f"0x{_flags(options, api):x}",
        "installLocation": 1,
        "installReason": 0,
        "installScenario": 0,
        "sizeBytes": session.size_bytes,
        "appPackageName": options.inherit_from or options.package_name,
        "appIcon": False,
        "originatingUid": -1,
        "mPermissionStates": "{}",
        "packageSource": options.package_source,
        "autoRevokePermissions": 3,
        "installerPackageName": options.installer,
        "isMultiPackage": options.multi_package,
        "isStaged": options.staged,
        "forceQueryable": False,
        "requireUserAction": "UNSPECIFIED",
        "requiredInstalledVersionCode": -1,
        "rollbackDataPolicy": int(options.rollback_policy or 0),
        "rollbackLifetimeMillis": 0,
        "rollbackImpactLevel": 0,
        "applicationEnabledSettingPersistent": False,
        "developmentInstallFlags": "0x0",
        "unarchiveId": -1,
        "isAutoInstallDependenciesEnabled": True,
    }


def _state(
    session: Session, api: int, end: InstallAnswer | None, staged: StagedSession | None
) -> Mapping[str, object]:
    head = "mStagedSession" if api < 33 else "mSession"
    children = ", ".join(str(number) for number in session.children)
    text = end.text if end is not None and not end.succeeded else ""
    return {
        "mClientProgress": 1.0 if session.sealed else 0.0,
        "mProgress": 0.8 if session.sealed else 0.0,
        "mCommitted": session.sealed,
        "mPreapprovalRequested": False,
        "mSealed": session.sealed or end is not None,
        "mPermissionsAccepted": False,
        "mPermissionsManuallyAccepted": False,
        "mRelinquished": end is not None and end.succeeded,
        "mStageDirInUse": False,
        "mDestroyed": end is not None,
        "mFds": 0,
        "mBridges": 0,
        "mFinalStatus": end.number if end is not None else 0,
        "mFinalMessage": text or None,
        "params.isMultiPackage": session.options.multi_package,
        "params.isStaged": session.options.staged,
        "mParentSessionId": session.parent or -1,
        "mChildSessionIds": f"[{children}]" if api >= 31 else f"{{{children}}}",
        f"{head}Applied": staged is not None and staged.applied,
        f"{head}Failed": staged is not None and staged.failed,
        f"{head}Ready": staged is not None and staged.ready,
        f"{head}ErrorCode": staged.error_code if staged is not None else 0,
        f"{head}ErrorMessage": staged.error if staged is not None else "",
    }


def dump_installs(
    sessions: Sequence[Session],
    staged: Mapping[int, StagedSession],
    ended: Sequence[EndedSession],
    api: int,
) -> str:
    """`sessions` are those that have not ended, staged ones included."""
    over = [one for one in sessions if one.id in staged and staged[one.id].is_over]
    active = [one for one in sessions if one not in over]
    to = _Printer()
    _print_list(to, "Active", active, staged, api)
    if api >= 30:
        _print_list(to, "Finalized", over, staged, api)
    to.end("Historical install sessions:")
    to.more()
    for one in ended:
        _print_ended(to, one, api)
        to.end()
    to.end()
    to.less()
    to.end("Legacy install sessions:")
    to.more()
    to.end("{}")
    if api >= 31:
        to.end()
    to.less()
    if api >= 34:
        to.end("Gentle update with constraints info:")
        to.more()
        for name, value in GENTLE:
            to.pair(name, value)
            to.end()
    return "\n".join(to.lines) + "\n"


def _print_list(
    to: _Printer,
    tag: str,
    sessions: Sequence[Session],
    staged: Mapping[int, StagedSession],
    api: int,
) -> None:
    """From 13 on the children stand below their parent."""
    to.end(f"{tag} install sessions:")
    to.more()
    if api < 33:
        for session in sorted(sessions, key=lambda one: one.id):
            _print(to, session, api, staged=staged.get(session.id))
            to.end()
    else:
        for session in sorted(sessions, key=lambda one: (one.created_ms, one.id)):
            if session.parent:
                continue
            _print(to, session, api, title=f"{tag} ", staged=staged.get(session.id))
            to.end()
            to.more()
            for child in sessions:
                if child.parent == session.id:
                    _print(to, child, api, title=f"{tag} Child ", staged=staged.get(child.id))
                    to.end()
            to.less()
    to.end()
    to.less()
