"""install_sessions.xml: what outlives a reboot of the sessions that have not ended."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any

from virtualdevice.seams import Files
from virtualdevice.system.packages.rules import InstallOptions, RollbackPolicy

__all__ = ["SESSIONS_FILE", "SessionFile", "SessionList", "options_from_json"]

SESSIONS_FILE = "/data/system/install_sessions.xml"
SYSTEM_UID = 1000


class SessionList(StrEnum):
    """The two lists in that one file."""

    OPEN = "open"
    STAGED = "staged"


class SessionFile:
    """A file that is absent or broken has no sessions, as on a phone."""

    def __init__(self, files: Files) -> None:
        self._files = files

    async def read(self, which: SessionList) -> Sequence[Mapping[str, Any]]:
        found = (await self._whole()).get(which, [])
        return [item for item in found if isinstance(item, dict)]

    async def write(self, which: SessionList, sessions: Sequence[Mapping[str, object]]) -> None:
        plain = json.dumps(await self._whole() | {which.value: list(sessions)})
        await self._files.write(
            SESSIONS_FILE, plain.encode(), mode=0o600, uid=SYSTEM_UID, gid=SYSTEM_UID
        )

    async def _whole(self) -> dict[str, list[Any]]:
        try:
            plain = json.loads(await self._files.read(SESSIONS_FILE))
        except (OSError, ValueError):
            return {}
        return plain if isinstance(plain, dict) else {}


def options_from_json(plain: Mapping[str, Any]) -> InstallOptions:
    """The inverse of `asdict`; TypeError or ValueError for broken ones."""
    policy = plain.get("rollback_policy")
    return InstallOptions(
        **dict(plain) | {"rollback_policy": None if policy is None else RollbackPolicy(policy)}
    )
