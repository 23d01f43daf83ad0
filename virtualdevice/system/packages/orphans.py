"""What a boot does about updates without code, and about code without a record.

Sources: the constructor of PackageManagerService, its reconcileApps (7.0 to 12), StorageEventHelper
(13 to 16).
"""

from __future__ import annotations

from virtualdevice.system.packages.code import CODE_ROOT, is_stage_name
from virtualdevice.system.packages.data_scan import name_of_code
from virtualdevice.system.packages.problems import critical
from virtualdevice.system.parts import Parts

__all__ = ["destroy_orphaned_code", "drop_orphaned_updates"]

FORGETFUL = range(26, 31)
"""8.0 to 11 forget an updated preload whose code in /data is gone (b/32321269), and fail at putting
the image's own in its place with the same id (b/162757159)."""
KNOWN_BY_NAME = range(24, 26)


async def drop_orphaned_updates(parts: Parts) -> None:
    """The preload will be found as a new package; its old id stays taken until the next boot."""
    if parts.api not in FORGETFUL:
        return
    for record in parts.registry:
        if record.preload is None or await parts.files.stat(record.code_path) is not None:
            continue
        parts.registry.drop_with_id(record.name)
        kind = "app" if parts.api >= 30 else "user"
        text = f"Adding duplicate {kind} id: {record.app_id} name={record.name}"
        critical(parts, text, level="E")


async def destroy_orphaned_code(parts: Parts) -> None:
    """Directories below /data/app that hold no record's code: what an interrupted installation or
    removal left, or what a scan did not accept."""
    if parts.api < KNOWN_BY_NAME.start:
        return
    paths = [record.code_path for record in parts.registry]
    for entry in await parts.files.list(CODE_ROOT):
        place = f"{CODE_ROOT}/{entry}"
        if is_stage_name(entry) or any(path.startswith(place) for path in paths):
            continue
        words = f"Destroying orphaned at {place}" if parts.api >= 31 else ""
        if parts.api in KNOWN_BY_NAME:
            name = await name_of_code(parts, place)
            if parts.registry.get(name) is not None:
                continue
            reason = f"com.android.server.pm.PackageManagerException: Package {name} is unknown"
            words = f"Destroying {place} due to: {reason}"
        critical(parts, words or f"Destroying orphaned{place}")
        await parts.files.remove_tree(place)
