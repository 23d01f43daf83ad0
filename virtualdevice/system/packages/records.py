"""What the package manager remembers of a package, and how it is written down."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from holdfast.apk.manifest import UpgradeKeySet
from holdfast.apk.signing_details import Capability, PastSigner, Scheme, SigningDetails

__all__ = ["PackageRecord", "PreloadRecord", "record_from_json", "record_to_json"]


@dataclass(frozen=True, kw_only=True, slots=True)
class PreloadRecord:
    """The system image's own copy of a package that was updated in /data."""

    code_path: str
    version_code: int
    version_name: str
    target_sdk: int
    signing: SigningDetails


@dataclass(frozen=True, kw_only=True, slots=True)
class PackageRecord:
    """A package setting. Times are ms since the Unix epoch.

    `installed` is false for what `uninstall -k` leaves behind: identity and data without code.
    `enabled` has PackageManager's numbers: 0 default, 1 enabled, 2 disabled, 3 disabled by user.
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
    persistent: bool = False
    code_in_memory: bool = True
    permission_groups: Sequence[str] = ()
    upgrade_key_sets: Sequence[UpgradeKeySet] = ()
    target_sandbox_version: int = 1
    requested_permissions: Sequence[str] = ()
    granted_permissions: Sequence[str] = ()
    declared_permissions: Sequence[str] = ()
    provider_authorities: Sequence[str] = ()
    app_ops: Mapping[str, str] = field(default_factory=dict)
    installer: str | None = None
    first_install_time_ms: int = 0
    last_update_time_ms: int = 0
    ce_inode: int = 0
    de_inode: int = 0
    installed: bool = True
    stopped: bool = True
    not_launched: bool = True
    suspended: bool = False
    hidden: bool = False
    enabled: int = 0
    preload: PreloadRecord | None = None

    @property
    def base_apk(self) -> str:
        """The path of its base APK on the device."""
        return f"{self.code_path}/{self.apk_names[0]}"

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
    plain["signing"] = _signing_to_json(record.signing)
    if record.preload is not None:
        plain["preload"]["signing"] = _signing_to_json(record.preload.signing)
    return plain


def record_from_json(plain: Mapping[str, Any]) -> PackageRecord:
    """The inverse of record_to_json; KeyError, TypeError or ValueError for a broken one."""
    values = {name: _frozen(plain[name]) for name in _names(PackageRecord) if name in plain}
    values["signing"] = _signing_from_json(plain["signing"])
    values["upgrade_key_sets"] = tuple(
        UpgradeKeySet(name=item["name"], public_keys=tuple(item["public_keys"]))
        for item in plain.get("upgrade_key_sets", ())
    )
    if values.get("preload") is not None:
        inner = dict(plain["preload"])
        inner["signing"] = _signing_from_json(inner["signing"])
        values["preload"] = PreloadRecord(**inner)
    return PackageRecord(**values)


def _names(kind: type[PackageRecord]) -> list[str]:
    return [item.name for item in fields(kind)]


def _frozen(value: object) -> Any:
    return tuple(value) if isinstance(value, list) else value


def _signing_to_json(signing: SigningDetails) -> dict[str, Any]:
    return {
        "scheme": signing.scheme.value,
        "signers": [der.hex() for der in signing.signers],
        "past": [[p.certificate.hex(), int(p.capabilities)] for p in signing.past],
    }


def _signing_from_json(plain: Mapping[str, Any]) -> SigningDetails:
    return SigningDetails(
        scheme=Scheme(plain["scheme"]),
        signers=tuple(bytes.fromhex(der) for der in plain["signers"]),
        past=tuple(
            PastSigner(certificate=bytes.fromhex(der), capabilities=Capability(bits))
            for der, bits in plain["past"]
        ),
    )
