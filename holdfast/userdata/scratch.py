"""A folder on the host that holds user data for a moment. None outlives the process that made it
for long: what one that was killed left is removed by the next."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

__all__ = ["scratch_folder"]

_NAME = re.compile(r"holdfast-(?:seed|snapshot)-(\d+)-\w+")


@contextmanager
def scratch_folder(purpose: str) -> Iterator[Path]:
    """`purpose` is seed or snapshot."""
    _sweep(Path(tempfile.gettempdir()))
    prefix = f"holdfast-{purpose}-{os.getpid()}-"
    with tempfile.TemporaryDirectory(prefix=prefix) as folder:
        yield Path(folder)


def _sweep(temporary: Path) -> None:
    for folder in temporary.glob("holdfast-s*-*"):
        found = _NAME.fullmatch(folder.name)
        if found and not Path(f"/proc/{found[1]}").exists():
            shutil.rmtree(folder, ignore_errors=True)
