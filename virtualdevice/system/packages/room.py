"""Want of room for an installation, in the words of each Android.

Sources: PackageInstallerService.createSession, PackageHelper (later InstallLocationUtils), and
PackageInstallerSession.openWrite; ExceptionUtils.wrap for what they are wrapped in.
"""

from __future__ import annotations

__all__ = ["creation_problem", "writing_problem"]

VOLUMES_API = 23
PARCELABLE_API = 26
SNOWMAN = "\N{SNOWMAN}"
"""What marks an IOException that crosses processes as another one."""


def creation_problem(api: int) -> str:
    """The exception when a session is made for more than there is room for."""
    text = "Requested internal only, but not enough space"
    if api < VOLUMES_API:
        text = "No storage with enough free space; res=-1"
    if api < PARCELABLE_API:
        return f"java.lang.IllegalStateException: {SNOWMAN}{text}"
    return f"android.os.ParcelableException: java.io.IOException: {text}"


def writing_problem(api: int, size_bytes: int, free_bytes: int) -> str:
    """The message when a session that nobody gave a size is written to."""
    if api < PARCELABLE_API:
        return "Failed to free enough space"
    return f"Failed to allocate {size_bytes} because only {free_bytes} allocatable"
