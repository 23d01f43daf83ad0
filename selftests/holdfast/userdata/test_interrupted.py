"""A recording that is cut anywhere is an error: by every script, at every record and within."""

from __future__ import annotations

import os
import random
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from holdfast.device.shell import quote
from holdfast.userdata.collect import area_roots
from holdfast.userdata.facts import facts_script, read_answers
from holdfast.userdata.parse import Recorded, SnapshotCut, read_recording
from holdfast.userdata.plant import plant
from holdfast.userdata.script import Flavour, ScriptPlan, area_script, second_look_script
from selftests.holdfast.userdata.folder_device import (
    PACKAGE,
    FolderDevice,
    folder_device,
    needs_mksh,
    soon,
)

__all__ = ["folder_device"]

pytestmark = needs_mksh
NONCE = "0123456789abcdef"


def plan(flavour: Flavour) -> ScriptPlan:
    checksum = "md5" if flavour is Flavour.TOOLBOX else "sha256sum"
    roots = area_roots(PACKAGE, api=22 if flavour is Flavour.TOOLBOX else 30)
    return ScriptPlan(nonce=NONCE, flavour=flavour, checksum=checksum, roots=roots, labels=False)


def recorded(device: FolderDevice, script: str) -> bytes:
    return device.shell.run(f"sh -c {quote(script)}", deadline=soon()).stdout


@pytest.fixture(params=["printf", "toybox", "toolbox", "second look"])
def stream(request: pytest.FixtureRequest, folder_device: FolderDevice) -> bytes:
    """What one of the scripts writes of a seeded app that holds pipes and links, too."""
    plant(folder_device, PACKAGE, deadline=soon())
    os.mkfifo(folder_device.data / "files/pipe")
    (folder_device.data / "files/link\nof two lines").symlink_to("a\nb")
    if request.param == "second look":
        return recorded(folder_device, second_look_script(plan(Flavour.PRINTF)))
    if request.param == "toolbox":
        folder_device.become_android_5()
    return recorded(folder_device, area_script(plan(Flavour(request.param))))


def comparable(read: Recorded) -> tuple[object, ...]:
    contents = {place: file.read_bytes() for place, file in read.contents.items()}
    return (read.areas, contents, read.restless, read.looks)


def whole_or_error(stream: bytes, length: int, whole: tuple[object, ...], folder: Path) -> None:
    try:
        read = read_recording([stream[:length]], NONCE, scratch=folder)
    except SnapshotCut:
        return
    assert comparable(read) == whole, f"cut after {length} bytes"


def positions(stream: bytes) -> Iterator[int]:
    """Before and behind the beginning of every record, the last bytes, and some anywhere."""
    for found in re.finditer(rb"\n@" + NONCE.encode() + rb" . ?", stream):
        yield from (found.start() + 1, found.end())
    yield from range(len(stream) - 8, len(stream))
    yield from random.Random(1).sample(range(len(stream)), 60)


def test_a_stream_that_is_cut_anywhere_is_no_snapshot(stream: bytes, tmp_path: Path) -> None:
    folder = tmp_path / "scratch"
    folder.mkdir()
    whole = comparable(read_recording([stream], NONCE, scratch=folder))
    for length in positions(stream):
        whole_or_error(stream, length, whole, folder)


def test_answers_that_are_cut_anywhere_are_not_complete(folder_device: FolderDevice) -> None:
    script = facts_script(PACKAGE, nonce=NONCE, api=30)
    output = recorded(folder_device, script)

    whole = read_answers(output, package_name=PACKAGE, nonce=NONCE, api=30)
    assert whole.complete
    for length in range(len(output)):
        cut = read_answers(output[:length], package_name=PACKAGE, nonce=NONCE, api=30)
        assert not cut.complete or cut == whole
