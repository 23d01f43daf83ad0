"""What the package manager decides on, and its decision: the values on both sides of `decide`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from holdfast.apk.archive import Apk
from holdfast.apk.codes import CODES, Code, public_status
from holdfast.apk.manifest import Manifest, UpgradeKeySet, read_manifest
from holdfast.apk.signing_details import SigningDetails
from holdfast.apk.verification import Reason, Verification
from holdfast.apk.verify import verify

__all__ = [
    "Candidate",
    "DataFate",
    "Decision",
    "Delivery",
    "DeviceRules",
    "Door",
    "InstalledPackage",
    "Outcome",
    "Preload",
]


class Door(StrEnum):
    """Where an APK comes in. The first is `pm install FILE`, the second a session of the shell
    (what adb uses from Android 7 on), the others sessions of apps, which always replace."""

    PM_INSTALL = "pm_install"
    SESSION_SHELL = "session_shell"
    SESSION_APP = "session_app"
    INSTALLER_UI = "installer_ui"

    @property
    def is_shell(self) -> bool:
        return self in {Door.PM_INSTALL, Door.SESSION_SHELL}


class Outcome(StrEnum):
    INSTALL = "install"
    UPDATE = "update"
    REFUSE = "refuse"


class DataFate(StrEnum):
    """Of the package's data: `n/a` where there was none."""

    KEPT = "kept"
    LOST = "lost"
    NONE = "n/a"


@dataclass(frozen=True, kw_only=True, slots=True)
class Preload:
    """The copy on the system image of a system app that was updated."""

    version_code: int
    signing: SigningDetails


@dataclass(frozen=True, kw_only=True, slots=True)
class InstalledPackage:
    """A package setting. `installed` False: what `uninstall -k` leaves.

    `code_in_memory` False: such a record after a reboot, whose code nobody has parsed.
    """

    package_name: str
    version_code: int
    signing: SigningDetails
    target_sdk: int
    debuggable: bool = False
    persistent: bool = False
    shared_user_id: str | None = None
    system: bool = False
    preload: Preload | None = None
    installed: bool = True
    code_in_memory: bool = True
    provider_authorities: tuple[str, ...] = ()
    declared_permissions: tuple[str, ...] = ()
    permission_groups: tuple[str, ...] = ()
    upgrade_key_sets: tuple[UpgradeKeySet, ...] = ()
    target_sandbox_version: int = 1
    left_shared_user: bool = False
    """Its manifest names a shared user that `android:sharedUserMaxSdkVersion` made it leave."""
    revision_codes: Mapping[str, int] = field(default_factory=dict)
    """Of the base (by the empty name) and of each split."""
    restrict_update_hash: str | None = None
    updatable: bool = True

    @classmethod
    def of(cls, manifest: Manifest, signing: SigningDetails, *, api: int = 0) -> InstalledPackage:
        """The record of a package installed from such an APK on that level."""
        leaves = manifest.leaves_shared_user(api)
        return cls(
            package_name=manifest.package_name,
            version_code=manifest.version_code,
            signing=signing,
            target_sdk=manifest.target_sdk,
            debuggable=manifest.debuggable,
            persistent=manifest.persistent,
            shared_user_id=None if leaves else manifest.shared_user_id,
            left_shared_user=leaves,
            provider_authorities=manifest.provider_authorities,
            declared_permissions=manifest.declared_permissions,
            permission_groups=manifest.permission_groups,
            upgrade_key_sets=manifest.upgrade_key_sets,
            target_sandbox_version=manifest.target_sandbox_version,
            revision_codes={"": manifest.revision_code},
            restrict_update_hash=manifest.restrict_update_hash,
            updatable=manifest.updatable,
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class DeviceRules:
    """The device: `packages` are all records, the candidate's own included.

    `abis` and `libraries` are what it can run and offers; None where that is not known, and then
    not judged. `shared_signers` is on record for shared users; of others the members are asked.
    """

    api: int
    build_type: str = "user"
    packages: Mapping[str, InstalledPackage] = field(default_factory=dict)
    abis: tuple[str, ...] | None = None
    libraries: frozenset[str] | None = None
    shared_signers: Mapping[str, SigningDetails] = field(default_factory=dict)

    @property
    def debuggable_build(self) -> bool:
        return self.build_type in {"userdebug", "eng"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Delivery:
    """How the APK is delivered; `root`: the caller is root or the system.

    `options_given`: `pm install` had any option at all, which Android 9 takes for `-r`; adb's
    streamed install always gives one.
    """

    door: Door = Door.PM_INSTALL
    replace: bool = True
    forbid_replace: bool = False
    allow_downgrade: bool = False
    allow_test: bool = False
    options_given: bool = True
    bypass_low_target_sdk: bool = False
    platform_rollback: bool = False
    staged: bool = False
    root: bool = False

    def replaces(self, api: int) -> bool:
        """Whether an installed package is replaced, by each version's defaults."""
        if not self.door.is_shell:
            return True
        if api < 28:
            return self.replace
        if api == 28:
            return (self.replace or self.options_given) and not self.forbid_replace
        return not self.forbid_replace


@dataclass(frozen=True, kw_only=True, slots=True)
class Candidate:
    """`verification` is the device's level's. `path` and `code_path` only appear in texts.

    `signing_of_old_scheme` are the details of an APK that is refused for nothing but a signature
    scheme too old for its targetSdk: its signer is compared before that is noticed.
    """

    manifest: Manifest
    verification: Verification
    path: str = "/data/app/vmdl1.tmp/base.apk"
    code_path: str = ""
    signing_of_old_scheme: SigningDetails | None = None
    splits: Mapping[str, int] = field(default_factory=dict)
    """The revision codes of the split APKs that are delivered with it, by name."""
    sha512: str | None = None
    """Base64, of the base and the splits one behind the other; None where nobody has asked."""

    @classmethod
    def of(cls, apk: Apk, *, api: int, path: str = "/data/app/vmdl1.tmp/base.apk") -> Candidate:
        """Read and verified; ApkFormatError where the manifest cannot be read."""
        manifest, verification = read_manifest(apk), verify(apk, api=api)
        old = None
        reasons = {finding.reason for finding in verification.findings}
        if not verification.accepted and Reason.SCHEME_TOO_OLD_FOR_TARGET_SDK in reasons:
            old = verify(apk, api=29).details
        return cls(
            manifest=manifest, verification=verification, path=path, signing_of_old_scheme=old
        )

    @property
    def signing(self) -> SigningDetails | None:
        return self.verification.details or self.signing_of_old_scheme


@dataclass(frozen=True, kw_only=True, slots=True)
class Decision:
    """`text` is what Android holds internally; below 7.0 `pm install` does not print it.

    `signing_after` is what the record holds afterwards; None if nothing is installed then.
    `extra` is what `pm` of 5 and 6 adds behind the code of a duplicate permission. `log` is what
    only the log says, or the same as `text`.
    """

    outcome: Outcome
    code: str
    text: str = ""
    data: DataFate = DataFate.NONE
    signing_after: SigningDetails | None = None
    why: str = ""
    extra: str = ""
    log: str = ""
    uncertain: bool = False

    @property
    def number(self) -> int:
        """The legacy code: 1, or negative."""
        return CODES[self.code]

    @property
    def status(self) -> int:
        """PackageInstaller.STATUS_*."""
        return public_status(self.code)

    def shown(self, api: int, door: Door = Door.PM_INSTALL) -> str:
        """The line that `pm install` prints, or an app's STATUS_MESSAGE."""
        detail = f"{self.code}: {self.text}" if self.text else self.code
        if not door.is_shell:
            return detail
        if self.code == Code.SUCCEEDED:
            return "Success"
        if api < 24 and door is Door.PM_INSTALL:
            return f"Failure [{self.code}{self.extra}]"
        return f"Failure [{detail}]"
