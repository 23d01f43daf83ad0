"""What the package manager remembers of a package, and how it is written down."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any

from holdfast.apk.manifest import UpgradeKeySet
from holdfast.apk.signing_details import Capability, PastSigner, Scheme, SigningDetails

__all__ = [
    "PER_USER_RANGE",
    "PackageRecord",
    "PackageUserState",
    "PreloadRecord",
    "record_from_json",
    "record_to_json",
    "signing_from_json",
    "signing_to_json",
    "uid_of",
]

PER_USER_RANGE = 100_000


def uid_of(user_id: int, app_id: int) -> int:
    """UserHandle.getUid: what the kernel knows an app of a user by."""
    return user_id * PER_USER_RANGE + app_id


@dataclass(frozen=True, kw_only=True, slots=True)
class PreloadRecord:
    """The system image's own copy of a package that was updated in /data."""

    code_path: str
    version_code: int
    version_name: str
    target_sdk: int
    signing: SigningDetails


@dataclass(frozen=True, kw_only=True, slots=True)
class PackageUserState:
    """What one user has of a package. `enabled` has PackageManager's numbers: 0 default, 1 enabled,
    2 disabled, 3 disabled by user. An inode is 0 where there is no such directory.
    """

    installed: bool = True
    hidden: bool = False
    suspended: bool = False
    stopped: bool = True
    not_launched: bool = True
    enabled: int = 0
    ce_inode: int = 0
    de_inode: int = 0
    first_install_time_ms: int = 0
    runtime_permissions: Sequence[str] = ()
    app_ops: Mapping[str, str] = field(default_factory=dict)


ABSENT = PackageUserState(installed=False)


@dataclass(frozen=True, kw_only=True, slots=True)
class PackageRecord:
    """A package setting. Times are ms since the Unix epoch. `users` are states by user id.

    `code_present` is false for what `uninstall -k` leaves behind: identity and data without code.
    `install_permissions` are those that every user of it has; runtime ones are each user's own.
    `initiator` asked for the last installation, be it for another installer of record;
    `package_source` is PackageInstaller.PACKAGE_SOURCE_*.
    `code_stamp` tells the base APK's file from a changed one; empty for what the image has.
    """

    name: str
    app_id: int
    version_code: int
    version_name: str
    signing: SigningDetails
    code_path: str
    label: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    min_sdk: int = 1
    target_sdk: int = 1
    apk_names: Sequence[str] = ("base.apk",)
    split_names: Sequence[str] = ()
    launcher_activity: str = ""
    is_system: bool = False
    is_privileged: bool = False
    debuggable: bool = False
    test_only: bool = False
    has_code: bool = True
    allow_backup: bool = True
    has_fragile_user_data: bool = False
    shared_user_id: str | None = None
    left_shared_user: bool = False
    persistent: bool = False
    updatable: bool = True
    code_in_memory: bool = True
    permission_groups: Sequence[str] = ()
    upgrade_key_sets: Sequence[UpgradeKeySet] = ()
    target_sandbox_version: int = 1
    revision_codes: Mapping[str, int] = field(default_factory=dict)
    restrict_update_hash: str | None = None
    requested_permissions: Sequence[str] = ()
    install_permissions: Sequence[str] = ()
    declared_permissions: Sequence[str] = ()
    provider_authorities: Sequence[str] = ()
    installer: str | None = None
    update_owner: str | None = None
    initiator: str | None = None
    package_source: int = 0
    last_update_time_ms: int = 0
    code_stamp: str = ""
    code_present: bool = True
    users: Mapping[int, PackageUserState] = field(default_factory=dict)
    preload: PreloadRecord | None = None

    @property
    def base_apk(self) -> str:
        """The path of its base APK on the device."""
        return f"{self.code_path}/{self.apk_names[0]}"

    @property
    def user_ids(self) -> Sequence[int]:
        """The users that have it, be it only the data of a package without code."""
        return tuple(user_id for user_id, state in self.users.items() if state.installed)

    @property
    def first_install_time_ms(self) -> int:
        """The one time of a package, as Android had it up to 12."""
        times = [state.first_install_time_ms for state in self.users.values()]
        return min((time_ms for time_ms in times if time_ms), default=0)

    def user(self, user_id: int = 0) -> PackageUserState:
        """Not installed, for a user who has nothing of it."""
        return self.users.get(user_id, ABSENT)

    def with_user(self, user_id: int, state: PackageUserState) -> PackageRecord:
        return replace(self, users={**self.users, user_id: state})

    def without_user(self, user_id: int) -> PackageRecord:
        """As it is when that user has been removed."""
        rest = {known: state for known, state in self.users.items() if known != user_id}
        return replace(self, users=rest)

    def granted(self, user_id: int = 0) -> Sequence[str]:
        """All permissions that it holds when that user runs it."""
        return (*self.install_permissions, *self.user(user_id).runtime_permissions)

    def label_in(self, locale: str) -> str:
        """Its name as a user of that locale sees it."""
        language = locale.partition("-")[0]
        for wanted in (locale, locale.replace("-", "-r"), language):
            if wanted in self.labels:
                return self.labels[wanted]
        near = (text for name, text in self.labels.items() if name.startswith(language))
        return next(near, self.label or self.name)


def record_to_json(record: PackageRecord) -> dict[str, Any]:
    """Plain values for json.dumps."""
    plain = asdict(record)
    plain["signing"] = signing_to_json(record.signing)
    if record.preload is not None:
        plain["preload"]["signing"] = signing_to_json(record.preload.signing)
    return plain


def record_from_json(plain: Mapping[str, Any]) -> PackageRecord:
    """The inverse of record_to_json; KeyError, TypeError or ValueError for a broken one."""
    values = {name: _frozen(plain[name]) for name in _names(PackageRecord) if name in plain}
    values["signing"] = signing_from_json(plain["signing"])
    values["users"] = {
        int(user_id): PackageUserState(**{name: _frozen(value) for name, value in state.items()})
        for user_id, state in plain["users"].items()
    }
    values["upgrade_key_sets"] = tuple(
        UpgradeKeySet(name=item["name"], public_keys=tuple(item["public_keys"]))
        for item in plain.get("upgrade_key_sets", ())
    )
    if values.get("preload") is not None:
        inner = dict(plain["preload"])
        inner["signing"] = signing_from_json(inner["signing"])
        values["preload"] = PreloadRecord(**inner)
    return PackageRecord(**values)


def _names(kind: type[PackageRecord]) -> list[str]:
    return [item.name for item in fields(kind)]


def _frozen(value: object) -> Any:
    return tuple(value) if isinstance(value, list) else value


def signing_to_json(signing: SigningDetails) -> dict[str, Any]:
    return {
        "scheme": signing.scheme.value,
        "signers": [der.hex() for der in signing.signers],
        "past": [[p.certificate.hex(), int(p.capabilities)] for p in signing.past],
    }


def signing_from_json(plain: Mapping[str, Any]) -> SigningDetails:
    return SigningDetails(
        scheme=Scheme(plain["scheme"]),
        signers=tuple(bytes.fromhex(der) for der in plain["signers"]),
        past=tuple(
            PastSigner(certificate=bytes.fromhex(der), capabilities=Capability(bits))
            for der, bits in plain["past"]
        ),
    )
