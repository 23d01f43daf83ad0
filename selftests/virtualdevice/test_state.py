"""The directory of a device for one run, while others come and go."""

from __future__ import annotations

import fcntl
from pathlib import Path
from typing import IO

import pytest

from virtualdevice.state import state_directory, sweep


@pytest.fixture(autouse=True)
def _temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))


def test_it_lasts_as_long_as_its_device(tmp_path: Path) -> None:
    with state_directory(None) as state:
        sweep(tmp_path)
        assert state.is_dir()
    assert not state.exists()


def test_one_that_was_swept_before_it_was_locked_is_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    flock = fcntl.flock
    swept: list[Path] = []

    def lock_late(file: IO[bytes], how: int) -> None:
        if how == fcntl.LOCK_EX and not swept:
            swept.extend(tmp_path.iterdir())
            sweep(tmp_path)
        flock(file, how)

    monkeypatch.setattr("fcntl.flock", lock_late)
    with state_directory(None) as state:
        assert len(swept) == 1
        assert not swept[0].exists()
        assert state.is_dir()
