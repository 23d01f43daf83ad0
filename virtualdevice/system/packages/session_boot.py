"""What a boot makes of the sessions of the last one: too old, without files, or still to be used.

Sources: readSessionsLocked, expireSessionsLocked and reconcileStagesLocked of
PackageInstallerService. The age counts from the creation; who goes says so in the log alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from virtualdevice.system.packages.session import Session
from virtualdevice.system.packages.staging import StagedSession
from virtualdevice.system.parts import Parts

__all__ = ["delete_orphan_stages", "expired_staged", "split_by_age"]

DAY_MS = 24 * 60 * 60 * 1000
MAX_AGE_MS = 3 * DAY_MS
MAX_STAGED_MS = ((29, 7 * DAY_MS), (33, 21 * DAY_MS))
"""Since which API level, and how long after its last change, a staged session that is over goes."""
CHILDREN_FOLLOW_SINCE = 33
STAGING, STAGING_CLEANED_SINCE = "/data/app-staging", 31


async def split_by_age(
    parts: Parts, sessions: Iterable[Session]
) -> tuple[list[Session], list[Session]]:
    """Who may stay, and who goes."""
    known = {session.id: session for session in sessions}
    gone: dict[int, Session] = {}
    for session in known.values():
        if parts.api >= CHILDREN_FOLLOW_SINCE and session.parent in known:
            continue
        reason = await _why_gone(parts, session)
        if not reason:
            continue
        _warn(parts, reason)
        gone[session.id] = session
        if parts.api >= CHILDREN_FOLLOW_SINCE:
            _warn(parts, f"Remove old session: {session.id}")
            gone |= {number: known[number] for number in session.children if number in known}
    return [one for one in known.values() if one.id not in gone], list(gone.values())


async def _why_gone(parts: Parts, session: Session) -> str:
    if session.options.staged:
        return ""
    if parts.now_ms() - session.created_ms >= MAX_AGE_MS:
        first = "first " if parts.api < 29 else ""
        return f"Abandoning old session {first}created at {session.created_ms}"
    if parts.api < 23 and await parts.files.stat(session.folder) is None:
        return f"Abandoning internal session with missing stage {session.folder}"
    return ""


def expired_staged(parts: Parts, staged: Sequence[StagedSession]) -> list[StagedSession]:
    """Those that are over for long enough to be forgotten."""
    limits = [limit for since, limit in MAX_STAGED_MS if since <= parts.api]
    oldest_ms = parts.now_ms() - (limits[-1] if limits else 0)
    gone = [one for one in staged if one.is_over and not one.parent and one.updated_ms <= oldest_ms]
    if parts.api >= CHILDREN_FOLLOW_SINCE:
        for session in gone:
            _warn(parts, f"Remove old session: {session.id}")
    parents = {one.id for one in gone}
    return [one for one in staged if one.id in parents or one.parent in parents]


async def delete_orphan_stages(parts: Parts, in_use: Iterable[str]) -> None:
    """Directories that no session has: an interrupted `pm install` leaves one, too."""
    claimed = set(in_use)
    found = [
        f"/data/app/{name}"
        for name in await parts.files.list("/data/app")
        if name.startswith("vmdl") and name.endswith(".tmp")
    ]
    if parts.api >= STAGING_CLEANED_SINCE:
        found += [f"{STAGING}/{name}" for name in await parts.files.list(STAGING)]
    for folder in found:
        if folder not in claimed:
            _warn(parts, f"Deleting orphan stage {folder}")
            await parts.files.remove_tree(folder)


def _warn(parts: Parts, text: str) -> None:
    parts.log.write("PackageInstaller", text, level="W", buffer="system")
