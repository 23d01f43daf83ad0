"""The settings provider: tables global, secure and system, kept in files over reboots."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence

from virtualdevice.seams import Machine

__all__ = ["NAMESPACES", "Settings", "file_of"]

NAMESPACES = ("system", "secure", "global")
FOLDER = "/data/system/users"
SYSTEM_UID = 1000
SETUP = "user_setup_complete"

Table = tuple[str, int]


class Settings:
    """One global table for all, secure and system ones for each user; a key that is absent reads
    as null."""

    def __init__(self, defaults: Mapping[str, Mapping[str, str]]) -> None:
        self._defaults = defaults
        self._tables: dict[Table, dict[str, str]] = {}
        self._make_tables([0])

    def get(self, namespace: str, key: str, user_id: int = 0) -> str | None:
        return self._table(namespace, user_id).get(key)

    def put(self, namespace: str, key: str, value: str, user_id: int = 0) -> None:
        self._table(namespace, user_id)[key] = value

    def delete(self, namespace: str, key: str, user_id: int = 0) -> int:
        """How many rows went: 0 or 1."""
        return 0 if self._table(namespace, user_id).pop(key, None) is None else 1

    def items(self, namespace: str, user_id: int = 0) -> Iterator[tuple[str, str]]:
        yield from sorted(self._table(namespace, user_id).items())

    def _table(self, namespace: str, user_id: int) -> dict[str, str]:
        """An empty one, which nobody keeps, for a user who is not there."""
        return self._tables.get((namespace, 0 if namespace == "global" else user_id), {})

    def reset(self) -> None:
        """Back to what this build sets on a first boot, for everybody."""
        self._make_tables(sorted({user_id for _, user_id in self._tables}))

    def _make_tables(self, user_ids: Sequence[int]) -> None:
        self._tables = {}
        for user_id in user_ids:
            self.add_user(user_id)

    def add_user(self, user_id: int) -> None:
        """What the build sets; a second user has still to be welcomed."""
        for name in NAMESPACES if user_id == 0 else ("system", "secure"):
            table = dict(self._defaults.get(name, {}))
            if user_id != 0:
                table.pop(SETUP, None)
            self._tables[name, user_id] = table

    def remove_user(self, user_id: int) -> None:
        self._tables = {key: table for key, table in self._tables.items() if key[1] != user_id}

    async def start(self, machine: Machine, user_ids: Sequence[int] = (0,)) -> None:
        """Read the tables; one whose file is absent or broken starts with the defaults."""
        self._make_tables(user_ids)
        for key in self._tables:
            try:
                kept = json.loads(await machine.files.read(file_of(key)))
            except (OSError, ValueError):
                continue
            self._tables[key] = {str(name): str(value) for name, value in kept.items()}

    async def save(self, machine: Machine) -> None:
        for user_id in {user_id for _, user_id in self._tables}:
            await machine.files.make_directory(
                f"{FOLDER}/{user_id}", mode=0o775, uid=SYSTEM_UID, gid=SYSTEM_UID, parents=True
            )
        for key, table in self._tables.items():
            text = json.dumps(table, ensure_ascii=False, indent=0, sort_keys=True)
            await machine.files.write(
                file_of(key), text.encode(), mode=0o600, uid=SYSTEM_UID, gid=SYSTEM_UID
            )


def file_of(table: Table) -> str:
    """Where a table is kept."""
    namespace, user_id = table
    return f"{FOLDER}/{user_id}/settings_{namespace}.xml"
