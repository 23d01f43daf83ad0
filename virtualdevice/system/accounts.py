"""The accounts of a phone's user 0, and `dumpsys account` (AccountManagerService.dumpUser)."""

from __future__ import annotations

from virtualdevice.system.parts import Parts
from virtualdevice.system.users.records import SYSTEM_USER

__all__ = ["BEGINNING", "accounts_dump", "add_accounts"]

BEGINNING = "account "
"""Of their names among what the registry keeps besides packages; the rest is name and type."""


def add_accounts(parts: Parts) -> None:
    """Those that a new phone has."""
    for account in parts.personality.accounts:
        parts.registry.extra[f"{BEGINNING}{account.name}"] = account.type


def accounts_dump(parts: Parts) -> str:
    return "\n".join(
        f"User {user.shown(parts.api)}:\n{_listed(parts, user.user_id)}" for user in parts.users
    )


def _listed(parts: Parts, user_id: int) -> str:
    held = parts.registry.extra.items() if user_id == SYSTEM_USER else ()
    rows = [
        f"    Account {{name={key.removeprefix(BEGINNING)}, type={kind}}}\n"
        for key, kind in held
        if key.startswith(BEGINNING)
    ]
    return f"  Accounts: {len(rows)}\n{''.join(rows)}"
