"""`pm get-stagedsessions`, `pm list staged-sessions`, `pm rollback-app`,
`pm uninstall-system-updates`: what Android 10 brought for its own modules.

Source: PackageManagerShellCommand of 10 to 16. The listing ends with status 1 although it is
right, as Android's own does.
"""

from __future__ import annotations

from virtualdevice.system.commands.arguments import CommandRefused, Words
from virtualdevice.system.invocation import Invocation
from virtualdevice.system.packages.rollbacks import ROLLBACK_DOOR
from virtualdevice.system.packages.staging import StagedSession
from virtualdevice.system.phone import Phone

__all__ = ["list_staged", "rollback_app", "uninstall_system_updates"]

SYSTEM_UID = 1000
ONLY = frozenset({"--only-sessionid", "--only-parent", "--only-ready"})


async def list_staged(phone: Phone, call: Invocation, words: Words) -> int:
    shown: set[str] = set()
    while (option := words.option()) is not None:
        if option not in ONLY or phone.api < 30:
            raise CommandRefused(f"Error: Unknown option: {option}")
        shown.add(option)
    sessions = await phone.sessions.staging.sessions()
    lines: list[str] = []
    for session in sessions:
        if "--only-ready" in shown and not session.ready:
            continue
        if phone.api >= 30 and session.parent:
            continue
        lines.append(_line(session, phone.api, shown))
        if phone.api >= 30 and "--only-parent" not in shown:
            lines += [
                "  " + _line(child, phone.api, shown)
                for child in sessions
                if child.parent == session.id
            ]
    if lines:
        await call.out("\n".join(lines))
    return 1


def _line(session: StagedSession, api: int, shown: set[str]) -> str:
    if "--only-sessionid" in shown:
        return str(session.id)
    package = session.package or "null"
    ready, applied, failed = (
        str(flag).lower() for flag in (session.ready, session.applied, session.failed)
    )
    if api < 30:
        return (
            f"appPackageName = {package}; sessionId = {session.id}; isStaged = true; "
            f"isStagedSessionReady = {ready}; isStagedSessionApplied = {applied}; "
            f"isStagedSessionFailed = {failed};"
        )
    line = (
        f"sessionId = {session.id}; appPackageName = {package}; isStaged = true; "
        f"isReady = {ready}; isApplied = {applied}; isFailed = {failed};"
    )
    return line + f" errorMsg = {session.error};" if api >= 31 else line


async def rollback_app(phone: Phone, call: Invocation, words: Words) -> int:
    """Back to the version before an update that came with `--enable-rollback`."""
    while words.option() is not None:
        words.next()
    name = words.required("Error: package name not specified")
    rollbacks = phone.installer.rollbacks
    rollback = await rollbacks.available(name)
    if rollback is None:
        await call.out(f"No available rollbacks for: {name}")
        return 1
    files = await rollbacks.files(rollback)
    answer = await phone.installer.install(
        files, rollbacks.options(rollback), door=ROLLBACK_DOOR, caller_uid=SYSTEM_UID
    )
    if not answer.succeeded:
        text = f"{answer.code}: {answer.text}" if answer.text else answer.code
        await call.out(f"Failure [Rollback downgrade install failed: {text}]")
        return 1
    await rollbacks.finish(rollback)
    await call.out("Success")
    return 0


async def uninstall_system_updates(phone: Phone, call: Invocation, words: Words) -> int:
    """All updated system apps back to the factory version, or the one that is named (from 11)."""
    only = words.next() if phone.api >= 30 else None
    for record in list(phone.parts.registry):
        if record.preload is not None and only in (None, record.name):
            await call.out(f"Uninstalling updates to {record.name}...")
            await phone.remover.uninstall(record.name, keep_data=False)
    await call.out("Success")
    return 1
