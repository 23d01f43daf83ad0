"""A host whose disk is full: the run ends by name, with its devices given back."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable

import pytest

from selftests.holdfast.pytest_plugin.harness import Project

MOUNT = ("unshare", "--mount", "--map-root-user") if os.getuid() else ("unshare", "--mount")


def can_mount() -> bool:
    if shutil.which("unshare") is None:
        return False
    done = subprocess.run([*MOUNT, "true"], capture_output=True, check=False)
    return done.returncode == 0


@pytest.mark.skipif(not can_mount(), reason="this user may not mount a small disk for itself")
@pytest.mark.parametrize("size_kib", [4, 24])
def test_a_full_disk_below_the_reports_ends_the_run_by_name_and_gives_the_device_back(
    project: Callable[..., Project], size_kib: int
) -> None:
    made = project("phone", "tablet")
    made.answer({})
    reports = made.path / "reports"
    reports.mkdir()
    script = (
        f"mount -t tmpfs -o size={size_kib}k tmpfs {reports} && "
        f"exec {sys.executable} -m pytest -n0 --allure-no-capture"
    )
    done = subprocess.run(
        [*MOUNT, "sh", "-c", script],
        cwd=made.path,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    said = done.stdout + done.stderr
    assert done.returncode == 3, said
    assert "No space left on device" in said, said
    assert "INTERNALERROR" not in said
    assert "Traceback" not in said
    used = [(device, what) for _, device, what in made.uses]
    assert ("phone", "release") in used
    assert ("tablet", "release") in used
