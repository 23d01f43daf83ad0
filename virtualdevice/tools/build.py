"""Compile the tool client once for each host, and keep it in the user's cache."""

from __future__ import annotations

import hashlib
import os
import platform
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

from virtualdevice.machine.host import HostCannot

__all__ = ["built_client", "cache_directory"]

SOURCE = Path(__file__).with_name("client.c")
FLAGS = ("-static", "-nostdlib", "-ffreestanding", "-fno-stack-protector")
COMPILERS = ("tcc", "cc", "gcc", "clang")


def cache_directory() -> Path:
    """Where compiled things are kept: $XDG_CACHE_HOME, or .cache in the home directory, or, where
    neither can be written, a directory of this user's in the temporary one."""
    home = Path(os.environ.get("XDG_CACHE_HOME") or Path(os.environ.get("HOME", "/")) / ".cache")
    for candidate in (home / "holdfast", Path(tempfile.gettempdir()) / f"holdfast-{os.getuid()}"):
        try:
            candidate.mkdir(parents=True, exist_ok=True)
        except OSError:
            continue
        if candidate.stat().st_uid == os.getuid() and os.access(candidate, os.W_OK):
            return candidate
    raise HostCannot("there is no directory to keep compiled programs in: set XDG_CACHE_HOME")


def built_client(*, cache: Path | None = None, compilers: Sequence[str] = COMPILERS) -> Path:
    """The compiled client; HostCannot with one sentence if no compiler does it."""
    source = SOURCE.read_bytes()
    key = hashlib.sha256(source + platform.machine().encode()).hexdigest()[:16]
    target = (cache or cache_directory()) / f"tool-client-{key}"
    if target.exists():
        return target
    found = [path for name in compilers if (path := shutil.which(name))]
    if not found:
        raise HostCannot(
            "the virtual device needs a C compiler once: install it as root with"
            " 'apt-get install tcc' (gcc or clang will do as well)"
        )
    complaints = [_compile(compiler, target) for compiler in found]
    if not target.exists():
        raise HostCannot(f"the virtual device's tool client does not compile: {complaints[0]}")
    return target


def _compile(compiler: str, target: Path) -> str:
    """Compile unless it is there already; what the compiler said if it failed. The rename makes
    two devices that start at once harmless to each other."""
    if target.exists():
        return ""
    with tempfile.TemporaryDirectory(dir=target.parent) as scratch:
        output = Path(scratch) / "client"
        done = subprocess.run(
            [compiler, *FLAGS, "-o", str(output), str(SOURCE)],
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        if done.returncode == 0:
            output.chmod(0o755)
            output.rename(target)
            return ""
        first = next(iter(done.stderr.strip().splitlines()), f"exit status {done.returncode}")
        return f"{compiler}: {first}"
