"""What became of an app's data between two snapshots: a value with its reasons."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace

from holdfast.userdata.changes import Change, ChangeKind, ExpectedChanges, Subject
from holdfast.userdata.diff_files import file_changes
from holdfast.userdata.diff_meaning import database_changes, preferences_changes
from holdfast.userdata.parse import is_cache
from holdfast.userdata.values import Area, AreaState, EntryKind, Reach, Snapshot
from holdfast.userdata.words import describe, rank

__all__ = ["Diff", "diff"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Diff:
    """The changes, what would be missed most first, and what neither snapshot can speak of.

    `unseen` are the words of both snapshots; `nothing_seen` says that the first one held no file
    of the app's own, so that nothing can be said of its survival.
    """

    package_name: str
    changes: tuple[Change, ...]
    unseen: tuple[str, ...]
    nothing_seen: bool

    @property
    def losses(self) -> tuple[Change, ...]:
        return tuple(c for c in self.changes if c.kind.is_loss)

    @property
    def intact(self) -> bool:
        """Whether everything that was seen before is there, unchanged and readable for its owner.

        False too if the second look did not reach what the first had seen.
        """
        return not self.losses

    @property
    def only_unseen(self) -> bool:
        """Whether it is not intact for no other reason than that it could not be seen again."""
        return bool(self.losses) and all(c.kind is ChangeKind.NOT_SEEN for c in self.losses)

    def lines(self) -> tuple[str, ...]:
        """The changes in plain words, what would be missed most first; losses only."""
        return describe(self.package_name, self.losses)

    def document(self) -> dict[str, object]:
        """Everything, as JSON's own types."""
        return {
            "package_name": self.package_name,
            "intact": self.intact,
            "nothing_seen": self.nothing_seen,
            "lines": list(self.lines()),
            "unseen": list(self.unseen),
            "changes": [asdict(change) for change in self.changes],
        }

    def to_json(self) -> str:
        return json.dumps(self.document(), indent=2)


def diff(
    before: Snapshot,
    after: Snapshot,
    *,
    expected: ExpectedChanges | None = None,
    older: Sequence[Snapshot] = (),
) -> Diff:
    """Compare two snapshots of one app. `older` ones tell a reverted file from a changed one."""
    if before.package_name != after.package_name:
        raise ValueError(f"snapshots of {before.package_name} and of {after.package_name}")
    allowed = expected or ExpectedChanges()
    found = list(_changes(before, after, allowed, older))
    for was in before.others:
        older_copies = [snapshot.copy_of(was.user_id) for snapshot in older]
        for change in _changes(was, after.copy_of(was.user_id), allowed, older_copies):
            found.append(replace(change, user_id=was.user_id))
    return Diff(
        package_name=before.package_name,
        changes=tuple(sorted(found, key=rank)),
        unseen=tuple(dict.fromkeys(before.unseen + after.unseen)),
        nothing_seen=not any(
            entry.kind is EntryKind.FILE and not is_cache(area, entry.path)
            for copy in (before, *before.others)
            for area in copy.areas
            if area is not Area.SHARED
            for entry in copy.entries(area)
        ),
    )


def _changes(
    before: Snapshot, after: Snapshot, allowed: ExpectedChanges, older: Sequence[Snapshot]
) -> Iterator[Change]:
    """Of one user's copy."""
    if not allowed.reinstalled:
        yield from _app_changes(before, after)
    yield from _area_changes(before, after)
    yield from file_changes(before, after, expected=allowed, older=older)
    yield from database_changes(before, after, expected=allowed)
    yield from preferences_changes(before, after, expected=allowed)


def _app_changes(before: Snapshot, after: Snapshot) -> Iterator[Change]:
    was, now = before.identity, after.identity
    if not was.installed:
        return
    if not now.installed:
        left = "its record was kept" if now.record else "nothing of it is left"
        yield Change(kind=ChangeKind.GONE_APP, subject=Subject.APP, detail=left)
        return
    evidence = []
    if was.app_id != now.app_id and None not in (was.app_id, now.app_id):
        evidence.append(f"app id {was.app_id} → {now.app_id}")
    if was.first_install_time != now.first_install_time and now.first_install_time:
        evidence.append(f"first installed {was.first_install_time} → {now.first_install_time}")
    if evidence:
        yield Change(kind=ChangeKind.REINSTALLED, subject=Subject.APP, detail=", ".join(evidence))
    if was.ce_data_inode and now.ce_data_inode and was.ce_data_inode != now.ce_data_inode:
        detail = f"directory {was.ce_data_inode} → {now.ce_data_inode}"
        yield Change(kind=ChangeKind.RECREATED, subject=Subject.APP, detail=detail)


def _area_changes(before: Snapshot, after: Snapshot) -> Iterator[Change]:
    for area, content in before.areas.items():
        if content.state is not AreaState.SEEN or after.state(area) is not AreaState.NOT_SEEN:
            continue
        if not after.installed and not after.identity.record:
            continue  # then it is gone with the app, and is counted as lost
        again = after.areas.get(area)
        why = again.why if again else "it was not looked at"
        own_eyes = area.private and after.access is Reach.RUN_AS
        yield Change(
            kind=ChangeKind.UNREADABLE if own_eyes or after.owner_is_wrong else ChangeKind.NOT_SEEN,
            subject=Subject.AREA,
            area=area,
            count=sum(e.kind is EntryKind.FILE for e in content.entries),
            size_bytes=sum(e.size_bytes for e in content.entries if e.kind is EntryKind.FILE),
            detail=after.access_error if after.owner_is_wrong else why,
        )
