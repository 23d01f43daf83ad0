"""Dialogs of 300 ms on a rehearsal device: none is missed, and a lazier capture would show it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from holdfast.device.device import Device
from holdfast.dialogs import capture as capture_module
from holdfast.errors import LabError
from selftests.holdfast.dialogs.brief import brief_device, seen_of

SHOWN = 5


@pytest.fixture(scope="module")
def device(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Device]:
    try:
        with brief_device(tmp_path_factory.mktemp("personality")) as started:
            yield started
    except LabError as error:
        if "namespace" not in str(error) and "mksh" not in str(error):
            raise
        pytest.skip(f"no rehearsal device can run here: {error}")


def test_every_dialog_of_300_ms_is_seen(device: Device) -> None:
    assert seen_of(device, SHOWN) == SHOWN


def test_a_capture_that_looks_too_seldom_misses_some(
    device: Device, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(capture_module, "LOOK_EVERY_S", 1.5)
    assert seen_of(device, SHOWN) < SHOWN
