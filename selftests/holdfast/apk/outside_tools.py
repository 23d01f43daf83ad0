"""Android's own tools as outside witnesses; what needs one is skipped where it is absent."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

__all__ = ["needs_aapt2", "needs_apksigner", "needs_dexdump", "run_tool"]


def _needs(tool: str, package: str) -> pytest.MarkDecorator:
    return pytest.mark.skipif(
        shutil.which(tool) is None, reason=f"{tool} is not installed (Debian package {package})"
    )


needs_aapt2 = _needs("aapt2", "aapt")
needs_apksigner = _needs("apksigner", "apksigner")
needs_dexdump = _needs("dexdump", "dexdump")


def run_tool(*words: str | Path) -> str:
    """Its output, both streams; the test fails if the tool does."""
    done = subprocess.run(
        [str(word) for word in words], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr
