"""`pm` and `cmd package`: one service behind two names."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from virtualdevice.system.commands import (
    package_change,
    package_install,
    package_query,
    package_session,
    package_staged,
    users,
)
from virtualdevice.system.commands.arguments import Words
from virtualdevice.system.invocation import Invocation
from virtualdevice.system.phone import Phone

__all__ = ["run_package"]

Verb = Callable[[Phone, Invocation, Words], Awaitable[int]]

VERBS: dict[str, Verb] = {
    "install": package_install.install,
    "install-create": package_session.create,
    "install-write": package_session.write,
    "install-remove": package_session.remove_split,
    "install-commit": package_session.commit,
    "install-add-session": package_session.add_session,
    "install-abandon": package_session.abandon,
    "install-destroy": package_session.abandon,
    "install-existing": package_install.install_existing,
    "install-incremental": package_install.incremental,
    "uninstall": package_change.uninstall,
    "clear": package_change.clear,
    "grant": package_change.grant,
    "revoke": package_change.revoke,
    "reset-permissions": package_change.reset_permissions,
    "enable": package_change.enable,
    "disable": package_change.disable,
    "disable-user": package_change.disable_user,
    "suspend": package_change.suspend,
    "unsuspend": package_change.unsuspend,
    "set-installer": package_change.set_installer,
    "list": package_query.list_something,
    "path": package_query.path,
    "dump": package_query.dump,
    "resolve-activity": package_query.resolve_activity,
    "hide": package_change.hide,
    "unhide": package_change.unhide,
    "create-user": users.create_user,
    "remove-user": users.remove_user,
    "get-max-users": users.max_users,
    "get-max-running-users": users.max_running_users,
    "get-stagedsessions": package_staged.list_staged,
    "rollback-app": package_staged.rollback_app,
    "uninstall-system-updates": package_staged.uninstall_system_updates,
}
SINCE = {
    "get-max-running-users": 28,
    "install-existing": 26,
    "install-incremental": 30,
    "install-add-session": 29,
    "install-remove": 24,
    "get-stagedsessions": 29,
    "rollback-app": 29,
    "uninstall-system-updates": 29,
    "suspend": 24,
    "unsuspend": 24,
    "resolve-activity": 24,
}


async def run_package(phone: Phone, call: Invocation) -> int:
    """`call.arguments` start with the verb."""
    words = Words(call.arguments)
    verb = words.next()
    if verb in ("trim-caches", "set-install-location", "compile", "bg-dexopt-job"):
        return 0
    if verb == "get-install-location":
        await call.out("0[auto]")
        return 0
    if verb is None:
        await call.error(
            "usage: pm [options]" if phone.api < 24 else "Package manager (package) commands:"
        )
        return 1
    if verb not in VERBS or phone.api < SINCE.get(verb, 0):
        unknown = (
            f"Error: unknown command '{verb}'" if phone.api < 28 else f"Unknown command: {verb}"
        )
        await call.error(unknown)
        return 1 if phone.api < 28 else 255
    return await VERBS[verb](phone, call, words)
