"""What the package manager answers, as a value that keeps its words.

Texts: com.android.commands.pm.Pm (API 21 to 27) and PackageManagerShellCommand (API 28 and up).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

__all__ = ["InstallAnswer", "created_session", "read_answer"]

_FAILURE = re.compile(r"^Failure(?: \[(?P<inner>.*)\]| - (?P<plain>.*))?", re.MULTILINE)
_CODE = re.compile(r"(?P<code>[A-Z][A-Z0-9_]{3,}|-?\d{1,6})(?:: (?P<text>.*))?", re.DOTALL)
# Of PackageManager's codes those that a full disk, a missing card or a silent verifier bring about:
# they say nothing of the update.
_OF_THE_DEVICES_STATE = frozenset(
    f"INSTALL_FAILED_{name}"
    for name in (
        "INSUFFICIENT_STORAGE", "CONTAINER_ERROR", "MEDIA_UNAVAILABLE", "VERIFICATION_TIMEOUT",
        "ABORTED", "INTERNAL_ERROR",
    )
) | {"NO_ROOM"}  # fmt: skip
# What is thrown where a session finds no room (PackageInstallerService, StorageManagerService).
_NO_ROOM = re.compile(
    r"not enough space|No storage with enough free space|No suitable internal storage available|"
    r"Failed to allocate \d+ because only|Failed to free (enough|\d+)|No space left on device",
    re.ASCII,
)
_SESSION = re.compile(r"^Success: created install session \[(\d{1,12})\]", re.MULTILINE)


@dataclass(frozen=True, kw_only=True, slots=True)
class InstallAnswer:
    """An answer to an install, uninstall or clear.

    `raw` is every word of it. `code` is `INSTALL_FAILED_…` or what stands in its place (`NO_ROOM`
    for an exception that says so), empty for a success; `text` is the explanation behind the code.
    An answer that is neither a success nor a known form of failure has `understood` False, and is
    no success.
    """

    raw: str
    success: bool
    code: str = ""
    text: str = ""
    understood: bool = True

    @property
    def blames_the_state(self) -> bool:
        """Whether it failed for the state that the device is in, and not for what the update is."""
        return self.code in _OF_THE_DEVICES_STATE

    @property
    def shown(self) -> str:
        """The answer in one line."""
        return " ".join(self.raw.split()) or "(no answer)"


def read_answer(raw: str) -> InstallAnswer:
    """Read an answer. Only its text tells: exit statuses of `pm` differ by version.

    `Completed with warning(s)` (API 35 and up) means installed.
    """
    text = raw.replace("\r\n", "\n")
    failure = _FAILURE.search(text)
    if failure:
        inner = failure["inner"] if failure["inner"] is not None else (failure["plain"] or "")
        parts = _CODE.fullmatch(inner)
        if parts:
            return InstallAnswer(
                raw=text, success=False, code=parts["code"], text=parts["text"] or ""
            )
        return InstallAnswer(raw=text, success=False, code="FAILURE", text=inner)
    lines = [line.strip() for line in text.splitlines()]
    if any(line == "Success" or line.startswith(("Success:", "Success.")) for line in lines):
        return InstallAnswer(raw=text, success=True)
    if "Completed with warning(s)" in lines:
        return InstallAnswer(raw=text, success=True, text="completed with warnings")
    if "Failed" in lines:  # `pm clear`
        return InstallAnswer(raw=text, success=False, code="FAILED")
    without_room = next((line for line in lines if _NO_ROOM.search(line)), "")
    if without_room:
        return InstallAnswer(raw=text, success=False, code="NO_ROOM", text=without_room)
    return InstallAnswer(raw=text, success=False, understood=False)


def created_session(raw: str) -> int | None:
    """The number in the answer to `pm install-create`; None if it made no session."""
    match = _SESSION.search(raw.replace("\r\n", "\n"))
    return int(match[1]) if match else None
