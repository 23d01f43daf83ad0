"""The shell scripts that record an app's data in one pass, for the tools that each Android has.

Three flavours. `PRINTF` (Android 10 and up) uses a find that has -printf; `TOYBOX` (Android 6 and
up) find, xargs and stat, each with the best checksum program; `TOOLBOX` (Android 5) has none of
these: it walks by the shell's own globs, with `ls` and `md5`. They only read; what they write goes
to stdout, so nothing is left on the device. They hold no single quote, because they travel inside
`run-as NAME sh -c '…'`, and the whole fits into the 4096 bytes that an adbd of Android 5 takes.

The output is a sequence of records. Each begins on a new line with `@NONCE KIND `, where NONCE is
fresh for every snapshot, so that no file name and no content can forge one:

    A area state     an area begins; state is seen, absent or denied
    E fields name    one entry: `stat` fields, then the name, which may hold anything but NUL
    I lines          entries, one a line: fields of find's -printf, then the name
    J fields name    one such entry whose name holds a line break, or a link; then comes L
    K dir, lines     entries of a directory in the format of toolbox `ls -l -n`, one a line
    P name / Q line  one entry whose name holds a line break: its name, then its `ls` line
    N name / L text  a symlink's name, then `readlink`'s answer
    H lines          checksums, `hex  name`, one a line: names without line breaks
    O hex name       the checksum of one file whose name holds a line break
    S hex hex name   a file above the limit: checksums of its first and last megabyte
    C name / D bytes a database or preferences file, whole
    G, Y fields name size, inode and time again, after everything was read, by stat or find
    R hex            or only the SHA-256 over what Y records would say
    V dir, lines     labels in the format of toolbox `ls -Z`
    W text           what find, stat and the checksum program complained of
    Z area           the area is complete
    . done           everything is complete: without it the stream was cut
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from importlib.resources import files

from holdfast.userdata.values import Area

__all__ = ["CHECKSUM_TOOLS", "Flavour", "ScriptPlan", "area_script", "second_look_script"]

CHECKSUM_TOOLS = ("sha256sum", "sha1sum", "md5sum", "md5")
"""Best first; `md5` is toolbox's. toybox has sha256sum from Android 7.1 or 8 on."""


_LEFT_OUT = {Area.SHARED: " ./Android"}
"""A directory below the root that is not part of the area: apps have areas of their own there."""


class Flavour(StrEnum):
    PRINTF = "printf"
    TOYBOX = "toybox"
    TOOLBOX = "toolbox"


@dataclass(frozen=True, kw_only=True, slots=True)
class ScriptPlan:
    """What to record: `roots` are directories on the device.

    Files above `hash_limit_bytes` are sampled; databases and preferences above
    `content_limit_bytes` are not read by meaning. `labels`: this device's `stat` knows `%C`.
    """

    nonce: str
    flavour: Flavour
    checksum: str
    roots: Mapping[Area, str]
    labels: bool = True
    hash_limit_bytes: int = 8 << 30
    content_limit_bytes: int = 256 << 20


def area_script(plan: ScriptPlan) -> str:
    """The script for a shell that may look into all of `plan.roots`."""
    return _script(plan, plan.flavour)


def second_look_script(plan: ScriptPlan) -> str:
    """Sizes, inodes and times again; only for the flavour PRINTF."""
    return _script(plan, "again")


def _script(plan: ScriptPlan, name: str) -> str:
    text = (files("holdfast.userdata") / f"{name}.sh").read_text(encoding="utf-8")
    functions = (
        _without_comments(text)
        .replace("NONCE", plan.nonce)
        .replace("TOOL", plan.checksum)
        .replace("%C", "%C" if plan.labels else "-")
        .replace("HASHLIMIT", str(plan.hash_limit_bytes))
        .replace("CONTENTLIMIT", str(plan.content_limit_bytes))
    )
    calls = "".join(
        f'a {area.name} "{_plain(root)}"{_LEFT_OUT.get(area, "")}\n'
        for area, root in plan.roots.items()
    )
    return f'{functions}{calls}print -r -- "@{plan.nonce} . done"\n'


def _plain(root: str) -> str:
    """Roots are made of package names and fixed words; anything else would need quoting."""
    if not all(c.isascii() and (c.isalnum() or c in "/._-") for c in root):
        raise ValueError(f"not a directory of an app: {root!r}")
    return root


def _without_comments(text: str) -> str:
    """The comments stay at home: an adbd of Android 5 takes 4096 bytes."""
    return "".join(f"{line}\n" for line in text.splitlines() if line and line[0] != "#")
