"""What the package manager says while it boots, in the words of each API level. A table only.

Sources: PackageManagerService (5.0 to 12), InitAppsHelper, InstallPackageHelper, Settings (13 to
16). Android's own slips (`it's data`, `app + X`) are kept.
"""

from __future__ import annotations

from enum import StrEnum

__all__ = ["Said", "words"]


class Said(StrEnum):
    """The occasions; `_WORDS` has each one's words."""

    UPGRADING = "another build"
    REGRANTING = "permissions granted anew"
    IMAGE_BETTER = "the image is newer than the update in /data"
    IMAGE_WORSE = "the update in /data stays"
    IMAGE_OVER_APP = "a preload takes over a user's app"
    IMAGE_BELOW_APP = "a preload hides below a user's app"
    APP_REMOVED = "a preload by another signer removes a user's app"
    EXPECTING_BETTER = "an updated preload is at another place"
    NEVER_CAME = "the update in /data cannot be read"
    UPDATE_MISMATCH = "the update in /data does not fit the image's signer"
    PRELOAD_GONE = "the image has dropped a preload"
    UPDATED_PRELOAD_GONE = "the image has dropped a preload that had an update"
    BOTH_GONE = "the image has dropped a preload whose update is gone too"
    SHARED_SIGNER = "a preload does not fit its shared user"
    DATA_ERASED = "data of another uid erased"
    PREPARE_FAILED = "installd's answer on data of another uid"


_WORDS: dict[Said, tuple[tuple[int, str], ...]] = {
    Said.UPGRADING: (
        (26, "Upgrading from {old} to {new}"),
        (34, "Upgrading from {old} ({old}) to {new} ({new})"),
    ),
    Said.REGRANTING: (
        (
            21,
            (
                "Platform changed from {old_api} to {new_api}; regranting permissions for "
                "internal storage"
            ),
        ),
        (
            31,
            (
                "Build fingerprint changed from {old} to {new}; regranting permissions for "
                "internal storage"
            ),
        ),
        (
            34,
            (
                "Partitions fingerprint changed from {old} to {new}; regranting permissions for "
                "internal storage"
            ),
        ),
    ),
    Said.IMAGE_BETTER: (
        (
            21,
            (
                "Package {name} at {image} reverting from {data}: new version {image_version} "
                "better than installed {data_version}"
            ),
        ),
        (
            28,
            (
                "System package updated; name: {name}; {data_version} --> {image_version}; "
                "{data} --> {image}"
            ),
        ),
    ),
    Said.IMAGE_WORSE: (
        (
            21,
            (
                "Package {name} at {image} ignored: updated version {data_version} better than "
                "this {image_version}"
            ),
        ),
    ),
    Said.IMAGE_OVER_APP: (
        (
            21,
            (
                "Package {name} at {image} reverting from {data}: new version {image_version} "
                "better than installed {data_version}"
            ),
        ),
        (
            28,
            (
                "System package enabled; name: {name}; {data_version} --> {image_version}; "
                "{data} --> {image}"
            ),
        ),
    ),
    # To 8.1 the words say the opposite of what the numbers do.
    Said.IMAGE_BELOW_APP: (
        (
            21,
            (
                "Package {name} appeared at {image} but new version {image_version} better than "
                "installed {data_version}; hiding system"
            ),
        ),
        (28, "System package disabled; name: {name}; old: {data}; new: {image}"),
    ),
    Said.APP_REMOVED: (
        (
            21,
            (
                "Package {name} appeared on system, but signatures don't match existing userdata "
                "copy; removing"
            ),
        ),
        (28, "System package signature mismatch; name: {name}"),
    ),
    Said.EXPECTING_BETTER: (
        (
            21,
            (
                "Expecting better updated system app for {name}; removing system app.  Last known "
                "codePath={data}, installStatus=1, versionCode={data_version}; scanned "
                "versionCode={image_version}"
            ),
        ),
        (
            28,
            (
                "Expecting better updated system app for {name}; removing system app.  Last known "
                "codePath={data}, versionCode={data_version}; scanned versionCode={image_version}"
            ),
        ),
    ),
    Said.NEVER_CAME: ((21, "Expected better {name} but never showed up; reverting to system"),),
    Said.UPDATE_MISMATCH: ((36, "Updated system app mismatches cert on /system: {name}"),),
    Said.PRELOAD_GONE: (
        (21, "System package {name} no longer exists; wiping its data"),
        (24, "System package {name} no longer exists; it's data will be wiped"),
        (33, "System package {name} no longer exists; its data will be wiped"),
    ),
    Said.UPDATED_PRELOAD_GONE: (
        (
            21,
            (
                "Updated system app + {name} no longer present; removing system privileges for "
                "{name}"
            ),
        ),
        (28, "Updated system package {name} no longer exists; revoking system privileges"),
        (29, "Updated system package {name} no longer exists; rescanning package on data"),
    ),
    Said.BOTH_GONE: (
        (21, "Updated system package {name} no longer exists; wiping its data"),
        (24, "Updated system package {name} no longer exists; it's data will be wiped"),
        (28, "Updated system package {name} no longer exists; removing its data"),
    ),
    Said.SHARED_SIGNER: ((21, "Signature mismatch for shared user: {shared}"),),
    Said.DATA_ERASED: (
        (21, "{kind} package {name} has changed from uid: {owner} to {uid}; old data erased"),
    ),
    # Installer$InstallerException; from 8 on around what installd's binder throws.
    Said.PREPARE_FAILED: (
        (
            24,
            "com.android.server.pm.Installer$InstallerException: Failed to execute create_app_data",
        ),
        (
            26,
            (
                "com.android.server.pm.Installer$InstallerException: "
                "android.os.ServiceSpecificException: Failed to prepare {path} (code 1)"
            ),
        ),
    ),
}
"""For each occasion, (since API level, words)."""


def words(said: Said, api: int, **values: object) -> str:
    """On that level; empty where that level says nothing."""
    known = [text for since, text in _WORDS[said] if since <= api]
    return known[-1].format(**values) if known else ""
