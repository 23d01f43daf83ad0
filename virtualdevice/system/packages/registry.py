"""Every package that this device knows, and which app ids are taken; outlives a reboot."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

from holdfast.apk.signing_details import SigningDetails
from virtualdevice.seams import Machine
from virtualdevice.system.packages.records import (
    PackageRecord,
    record_from_json,
    record_to_json,
    signing_from_json,
    signing_to_json,
    uid_of,
)

__all__ = ["FIRST_APP_ID", "LAST_APP_ID", "RECORDS_FILE", "Registry", "extra_key"]

RECORDS_FILE = "/data/system/packages.xml"
PROBLEMS_FILE = "/data/system/uiderrors.txt"
MOST_PROBLEMS = 200
FIRST_APP_ID, LAST_APP_ID = 10000, 19999
SYSTEM_UID = 1000


def extra_key(name: str, user_id: int) -> str:
    """Where `extra` keeps what each user has of that name; user 0's is the name alone."""
    return name if user_id == 0 else f"{name} of user {user_id}"


class Registry:
    """`shared_users` are the app ids of shared user ids by name, `shared_signers` what those are
    signed by, `problems` the lines of uiderrors.txt."""

    def __init__(self, first_app_id: int = FIRST_APP_ID) -> None:
        self._records: dict[str, PackageRecord] = {}
        self._first_app_id = first_app_id
        self._marker = first_app_id
        self._lost_ids: set[int] = set()
        self.shared_users: dict[str, int] = {}
        self.shared_signers: dict[str, SigningDetails] = {}
        self.extra: dict[str, str] = {}
        self.loaded_problem = ""
        self.problems: list[str] = []
        self._problems_written = ""

    @property
    def first_app_id(self) -> int:
        return self._first_app_id

    @property
    def boots(self) -> int:
        """How often this system has booted, this time included."""
        return int(self.extra.get("boots", "0"))

    def __iter__(self) -> Iterator[PackageRecord]:
        return iter(list(self._records.values()))

    def get(self, name: str) -> PackageRecord | None:
        """The record, be it only what `uninstall -k` left."""
        return self._records.get(name)

    def present(self, name: str) -> PackageRecord | None:
        """The record of a package whose code is there, for whatever user."""
        record = self._records.get(name)
        return record if record is not None and record.code_present else None

    def installed(self, name: str, user_id: int = 0) -> PackageRecord | None:
        """The record of a package that this user has."""
        record = self.present(name)
        return record if record is not None and record.user(user_id).installed else None

    def put(self, record: PackageRecord) -> None:
        self._records[record.name] = record

    def remove(self, name: str) -> None:
        """Forget it; its app id is free, and the next one is handed out above it.

        Settings.removeUserIdLPw moves the first available marker past what was removed.
        """
        record = self._records.pop(name, None)
        if record is None or self.owners(record.app_id):
            return
        gone = [name for name, app_id in self.shared_users.items() if app_id == record.app_id]
        for shared in {*gone, record.shared_user_id or ""}:
            self.shared_users.pop(shared, None)
            self.shared_signers.pop(shared, None)
        self._marker = max(record.app_id + 1, self._first_app_id)

    def drop_with_id(self, name: str) -> None:
        """Forget it, while its app id stays taken until the next boot."""
        record = self._records.pop(name, None)
        if record is not None:
            self._lost_ids.add(record.app_id)

    def members(self, shared_user_id: str, *, but: str = "") -> list[tuple[str, SigningDetails]]:
        """Who is in a shared user, and by whom signed; without the package `but`."""
        return [
            (record.name, record.signing)
            for record in self._records.values()
            if record.shared_user_id == shared_user_id and record.name != but
        ]

    def owners(self, app_id: int) -> list[PackageRecord]:
        return [record for record in self._records.values() if record.app_id == app_id]

    def app_id_for(self, name: str, shared_user_id: str | None) -> int:
        """The id that a new package gets: that of its shared user, or the lowest free one."""
        if shared_user_id is not None and shared_user_id in self.shared_users:
            return self.shared_users[shared_user_id]
        taken = self._lost_ids | {
            record.app_id for record in self._records.values() if record.name != name
        }
        app_id = next(n for n in range(self._marker, LAST_APP_ID + 1) if n not in taken)
        if shared_user_id is not None:
            self.shared_users[shared_user_id] = app_id
        return app_id

    def account_names(self) -> Mapping[int, str]:
        """What `ls -l` shows for each app's uid: u0_a16 for 10016, u10_a16 for 1010016."""
        return {
            uid_of(user_id, record.app_id): f"u{user_id}_a{record.app_id - FIRST_APP_ID}"
            for record in self._records.values()
            if record.app_id >= FIRST_APP_ID
            for user_id in record.users
        }

    def forget_user(self, user_id: int) -> None:
        """What a removed user had of packages, and of what is kept beside them."""
        ending = extra_key("", user_id)
        self.extra = {key: text for key, text in self.extra.items() if not key.endswith(ending)}
        for record in self:
            self.put(record.without_user(user_id))

    async def load(self, machine: Machine) -> None:
        """Read the file; if it is absent or broken, start with nothing and say why."""
        self._records.clear()
        self._lost_ids.clear()
        self._marker = self._first_app_id
        self.loaded_problem = ""
        try:
            lines = (await machine.files.read(PROBLEMS_FILE)).decode(errors="replace")
            self.problems = lines.splitlines()[-MOST_PROBLEMS:]
        except OSError:
            self.problems = []
        try:
            plain = json.loads(await machine.files.read(RECORDS_FILE))
            records = [record_from_json(item) for item in plain["packages"]]
            self.shared_users = {str(k): int(v) for k, v in plain["shared_users"].items()}
            self.shared_signers = {
                str(name): signing_from_json(item)
                for name, item in plain.get("shared_signers", {}).items()
            }
            self.extra = {str(k): str(v) for k, v in plain["extra"].items()}
        except FileNotFoundError:
            self.loaded_problem = "No settings file; creating initial state"
            return
        except (OSError, ValueError, KeyError, TypeError) as error:
            self.loaded_problem = f"Error reading settings: {error}"
            return
        self._records = {record.name: record for record in records}

    async def save(self, machine: Machine) -> None:
        plain = {
            "packages": [record_to_json(record) for record in self._records.values()],
            "shared_users": self.shared_users,
            "shared_signers": {
                name: signing_to_json(signing) for name, signing in self.shared_signers.items()
            },
            "extra": self.extra,
        }
        await machine.files.make_directory(
            "/data/system", mode=0o775, uid=SYSTEM_UID, gid=SYSTEM_UID, parents=True
        )
        await machine.files.write(
            RECORDS_FILE,
            json.dumps(plain, ensure_ascii=False).encode("utf-8", "surrogatepass"),
            mode=0o660,
            uid=SYSTEM_UID,
            gid=SYSTEM_UID,
        )
        await self._save_problems(machine)

    async def _save_problems(self, machine: Machine) -> None:
        text = "".join(f"{line}\n" for line in self.problems[-MOST_PROBLEMS:])
        if text and text != self._problems_written:
            await machine.files.write(
                PROBLEMS_FILE,
                text.encode("utf-8", "surrogatepass"),
                mode=0o660,
                uid=SYSTEM_UID,
                gid=SYSTEM_UID,
            )
            self._problems_written = text
