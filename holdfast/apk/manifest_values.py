"""What is read from a manifest: values, and the ids of the attributes that they come from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

__all__ = ["AttributeId", "Component", "DeclaredPermission", "Manifest", "UpgradeKeySet"]


class AttributeId:
    """Resource ids of the platform's attributes (core/res/res/values/public-final.xml)."""

    LABEL = 0x01010001
    NAME = 0x01010003
    PROTECTION_LEVEL = 0x01010009
    PERMISSION_GROUP = 0x0101000A
    SHARED_USER_ID = 0x0101000B
    HAS_CODE = 0x0101000C
    PERSISTENT = 0x0101000D
    ENABLED = 0x0101000E
    DEBUGGABLE = 0x0101000F
    EXPORTED = 0x01010010
    AUTHORITIES = 0x01010018
    VALUE = 0x01010024
    TARGET_ACTIVITY = 0x01010202
    MIN_SDK_VERSION = 0x0101020C
    VERSION_CODE = 0x0101021B
    VERSION_NAME = 0x0101021C
    TARGET_SDK_VERSION = 0x01010270
    TEST_ONLY = 0x01010272
    ALLOW_BACKUP = 0x01010280
    REVISION_CODE = 0x010104D5
    REQUIRED = 0x0101028E
    TARGET_SANDBOX_VERSION = 0x0101054C
    VERSION_CODE_MAJOR = 0x01010576
    IS_SPLIT_REQUIRED = 0x01010591
    HAS_FRAGILE_USER_DATA = 0x0101059A
    SHARED_USER_MAX_SDK_VERSION = 0x0101064D


@dataclass(frozen=True, kw_only=True, slots=True)
class DeclaredPermission:
    name: str
    group: str = ""
    protection_level: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Component:
    """An activity, service or receiver: its name as written, and its line in the manifest."""

    name: str
    line: int


@dataclass(frozen=True, kw_only=True, slots=True)
class UpgradeKeySet:
    """One `<upgrade-key-set>`; `public_keys` are base64 texts of DER SubjectPublicKeyInfo."""

    name: str
    public_keys: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Manifest:
    """`version_code` is the long one (`versionCodeMajor` << 32 | `versionCode`).

    `target_sdk` is `min_sdk` where it is absent, and 0 where there is no `uses-sdk` at all.
    `labels` maps locales (BCP 47) to texts, without the default, which is `label`.
    `native_abis` are the folders below lib/. `resources_aligned`: resources.arsc is stored, at a
    multiple of 4 bytes, or absent. `exported_left_open` are components with an intent filter that
    do not say whether they are exported. `code_missing`: it says that it has
    code, and has no classes.dex. `restrict_update_hash`: base64 of the SHA-512 of the only update
    that a system app takes. `updatable`: not `updatableSystem="false"`, which nobody but root may
    install or update.
    """

    package_name: str
    version_code: int = 0
    version_name: str = ""
    min_sdk: int = 1
    target_sdk: int = 0
    debuggable: bool = False
    test_only: bool = False
    persistent: bool = False
    shared_user_id: str | None = None
    shared_user_max_sdk: int = 0
    split_name: str | None = None
    permissions: tuple[str, ...] = ()
    declared_permissions: tuple[str, ...] = ()
    permission_declarations: tuple[DeclaredPermission, ...] = ()
    permission_groups: tuple[str, ...] = ()
    provider_authorities: tuple[str, ...] = ()
    has_code: bool = True
    allow_backup: bool = True
    has_fragile_user_data: bool = False
    label: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    launcher_activity: str | None = None
    upgrade_key_sets: tuple[UpgradeKeySet, ...] = ()
    required_libraries: tuple[str, ...] = ()
    target_sandbox_version: int = 1
    native_abis: tuple[str, ...] = ()
    uses_sdk_line: int = 0
    is_split_required: bool = False
    resources_aligned: bool = True
    exported_left_open: tuple[Component, ...] = ()
    code_missing: bool = False
    revision_code: int = 0
    restrict_update_hash: str | None = None
    updatable: bool = True

    def leaves_shared_user(self, api: int) -> bool:
        """Whether it is no member any more on that level (13 and later)."""
        is_beyond = api >= 33 and 0 < self.shared_user_max_sdk < api
        return is_beyond and self.shared_user_id is not None
