"""`pm` and `cmd package`: one service behind two names."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from virtualdevice.system.commands import (
    package_change,
    package_install,
    package_query,
    package_session,
    package_small,
    package_staged,
    users,
)
from virtualdevice.system.commands.arguments import CommandRefused, IllegalArgument, Words
from virtualdevice.system.commands.package_words import is_java, pm_refused, pm_unread
from virtualdevice.system.invocation import Invocation
from virtualdevice.system.phone import Phone

__all__ = ["run_package"]

Run = Callable[[Phone, Invocation, Words], Awaitable[int]]
NEVER = 99
OLD, NOUGAT, OREO, PIE = 21, 24, 26, 28


@dataclass(frozen=True, kw_only=True, slots=True)
class Verb:
    """Since when Java's `pm` (to 8.1) knows a verb, and since and until when `cmd package` does,
    which `pm` is from 9 on."""

    run: Run
    java: int
    service: int = PIE
    until: int = NEVER

    def is_known(self, api: int, *, to_java: bool) -> bool:
        return (self.java if to_java else self.service) <= api < self.until


VERBS: dict[str, Verb] = {
    "install": Verb(run=package_install.install, java=OLD, service=NOUGAT),
    "install-create": Verb(run=package_session.create, java=OLD, service=NOUGAT),
    "install-write": Verb(run=package_session.write, java=OLD, service=NOUGAT),
    "install-remove": Verb(run=package_session.remove_split, java=NEVER, service=NOUGAT),
    "install-commit": Verb(run=package_session.commit, java=OLD, service=NOUGAT),
    "install-add-session": Verb(run=package_session.add_session, java=NEVER, service=29),
    "install-abandon": Verb(run=package_session.abandon, java=OLD, service=NOUGAT),
    "install-destroy": Verb(run=package_session.abandon, java=OLD, service=NOUGAT),
    "install-existing": Verb(run=package_install.install_existing, java=NEVER, service=OREO),
    "install-incremental": Verb(run=package_install.incremental, java=NEVER, service=30),
    "uninstall": Verb(run=package_change.uninstall, java=OLD, service=NOUGAT),
    "clear": Verb(run=package_change.clear, java=OLD),
    "grant": Verb(run=package_change.grant, java=OLD),
    "revoke": Verb(run=package_change.revoke, java=OLD),
    "reset-permissions": Verb(run=package_change.reset_permissions, java=23),
    "enable": Verb(run=package_change.enable, java=OLD),
    "disable": Verb(run=package_change.disable, java=OLD),
    "disable-user": Verb(run=package_change.disable_user, java=OLD),
    "disable-until-used": Verb(run=package_change.disable_until_used, java=OLD),
    "default-state": Verb(run=package_change.default_state, java=OREO),
    "hide": Verb(run=package_change.hide, java=OLD),
    "unhide": Verb(run=package_change.unhide, java=OLD),
    "suspend": Verb(run=package_change.suspend, java=NEVER, service=NOUGAT),
    "unsuspend": Verb(run=package_change.unsuspend, java=NEVER, service=NOUGAT),
    "set-installer": Verb(run=package_change.set_installer, java=OLD),
    "list": Verb(run=package_query.list_something, java=OLD, service=NOUGAT),
    "path": Verb(run=package_query.path, java=OLD),
    "dump": Verb(run=package_query.dump, java=OLD),
    "resolve-activity": Verb(run=package_query.resolve_activity, java=NEVER, service=NOUGAT),
    "query-activities": Verb(run=package_query.query_activities, java=NEVER, service=NOUGAT),
    "has-feature": Verb(run=package_query.has_feature, java=NEVER, service=OREO),
    "create-user": Verb(run=users.create_user, java=OLD),
    "remove-user": Verb(run=users.remove_user, java=OLD),
    "get-max-users": Verb(run=users.max_users, java=OLD),
    "get-max-running-users": Verb(run=users.max_running_users, java=NEVER),
    "get-stagedsessions": Verb(run=package_staged.list_staged, java=NEVER, service=29),
    "rollback-app": Verb(run=package_staged.rollback_app, java=NEVER, service=29),
    "uninstall-system-updates": Verb(
        run=package_staged.uninstall_system_updates, java=NEVER, service=PIE
    ),
    "get-install-location": Verb(run=package_small.get_install_location, java=OLD),
    "set-install-location": Verb(run=package_small.set_install_location, java=OLD),
    "trim-caches": Verb(run=package_small.trim_caches, java=OLD),
    "compile": Verb(run=package_small.compile_package, java=NEVER, service=NOUGAT),
    "bg-dexopt-job": Verb(run=package_small.background_dexopt, java=NEVER, service=OREO),
}
HANDED_ON = frozenset({"list", "uninstall"})
"""What Java's `pm` of 7.0 to 8.1 lets `cmd package` do, of whose status it knows nothing."""
USAGE = {
    21: "usage: pm list packages [-f] [-d] [-e] [-s] [-3] [-i] [-u] [--user USER_ID] [FILTER]",
    24: "usage: pm path [--user USER_ID] PACKAGE",
}
HELP = "Package manager (package) commands:\n  help\n    Print this help text."
HELP_SUCCEEDS_API = 35


async def run_package(phone: Phone, call: Invocation) -> int:
    """`call.arguments` start with the verb."""
    words = Words(call.arguments)
    name = words.next()
    to_java = is_java(phone, call)
    verb = VERBS.get(name or "")
    try:
        if verb is None or not verb.is_known(phone.api, to_java=to_java):
            return await _unknown(phone, call, name)
        if not (to_java and phone.api >= NOUGAT and name in HANDED_ON):
            return await verb.run(phone, call, words)
        call.name = "cmd"
        try:
            await verb.run(phone, call, words)
        except CommandRefused as refused:
            await _readable(phone, call, refused).tell(call)
        return 0
    except IllegalArgument as problem:
        raise pm_unread(phone, call, problem) from problem


def _readable(phone: Phone, call: Invocation, refused: CommandRefused) -> CommandRefused:
    if isinstance(refused, IllegalArgument):
        return pm_unread(phone, call, refused)
    return refused


async def _unknown(phone: Phone, call: Invocation, name: str | None) -> int:
    if is_java(phone, call):
        usage = USAGE[21 if phone.api < NOUGAT else NOUGAT]
        if name is not None:
            usage = f"Error: unknown command '{name}'\n{usage}"
        raise pm_refused(phone, call, usage)
    if name in (None, "help", "-h"):
        await call.out(HELP)
        return 0 if name == "help" and phone.api >= HELP_SUCCEEDS_API else 255
    await call.out(f"Unknown command: {name}")
    return 255
