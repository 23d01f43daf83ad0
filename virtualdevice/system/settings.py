"""The settings provider: global, secure and system tables, kept in files over reboots."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

from virtualdevice.seams import Machine

__all__ = ["NAMESPACES", "Settings"]

NAMESPACES = ("system", "secure", "global")
FOLDER = "/data/system/users/0"
SYSTEM_UID = 1000


class Settings:
    """The three tables of user 0; a key that is absent reads as null."""

    def __init__(self, defaults: Mapping[str, Mapping[str, str]]) -> None:
        self._defaults = defaults
        self._tables: dict[str, dict[str, str]] = {name: {} for name in NAMESPACES}

    def get(self, namespace: str, key: str) -> str | None:
        return self._tables[namespace].get(key)

    def put(self, namespace: str, key: str, value: str) -> None:
        self._tables[namespace][key] = value

    def delete(self, namespace: str, key: str) -> int:
        """How many rows went: 0 or 1."""
        return 0 if self._tables[namespace].pop(key, None) is None else 1

    def items(self, namespace: str) -> Iterator[tuple[str, str]]:
        yield from sorted(self._tables[namespace].items())

    def reset(self) -> None:
        """Back to what this build sets on a first boot."""
        self._tables = {name: dict(self._defaults.get(name, {})) for name in NAMESPACES}

    async def start(self, machine: Machine) -> None:
        """Read the tables; a table whose file is absent or broken starts with the defaults."""
        self.reset()
        for name in NAMESPACES:
            try:
                kept = json.loads(await machine.files.read(f"{FOLDER}/settings_{name}.xml"))
            except (OSError, ValueError):
                continue
            self._tables[name] = {str(key): str(value) for key, value in kept.items()}

    async def save(self, machine: Machine) -> None:
        await machine.files.make_directory(
            FOLDER, mode=0o775, uid=SYSTEM_UID, gid=SYSTEM_UID, parents=True
        )
        for name, table in self._tables.items():
            text = json.dumps(table, ensure_ascii=False, indent=0, sort_keys=True)
            await machine.files.write(
                f"{FOLDER}/settings_{name}.xml",
                text.encode(),
                mode=0o600,
                uid=SYSTEM_UID,
                gid=SYSTEM_UID,
            )
