"""Where the code of user-installed packages lies: below /data/app, a directory each."""

from __future__ import annotations

from collections.abc import AsyncIterator

from virtualdevice.seams import Files

__all__ = ["CODE_ROOT", "code_directories", "code_stamp", "is_stage_name", "top_of"]

CODE_ROOT = "/data/app"


def top_of(code_path: str) -> str:
    """The directory right below /data/app that holds this code."""
    return "/".join(code_path.split("/")[:4])


async def code_stamp(files: Files, base_apk: str) -> str:
    """What tells a changed file: the package manager goes by path and time, too."""
    stat = await files.stat(base_apk)
    return f"{stat.size_bytes}@{stat.mtime_ns}" if stat else ""


def is_stage_name(name: str) -> bool:
    """PackageInstallerService.isStageName: a session's own directory."""
    return name.startswith(("vmdl", "smdl")) and name.endswith(".tmp")


async def code_directories(files: Files) -> AsyncIterator[str]:
    """Every directory that may hold a package: sessions' own ones are none (isStageName)."""
    for name in await files.list(CODE_ROOT):
        if is_stage_name(name):
            continue
        path = f"{CODE_ROOT}/{name}"
        if not name.startswith("~~"):
            yield path
            continue
        inside = await files.list(path)
        for inner in inside:
            yield f"{path}/{inner}"
        if not inside:
            yield path
