"""What is taken from a device when a test has failed: logs since the test began, and dumps.

Each piece is bounded in size and time; whoever keeps it takes secrets out (holdfast.report.redact).
What cannot be had is named: a user build shows no kernel log and no tombstones to the shell.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass

from holdfast.deadline import Deadline
from holdfast.device.shell import Files, Shell, quote
from holdfast.errors import DeviceRefused, LabError
from holdfast.journal import Journal

__all__ = ["Piece", "collect_evidence", "device_time", "pieces_for"]

_LIMIT_BYTES = 8 << 20
_BUGREPORT_LIMIT_BYTES = 256 << 20
_FIRST_BUGREPORTZ_API = 24
_BUGREPORT_S = 180.0
# So many pieces in a row without an answer: a long log may take its time, a dead device does not.
_SILENT = 2
_REPORTED = re.compile(r"^OK:(/[\w./-]+\.zip)\s*$", re.MULTILINE)
_TIME = re.compile(r"\d\d-\d\d \d\d:\d\d:\d\d")


@dataclass(frozen=True, kw_only=True, slots=True)
class Piece:
    """The last `limit_bytes` of what `command` prints are kept."""

    name: str
    command: str
    bound_s: float = 20.0
    limit_bytes: int = _LIMIT_BYTES


def device_time(shell: Shell, *, deadline: Deadline) -> str:
    """The device's own time, as logcat wants it for `-T`; ask when a test begins."""
    said = shell.run("date '+%m-%d %H:%M:%S'", deadline=deadline).text.strip()
    if not _TIME.fullmatch(said):
        raise DeviceRefused("date", answer=said[:80])
    return f"{said}.000"


def pieces_for(package_names: Sequence[str], *, since: str) -> tuple[Piece, ...]:
    """`since` is from `device_time`; empty takes all that the buffers hold."""
    window = f" -T {quote(since)}" if since else ""
    return (
        Piece(name="logcat.txt", command=f"logcat -d -b all -v threadtime{window}"),
        *(
            Piece(name=f"package-{name}.txt", command=f"dumpsys package {quote(name)}")
            for name in package_names
        ),
        Piece(name="dropbox.txt", command="dumpsys dropbox --print"),
        Piece(name="tombstones.txt", command="cat /data/tombstones/tombstone_*"),
        Piece(name="kernel.txt", command="dmesg"),
        Piece(name="properties.txt", command="getprop"),
    )


def collect_evidence(
    shell: Shell,
    files: Files,
    pieces: Sequence[Piece],
    *,
    api: int,
    bugreport: bool,
    journal: Journal,
    deadline: Deadline,
) -> tuple[str, ...]:
    """Attach each piece to the journal; what could not be had, in words. Raises nothing of the
    device's: whoever asks has a failure to report already. A device that does not answer is asked
    no more."""
    missing: list[str] = []
    silent = 0
    with journal.step("collect evidence"):
        for piece in pieces:
            try:
                text = _run(shell, piece, deadline)
            except (LabError, DeviceRefused) as error:
                missing.append(f"{piece.name}: {error}")
                silent += isinstance(error, LabError)
            else:
                silent = 0
                journal.attach(piece.name, text)
            if silent >= _SILENT:
                missing.append("all else was not asked for: the device does not answer")
                break
        if bugreport and silent < _SILENT:
            try:
                text = _bugreport(shell, files, api=api, deadline=deadline)
            except (LabError, DeviceRefused) as error:
                missing.append(f"bugreport: {error}")
            else:
                journal.attach("bugreport.txt", text)
        if missing:
            journal.attach("missing.txt", "\n".join([*missing, ""]))
    return tuple(missing)


def _run(shell: Shell, piece: Piece, deadline: Deadline) -> str:
    result = shell.run(f"{piece.command} 2>&1", deadline=deadline.within(piece.bound_s))
    if result.exit_status != 0:
        last = result.all_text.strip().rpartition("\n")[2]
        raise DeviceRefused(piece.command, answer=last[:200] or f"status {result.exit_status}")
    kept = result.stdout[-piece.limit_bytes :]
    cut = len(result.stdout) - len(kept)
    head = f"[the first {cut} bytes were left out]\n" if cut else ""
    return head + kept.decode("utf-8", "replace").replace("\r\n", "\n")


def _bugreport(shell: Shell, files: Files, *, api: int, deadline: Deadline) -> str:
    """The text of it. A ZIP as it is could not be redacted: its main text is taken out."""
    bound = deadline.within(_BUGREPORT_S)
    if api < _FIRST_BUGREPORTZ_API:
        piece = Piece(name="bugreport.txt", command="bugreport", bound_s=_BUGREPORT_S)
        return _run(shell, piece, bound)
    said = shell.run("bugreportz", deadline=bound).text
    found = _REPORTED.search(said)
    if not found:
        raise DeviceRefused("bugreportz", answer=said.strip()[-200:] or "nothing")
    raw = files.pull(found[1], deadline=bound, limit_bytes=_BUGREPORT_LIMIT_BYTES)
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as archive:
            texts = [info for info in archive.infolist() if info.filename.endswith(".txt")]
            main = max(texts, key=lambda info: info.file_size, default=None)
            if main is None:
                raise DeviceRefused("bugreportz", answer="there is no text in its ZIP")
            with archive.open(main) as content:
                return content.read(4 * _LIMIT_BYTES).decode("utf-8", "replace")
    except zipfile.BadZipFile as error:
        raise DeviceRefused("bugreportz", answer=f"no ZIP: {error}") from error
