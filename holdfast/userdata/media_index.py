"""Tell Android's media index of new files, as whoever writes shared files on a phone must."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import quote as percent_encoded

from holdfast.deadline import Deadline
from holdfast.device.shell import Shell, quote

__all__ = ["index_files"]

_SCANS_VOLUMES = 30
_SCAN_VOLUME = "content call --uri content://media --method scan_volume --arg external_primary"
_SCAN_FILE = "am broadcast -a android.intent.action.MEDIA_SCANNER_SCAN_FILE -d"
_MOST_BROADCASTS = 20
"""Each takes a second on a phone."""


def index_files(
    shell: Shell, paths: Sequence[str], *, api: int, deadline: Deadline
) -> tuple[str, ...]:
    """Have files of shared storage entered into the index: rows that a snapshot then counts.

    From Android 11 on by MediaProvider's own call (MediaStore.SCAN_VOLUME_CALL), before by the
    broadcast of each file. Returns in words what was refused or left out. The index is written
    behind our back: a row may come later.
    """
    if not paths:
        return ()
    if api >= _SCANS_VOLUMES:
        done = shell.run(f"{_SCAN_VOLUME} 2>&1", deadline=deadline)
        refused = done.exit_status != 0 or "error" in done.text.lower()
        return (f"the media index: {done.text.strip()[:120]}",) if refused else ()
    sent = paths[:_MOST_BROADCASTS]
    script = "; ".join(f"{_SCAN_FILE} {quote('file://' + percent_encoded(p))}" for p in sent)
    text = shell.run(f"({script}) 2>&1", deadline=deadline).text
    told = text.count("Broadcast completed")
    left_out = len(paths) - told
    return (f"the media index was not told of {left_out} files",) if left_out else ()
