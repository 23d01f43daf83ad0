"""`ls` and `md5` as toolbox of Android 5 prints them, for a PATH that has nothing else.

Run as `python toolbox_tools.py ls …`. Shapes: the recording of an Android 5.1.1, and
system/core/toolbox/{ls,md5}.c.
"""

from __future__ import annotations

import hashlib
import os
import stat
import sys
import time
from pathlib import Path


def with_target(path: bytes) -> bytes:
    """As listfile_long and listfile_maclabel print it: what follows the last slash."""
    link = Path(os.fsdecode(path))
    path = path.rpartition(b"/")[2]
    return path + b" -> " + os.fsencode(link.readlink()) if link.is_symlink() else path


def listed(path: bytes) -> bytes:
    """One line of `ls -l -n -d`."""
    about = os.lstat(path)
    mode = stat.filemode(about.st_mode).encode()
    at = time.strftime("%Y-%m-%d %H:%M", time.gmtime(about.st_mtime)).encode()
    ids = b"%-8d %-8d" % (about.st_uid, about.st_gid)
    if stat.S_ISREG(about.st_mode):
        return b"%b %b %8d %b %b\n" % (mode, ids, about.st_size, at, with_target(path))
    return b"%b %b          %b %b\n" % (mode, ids, at, with_target(path))


def labelled(path: bytes) -> bytes:
    """One line of `ls -Z -d`."""
    mode = stat.filemode(os.lstat(path).st_mode).encode()
    return b"%b u0_a1    u0_a1             u:object_r:app_data_file:s0 %b\n" % (
        mode,
        with_target(path),
    )


def main(argv: list[bytes]) -> int:
    out = sys.stdout.buffer
    if argv[0] == b"md5":
        for path in argv[1:]:
            content = Path(os.fsdecode(path)).read_bytes()
            out.write(hashlib.md5(content).hexdigest().encode() + b"  " + path + b"\n")
        return 0
    options = {word for word in argv[1:] if word.startswith(b"-")}
    for path in argv[1:]:
        if path not in options:
            out.write(labelled(path) if b"-Z" in options else listed(path))
    return 0


if __name__ == "__main__":
    raise SystemExit(main([os.fsencode(word) for word in sys.argv[1:]]))
