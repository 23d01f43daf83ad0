"""What package managers say, in the words of each API level.

A table only. Sources: those of Android 5.0 to 16, as cited at the rows.
"""

from __future__ import annotations

from enum import StrEnum

__all__ = ["Message", "message"]


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
    DOWNGRADE_LOG = "downgrade, in the log"
    DOWNGRADE_BELOW_PRELOAD = "downgrade below the preload"
    DOWNGRADE_AFTER_UNINSTALL = "downgrade of what uninstall -k left"
    OLDER_SDK = "needs a newer Android"
    SPLIT_MISSING = "split missing"
    RESOURCES_UNALIGNED = "resources compressed or unaligned"
    EXPORTED_LEFT_OPEN = "exported not said"
    TARGET_SDK_TOO_LOW = "target SDK too low"
    TEST_ONLY = "test only"
    PERSISTENT = "persistent"
    NOT_UPDATABLE = "not updatable"
    NOT_ALLOWED = "not to be installed over"
    PERMISSION_MODEL = "permission model downgrade"
    SANDBOX = "sandbox version downgrade"
    PERMISSION_OWNED = "permission owned by another"
    GROUP_OWNED = "permission group owned by another"
    GROUP_FOREIGN = "permission in a foreign group"
    GROUP_MISSING = "permission in a missing group"
    CODE_MISSING = "code missing"
    PROVIDER_USED = "provider authority used by another"
    LIBRARY_MISSING = "shared library missing"
    ABIS = "no matching ABI"
    NO_SIGNATURE = "not signed"
    BROKEN_SIGNATURE = "signature broken"
    ENTRY_SIGNERS_DIFFER = "entries with different signers"
    RESTRICTED = "not the update that the system app names"
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
        (33, "Downgrade detected: Update {what} {new} is older than current {old}"),
    ),
    Message.DOWNGRADE_LOG: (
        (
            21,
            (
                "Can't install update of {package} update version {new} is older than installed "
                "version {old}"
            ),
        ),
        (22, "Downgrade detected: Update {what} {new} is older than current {old}"),
    ),
    Message.DOWNGRADE_BELOW_PRELOAD: (
        (31, "Package Verification Result"),
        (
            33,
            (
                "System app: {package} cannot be downgraded to older than its preloaded version on "
                "the system image. Update {what} {new} is older than current {old}"
            ),
        ),
    ),
    Message.DOWNGRADE_AFTER_UNINSTALL: (
        (
            36,
            (
                "Downgrade detected on app uninstalled with DELETE_KEEP_DATA: Update {what} {new} "
                "is older than current {old}"
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
    Message.NOT_UPDATABLE: ((35, "Non updatable system package can't be installed or updated"),),
    Message.NOT_ALLOWED: ((35, "Installation of this package is not allowed."),),
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
    Message.RESTRICTED: ((24, "New package fails restrict-update check: {package}"),),
    Message.CODE_MISSING: ((24, "Package {path} code is missing"),),
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
