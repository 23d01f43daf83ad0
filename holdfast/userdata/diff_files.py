"""Files between two snapshots: lost, changed, moved, no longer the app's own to read."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence, Set
from datetime import UTC, datetime

from holdfast.userdata.changes import Change, ChangeKind, ExpectedChanges, Subject
from holdfast.userdata.databases import is_database_name, main_database
from holdfast.userdata.parse import is_cache
from holdfast.userdata.values import Area, AreaState, Entry, EntryKind, Snapshot

__all__ = ["comparable_areas", "file_changes", "read_by_meaning", "same_clock"]

_OWNER_MAY_READ = 0o400
_OWNER_MAY_ENTER = 0o500
_OWNER_MAY_WRITE = 0o200
_GROUP_MAY = 0o060
_OTHERS_MAY_USE_FILE = 0o006
_OTHERS_MAY_USE_DIRECTORY = 0o007
_PICTURES = (".jpg", ".jpeg", ".png", ".gif", ".webp", ".heic", ".mp4", ".3gp", ".mov", ".dng")
_DOCUMENTS = (".pdf", ".doc", ".docx", ".xls", ".xlsx", ".txt", ".odt", ".ppt", ".pptx", ".csv")

Place = tuple[Area, str]


def comparable_areas(before: Snapshot, after: Snapshot) -> Iterator[Area]:
    """The areas that were seen before, and of which the second snapshot can speak.

    An app that left no record left no data either, whether or not we may look.
    """
    gone = not after.installed and not after.identity.record
    for area, content in before.areas.items():
        seen_again = after.state(area) is not AreaState.NOT_SEEN
        if content.state is AreaState.SEEN and (seen_again or (gone and area is not Area.SHARED)):
            yield area


def read_by_meaning(snapshot: Snapshot) -> set[Place]:
    """The databases and preferences of which more is known than their bytes."""
    read: set[Place] = {(d.area, d.path) for d in snapshot.databases if not d.problem}
    return read | {(p.area, p.path) for p in snapshot.preferences if not p.problem}


def file_changes(
    before: Snapshot,
    after: Snapshot,
    *,
    expected: ExpectedChanges,
    older: Sequence[Snapshot] = (),
) -> Iterator[Change]:
    """Every changed file. Databases and preferences that were read by meaning in both snapshots are
    compared elsewhere; here only whether their owner may still read them."""
    areas = list(comparable_areas(before, after))
    was = _entries(before, areas, expected)
    now = _entries(after, areas, expected)
    known = (read_by_meaning(before), read_by_meaning(after))
    meaning = known[0] & known[1]
    gone = {p for p, entry in was.items() if _is_gone(entry, now.get(p))}
    lost = {p: was[p] for p in gone if not _is_companion(p, known[0])}
    added = {
        p: now[p]
        for p in now.keys() - was.keys()
        if now[p].kind is not EntryKind.DIRECTORY and not _is_companion(p, known[1])
    }
    moved = _moves(lost, added)
    readers = _Readers(before, after)
    for place, entry in lost.items():
        to = moved.get(place)
        if to is None:
            yield _change(ChangeKind.LOST, place, entry)
        else:
            arrived = _change(ChangeKind.MOVED, place, entry, now=f"{to[0]}/{to[1]}")
            yield readers.trouble(place, entry, now[to]) or arrived
    for place in added.keys() - set(moved.values()):
        yield _change(ChangeKind.ADDED, place, added[place])
    history = _history(older)
    for place in was.keys() & now.keys() - gone:
        trouble = readers.trouble(place, was[place], now[place])
        if trouble:
            yield trouble
        elif (place[0], main_database(place[1])) not in meaning:
            yield from _content_change(place, was[place], now[place], history)


def _entries(
    snapshot: Snapshot, areas: Sequence[Area], expected: ExpectedChanges
) -> dict[Place, Entry]:
    return {
        (area, entry.path): entry
        for area in areas
        for entry in snapshot.entries(area)
        if not _is_no_data(area, entry) and not expected.allows_path(area, entry.path)
    }


def _is_no_data(area: Area, entry: Entry) -> bool:
    """Caches; sockets and pipes; the link to the app's own code; what SQLite shares in memory."""
    return (
        is_cache(area, entry.path)
        or entry.kind is EntryKind.OTHER
        or (entry.path.endswith("-shm") and is_database_name(entry.path))
        or (area.private and entry.kind is EntryKind.LINK and entry.path == "lib")
    )


def _is_gone(entry: Entry, now: Entry | None) -> bool:
    """Directories are not missed for themselves."""
    if entry.kind is EntryKind.DIRECTORY:
        return False
    return now is None or now.kind is not entry.kind


def _is_companion(place: Place, meaning: Set[Place]) -> bool:
    """The log or journal of a database whose rows are known: it comes and goes with them."""
    main = main_database(place[1])
    return main != place[1] and (place[0], main) in meaning


def _moves(lost: Mapping[Place, Entry], added: Mapping[Place, Entry]) -> dict[Place, Place]:
    """Lost place → the place where the same content is now; the same name is preferred.

    What only the app could read, and now lies where anybody can, was not moved but lost.
    """
    by_content: dict[tuple[str, int], list[Place]] = defaultdict(list)
    for place, entry in added.items():
        if entry.digest and entry.size_bytes:
            by_content[entry.digest, entry.size_bytes].append(place)
    moves = {}
    for place, entry in lost.items():
        candidates = by_content.get((entry.digest, entry.size_bytes), [])
        fit = [p for p in candidates if p[0].private or not place[0].private]
        if fit:
            best = min(fit, key=lambda p: (p[1].rpartition("/")[2] != entry.name, p[1]))
            candidates.remove(best)
            moves[place] = best
    return moves


def _history(older: Sequence[Snapshot]) -> dict[Place, set[str]]:
    digests: dict[Place, set[str]] = defaultdict(set)
    for snapshot in older:
        for area in snapshot.areas:
            for entry in snapshot.entries(area):
                digests[area, entry.path].add(entry.digest)
    return digests


def _content_change(
    place: Place, was: Entry, now: Entry, history: Mapping[Place, set[str]]
) -> Iterator[Change]:
    if was.kind is EntryKind.LINK:
        if was.target != now.target:
            detail = f"it pointed to {was.target}, now to {now.target}"
            yield _change(ChangeKind.CHANGED, place, was, detail=detail)
        return
    if was.kind is not EntryKind.FILE or was.unstable or now.unstable:
        return
    if was.digest and now.digest and was.digest.split(":")[0] == now.digest.split(":")[0]:
        same = was.digest == now.digest
    else:
        same = was.size_bytes == now.size_bytes
    if not same:
        yield _change(_how(place, was, now, history), place, was, detail=_sizes(was, now))


def _how(place: Place, was: Entry, now: Entry, history: Mapping[Place, set[str]]) -> ChangeKind:
    if now.digest and now.digest in history.get(place, ()):
        return ChangeKind.REVERTED
    if now.size_bytes == 0:
        return ChangeKind.EMPTIED
    if same_clock(was, now) and now.mtime < was.mtime:
        return ChangeKind.REVERTED
    return ChangeKind.TRUNCATED if now.size_bytes < was.size_bytes else ChangeKind.CHANGED


def same_clock(was: Entry, now: Entry) -> bool:
    """Whether both times are of one form: each tool has its own, and not every one pads the
    fraction of a second."""
    return len(was.mtime.partition(".")[0]) == len(now.mtime.partition(".")[0])


def _sizes(was: Entry, now: Entry) -> str:
    times = f"{_shown_time(was.mtime)} → {_shown_time(now.mtime)}"
    return f"{was.size_bytes} → {now.size_bytes} bytes, {times}"


def _shown_time(mtime: str) -> str:
    """find's seconds since the epoch as a date; stat and ls show one themselves."""
    seconds = mtime.partition(".")[0]
    if not seconds.isdigit():
        return mtime[:19]
    return datetime.fromtimestamp(int(seconds[:12]), UTC).strftime("%Y-%m-%d %H:%M:%S")


class _Readers:
    """Whether the app, and no other, may still use what it could use before."""

    def __init__(self, before: Snapshot, after: Snapshot) -> None:
        self._uids = (before.uid, after.uid)
        self._tops = {
            area: (_top_label(before, area), _top_label(after, area)) for area in before.areas
        }

    def trouble(self, place: Place, was: Entry, now: Entry) -> Change | None:
        area = place[0]
        if area.private and self._is_foreign(was, now):
            detail = f"it belongs to uid {now.uid}, the app is {self._uids[1]}"
            return _change(ChangeKind.FOREIGN, place, was, detail=detail)
        needed = _OWNER_MAY_ENTER if now.kind is EntryKind.DIRECTORY else _OWNER_MAY_READ
        if now.kind is not EntryKind.LINK and was.mode & needed == needed != now.mode & needed:
            detail = f"mode {was.mode & 0o7777:o} → {now.mode & 0o7777:o}"
            return _change(ChangeKind.UNREADABLE, place, was, detail=detail)
        if now.kind is not EntryKind.LINK and was.mode & ~now.mode & _OWNER_MAY_WRITE:
            detail = f"mode {was.mode & 0o7777:o} → {now.mode & 0o7777:o}"
            return _change(ChangeKind.READ_ONLY, place, was, detail=detail)
        if area.private and self._is_exposed(was, now):
            detail = f"mode {now.mode & 0o7777:o}, group {now.gid}"
            return _change(ChangeKind.EXPOSED, place, was, detail=detail)
        if area.private and self._is_mislabelled(area, was, now):
            detail = f"label {was.label} → {now.label}"
            return _change(ChangeKind.UNREADABLE, place, was, detail=detail)
        if was.digest and not now.digest and not now.unstable and now.kind is EntryKind.FILE:
            return _change(ChangeKind.UNREADABLE, place, was, detail="it could not be read")
        return None

    def _is_foreign(self, was: Entry, now: Entry) -> bool:
        uid_before, uid_after = self._uids
        if uid_before is None or uid_after is None:
            return was.uid != now.uid
        return was.uid == uid_before and now.uid != uid_after

    def _is_exposed(self, was: Entry, now: Entry) -> bool:
        """Everybody may use it now, or a group may that is not the app's own."""
        if now.kind is EntryKind.LINK:
            return False
        uid_before, uid_after = self._uids
        other_group = uid_after not in (None, now.gid) and was.gid == uid_before
        is_directory = now.kind is EntryKind.DIRECTORY
        rights = _OTHERS_MAY_USE_DIRECTORY if is_directory else _OTHERS_MAY_USE_FILE
        opened = now.mode & ~was.mode & rights
        return bool(opened or (other_group and now.mode & _GROUP_MAY))

    def _is_mislabelled(self, area: Area, was: Entry, now: Entry) -> bool:
        """A label that no longer goes with that of the area's own directory.

        The whole tree may be relabelled rightly (an update to a newer targetSdk does that).
        """
        if not was.label or not now.label or was.label == now.label:
            return False
        top_before, top_after = self._tops[area]
        return was.label == top_before and now.label != top_after


def _top_label(snapshot: Snapshot, area: Area) -> str:
    return next((e.label for e in snapshot.entries(area) if e.path == ""), "")


def _change(
    kind: ChangeKind, place: Place, entry: Entry, *, detail: str = "", now: str = ""
) -> Change:
    return Change(
        kind=kind,
        subject=_subject(entry),
        area=place[0],
        path=place[1],
        size_bytes=entry.size_bytes if entry.kind is EntryKind.FILE else 0,
        detail=detail,
        now=now,
    )


def _subject(entry: Entry) -> Subject:
    if entry.kind is EntryKind.DIRECTORY:
        return Subject.DIRECTORY
    name = entry.name.lower()
    if name.endswith(_PICTURES):
        return Subject.PICTURE
    if name.endswith(_DOCUMENTS):
        return Subject.DOCUMENT
    return Subject.FILE
