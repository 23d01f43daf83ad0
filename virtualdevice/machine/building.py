"""Carry out a system plan: runs in the device's user namespace, before it has a root of its own.

The working directory is the device's disk. The distribution's programs are made to find their
loader below /system, so that the root shows no /lib.
"""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Mapping, Sequence
from typing import Any

from virtualdevice.machine.elf import with_interpreter, without_error_prefix

__all__ = ["build_system", "load_sources", "make_directories"]

LOADER = "/system/lib64/ld.so"
LIBRARY_DIRECTORY = "system/lib64"
HOST_LOCALES = b"/usr/lib/locale\0"
DEVICE_LOCALES = b"/system/locale\0\0"
SEARCH_PATH = {"PATH": "/sbin:/usr/sbin:/bin:/usr/bin"}


def make_directories(directories: Sequence[Sequence[Any]], *, below: str) -> None:
    """(path, mode, uid, gid) each, parents first; an existing one keeps its owner and mode."""
    for name, mode, uid, gid in directories:
        path = f"{below}/{name}"
        if not os.path.isdir(path):
            os.mkdir(path)
            os.chown(path, uid, gid)
            os.chmod(path, mode)


def load_sources(plan: Mapping[str, Any], digest: str) -> dict[str, bytes]:
    """The host's files that a build will need, read while this process may still read all of them
    (later it is another user); none if nothing is to be built."""
    if _text("system.digest") == digest:
        return {}
    wanted = [*plan["programs"].values(), *plan["libraries"], plan["interpreter"]]
    return {path: _bytes(path) for path in wanted}


def build_system(plan: Mapping[str, Any], digest: str, sources: Mapping[str, bytes]) -> None:
    """Bring system/ to the plan, unless system.digest says that it is there. Files that are not
    in the plan (preloaded apps) stay."""
    if _text("system.digest") == digest:
        return
    for name in ("bin", "lib64", "locale"):
        shutil.rmtree(f"system/{name}", ignore_errors=True)
    for folder in ("", "bin", "xbin", "etc", "lib64", "lib64/toolchest", "app", "priv-app",
                   "framework", "vendor", "vendor/bin", "product", "locale"):  # fmt: skip
        os.makedirs(f"system/{folder}", mode=0o755, exist_ok=True)
    _copy_programs(plan, sources)
    _copy_libraries(plan, sources)
    for target, source in plan["hard_links"].items():
        os.link(f"system/{source}", f"system/{target}")
    for target, source in plan["symbolic_links"].items():
        os.symlink(source, f"system/{target}")
    for target, text in plan["texts"].items():
        _write(f"system/{target}", text.encode(), 0o644)
    for target, text in plan["executable_texts"].items():
        _write(f"system/{target}", text.encode(), 0o755)
    _write("system.digest", digest.encode(), 0o600)


def _text(path: str) -> str:
    try:
        with open(path, encoding="utf-8") as file:
            return file.read()
    except OSError:
        return ""


def _bytes(path: str) -> bytes:
    with open(path, "rb") as file:
        return file.read()


def _write(path: str, data: bytes, mode: int) -> None:
    with open(path, "wb") as file:
        file.write(data)
    os.chmod(path, mode)


def _copy_programs(plan: Mapping[str, Any], sources: Mapping[str, bytes]) -> None:
    for target, source in plan["programs"].items():
        content = sources[source]
        if target == "bin/sh":
            content = without_error_prefix(content, api=plan["api"])
        _write(f"system/{target}", with_interpreter(content, LOADER.encode()), 0o755)


def _copy_libraries(plan: Mapping[str, Any], sources: Mapping[str, bytes]) -> None:
    """The C library looks for locales below /usr: its copy is told to look below /system."""
    _write(f"{LIBRARY_DIRECTORY}/ld.so", sources[plan["interpreter"]], 0o755)
    for source in plan["libraries"]:
        name = os.path.basename(source)
        content = sources[source].replace(HOST_LOCALES, DEVICE_LOCALES)
        _write(f"{LIBRARY_DIRECTORY}/{name}", content, 0o755)
    if plan["locale"]:
        shutil.copytree(plan["locale"], "system/locale/C.utf8", dirs_exist_ok=True)
        os.symlink("C.utf8", "system/locale/en_US.utf8")  # The one that toybox asks for itself.
    _write("system/etc/ld.so.conf", b"/system/lib64\n", 0o644)
    _make_loader_cache()


def _make_loader_cache() -> None:
    """/etc is /system/etc on the device, so the loader finds its cache by that link."""
    words = ["/sbin/ldconfig", "-X", "-f", "/system/etc/ld.so.conf",
             "-C", "/system/etc/ld.so.cache", "-r", "."]  # fmt: skip
    null = os.open("/dev/null", os.O_RDWR | os.O_CLOEXEC)
    actions = [(os.POSIX_SPAWN_DUP2, null, number) for number in range(3)]
    pid = os.posix_spawn(words[0], words, SEARCH_PATH, file_actions=actions)
    os.close(null)
    status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    if status != 0:
        raise OSError(errno.EIO, f"{' '.join(words)} ended with status {status}")
