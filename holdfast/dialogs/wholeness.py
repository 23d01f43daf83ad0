"""When the app was last seen whole, and first seen gone or replaced. Pure.

Evidence for the first clause of the policy: whoever is told after the app was removed was told too
late. Only what the package manager records is compared, so a loss that leaves no mark there (data
cleared in place) is dated by nothing, and stays undecidable.
"""

from __future__ import annotations

from dataclasses import dataclass

from holdfast.android.package_record import PackageRecord
from holdfast.dialogs.captured import Destroyed

__all__ = ["Wholeness"]

_MARKS = ("code_path", "first_install_time", "last_update_time", "version_code")


@dataclass(kw_only=True, slots=True)
class Wholeness:
    """Fed with what was read, in order of time; milliseconds of the capture's clock."""

    first: PackageRecord | None = None
    whole_at_ms: int | None = None
    gone_by_ms: int | None = None
    last_ms: int = 0

    def saw(self, record: PackageRecord | None, *, began_ms: int, ended_ms: int) -> None:
        """`record` was read at some time between the two."""
        self.last_ms = began_ms
        if self.first is None:
            if self.whole_at_ms is None:
                self.first, self.whole_at_ms = record, began_ms if record else None
            return
        if self.gone_by_ms is not None:
            return
        if record is not None and _marks(record) == _marks(self.first):
            self.whole_at_ms = began_ms
        else:
            self.gone_by_ms = ended_ms

    def destroyed(self, *, lost: bool) -> Destroyed | None:
        """None if nothing dates the loss. `lost`: data is known to be gone in the end.

        Where nothing was lost, nothing was destroyed, whatever the record says of an update.
        """
        if self.whole_at_ms is None or (lost and self.gone_by_ms is None):
            return None
        if not lost:
            return Destroyed(after_ms=self.last_ms)
        return Destroyed(after_ms=self.whole_at_ms, by_ms=self.gone_by_ms)


def _marks(record: PackageRecord) -> tuple[object, ...]:
    owner = record.user(0)
    values = [getattr(record, name) for name in _MARKS]
    if owner is not None:
        values += [owner.installed, owner.ce_data_inode, owner.first_install_time]
    return tuple(values)
