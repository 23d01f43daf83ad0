"""Detectors that look at the app: its record, its directories, its data."""

from __future__ import annotations

from holdfast.userdata.changes import ChangeKind
from holdfast.userdata.detect_device import fewer_rows
from holdfast.userdata.diff import diff
from holdfast.userdata.diff_files import comparable_areas, read_by_meaning, same_clock
from holdfast.userdata.parse import is_cache
from holdfast.userdata.values import Area, AreaState, EntryKind, Identity, Snapshot
from holdfast.userdata.words import describe

__all__ = [
    "data_of_another_owner",
    "disabled",
    "factory_version",
    "installer_changed",
    "labels_wrong",
    "older_app_newer_data",
    "orphan_record",
    "other_signer_with_old_data",
    "partly_lost",
    "permissions_gained",
    "permissions_lost",
    "preload_gone",
    "preload_renumbered",
    "preload_resigned",
    "reinstalled",
    "replaced_by_preload",
    "rewritten",
    "shared_files_gone",
    "stirred_without_the_app",
    "update_dropped",
]

_DATA_KINDS = frozenset(
    {ChangeKind.LOST, ChangeKind.EMPTIED, ChangeKind.TRUNCATED, ChangeKind.REVERTED}
)


_MANY = 5
"""From this many files on, and from a quarter of them, it is no accident."""


def _both_installed(before: Snapshot, after: Snapshot) -> bool:
    return before.installed and after.installed


def _system(identity: Identity) -> bool:
    return "SYSTEM" in identity.flags


def _renumbered(before: Snapshot, after: Snapshot) -> tuple[str, ...]:
    was, now = before.identity.app_id, after.identity.app_id
    return (f"app id {was} → {now}",) if was and now and was != now else ()


def _directory_is_new(before: Snapshot, after: Snapshot) -> tuple[str, ...]:
    was, now = before.identity.ce_data_inode, after.identity.ce_data_inode
    return (f"data directory {was} → {now}",) if was and now and was != now else ()


def _signer_is_new(before: Snapshot, after: Snapshot) -> tuple[str, ...]:
    """Another signer that the old one did not hand over to."""
    was, now = before.identity, after.identity
    if not was.signers or not now.signers or set(was.signers) == set(now.signers):
        return ()
    if set(was.signers) <= set(now.past_signers):
        return ()
    return (f"signers {' '.join(was.signers)} → {' '.join(now.signers)}",)


def _version_fell(before: Snapshot, after: Snapshot) -> tuple[str, ...]:
    was, now = before.identity.version_code, after.identity.version_code
    return (f"version {was} → {now}",) if was and now and now < was else ()


def reinstalled(before: Snapshot, after: Snapshot) -> tuple[str, ...]:
    if not _both_installed(before, after):
        return ()
    was, now = before.identity.first_install_time, after.identity.first_install_time
    times = (f"first installed {was} → {now}",) if was and now and was != now else ()
    evidence = _renumbered(before, after) + times
    return evidence + _directory_is_new(before, after)


def other_signer_with_old_data(before: Snapshot, after: Snapshot) -> tuple[str, ...]:
    if not _both_installed(before, after) or _system(before.identity):
        return ()
    if reinstalled(before, after):
        return ()
    return _signer_is_new(before, after)


def replaced_by_preload(before: Snapshot, after: Snapshot) -> tuple[str, ...]:
    if not _both_installed(before, after) or _system(before.identity):
        return ()
    if not _system(after.identity):
        return ()
    return ("it became a system app", *_renumbered(before, after), *_signer_is_new(before, after))


def preload_resigned(before: Snapshot, after: Snapshot) -> tuple[str, ...]:
    if not _both_installed(before, after) or not _system(before.identity):
        return ()
    return () if reinstalled(before, after) else _signer_is_new(before, after)


def preload_renumbered(before: Snapshot, after: Snapshot) -> tuple[str, ...]:
    if not _both_installed(before, after) or not _system(before.identity):
        return ()
    moved = _renumbered(before, after)
    return moved + _directory_is_new(before, after) if moved else ()


def data_of_another_owner(before: Snapshot, after: Snapshot) -> tuple[str, ...]:
    """run-as itself refuses a directory of another owner."""
    if after.owner_is_wrong and not before.owner_is_wrong:
        return (after.access_error,)
    found = []
    for area in comparable_areas(before, after):
        top = next((e for e in after.entries(area) if e.path == ""), None)
        if area.private and top and after.uid is not None and top.uid not in (after.uid, 0):
            found.append(f"{area} data belongs to uid {top.uid}, the app is {after.uid}")
    return tuple(found)


def installer_changed(before: Snapshot, after: Snapshot) -> tuple[str, ...]:
    """Who installed the app is another though nothing was installed, or is nobody's name."""
    was, now = before.identity, after.identity
    if not _both_installed(before, after) or was.installer == now.installer:
        return ()
    updated = was.last_update_time != now.last_update_time
    packages = after.facts.packages
    if updated and (not now.installer or not packages or now.installer in packages):
        return ()
    return (f"installer {was.installer or 'unknown'} → {now.installer or 'unknown'}",)


def update_dropped(before: Snapshot, after: Snapshot) -> tuple[str, ...]:
    was, now = before.identity.code_path or "", after.identity.code_path or ""
    if not _both_installed(before, after) or not was.startswith("/data/"):
        return ()
    if not now or now.startswith("/data/"):
        return ()
    return (f"code {was} → {now}", *_version_fell(before, after))


def preload_gone(before: Snapshot, after: Snapshot) -> tuple[str, ...]:
    if not before.installed or after.installed or not _system(before.identity):
        return ()
    return (f"{before.package_name} was part of the system and is not installed",)


def factory_version(before: Snapshot, after: Snapshot) -> tuple[str, ...]:
    if not _both_installed(before, after) or "UPDATED_SYSTEM_APP" not in before.identity.flags:
        return ()
    if "UPDATED_SYSTEM_APP" in after.identity.flags:
        return ()
    fell = _version_fell(before, after)
    gone = not diff(before, after).intact
    return (*fell, "its data changed with it") if fell and gone else ()


def disabled(before: Snapshot, after: Snapshot) -> tuple[str, ...]:
    """It is there, and its user cannot open it, or nothing else may wake it."""
    was, now = before.identity, after.identity
    found = []
    if was.enabled in (0, 1) and now.enabled is not None and now.enabled > 1:
        found.append(f"enabled state {was.enabled} → {now.enabled}")
    if now.hidden and not was.hidden:
        found.append("it is hidden")
    if now.suspended and not was.suspended:
        found.append("it is suspended")
    if now.stopped and was.stopped is False:
        found.append("it is stopped: nothing reaches it before it is opened")
    return tuple(found)


def rewritten(before: Snapshot, after: Snapshot) -> tuple[str, ...]:
    """Many files have the content that they had and another time: a copy that kept no times.

    Whoever sorts pictures or documents by date misses it. One file may well be written again, and
    so may preferences and databases at any time; but not where the app never ran.
    """
    found = []
    for area in comparable_areas(before, after):
        untouched = after.identity.launched is False and area is not Area.SHARED
        known = set() if untouched else read_by_meaning(before)
        was = {e.path: e for e in before.entries(area) if e.kind is EntryKind.FILE and e.digest}
        same, moved = 0, 0
        for entry in after.entries(area):
            old = was.get(entry.path)
            if not old or old.digest != entry.digest or (area, entry.path) in known:
                continue
            same += 1
            moved += old.mtime != entry.mtime and same_clock(old, entry)
        many = moved >= min(_MANY, max(2, same)) and 4 * moved >= same
        if many or (untouched and moved):
            found.append(f"{moved} of {same} unchanged files in {area} have another time")
    return tuple(found)


def permissions_lost(before: Snapshot, after: Snapshot) -> tuple[str, ...]:
    """Permissions that went. What another version no longer asks for is its own choice."""
    was, now = before.identity, after.identity
    if not _both_installed(before, after):
        return ()
    lost = was.permissions - now.permissions
    if was.version_code != now.version_code:
        lost -= was.requested - now.requested
    return tuple(f"{name} is no longer granted" for name in sorted(lost))


def permissions_gained(before: Snapshot, after: Snapshot) -> tuple[str, ...]:
    """Permissions that came though nobody was asked: the app had asked for them before, or is the
    very same version."""
    was, now = before.identity, after.identity
    if not _both_installed(before, after):
        return ()
    gained = now.permissions - was.permissions
    if was.version_code != now.version_code:
        gained &= was.requested
    return tuple(f"{name} was granted by nobody" for name in sorted(gained))


def shared_files_gone(before: Snapshot, after: Snapshot) -> tuple[str, ...]:
    """Whole outside areas that are empty now, and an index that no longer knows the pictures."""
    found = []
    for area in (Area.EXTERNAL, Area.MEDIA, Area.OBB, Area.SHARED):
        if before.state(area) is not AreaState.SEEN or after.state(area) is AreaState.NOT_SEEN:
            continue
        was, now = _files(before, area), _files(after, area)
        if was and not now and after.installed:
            found.append(f"{len(was)} files in {area}, now none")
    return (*found, *fewer_rows(before, after, ("pictures", "videos", "sound files")))


def _files(snapshot: Snapshot, area: Area) -> set[str]:
    return {
        e.path
        for e in snapshot.entries(area)
        if e.kind is EntryKind.FILE and not is_cache(area, e.path)
    }


def labels_wrong(before: Snapshot, after: Snapshot) -> tuple[str, ...]:
    changes = diff(before, after).changes
    wrong = [
        c for c in changes if c.kind is ChangeKind.UNREADABLE and c.detail.startswith("label ")
    ]
    return tuple(f"{c.path or 'its directory'}: {c.detail}" for c in wrong[:5])


def stirred_without_the_app(before: Snapshot, after: Snapshot) -> tuple[str, ...]:
    """Something of the app's own moved or appeared, or something shared moved, and the app never
    ran: it was not the app."""
    if after.identity.launched is not False or not _both_installed(before, after):
        return ()
    changes = diff(before, after).changes
    found = [
        c
        for c in changes
        if not c.kind.is_loss and (c.area is not Area.SHARED or c.kind is ChangeKind.MOVED)
    ]
    return describe(before.package_name, found)


def orphan_record(before: Snapshot, after: Snapshot) -> tuple[str, ...]:
    if before.installed and not after.installed and after.identity.record:
        return (f"{after.package_name} is not installed, but its record is there",)
    return ()


def partly_lost(before: Snapshot, after: Snapshot) -> tuple[str, ...]:
    """Some of the data is gone, some is there, and nothing says that the app was installed anew."""
    if not _both_installed(before, after) or reinstalled(before, after):
        return ()
    lost = [c for c in diff(before, after).losses if c.kind in _DATA_KINDS]
    kept = any(
        _files(before, area) & _files(after, area) for area in comparable_areas(before, after)
    )
    return describe(before.package_name, lost) if lost and kept else ()


def older_app_newer_data(before: Snapshot, after: Snapshot) -> tuple[str, ...]:
    if not _both_installed(before, after) or reinstalled(before, after):
        return ()
    fell = _version_fell(before, after)
    schemas = [f"{d.name} is of schema {d.user_version}" for d in after.databases if d.user_version]
    return (*fell, *schemas) if fell else ()
