"""Lines of toolbox's `ls` (Android 5), which has neither stat nor seconds nor inode numbers.

Source: system/core/toolbox/ls.c, listfile_long and listfile_maclabel.
"""

from __future__ import annotations

import re
import stat
from collections.abc import Iterable
from functools import lru_cache

from holdfast.userdata.values import Entry, path_of_bytes

__all__ = ["label_line", "listed_entry", "mode_of", "path_of"]

_LINE = re.compile(
    rb"(?P<mode>[-a-z][-rwxsStT]{9})\s+(?P<uid>\d+)\s+(?P<gid>\d+)\s+"
    rb"(?:(?P<size>\d+)\s+|\d+,\s*\d+\s+)?(?P<at>\d{4}-\d\d-\d\d \d\d:\d\d) (?P<name>.*)",
    re.DOTALL,
)
_LABEL = re.compile(
    rb"(?P<kind>[-a-z])[-rwxsStT]{9}\s+\S+\s+\S+\s+(?P<label>\S+:\S+)\s+(?P<name>.*)"
)
_TYPES = {
    "-": stat.S_IFREG,
    "d": stat.S_IFDIR,
    "l": stat.S_IFLNK,
    "p": stat.S_IFIFO,
    "s": stat.S_IFSOCK,
    "c": stat.S_IFCHR,
    "b": stat.S_IFBLK,
}
_SPECIAL = ((3, "sS", stat.S_ISUID), (6, "sS", stat.S_ISGID), (9, "tT", stat.S_ISVTX))


def path_of(name: bytes) -> str:
    """A name as `find .` prints it, without the `./`; the area's own directory is empty."""
    return path_of_bytes(name.removeprefix(b"./") if name != b"." else b"")


def listed_entry(line: bytes, *, name: bytes | None, folder: bytes, links: Iterable[str]) -> Entry:
    """The entry of one line of `ls -l -n -d`. Raises ValueError if it is none.

    `name` is given where it may hold a line break. Else it is what the line says, which is what
    follows the last slash, in `folder`; `links` are the paths of known symlinks, whose lines end in
    ` -> target`.
    """
    match = _LINE.match(line)
    if not match:
        raise ValueError("not a line of ls")
    mode = match["mode"].decode()
    if name is None:
        listed = _within(folder, match["name"])
        path = _link_path(listed, links) if mode[0] == "l" else path_of(listed)
    else:
        path = path_of(name)
    return Entry(
        path=path,
        mode=mode_of(mode),
        uid=int(match["uid"]),
        gid=int(match["gid"]),
        size_bytes=int(match["size"] or 0),
        mtime=match["at"].decode(),
    )


def _within(folder: bytes, listed: bytes) -> bytes:
    """The whole name that ls was given: `./…`, or `.` for the area's own directory."""
    if listed == b"." or listed.startswith(b"./"):
        return listed
    return folder + b"/" + listed


def _link_path(listed: bytes, links: Iterable[str]) -> str:
    for path in links:
        if listed.startswith(b"./" + path.encode("utf-8", "surrogateescape") + b" -> "):
            return path
    return path_of(listed.split(b" -> ", 1)[0])


@lru_cache(maxsize=256)
def mode_of(mode: str) -> int:
    """`-rw-r-----` as a number."""
    bits = _TYPES.get(mode[0], 0)
    for at, letter in enumerate(mode[1:10]):
        if letter not in "-ST":
            bits |= 1 << (8 - at)
    for at, letters, bit in _SPECIAL:
        if mode[at] in letters:
            bits |= bit
    return bits


def label_line(line: bytes, *, folder: bytes) -> tuple[str, str] | None:
    """(path, label) of one line of `ls -Z -d`; None if it shows none."""
    match = _LABEL.match(line)
    if not match:
        return None
    name = match["name"].split(b" -> ", 1)[0] if match["kind"] == b"l" else match["name"]
    return path_of(_within(folder, name)), match["label"].decode("utf-8", "replace")
