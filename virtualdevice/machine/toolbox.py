"""Commands in the shape of AOSP's toolbox, which Android had before toybox (system/core/toolbox).

They run in a fork of process 1, as the caller, with its descriptors. The formats are those of
toolbox's ls.c, md5.c, ps.c, df.c and id.c, and of the recordings from Android 5.1.1.
"""

from __future__ import annotations

import grp
import hashlib
import os
import pwd
import stat
import sys
import time
from collections.abc import Callable, Iterator, Sequence

from virtualdevice.machine.zygote_children import WORKERS

__all__ = ["COMMANDS", "serve"]

BLOCK_DEVICES_SHOWN = ("/", "/dev", "/system", "/data", "/cache", "/mnt/shell/emulated")
NOT_FOUND = 127
MD5_CHUNK_BYTES = 1 << 20


def serve(_channel: object, words: Sequence[bytes]) -> int:
    """Run one command with descriptors 0–2 in place; its exit status."""
    sys.stdout = open(1, "w", encoding="utf-8", errors="surrogateescape", closefd=False)  # noqa: SIM115
    sys.stderr = open(2, "w", encoding="utf-8", errors="surrogateescape", closefd=False)  # noqa: SIM115
    arguments = [os.fsdecode(word) for word in words]
    if arguments[0] == "toolbox":
        arguments = arguments[1:]
    if not arguments or arguments[0] not in COMMANDS:
        _complain(f"{arguments[0] if arguments else 'Toolbox!'}: no such tool\n")
        return NOT_FOUND
    status = COMMANDS[arguments[0]](arguments[1:])
    sys.stdout.flush()
    sys.stderr.flush()
    return status


def _say(text: str) -> None:
    sys.stdout.write(text)


def _complain(text: str) -> None:
    sys.stdout.flush()
    sys.stderr.write(text)
    sys.stderr.flush()


def _user(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def _group(gid: int) -> str:
    try:
        return grp.getgrgid(gid).gr_name
    except KeyError:
        return str(gid)


def _ls(arguments: Sequence[str]) -> int:
    flags = {letter for word in arguments if word.startswith("-") for letter in word[1:]}
    unknown = sorted(flags - set("lsRdZain"))
    if unknown:
        _complain(f"ls: Unknown option '-{unknown[0]}'. Aborting.\n")
        return 1
    paths = [word for word in arguments if not word.startswith("-")] or ["."]
    return max(_list_path(path, flags) for path in paths)


def _list_path(path: str, flags: set[str]) -> int:
    """A link to a directory is listed as a link, unless a slash follows its name (ls.c)."""
    try:
        found = os.stat(path) if path.endswith("/") else os.lstat(path)
    except OSError as error:
        _complain(f"{path}: {os.strerror(error.errno or 0)}\n")
        return 1
    if "d" not in flags and stat.S_ISDIR(found.st_mode):
        return _list_directory(path, flags)
    _list_file(path, path, flags)
    return 0


def _list_directory(path: str, flags: set[str]) -> int:
    if "R" in flags:
        _say(f"\n{path}:\n")
    try:
        names = sorted(os.listdir(path))
    except OSError as error:
        _complain(f"opendir failed, {os.strerror(error.errno or 0)}\n")
        return 1
    shown = [name for name in names if "a" in flags or not name.startswith(".")]
    for name in shown:
        _list_file(name, os.path.join(path, name), flags)
    status = 0
    if "R" in flags:
        for name in shown:
            below = os.path.join(path, name)
            if not os.path.islink(below) and os.path.isdir(below):
                status |= _list_directory(below, flags)
    return status


def _list_file(name: str, path: str, flags: set[str]) -> None:
    try:
        found = os.lstat(path)
    except OSError as error:
        _complain(f"lstat '{path}' failed: {os.strerror(error.errno or 0)}\n")
        return
    if "i" in flags:
        _say(f"{found.st_ino:8d} ")
    if "s" in flags:
        _say(f"{found.st_blocks // 2:5d} ")
    _say(f"{_long(name, path, found, flags)}\n" if "l" in flags or "n" in flags else f"{name}\n")


def _long(name: str, path: str, found: os.stat_result, flags: set[str]) -> str:
    """`ls -l` of a path shows what follows its last slash."""
    name = name.rstrip("/").rpartition("/")[2] or name
    numeric = "n" in flags
    user = str(found.st_uid) if numeric else _user(found.st_uid)
    group = str(found.st_gid) if numeric else _group(found.st_gid)
    mode = stat.filemode(found.st_mode)
    when = time.strftime("%Y-%m-%d %H:%M", time.localtime(found.st_mtime))
    start = f"{mode} {user:<8s} {group:<8s}"
    if stat.S_ISREG(found.st_mode):
        return f"{start} {found.st_size:8d} {when} {name}"
    if stat.S_ISLNK(found.st_mode):
        return f"{start}          {when} {name} -> {_target(path)}"
    if stat.S_ISBLK(found.st_mode) or stat.S_ISCHR(found.st_mode):
        numbers = f"{os.major(found.st_rdev):3d}, {os.minor(found.st_rdev):3d}"
        return f"{start} {numbers} {when} {name}"
    return f"{start}          {when} {name}"


def _target(path: str) -> str:
    try:
        return os.readlink(path)
    except OSError:
        return ""


def _md5(arguments: Sequence[str]) -> int:
    if not arguments:
        _complain("Usage: md5 file ...\n")
        return 1
    status = 0
    for path in arguments:
        digest = hashlib.md5(usedforsecurity=False)
        try:
            with open(path, "rb") as file:
                while block := file.read(MD5_CHUNK_BYTES):
                    digest.update(block)
        except OSError as error:
            _complain(f"could not read {path}, {os.strerror(error.errno or 0)}\n")
            status = 1
            continue
        _say(f"{digest.hexdigest()}  {path}\n")
    return status


def _processes() -> Iterator[tuple[int, str, int, int, int, str, str]]:
    """pid, user, parent, virtual size and resident size in KiB, state, name."""
    for entry in sorted((e for e in os.listdir("/proc") if e.isdigit()), key=int):
        try:
            with open(f"/proc/{entry}/stat", "rb") as file:
                name, _, rest = file.read().partition(b"(")[2].rpartition(b")")
            with open(f"/proc/{entry}/cmdline", "rb") as file:
                command = file.read().split(b"\0")[0]
            uid = os.stat(f"/proc/{entry}").st_uid
        except OSError:
            continue
        fields = rest.split()
        size_kib, resident_kib = int(fields[20]) // 1024, int(fields[21]) * 4
        shown = os.fsdecode(command or name)
        yield (
            int(entry),
            _user(uid),
            int(fields[1]),
            size_kib,
            resident_kib,
            fields[0].decode(),
            shown,
        )


def _ps(arguments: Sequence[str]) -> int:
    """No option of later `ps` is known: a word is a process's number, or how its name begins."""
    words = [word for word in arguments if word not in {"-t", "-x", "-c", "-p", "-P", "-Z"}]
    _say("USER      PID   PPID  VSIZE  RSS   WCHAN            PC  NAME\n")
    for pid, user, parent, size, resident, state, name in _processes():
        if pid == os.getpid():
            continue  # Its client has the name already.
        if any(w != str(pid) if w.isdigit() else not name.startswith(w) for w in words):
            continue
        start = f"{user:<9s} {pid:<5d} {parent:<5d} {size:<6d} {resident:<5d}"
        _say(f"{start} 00000000 00000000 {state} {name}\n")
    return 0


def _size(size_bytes: float) -> str:
    for unit, factor in (("G", 1 << 30), ("M", 1 << 20)):
        if size_bytes >= factor:
            return f"{size_bytes / factor:.1f}{unit}"
    return f"{size_bytes / 1024:.1f}K"


def _df(arguments: Sequence[str]) -> int:
    _say("Filesystem               Size     Used     Free   Blksize\n")
    status = 0
    for path in arguments or BLOCK_DEVICES_SHOWN:
        try:
            found = os.statvfs(path)
        except OSError as error:
            if arguments:
                _complain(f"{path}: {os.strerror(error.errno or 0)}\n")
                status = 1
            continue
        block = found.f_frsize
        used = (found.f_blocks - found.f_bfree) * block
        total, free = found.f_blocks * block, found.f_bfree * block
        numbers = f"{_size(total):>8s} {_size(used):>8s} {_size(free):>8s}"
        _say(f"{path:<20s} {numbers}   {found.f_bsize}\n")
    return status


def _touch(arguments: Sequence[str]) -> int:
    """`-t` takes YYYYMMDD[.hhmmss]."""
    words = [word for word in arguments if word not in {"-a", "-m", "-l"}]
    when: float | None = None
    if words[:1] == ["-t"] and len(words) > 1:
        try:
            when = _touch_time(words[1])
        except (ValueError, OverflowError):
            _complain("touch: invalid time\n")
            return 1
        words = words[2:]
    status = 0
    for path in words:
        try:
            os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666))
            os.utime(path, None if when is None else (when, when))
        except OSError as error:
            _complain(f"touch: {path}: {os.strerror(error.errno or 0)}\n")
            status = 1
    return status


def _touch_time(text: str) -> float:
    """By hand: time.strptime imports late, and there is nothing here to import from."""
    day, _, clock = text.partition(".")
    clock = clock.ljust(6, "0")
    date = (int(day[:4]), int(day[4:6]), int(day[6:8]))
    return time.mktime((*date, int(clock[:2]), int(clock[2:4]), int(clock[4:6]), 0, 0, -1))


def _mount(arguments: Sequence[str]) -> int:
    if arguments:
        _complain("mount: Operation not permitted\n")
        return 1
    with open("/proc/mounts", encoding="utf-8", errors="surrogateescape") as file:
        _say(file.read())
    return 0


def _id(_arguments: Sequence[str]) -> int:
    """The groups are the further ones, without the first."""
    uid, gid = os.getuid(), os.getgid()
    groups = ",".join(f"{number}({_group(number)})" for number in os.getgroups() if number != gid)
    _say(
        f"uid={uid}({_user(uid)}) gid={gid}({_group(gid)}){' groups=' if groups else ''}{groups}\n"
    )
    return 0


COMMANDS: dict[str, Callable[[Sequence[str]], int]] = {
    "df": _df,
    "id": _id,
    "ls": _ls,
    "md5": _md5,
    "mount": _mount,
    "ps": _ps,
    "touch": _touch,
}
WORKERS["toolbox"] = serve
