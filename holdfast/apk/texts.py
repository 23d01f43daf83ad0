"""What package managers say: codes with their numbers, statuses, and texts for each API level.

Tables only. Sources: PackageManager.INSTALL_*, PackageInstaller.STATUS_* and
installStatusToPublicStatus, and the sources of Android 5.0 to 16 as cited at the rows.
"""

from __future__ import annotations

from enum import StrEnum

__all__ = ["CODES", "Code", "Message", "message", "public_status"]


class Code(StrEnum):
    """PackageManager.INSTALL_*: the constants that a decision can end in."""

    SUCCEEDED = "INSTALL_SUCCEEDED"
    ALREADY_EXISTS = "INSTALL_FAILED_ALREADY_EXISTS"
    INVALID_APK = "INSTALL_FAILED_INVALID_APK"
    UPDATE_INCOMPATIBLE = "INSTALL_FAILED_UPDATE_INCOMPATIBLE"
    SHARED_USER_INCOMPATIBLE = "INSTALL_FAILED_SHARED_USER_INCOMPATIBLE"
    MISSING_SHARED_LIBRARY = "INSTALL_FAILED_MISSING_SHARED_LIBRARY"
    OLDER_SDK = "INSTALL_FAILED_OLDER_SDK"
    CONFLICTING_PROVIDER = "INSTALL_FAILED_CONFLICTING_PROVIDER"
    TEST_ONLY = "INSTALL_FAILED_TEST_ONLY"
    UID_CHANGED = "INSTALL_FAILED_UID_CHANGED"
    VERSION_DOWNGRADE = "INSTALL_FAILED_VERSION_DOWNGRADE"
    PERMISSION_MODEL_DOWNGRADE = "INSTALL_FAILED_PERMISSION_MODEL_DOWNGRADE"
    SANDBOX_VERSION_DOWNGRADE = "INSTALL_FAILED_SANDBOX_VERSION_DOWNGRADE"
    MISSING_SPLIT = "INSTALL_FAILED_MISSING_SPLIT"
    MANIFEST_MALFORMED = "INSTALL_PARSE_FAILED_MANIFEST_MALFORMED"
    RESOURCES_ARSC_COMPRESSED = "INSTALL_PARSE_FAILED_RESOURCES_ARSC_COMPRESSED"
    DEPRECATED_SDK_VERSION = "INSTALL_FAILED_DEPRECATED_SDK_VERSION"
    NOT_APK = "INSTALL_PARSE_FAILED_NOT_APK"
    BAD_MANIFEST = "INSTALL_PARSE_FAILED_BAD_MANIFEST"
    NO_CERTIFICATES = "INSTALL_PARSE_FAILED_NO_CERTIFICATES"
    INCONSISTENT_CERTIFICATES = "INSTALL_PARSE_FAILED_INCONSISTENT_CERTIFICATES"
    BAD_SHARED_USER_ID = "INSTALL_PARSE_FAILED_BAD_SHARED_USER_ID"
    DUPLICATE_PERMISSION = "INSTALL_FAILED_DUPLICATE_PERMISSION"
    NO_MATCHING_ABIS = "INSTALL_FAILED_NO_MATCHING_ABIS"
    DUPLICATE_PERMISSION_GROUP = "INSTALL_FAILED_DUPLICATE_PERMISSION_GROUP"
    BAD_PERMISSION_GROUP = "INSTALL_FAILED_BAD_PERMISSION_GROUP"


CODES: dict[str, int] = {
    "INSTALL_SUCCEEDED": 1,
    "INSTALL_FAILED_ALREADY_EXISTS": -1,
    "INSTALL_FAILED_INVALID_APK": -2,
    "INSTALL_FAILED_INVALID_URI": -3,
    "INSTALL_FAILED_INSUFFICIENT_STORAGE": -4,
    "INSTALL_FAILED_DUPLICATE_PACKAGE": -5,
    "INSTALL_FAILED_NO_SHARED_USER": -6,
    "INSTALL_FAILED_UPDATE_INCOMPATIBLE": -7,
    "INSTALL_FAILED_SHARED_USER_INCOMPATIBLE": -8,
    "INSTALL_FAILED_MISSING_SHARED_LIBRARY": -9,
    "INSTALL_FAILED_REPLACE_COULDNT_DELETE": -10,
    "INSTALL_FAILED_DEXOPT": -11,
    "INSTALL_FAILED_OLDER_SDK": -12,
    "INSTALL_FAILED_CONFLICTING_PROVIDER": -13,
    "INSTALL_FAILED_NEWER_SDK": -14,
    "INSTALL_FAILED_TEST_ONLY": -15,
    "INSTALL_FAILED_CPU_ABI_INCOMPATIBLE": -16,
    "INSTALL_FAILED_MISSING_FEATURE": -17,
    "INSTALL_FAILED_CONTAINER_ERROR": -18,
    "INSTALL_FAILED_INVALID_INSTALL_LOCATION": -19,
    "INSTALL_FAILED_MEDIA_UNAVAILABLE": -20,
    "INSTALL_FAILED_VERIFICATION_TIMEOUT": -21,
    "INSTALL_FAILED_VERIFICATION_FAILURE": -22,
    "INSTALL_FAILED_PACKAGE_CHANGED": -23,
    "INSTALL_FAILED_UID_CHANGED": -24,
    "INSTALL_FAILED_VERSION_DOWNGRADE": -25,
    "INSTALL_FAILED_PERMISSION_MODEL_DOWNGRADE": -26,
    "INSTALL_FAILED_SANDBOX_VERSION_DOWNGRADE": -27,
    "INSTALL_FAILED_MISSING_SPLIT": -28,
    "INSTALL_FAILED_DEPRECATED_SDK_VERSION": -29,
    "INSTALL_PARSE_FAILED_NOT_APK": -100,
    "INSTALL_PARSE_FAILED_BAD_MANIFEST": -101,
    "INSTALL_PARSE_FAILED_UNEXPECTED_EXCEPTION": -102,
    "INSTALL_PARSE_FAILED_NO_CERTIFICATES": -103,
    "INSTALL_PARSE_FAILED_INCONSISTENT_CERTIFICATES": -104,
    "INSTALL_PARSE_FAILED_CERTIFICATE_ENCODING": -105,
    "INSTALL_PARSE_FAILED_BAD_PACKAGE_NAME": -106,
    "INSTALL_PARSE_FAILED_BAD_SHARED_USER_ID": -107,
    "INSTALL_PARSE_FAILED_MANIFEST_MALFORMED": -108,
    "INSTALL_PARSE_FAILED_MANIFEST_EMPTY": -109,
    "INSTALL_FAILED_INTERNAL_ERROR": -110,
    "INSTALL_FAILED_USER_RESTRICTED": -111,
    "INSTALL_FAILED_DUPLICATE_PERMISSION": -112,
    "INSTALL_FAILED_NO_MATCHING_ABIS": -113,
    "INSTALL_FAILED_ABORTED": -115,
    "INSTALL_FAILED_SESSION_INVALID": -116,
    "INSTALL_FAILED_BAD_DEX_METADATA": -117,
    "INSTALL_FAILED_BAD_SIGNATURE": -118,
    "INSTALL_FAILED_OTHER_STAGED_SESSION_IN_PROGRESS": -119,
    "INSTALL_FAILED_MULTIPACKAGE_INCONSISTENCY": -120,
    "INSTALL_FAILED_WRONG_INSTALLED_VERSION": -121,
    "INSTALL_FAILED_PROCESS_NOT_DEFINED": -122,
    "INSTALL_PARSE_FAILED_RESOURCES_ARSC_COMPRESSED": -124,
    "INSTALL_PARSE_FAILED_SKIPPED": -125,
    "INSTALL_FAILED_DUPLICATE_PERMISSION_GROUP": -126,
    "INSTALL_FAILED_BAD_PERMISSION_GROUP": -127,
    "INSTALL_FAILED_PRE_APPROVAL_NOT_AVAILABLE": -129,
    "INSTALL_FAILED_SHARED_LIBRARY_BAD_CERTIFICATE_DIGEST": -130,
    "INSTALL_FAILED_MULTI_ARCH_NOT_MATCH_ALL_NATIVE_ABIS": -131,
}
"""Every constant, also those that only a device can run into."""

_STATUS_SUCCESS, _STATUS_FAILURE, _STATUS_BLOCKED, _STATUS_ABORTED = 0, 1, 2, 3
_STATUS_INVALID, _STATUS_CONFLICT, _STATUS_STORAGE, _STATUS_INCOMPATIBLE = 4, 5, 6, 7
_CONFLICTS = "ALREADY_EXISTS DUPLICATE_PACKAGE UPDATE_INCOMPATIBLE SHARED_USER_INCOMPATIBLE "
_CONFLICTS += "REPLACE_COULDNT_DELETE CONFLICTING_PROVIDER DUPLICATE_PERMISSION "
_CONFLICTS += "DUPLICATE_PERMISSION_GROUP BAD_PERMISSION_GROUP"
_INVALIDS = "INVALID_APK INVALID_URI DEXOPT TEST_ONLY PACKAGE_CHANGED UID_CHANGED BAD_SIGNATURE "
_INVALIDS += "VERSION_DOWNGRADE PERMISSION_MODEL_DOWNGRADE SANDBOX_VERSION_DOWNGRADE "
_INVALIDS += "BAD_DEX_METADATA"
_STORAGES = "INSUFFICIENT_STORAGE CONTAINER_ERROR INVALID_INSTALL_LOCATION MEDIA_UNAVAILABLE"
_INCOMPATIBLES = "OLDER_SDK NEWER_SDK CPU_ABI_INCOMPATIBLE NO_MATCHING_ABIS MISSING_FEATURE "
_INCOMPATIBLES += "MISSING_SPLIT MISSING_SHARED_LIBRARY NO_SHARED_USER USER_RESTRICTED "
_INCOMPATIBLES += "DEPRECATED_SDK_VERSION"
_ABORTS = "VERIFICATION_TIMEOUT VERIFICATION_FAILURE ABORTED"
_STATUS = {
    **dict.fromkeys(_CONFLICTS.split(), _STATUS_CONFLICT),
    **dict.fromkeys(_INVALIDS.split(), _STATUS_INVALID),
    **dict.fromkeys(_STORAGES.split(), _STATUS_STORAGE),
    **dict.fromkeys(_INCOMPATIBLES.split(), _STATUS_INCOMPATIBLE),
    **dict.fromkeys(_ABORTS.split(), _STATUS_ABORTED),
    "PRE_APPROVAL_NOT_AVAILABLE": _STATUS_BLOCKED,
}


def public_status(code: str) -> int:
    """PackageInstaller.STATUS_*: what a store's session hears instead of the code."""
    if code == Code.SUCCEEDED:
        return _STATUS_SUCCESS
    if code.startswith("INSTALL_PARSE_FAILED_"):
        return _STATUS_INVALID
    return _STATUS.get(code.removeprefix("INSTALL_FAILED_"), _STATUS_FAILURE)


class Message(StrEnum):
    """The kinds of texts; `_TEXTS` has each one's words."""

    ALREADY_EXISTS = "already exists"
    SIGNATURES_DIFFER = "signatures differ"
    SIGNATURES_DIFFER_LATE = "signatures differ, found while replacing"
    UPGRADE_KEYS_DIFFER = "upgrade keys differ"
    UPGRADE_KEYS_DIFFER_LATE = "upgrade keys differ, found while replacing"
    SHARED_USER_SIGNATURES = "signatures of the shared user"
    SHARED_USER_DIVERGES = "lineage diverges from the shared user's"
    SHARED_USER_REVOKED = "capability revoked from a member"
    SHARED_USER_CHANGED = "shared user changed"
    SHARED_USER_REJOINED = "shared user joined again"
    SHARED_USER_OF_PLATFORM = "platform-signed app joins a shared user"
    DOWNGRADE = "downgrade"
    DOWNGRADE_BELOW_PRELOAD = "downgrade below the preload"
    DOWNGRADE_AFTER_UNINSTALL = "downgrade of what uninstall -k left"
    OLDER_SDK = "needs a newer Android"
    SPLIT_MISSING = "split missing"
    RESOURCES_UNALIGNED = "resources compressed or unaligned"
    EXPORTED_LEFT_OPEN = "exported not said"
    TARGET_SDK_TOO_LOW = "target SDK too low"
    TEST_ONLY = "test only"
    PERSISTENT = "persistent"
    PERMISSION_MODEL = "permission model downgrade"
    SANDBOX = "sandbox version downgrade"
    PERMISSION_OWNED = "permission owned by another"
    GROUP_OWNED = "permission group owned by another"
    GROUP_FOREIGN = "permission in a foreign group"
    GROUP_MISSING = "permission in a missing group"
    PROVIDER_USED = "provider authority used by another"
    LIBRARY_MISSING = "shared library missing"
    ABIS = "no matching ABI"
    NO_SIGNATURE = "not signed"
    BROKEN_SIGNATURE = "signature broken"
    ENTRY_SIGNERS_DIFFER = "entries with different signers"
    SCHEME_TOO_OLD = "signature scheme too old"
    SCHEME_TOO_OLD_FOR_SANDBOX = "signature scheme too old for the sandbox"
    NO_MANIFEST = "no manifest"
    NOT_APK = "not an APK"


_TEXTS: dict[Message, tuple[tuple[int, str], ...]] = {
    Message.ALREADY_EXISTS: ((21, "Attempt to re-install {package} without first uninstalling."),),
    # PMS.verifySignaturesLP (5.1–8.1), PackageManagerServiceUtils.verifySignatures (9–16).
    Message.SIGNATURES_DIFFER: (
        (
            21,
            "Package {package} signatures do not match the previously installed version; ignoring!",
        ),
        (28, "Package {package} signatures do not match previously installed version; ignoring!"),
        (33, "Existing package {package} signatures do not match newer version; ignoring!"),
    ),
    Message.SIGNATURES_DIFFER_LATE: ((21, "New package has a different signature: {package}"),),
    Message.UPGRADE_KEYS_DIFFER: (
        (21, "Package {package} upgrade keys do not match the previously installed version"),
    ),
    Message.UPGRADE_KEYS_DIFFER_LATE: (
        (21, "New package not signed by keys specified by upgrade-keysets: {package}"),
    ),
    Message.SHARED_USER_SIGNATURES: (
        (
            21,
            (
                "Package {package} has no signatures that match those in shared user {shared}; "
                "ignoring!"
            ),
        ),
    ),
    Message.SHARED_USER_DIVERGES: (
        (
            30,
            (
                "Package {package} has a signing lineage that diverges from the lineage of the "
                "sharedUserId"
            ),
        ),
    ),
    Message.SHARED_USER_REVOKED: (
        (
            30,
            (
                "Package {package} revoked the sharedUserId capability from the signing key used "
                "to sign {other}"
            ),
        ),
    ),
    # Settings (5.0–6.0), replace branch (7.0–12L), InstallPackageHelper (13–16).
    Message.SHARED_USER_CHANGED: (
        (21, "Forbidding shared user change from {before} to {after}"),
        (24, "Package {package} tried to change user {before}"),
        (33, "Package {package} shared user changed from {before} to {after}"),
    ),
    Message.SHARED_USER_REJOINED: ((33, "Package {package} attempting to rejoin {shared}"),),
    Message.SHARED_USER_OF_PLATFORM: (
        (
            35,
            (
                "Non-preload app {package} signed with platform signature and joining shared uid: "
                "{shared}"
            ),
        ),
    ),
    # Only the log has words before 12; 12 has one text for every failed verification.
    Message.DOWNGRADE: (
        (21, ""),
        (31, "Package Verification Result"),
        (33, "Downgrade detected: Update version code {new} is older than current {old}"),
    ),
    Message.DOWNGRADE_BELOW_PRELOAD: (
        (31, "Package Verification Result"),
        (
            33,
            (
                "System app: {package} cannot be downgraded to older than its preloaded version on "
                "the system image. Update version code {new} is older than current {old}"
            ),
        ),
    ),
    Message.DOWNGRADE_AFTER_UNINSTALL: (
        (
            36,
            (
                "Downgrade detected on app uninstalled with DELETE_KEEP_DATA: Update version code "
                "{new} is older than current {old}"
            ),
        ),
    ),
    Message.OLDER_SDK: (
        (
            21,
            (
                "Failed parse during installPackageLI: {path} (at Binary XML file line #{line}): "
                "Requires newer sdk version #{new} (current version is #{old})"
            ),
        ),
    ),
    Message.SPLIT_MISSING: ((29, "Missing split for {package}"),),
    # ParsingPackageUtils (11 and later), ParsedActivityUtils and its like (12 and later).
    Message.RESOURCES_UNALIGNED: (
        (
            30,
            (
                "Failed parse during installPackageLI: Targeting R+ (version 30 and above) "
                "requires the resources.arsc of installed APKs to be stored uncompressed and "
                "aligned on a 4-byte boundary"
            ),
        ),
    ),
    Message.EXPORTED_LEFT_OPEN: (
        (
            31,
            (
                "Failed parse during installPackageLI: {path} (at Binary XML file line #{line}): "
                "{name}: Targeting S+ (version 31 and above) requires that an explicit value for "
                "android:exported be defined when intent filters are present"
            ),
        ),
    ),
    Message.TARGET_SDK_TOO_LOW: (
        (34, "App package must target at least SDK version {old}, but found {new}"),
    ),
    Message.TEST_ONLY: (
        (21, "installPackageLI"),
        (34, "Failed to install test-only apk. Did you forget to add -t?"),
    ),
    Message.PERSISTENT: (
        (28, "Package {package} is a persistent app. Persistent apps are not updateable."),
    ),
    Message.PERMISSION_MODEL: (
        (
            23,
            (
                "Package {package} new target SDK {new} doesn't support runtime permissions but "
                "the old target SDK {old} does."
            ),
        ),
    ),
    Message.SANDBOX: (
        (
            26,
            (
                "Package {package} new target sandbox {new} is incompatible with the previous "
                "value of{old}."
            ),
        ),
    ),
    Message.PERMISSION_OWNED: (
        (
            21,
            "Package {package} attempting to redeclare permission {name} already owned by {other}",
        ),
    ),
    Message.GROUP_OWNED: (
        (
            31,
            (
                "Package {package} attempting to redeclare permission group {name} already owned "
                "by {other}"
            ),
        ),
    ),
    Message.GROUP_FOREIGN: (
        (
            31,
            (
                "Package {package} attempting to declare permission {name} in group {group} owned "
                "by package {other} with incompatible certificate"
            ),
        ),
    ),
    Message.GROUP_MISSING: (
        (
            31,
            (
                "Package {package} attempting to declare permission {name} in non-existing group "
                "{group}"
            ),
        ),
    ),
    Message.PROVIDER_USED: (
        (
            21,
            (
                "Can't install because provider name {name} (in package {package}) is already used "
                "by {other}"
            ),
        ),
    ),
    Message.LIBRARY_MISSING: (
        (21, "Package {package} requires unavailable shared library {name}; failing!"),
    ),
    Message.ABIS: ((21, "Failed to extract native libraries, res=-113"),),
    # StrictJarFile (5.0–8.1), ApkSignatureVerifier (9–16).
    Message.NO_SIGNATURE: (
        (21, "Package {path} has no certificates at entry AndroidManifest.xml; ignoring!"),
        (28, "Failed to collect certificates from {path}: Attempt to get length of null array"),
    ),
    Message.BROKEN_SIGNATURE: ((21, "Failed to collect certificates from {path}{scheme}{cause}"),),
    Message.ENTRY_SIGNERS_DIFFER: (
        (21, "Package {path} has mismatched certificates at entry {name}; ignoring!"),
    ),
    Message.SCHEME_TOO_OLD: (
        (30, "No signature found in package of version 2 or newer for package {package}"),
    ),
    Message.SCHEME_TOO_OLD_FOR_SANDBOX: (
        (26, "Failed to collect certificates from {path}"),
        (28, "No signature found in package of version 2 or newer for package {path}"),
    ),
    Message.NO_MANIFEST: ((21, "Package {path} has no manifest"),),
    Message.NOT_APK: ((21, "Failed to parse {path}"),),
}
"""For each kind, (since API level, words)."""


def message(kind: Message, api: int, **values: object) -> str:
    """The words on that level; empty where that level has none."""
    known = [words for since, words in _TEXTS[kind] if since <= api]
    return known[-1].format(**values) if known else ""
